package io.cairn.daemon.crash;

import io.cairn.daemon.crash.Ledger.Loss;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a property of an object may be: the last that was surely set, and everything that was asked
 * for since. Safe for many threads.
 */
final class Versions {
    private final Map<String, List<Version>> versions = new HashMap<>();

    /** One value, and the call that set it. */
    static final class Version {
        private final String value;
        private final long begunAt;
        private volatile long answeredAt = Long.MAX_VALUE;
        private volatile long refusedAt = Long.MAX_VALUE;

        private Version(String value, long begunAt) {
            this.value = value;
            this.begunAt = begunAt;
        }

        void done() {
            answeredAt = System.nanoTime();
        }

        /** It changed nothing. */
        void refused() {
            refusedAt = System.nanoTime();
        }

        /** What is on the disk may say that it was begun, but not yet that it was refused. */
        private boolean surelyRefused(Loss loss) {
            return refusedAt < loss.from();
        }
    }

    /** A name for a property of an object. */
    static String key(String id, String property) {
        return id + " " + property;
    }

    synchronized Version asking(String key, String value) {
        Version version = new Version(value, System.nanoTime());
        versions.computeIfAbsent(key, _ -> new ArrayList<>()).add(version);
        return version;
    }

    /**
     * @param first what it was when the object was made
     */
    synchronized Set<String> possible(String key, String first, Loss loss) {
        Set<String> possible = new LinkedHashSet<>(Set.of(first));
        for (Version version : versions.getOrDefault(key, List.of())) {
            if (version.surelyRefused(loss) || version.begunAt > loss.to()) {
                continue;
            }
            if (version.answeredAt < loss.from()) {
                possible.clear();
            }
            possible.add(version.value);
        }
        return possible;
    }

    /** Begins anew, with what was found. */
    synchronized void beginWith(Map<String, String> found) {
        versions.clear();
        found.forEach((key, value) -> asking(key, value).done());
    }
}
