package io.cairn.daemon.driver;

import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;

import org.jspecify.annotations.Nullable;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** One call on its way through a lane. The caller and the worker agree on its stage by its lock. */
final class LaneCall<T> implements Runnable {
    private final String backend;
    private final Callable<T> body;
    private final Consumer<LaneCall<?>> finished;
    private final CountDownLatch answered = new CountDownLatch(1);
    private Stage stage = Stage.WAITING;
    private boolean overdue;
    private @Nullable Thread worker;
    private volatile Instant since = Instant.now();
    private @Nullable T result;
    private @Nullable Throwable failure;

    private enum Stage {
        WAITING,
        WITHDRAWN,
        RUNNING,
        FINISHED,
    }

    /**
     * @param finished told when the driver has returned, before the caller is
     */
    LaneCall(String backend, Callable<T> body, Consumer<LaneCall<?>> finished) {
        this.backend = backend;
        this.body = body;
        this.finished = finished;
    }

    @Override
    public void run() {
        synchronized (this) {
            if (stage != Stage.WAITING) {
                return;
            }
            stage = Stage.RUNNING;
            worker = Thread.currentThread();
            since = Instant.now();
        }
        try {
            result = body.call();
            // Overdue callers do not look; the others must not meet a null they were promised not.
            if (result == null) {
                failure = bug("returned nothing", null);
            }
        } catch (DriverException | InterruptedException e) {
            failure = e;
        } catch (Throwable e) {
            // Everything, since a plugin's language may know no checked exceptions, and since the
            // caller of a worker that just died would wait for the deadline.
            failure = bug("failed with " + e, e);
        }
        synchronized (this) {
            stage = Stage.FINISHED;
            worker = null;
        }
        // Nobody interrupts a finished call, so what is left of an interrupt was meant for it.
        boolean _ = Thread.interrupted();
        finished.accept(this);
        answered.countDown();
    }

    /** Waits for the outcome; false if it is not there in time. */
    boolean await(long nanos) throws InterruptedException {
        return answered.await(nanos, TimeUnit.NANOSECONDS);
    }

    /** Takes the call back; false if it has begun. */
    synchronized boolean withdraw() {
        if (stage == Stage.WAITING) {
            stage = Stage.WITHDRAWN;
        }
        return stage == Stage.WITHDRAWN;
    }

    /** Ends a call that was never begun; its caller gets the failure. */
    void refuse(DriverException reason) {
        if (withdraw()) {
            failure = reason;
            finished.accept(this);
            answered.countDown();
        }
    }

    /** Asks the driver to stop, if it is still at it. */
    synchronized void interrupt() {
        if (worker != null) {
            worker.interrupt();
        }
    }

    /**
     * Gives up waiting; false if it has finished after all. The driver goes on: a copy that takes
     * longer than the deadline would otherwise begin anew with every try, and never end.
     */
    synchronized boolean abandon() {
        overdue = stage == Stage.RUNNING;
        return overdue;
    }

    synchronized boolean overdue() {
        return overdue;
    }

    /** When it began to run, or to wait if it does not run yet. */
    Instant since() {
        return since.truncatedTo(ChronoUnit.SECONDS);
    }

    /**
     * What came of an answered call.
     *
     * @throws InterruptedException if the driver left by one
     */
    T outcome() throws DriverException, InterruptedException {
        switch (failure) {
            case null -> {}
            case DriverException e -> throw e;
            case InterruptedException e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
        T value = result;
        if (value == null) {
            throw new IllegalStateException("asked for the outcome of a call without one");
        }
        return value;
    }

    private DriverException bug(String what, @Nullable Throwable cause) {
        return new DriverException(
                Kind.FAULT,
                ("backend %s: its driver %s, which no driver may do; the outcome is not known."
                                + " Report this to the driver's vendor")
                        .formatted(backend, what),
                cause);
    }
}
