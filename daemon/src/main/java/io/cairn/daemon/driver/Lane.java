package io.cairn.daemon.driver;

import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.VolumeId;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * The threads on which one backend's driver is called: platform threads, since a native call would
 * pin the carrier of a virtual one. Safe for many threads.
 *
 * <p>A call ends for its caller at the deadline at the latest, whatever the driver does. The thread
 * and the volumes of an overdue call stay taken until the driver really returns, so that no second
 * call for a volume ever runs beside it.
 */
final class Lane {
    private final String backend;
    private final Duration deadline;
    private final ThreadPoolExecutor threads;
    private final ConcurrentMap<VolumeId, LaneCall<?>> taken = new ConcurrentHashMap<>();
    private final AtomicInteger overdue = new AtomicInteger();
    private final LongAdder refused = new LongAdder();
    private final Runnable cameBack;

    /** Calls that only ask, and may take longer than the deadline. */
    private final Set<LaneCall<?>> questions = ConcurrentHashMap.newKeySet();

    private volatile String ending = "it takes no more calls";

    /**
     * @param size the most calls at once
     * @param waiting the most calls that wait for a thread; one more is refused
     * @param deadline the longest that a caller waits
     * @param plugin the context class loader that the driver sees
     * @param cameBack run whenever the driver returned from a call that was overdue
     */
    Lane(
            String backend,
            int size,
            int waiting,
            Duration deadline,
            ClassLoader plugin,
            Runnable cameBack) {
        this.backend = backend;
        this.cameBack = cameBack;
        this.deadline = deadline;
        AtomicInteger number = new AtomicInteger();
        threads =
                new ThreadPoolExecutor(
                        size,
                        size,
                        1,
                        TimeUnit.MINUTES,
                        new ArrayBlockingQueue<>(waiting),
                        task ->
                                Thread.ofPlatform()
                                        .name("cairn-" + backend + "-" + number.incrementAndGet())
                                        .daemon()
                                        .unstarted(task)) {
                    @Override
                    protected void beforeExecute(Thread thread, Runnable task) {
                        // Anew for every call: a driver may have left another one behind.
                        thread.setContextClassLoader(plugin);
                    }
                };
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Makes a call on one of the lane's threads and waits for it.
     *
     * <p>If the caller is interrupted, the call is too, and the caller goes on waiting until it has
     * stopped or is overdue: to leave earlier would let him begin what depends on the outcome while
     * the driver is still changing it. If the call then finishes all the same, its outcome is known
     * and not thrown away: the caller gets it, with his interrupt status set again.
     *
     * @param keys the volumes concerned
     * @throws DriverException what the driver threw; UNAVAILABLE, {@link NotBegun}, if the lane is
     *     full or an earlier call for one of the volumes still runs; UNAVAILABLE if the deadline
     *     passed; FAULT for anything else that the driver threw
     * @throws InterruptedException if the caller was interrupted and the call did not finish
     */
    <T> T call(List<VolumeId> keys, Callable<T> body) throws DriverException, InterruptedException {
        LaneCall<T> call = new LaneCall<>(backend, body, finished -> release(keys, finished));
        return call(keys, deadline, call);
    }

    /**
     * As {@link #call(List, Callable)} for no volume, with a deadline of its own. It changes
     * nothing, so that it is interrupted at once when the lane stops.
     *
     * @param longest the longest that the caller waits
     */
    <T> T ask(Duration longest, Callable<T> body) throws DriverException, InterruptedException {
        LaneCall<T> call = new LaneCall<>(backend, body, finished -> release(List.of(), finished));
        questions.add(call);
        try {
            return call(List.of(), longest, call);
        } finally {
            questions.remove(call);
        }
    }

    private <T> T call(List<VolumeId> keys, Duration longest, LaneCall<T> call)
            throws DriverException, InterruptedException {
        take(keys, call);
        boolean taken = false;
        try {
            threads.execute(call);
            taken = true;
        } catch (RejectedExecutionException _) {
            throw full();
        } finally {
            if (!taken) {
                // Also where no thread can be made.
                release(keys, call);
            }
        }
        boolean interrupted = await(keys, longest, call);
        try {
            T result = call.outcome();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            return result;
        } catch (DriverException e) {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            throw e;
        } catch (InterruptedException e) {
            if (interrupted) {
                throw e;
            }
            throw new DriverException(
                    threads.isShutdown() ? Kind.UNAVAILABLE : Kind.FAULT,
                    "backend %s: the driver gave up %s; the outcome is not known"
                            .formatted(
                                    backend,
                                    threads.isShutdown()
                                            ? "because " + ending
                                            : "as if interrupted, though nobody asked it to"),
                    e);
        }
    }

    /**
     * Fails as a call would that is refused at once.
     *
     * @throws DriverException UNAVAILABLE
     */
    void requireFree(List<VolumeId> keys) throws DriverException {
        if (allHeld()) {
            throw refusal(held());
        }
        for (VolumeId key : keys) {
            LaneCall<?> earlier = taken.get(key);
            if (earlier != null) {
                throw refusal(key, earlier);
            }
        }
        if (threads.isShutdown() || threads.getQueue().remainingCapacity() == 0) {
            throw full();
        }
    }

    LaneLoad load() {
        return new LaneLoad(
                threads.getMaximumPoolSize(),
                threads.getActiveCount(),
                threads.getQueue().size(),
                overdue.get(),
                refused.sum());
    }

    /** Calls that have not come back though their callers wait no more. */
    int overdue() {
        return overdue.get();
    }

    /**
     * Ends the calls that wait for a thread.
     *
     * @param why as their callers are told it
     */
    void refuseWaiting(String why) {
        List<Runnable> waiting = new ArrayList<>();
        int _ = threads.getQueue().drainTo(waiting);
        refuse(waiting, why);
    }

    private void refuse(List<Runnable> waiting, String why) {
        for (Runnable each : waiting) {
            if (each instanceof LaneCall<?> call) {
                call.refuse(refusal(why + "; the call was not begun"));
            }
        }
    }

    /**
     * Takes no more calls, waits for those there are, and interrupts what is left at the deadline.
     *
     * @param why as callers are told it
     * @return whether all have ended
     */
    boolean stop(String why, Duration patience, Duration grace) throws InterruptedException {
        if (!threads.isShutdown()) {
            ending = why;
        }
        threads.shutdown();
        questions.forEach(LaneCall::interrupt);
        if (threads.awaitTermination(patience.toNanos(), TimeUnit.NANOSECONDS)) {
            return true;
        }
        refuse(threads.shutdownNow(), ending);
        return threads.awaitTermination(grace.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Waits for the answer; tells whether the caller was interrupted meanwhile. */
    private boolean await(List<VolumeId> keys, Duration longest, LaneCall<?> call)
            throws DriverException, InterruptedException {
        boolean interrupted = false;
        long end = System.nanoTime() + longest.toNanos();
        while (true) {
            try {
                if (call.await(end - System.nanoTime())) {
                    return interrupted;
                }
            } catch (InterruptedException e) {
                if (call.withdraw()) {
                    drop(keys, call);
                    throw e;
                }
                interrupted = true;
                call.interrupt();
                continue;
            }
            if (call.withdraw()) {
                drop(keys, call);
                throw noThread(longest);
            }
            overdue.incrementAndGet();
            if (call.abandon()) {
                if (interrupted) {
                    throw new InterruptedException();
                }
                throw new DriverException(
                        Kind.UNAVAILABLE,
                        ("backend %s: the driver has not answered within %s and goes on;"
                                        + " the outcome is not known")
                                .formatted(backend, longest));
            }
            overdue.decrementAndGet();
            // It has finished between the two looks and its answer is a moment away.
            end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        }
    }

    private void take(List<VolumeId> keys, LaneCall<?> call) throws DriverException {
        if (allHeld()) {
            requireFree(keys);
        }
        for (VolumeId key : keys) {
            LaneCall<?> earlier = taken.putIfAbsent(key, call);
            if (earlier != null && earlier != call) {
                release(keys, call);
                throw refusal(key, earlier);
            }
        }
    }

    private void drop(List<VolumeId> keys, LaneCall<?> call) {
        threads.remove(call);
        release(keys, call);
    }

    private void release(List<VolumeId> keys, LaneCall<?> call) {
        boolean late = call.overdue();
        if (late) {
            overdue.decrementAndGet();
        }
        for (VolumeId key : keys) {
            taken.remove(key, call);
        }
        if (late) {
            cameBack.run();
        }
    }

    private DriverException full() {
        return threads.isShutdown()
                ? refusal(ending)
                : busy(
                        "busy: %d calls run and %d wait; try again later"
                                .formatted(threads.getPoolSize(), threads.getQueue().size()));
    }

    private DriverException noThread(Duration longest) {
        return allHeld()
                ? refusal(
                        "no thread was free within %s, since %s; the call was not begun"
                                .formatted(longest, held()))
                : busy(
                        "busy: no thread was free within %s; the call was not begun; try again later"
                                .formatted(longest));
    }

    private boolean allHeld() {
        return overdue.get() >= threads.getMaximumPoolSize();
    }

    private String held() {
        return "all of its %d threads are held by calls that have not answered in time"
                .formatted(threads.getMaximumPoolSize());
    }

    private DriverException refusal(VolumeId key, LaneCall<?> earlier) {
        return refusal(
                "an earlier call for volume %s is still running since %s"
                        .formatted(key, earlier.since()));
    }

    private DriverException refusal(String why) {
        refused.increment();
        return NotBegun.unavailable("backend %s: %s".formatted(backend, why));
    }

    private DriverException busy(String why) {
        refused.increment();
        return NotBegun.busy("backend %s: %s".formatted(backend, why));
    }
}
