package io.cairn.daemon.volume;

import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.metric.Operation;

import java.time.Duration;

/**
 * Every operation that is asked for runs in here: it is let in, or not, joins the same one if that
 * runs already, and is measured.
 */
final class Running {
    private final Gate gate = new Gate();
    private final Repeats repeats = new Repeats();
    private final Metrics metrics;

    Running(Metrics metrics) {
        this.metrics = metrics;
    }

    interface Body<T> {
        T run() throws OperationException, InterruptedException;
    }

    <T> T measured(String backend, Operation operation, Body<T> body)
            throws OperationException, InterruptedException {
        gate.enter();
        long start = System.nanoTime();
        boolean done = false;
        try {
            T result = body.run();
            done = true;
            return result;
        } catch (DamagedRowException e) {
            throw e.asOperation();
        } finally {
            gate.leave();
            if (done) {
                metrics.succeeded(backend, operation, Duration.ofNanos(System.nanoTime() - start));
            } else {
                metrics.failed(backend, operation);
            }
        }
    }

    /**
     * As {@link #measured(String, Operation, Body)}, once for all who ask for the same at a time.
     *
     * @param request as {@link Repeats#request} makes it
     */
    <T> T measured(String backend, Operation operation, Object request, Repeats.Body<T> body)
            throws OperationException, InterruptedException {
        return measured(backend, operation, () -> repeats.once(request, body));
    }

    /** As {@link #inside(Body)}, once for all who ask for the same at a time. */
    <T> T inside(Object request, Repeats.Body<T> body)
            throws OperationException, InterruptedException {
        return inside(() -> repeats.once(request, body));
    }

    /** Whether nothing runs that could be joined. */
    boolean idle() {
        return repeats.idle();
    }

    /**
     * As {@link #measured(String, Operation, Body)}, for what is about no single backend or changes
     * nothing.
     */
    <T> T inside(Body<T> body) throws OperationException, InterruptedException {
        gate.enter();
        try {
            return body.run();
        } catch (DamagedRowException e) {
            throw e.asOperation();
        } finally {
            gate.leave();
        }
    }

    /** As {@link Gate#shut}. */
    boolean stop(Duration patience) throws InterruptedException {
        return gate.shut(patience);
    }
}
