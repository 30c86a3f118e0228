package io.cairn.daemon.access;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Slows the guessing of passwords. After some failures in a row a user is locked out for the host
 * that failed, for twice as long each time, and for that host only: else anyone could lock an
 * administrator out by guessing badly.
 */
final class Lockout {
    static final int FREE_FAILURES = 5;
    static final Duration FIRST = Duration.ofSeconds(2);
    static final Duration LONGEST = Duration.ofMinutes(5);

    private static final int PAIRS = 10_000;

    private final LongSupplier nanos;
    private final Map<Pair, Failures> failures =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Pair, Failures> eldest) {
                    return size() > PAIRS;
                }
            };

    private record Pair(String user, String host) {}

    private record Failures(int count, long lockedAt, long lockedNanos) {}

    Lockout(LongSupplier nanos) {
        this.nanos = nanos;
    }

    synchronized boolean isLocked(String user, String host) {
        Failures known = failures.get(new Pair(user, host));
        return known != null && nanos.getAsLong() - known.lockedAt() < known.lockedNanos();
    }

    synchronized void failed(String user, String host) {
        Pair pair = new Pair(user, host);
        Failures known = failures.get(pair);
        int count = known == null ? 1 : known.count() + 1;
        long locked = 0;
        if (count >= FREE_FAILURES) {
            int doublings = Math.min(count - FREE_FAILURES, 20);
            locked = Math.min(FIRST.toNanos() << doublings, LONGEST.toNanos());
        }
        failures.put(pair, new Failures(count, nanos.getAsLong(), locked));
    }

    synchronized void succeeded(String user, String host) {
        failures.remove(new Pair(user, host));
    }
}
