package io.cairn.daemon.crash;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The layers of a backend of the qcow2 driver that are to be merged or removed: none is left once
 * the work in the background is done, but for those that several volumes in use have open.
 *
 * @param problems what is still to be done
 * @param waiting whether there is something that cannot be merged before a volume is detached
 */
record Remains(List<String> problems, boolean waiting) {
    static final Remains NONE = new Remains(List.of(), false);

    static Remains in(Path backend) throws IOException {
        return new Reading(backend).look();
    }

    private static final class Reading {
        private final Path backend;
        private final Set<Path> named = new HashSet<>();

        /** The layers of volumes that are in use, the topmost first. */
        private final Map<String, List<Path>> served = new HashMap<>();

        private final Map<Path, Set<Path>> over = new HashMap<>();
        private final Set<Path> needed = new HashSet<>();
        private final List<String> problems = new ArrayList<>();
        private boolean waiting;

        private Reading(Path backend) {
            this.backend = backend;
        }

        private Remains look() throws IOException {
            Set<String> serving = Helpers.serving(backend).keySet();
            for (Path home : entries(backend.resolve("volumes"))) {
                for (Path card : entries(home)) {
                    if (Chains.isVolume(card) || card.toString().endsWith(Chains.CUT)) {
                        read(card, serving);
                    } else {
                        problems.add("%s is unfinished".formatted(card));
                    }
                }
            }
            for (Path layer : entries(backend.resolve(Chains.LAYERS))) {
                if (!needed.contains(layer) && !isFormerName(layer)) {
                    problems.add("%s is needed by nothing".formatted(layer));
                }
            }
            over.forEach(
                    (lower, uppers) -> {
                        if (!named.contains(lower) && uppers.size() == 1) {
                            examine(lower, uppers.iterator().next());
                        }
                    });
            return new Remains(List.copyOf(problems), waiting);
        }

        private void read(Path card, Set<String> serving) throws IOException {
            List<Path> chain = Chains.chain(Chains.layer(card));
            named.add(chain.getFirst());
            needed.addAll(chain);
            for (int i = 1; i < chain.size(); i++) {
                over.computeIfAbsent(chain.get(i), _ -> new TreeSet<>()).add(chain.get(i - 1));
            }
            if (Chains.isVolume(card) && serving.contains(Chains.volume(card))) {
                served.put(Chains.volume(card), chain);
            }
        }

        /** Whether a storage daemon knows a layer by this that has taken another one's place. */
        private boolean isFormerName(Path layer) throws IOException {
            for (List<Path> chain : served.values()) {
                for (Path used : chain) {
                    if (Files.isSameFile(layer, used)) {
                        return true;
                    }
                }
            }
            return false;
        }

        /** A layer without a name, and the only one that lies over it. */
        private void examine(Path lower, Path upper) {
            List<List<Path>> users =
                    served.values().stream().filter(chain -> chain.contains(upper)).toList();
            if (users.size() > 1) {
                waiting = true;
            } else if (users.isEmpty() || users.getFirst().indexOf(upper) > 0) {
                problems.add("%s is not merged with %s below it".formatted(upper, lower));
            }
        }

        private static List<Path> entries(Path folder) throws IOException {
            try (Stream<Path> entries = Files.list(folder)) {
                return entries.toList();
            }
        }
    }
}
