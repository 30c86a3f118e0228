package io.cairn.daemon.store;

import org.jspecify.annotations.Nullable;

import java.io.Serial;

/**
 * A change found that the state does not allow it. The caller gets it back as the cause of a {@link
 * StoreException} of kind REFUSED with the same message.
 */
public final class ChangeRefused extends Exception {
    @Serial private static final long serialVersionUID = 1;

    public ChangeRefused(String message) {
        this(message, null);
    }

    /**
     * @param cause what the caller shall find as this exception's cause, such as one of its own
     *     types
     */
    public ChangeRefused(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
