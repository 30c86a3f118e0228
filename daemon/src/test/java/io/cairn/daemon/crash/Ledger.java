package io.cairn.daemon.crash;

import static java.util.Collections.disjoint;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What was asked for, written down before each call, and what was answered, written down after it.
 * From that it follows of which objects a start must find and of which it must not. Safe for many
 * threads.
 */
final class Ledger {
    private final Map<String, List<Attempt>> attempts = new HashMap<>();
    private Set<String> begunWith = Set.of();

    /**
     * The part of the past that may be lost.
     *
     * @param from the {@link System#nanoTime} until which every answer counts
     * @param to that after which nothing that was asked had any effect
     */
    record Loss(long from, long to) {
        /** A kill of the process loses no answer. */
        static final Loss NONE = new Loss(Long.MAX_VALUE, Long.MAX_VALUE);
    }

    /** What must be found. */
    enum Verdict {
        THERE,
        GONE,
        EITHER
    }

    /** One call. As long as it has no answer it may have happened at any time since. */
    static final class Attempt {
        private final boolean creates;
        private final long begunAt;
        private volatile long answeredAt = Long.MAX_VALUE;
        private volatile long refusedAt = Long.MAX_VALUE;

        private Attempt(boolean creates, long begunAt) {
            this.creates = creates;
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

        private boolean surelyDone(Loss loss) {
            return answeredAt < loss.from();
        }

        /** Whether this may have taken effect after the other began. */
        private boolean mayFollow(Attempt other) {
            return answeredAt >= other.begunAt;
        }
    }

    Attempt creates(String key) {
        return add(key, true);
    }

    Attempt deletes(String key) {
        return add(key, false);
    }

    synchronized Verdict verdict(String key, Loss loss) {
        List<Attempt> counting = counting(key, loss);
        if (isSettled(counting, true, loss)) {
            return Verdict.THERE;
        }
        boolean neverAsked = counting.stream().noneMatch(attempt -> attempt.creates);
        return neverAsked || isSettled(counting, false, loss) ? Verdict.GONE : Verdict.EITHER;
    }

    /** Whether it was made for sure at any time, whatever became of it. */
    synchronized boolean isMade(String key, Loss loss) {
        return of(counting(key, loss), true).anyMatch(attempt -> attempt.surelyDone(loss));
    }

    /** Whether it was deleted for sure, and not made again. */
    synchronized boolean isDeleted(String key, Loss loss) {
        return isSettled(counting(key, loss), false, loss);
    }

    /**
     * Whether these can only have come and stayed together: all or none of them were there at
     * first, and none can have been deleted since.
     */
    synchronized boolean areTogether(List<String> keys, Loss loss) {
        boolean deleted =
                keys.stream()
                        .flatMap(key -> counting(key, loss).stream())
                        .anyMatch(attempt -> !attempt.creates);
        return !deleted && (begunWith.containsAll(keys) || disjoint(begunWith, keys));
    }

    /** What was there at first. */
    synchronized Set<String> begunWith() {
        return begunWith;
    }

    private List<Attempt> counting(String key, Loss loss) {
        return attempts.getOrDefault(key, List.of()).stream()
                .filter(attempt -> !attempt.surelyRefused(loss) && attempt.begunAt <= loss.to())
                .toList();
    }

    /** Every object that was ever asked for. */
    synchronized Set<String> keys() {
        return Set.copyOf(attempts.keySet());
    }

    /** Begins anew, from what is there now. */
    synchronized void beginWith(Set<String> there) {
        attempts.clear();
        begunWith = Set.copyOf(there);
        for (String key : there) {
            creates(key).done();
        }
    }

    private synchronized Attempt add(String key, boolean creates) {
        Attempt attempt = new Attempt(creates, System.nanoTime());
        attempts.computeIfAbsent(key, _ -> new ArrayList<>()).add(attempt);
        return attempt;
    }

    /** Whether one way was taken for sure, and the other way cannot have been taken after it. */
    private static boolean isSettled(List<Attempt> attempts, boolean creates, Loss loss) {
        return of(attempts, creates)
                .filter(attempt -> attempt.surelyDone(loss))
                .anyMatch(done -> of(attempts, !creates).noneMatch(other -> other.mayFollow(done)));
    }

    private static Stream<Attempt> of(List<Attempt> attempts, boolean creates) {
        return attempts.stream().filter(attempt -> attempt.creates == creates);
    }
}
