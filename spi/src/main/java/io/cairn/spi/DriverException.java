package io.cairn.spi;

import org.jspecify.annotations.Nullable;

import java.io.Serial;

/**
 * The one way a driver call fails. The kind says what the daemon does next. The message is shown to
 * the operator as it is, behind what he asked for: on which object of the backend it failed, why
 * (with a tool's own words if a tool was run) and what can be done.
 */
public final class DriverException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    private final Kind kind;

    /** What went wrong, named by what the daemon does next. */
    public enum Kind {
        /** The request can never work here. Nothing was changed; the operation fails. */
        INVALID,
        /** The volume or snapshot named is not there. Nothing was changed; the operation fails. */
        NOT_FOUND,
        /**
         * The id exists with other properties, or the storage is another daemon's. Nothing was
         * changed; the operation fails.
         */
        CONFLICT,
        /** Something depends on the object. Nothing was changed; the operation fails. */
        IN_USE,
        /** The backend is full. Whatever was half made is removed; the operation fails. */
        NO_SPACE,
        /** This backend cannot do it. Nothing was changed; the operation fails. */
        UNSUPPORTED,
        /** The backend does not answer. The outcome is unknown; the daemon settles it later. */
        UNAVAILABLE,
        /** Anything else. The outcome is unknown; the daemon settles it later. */
        FAULT;

        /** Whether a call that failed so is known to have changed nothing. */
        public boolean outcomeKnown() {
            return switch (this) {
                case INVALID, NOT_FOUND, CONFLICT, IN_USE, NO_SPACE, UNSUPPORTED -> true;
                case UNAVAILABLE, FAULT -> false;
            };
        }
    }

    public DriverException(Kind kind, String message) {
        this(kind, message, null);
    }

    public DriverException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
