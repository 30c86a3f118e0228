package io.cairn.daemon.crash;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** All that an inspection finds to be wrong. */
final class Problems {
    private final List<String> problems = new ArrayList<>();

    void add(String problem) {
        problems.add(problem);
    }

    void addAll(Collection<String> more) {
        problems.addAll(more);
    }

    void expect(String what, Object wanted, Object found) {
        if (!wanted.equals(found)) {
            problems.add("%s: %s instead of %s".formatted(what, found, wanted));
        }
    }

    void expectOneOf(String what, Set<String> wanted, String found) {
        if (!wanted.contains(found)) {
            problems.add("%s: %s instead of %s".formatted(what, found, wanted));
        }
    }

    /** Fails with all of them, if there are any. */
    void refuse() {
        if (!problems.isEmpty()) {
            throw new AssertionError(String.join("\n", problems));
        }
    }
}
