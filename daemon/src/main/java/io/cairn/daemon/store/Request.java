package io.cairn.daemon.store;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.sql.SQLException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** One caller's change on its way through the committing thread and back. */
final class Request<T extends @Nullable Object> {
    private final @Nullable Change<T> change;
    private final @Nullable Errand<T> errand;
    private final Urgency urgency;
    private final Thread caller = Thread.currentThread();
    private @Nullable T result;

    /** Made into an exception on the caller's thread, so that its trace shows who asked. */
    private @Nullable Supplier<StoreException> failure;

    private volatile boolean done;

    Request(Change<T> change, Urgency urgency) {
        this(change, null, urgency);
    }

    private Request(@Nullable Change<T> change, @Nullable Errand<T> errand, Urgency urgency) {
        this.change = change;
        this.errand = errand;
        this.urgency = urgency;
    }

    /** Asks for no change but something else that is done by itself. */
    static <T extends @Nullable Object> Request<T> errand(Errand<T> errand, Urgency urgency) {
        return new Request<>(null, errand, urgency);
    }

    boolean isErrand() {
        return errand != null;
    }

    Urgency urgency() {
        return urgency;
    }

    /** Runs the change; what it returns counts only once {@link #succeed} is called. */
    void apply(Statements statements) throws SQLException, ChangeRefused {
        if (change != null) {
            result = change.apply(statements);
        }
    }

    /** Runs the errand, as {@link #apply} does a change. */
    void run(Engine engine) throws EngineFault, IOException, SQLException, ChangeRefused {
        if (errand != null) {
            result = errand.run(engine);
        }
    }

    void succeed() {
        done = true;
        LockSupport.unpark(caller);
    }

    void fail(StoreException.Kind kind, String message, @Nullable Throwable cause) {
        failure = () -> new StoreException(kind, message, cause);
        done = true;
        LockSupport.unpark(caller);
    }

    /** Waits, whatever interrupts, since the change cannot be taken back. */
    @SuppressWarnings("NullAway") // a result is null only where T says that it may be
    T await() throws StoreException {
        boolean interrupted = false;
        while (!done) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw failure.get();
        }
        return result;
    }
}
