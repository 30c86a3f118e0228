package io.cairn.daemon.driver;

import io.cairn.daemon.driver.BreakerStatus.State;
import io.cairn.spi.DriverException;
import io.cairn.spi.VolumeId;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Keeps work from a backend that does not answer, so that each caller learns it at once and not at
 * the deadline. Safe for many threads.
 *
 * <p>It opens once as many calls in a row as its limit says were not answered: calls that were
 * overdue, or failed as UNAVAILABLE. Those for one volume count once, so that one that hangs does
 * not speak for the others; an answer of any other kind, a refusal too, begins the count anew; what
 * failed as FAULT tells nothing. Before it opens the backend is asked once more: where the pools
 * are told, only some volumes have a problem, or copies that take long. It is not asked where so
 * many calls hang that hardly a thread is left.
 *
 * <p>Then the backend is asked again and again, after waits that double, until it answers and no
 * longer so many calls hang. One that comes back late has it asked at once.
 */
final class Breaker {
    /** The longest wait between two questions: so late it may be seen that a backend is back. */
    static final Duration LONGEST = Duration.ofMinutes(2);

    private final String backend;
    private final int limit;
    private final Duration first;
    private final BooleanSupplier hangs;
    private final Consumer<BreakerStatus> changed;

    /** The volumes whose calls were not answered since the last answer. */
    private final Set<VolumeId> silent = new HashSet<>();

    private int others;
    private String last = "";
    private boolean suspected;
    private boolean rung;
    private Duration wait;
    private long nextNanos;
    private Instant next = Instant.EPOCH;
    private volatile BreakerStatus status;

    /**
     * @param limit so many calls in a row open it; 0 for never
     * @param first how long after it opened the backend is asked first
     * @param hangs whether so many calls are overdue that the backend is taken to hang, whatever it
     *     answers to a question
     * @param changed is told when it opened and when it closed, by the thread that saw it
     */
    Breaker(
            String backend,
            int limit,
            Duration first,
            BooleanSupplier hangs,
            Consumer<BreakerStatus> changed) {
        this.backend = backend;
        this.limit = limit;
        this.first = first.compareTo(LONGEST) < 0 ? first : LONGEST;
        this.wait = this.first;
        this.hangs = hangs;
        this.changed = changed;
        status = new BreakerStatus(limit == 0 ? State.OFF : State.CLOSED, Instant.now(), "", 0);
    }

    BreakerStatus status() {
        return status;
    }

    /**
     * Lets work through, or not.
     *
     * @throws DriverException UNAVAILABLE, not begun
     */
    void admit() throws DriverException {
        if (status.refuses()) {
            throw NotBegun.unavailable(refusal());
        }
    }

    /** A call was answered in time, by whatever says that the backend is there. */
    synchronized void answered(List<VolumeId> keys) {
        if (!status.refuses()) {
            silent.clear();
            others = 0;
            suspected = false;
            if (!keys.isEmpty()) {
                // Pools that are told do not say that work is done: only now it is over for good.
                wait = first;
            }
        }
    }

    /** A call was not answered in time, or by UNAVAILABLE. */
    void unanswered(List<VolumeId> keys, String why) {
        BreakerStatus now;
        synchronized (this) {
            if (status.state() != State.CLOSED) {
                return;
            }
            last = why;
            if (keys.isEmpty()) {
                others++;
            } else {
                // A clone that fails says nothing twice, though it concerns two.
                boolean _ = silent.add(keys.getFirst());
            }
            if (!hangs.getAsBoolean()) {
                if (silent.size() + others >= limit) {
                    suspected = true;
                    ring();
                }
                return;
            }
            now = open("calls have not come back from its driver; the last: " + last);
        }
        changed.accept(now);
    }

    /** An overdue call came back, whatever came of it: now is the time to ask. */
    synchronized void cameBack() {
        if (status.refuses()) {
            due(Duration.ZERO);
            ring();
        }
    }

    /**
     * Begins the question that it opens or closes by.
     *
     * @return whether it is to be asked; otherwise all is well
     */
    synchronized boolean begin() {
        if (status.state() == State.OPEN) {
            move(State.HALF_OPEN);
        }
        return suspected || status.refuses();
    }

    /**
     * The question was answered.
     *
     * @param surely whether it closes though calls still hang
     */
    void proved(boolean surely) {
        BreakerStatus now;
        synchronized (this) {
            suspected = false;
            silent.clear();
            others = 0;
            if (!status.refuses()) {
                return;
            }
            if (!surely && hangs.getAsBoolean()) {
                later();
                return;
            }
            if (surely) {
                wait = first;
            }
            now = new BreakerStatus(State.CLOSED, Instant.now(), "", status.opened());
            status = now;
        }
        changed.accept(now);
    }

    /** The question was not answered. */
    void disproved(String why) {
        BreakerStatus now;
        synchronized (this) {
            if (status.refuses()) {
                later();
                return;
            }
            if (!suspected) {
                return;
            }
            now =
                    open(
                            "%d calls in a row were not answered, the last: %s; and it says nothing of its pools: %s"
                                    .formatted(silent.size() + others, last, why));
        }
        changed.accept(now);
    }

    /** The question was not asked, so that nothing came of it. */
    synchronized void unasked() {
        if (status.refuses()) {
            later();
        }
    }

    /** Waits until the backend is to be asked: after so long if all is well. */
    synchronized void awaitTurn(Duration usual) throws InterruptedException {
        long end = System.nanoTime() + usual.toNanos();
        while (!rung) {
            long left = (status.refuses() ? nextNanos : end) - System.nanoTime();
            if (left <= 0) {
                break;
            }
            // One more, since to wait for no time is to wait for ever.
            wait(TimeUnit.NANOSECONDS.toMillis(left) + 1);
        }
        rung = false;
    }

    private BreakerStatus open(String why) {
        suspected = false;
        silent.clear();
        others = 0;
        status =
                new BreakerStatus(
                        State.OPEN,
                        Instant.now().truncatedTo(ChronoUnit.MILLIS),
                        why,
                        status.opened() + 1);
        later();
        ring();
        return status;
    }

    private void later() {
        move(State.OPEN);
        due(wait);
        wait = longer(wait);
    }

    /** The wait after one of this length. */
    static Duration longer(Duration wait) {
        Duration longer = wait.multipliedBy(2);
        return longer.compareTo(LONGEST) < 0 ? longer : LONGEST;
    }

    private void due(Duration after) {
        nextNanos = System.nanoTime() + after.toNanos();
        next = Instant.now().plus(after).truncatedTo(ChronoUnit.MILLIS);
    }

    private void move(State state) {
        status = new BreakerStatus(state, status.since(), status.reason(), status.opened());
    }

    private void ring() {
        rung = true;
        notifyAll();
    }

    private synchronized String refusal() {
        return "backend %s does not answer, and no work is given to it since %s: %s; it is asked again %s, or at once by resetBreaker"
                .formatted(
                        backend,
                        status.since(),
                        status.reason(),
                        status.state() == State.HALF_OPEN ? "right now" : "at " + next);
    }
}
