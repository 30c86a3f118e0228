package io.cairn.daemon.volume;

import io.cairn.daemon.driver.NotBegun;
import io.cairn.spi.DriverException;

import org.jspecify.annotations.Nullable;

import java.io.Serial;

/**
 * The one way an operation on volumes and snapshots fails. The message says what, which, why and
 * what to do, and is shown to the caller as it is.
 */
public final class OperationException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    private final Code code;

    /** What kind of failure it was, for programs. */
    public enum Code {
        /** The request is wrong in itself; nothing was changed. */
        INVALID,
        /**
         * A volume, snapshot, backend or pool that was named does not exist; nothing was changed.
         */
        NOT_FOUND,
        /** The name or id is taken by something else; nothing was changed. */
        CONFLICT,
        /** Something depends on the object; nothing was changed. */
        IN_USE,
        /** The backend or the state store is full; nothing was changed. */
        NO_SPACE,
        /** This backend cannot do it; nothing was changed. */
        UNSUPPORTED,
        /**
         * Another operation on the same object is still running, or the backend or the daemon has
         * too much to do; nothing was changed, and the same can be tried again.
         */
        BUSY,
        /**
         * The backend, the state store or the daemon cannot do it now. If something may have been
         * changed the message says so, and the daemon settles it by itself.
         */
        UNAVAILABLE,
        /**
         * The backend failed in a way nobody foresaw; the daemon settles by itself what was begun.
         */
        FAULT,
    }

    public OperationException(Code code, String message) {
        this(code, message, null);
    }

    public OperationException(Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** A driver's failure as an operation's. */
    public static OperationException of(DriverException e, String message) {
        return new OperationException(
                switch (e.kind()) {
                    case INVALID -> Code.INVALID;
                    case NOT_FOUND -> Code.NOT_FOUND;
                    case CONFLICT -> Code.CONFLICT;
                    case IN_USE -> Code.IN_USE;
                    case NO_SPACE -> Code.NO_SPACE;
                    case UNSUPPORTED -> Code.UNSUPPORTED;
                    case UNAVAILABLE -> NotBegun.isBusy(e) ? Code.BUSY : Code.UNAVAILABLE;
                    case FAULT -> Code.FAULT;
                },
                message,
                e);
    }

    public Code code() {
        return code;
    }
}
