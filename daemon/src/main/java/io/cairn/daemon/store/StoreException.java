package io.cairn.daemon.store;

import org.jspecify.annotations.Nullable;

import java.io.Serial;
import java.sql.SQLException;

/** The one way the store fails. The message says what, which, why, and what to do. */
public final class StoreException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    private final Kind kind;

    /** What went wrong, named by what its reader does next. */
    public enum Kind {
        /** Another process has the folder. The store is not open. */
        LOCKED,
        /** The database's files are damaged where they must not be. They were left as they are. */
        DAMAGED,
        /** The database's settings or schema are not what this program needs. It is not open. */
        UNFIT,
        /** The change itself said no. Nothing of it remains. */
        REFUSED,
        /** A statement of the change failed, or the change has a bug. Nothing of it remains. */
        FAILED,
        /** Too little free space to begin anything new. Nothing was written. */
        FULL,
        /**
         * The database could not write, and nothing is written until it was reopened and checked.
         * Whether this change is in it is unknown until then.
         */
        FENCED,
        /** The store is closed. Nothing was written. */
        CLOSED;

        /** Whether a change that failed so is known to have changed nothing. */
        public boolean outcomeKnown() {
            return switch (this) {
                case LOCKED, DAMAGED, UNFIT, REFUSED, FAILED, FULL, CLOSED -> true;
                case FENCED -> false;
            };
        }
    }

    StoreException(Kind kind, String message) {
        this(kind, message, null);
    }

    StoreException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }

    /**
     * The SQL state of the statement that failed, such as 23505 for a name that is taken; or null.
     */
    public @Nullable String sqlState() {
        return getCause() instanceof SQLException sql ? sql.getSQLState() : null;
    }
}
