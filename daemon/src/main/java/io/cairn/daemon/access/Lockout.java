package io.cairn.daemon.access;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
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

    static final int PAIRS = 10_000;

    private final LongSupplier nanos;
    private final LinkedHashMap<Pair, Failures> failures = new LinkedHashMap<>(16, 0.75f, true);

    private record Pair(String user, String host) {}

    private record Failures(int count, long lockedAt, long lockedNanos) {}

    Lockout(LongSupplier nanos) {
        this.nanos = nanos;
    }

    synchronized boolean isLocked(String user, String host) {
        Failures known = failures.get(new Pair(user, host));
        return known != null && isLocked(known, nanos.getAsLong());
    }

    private static boolean isLocked(Failures known, long now) {
        return now - known.lockedAt() < known.lockedNanos();
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
        if (known == null && failures.size() >= PAIRS) {
            forgetOne();
        }
        failures.put(pair, new Failures(count, nanos.getAsLong(), locked));
    }

    /** Not somebody who is locked out, where possible: else made-up names would free him. */
    private void forgetOne() {
        long now = nanos.getAsLong();
        for (Iterator<Failures> each = failures.values().iterator(); each.hasNext(); ) {
            if (!isLocked(each.next(), now)) {
                each.remove();
                return;
            }
        }
        failures.pollFirstEntry();
    }

    synchronized void succeeded(String user, String host) {
        failures.remove(new Pair(user, host));
    }
}
