package io.cairn.daemon.store;

import org.jspecify.annotations.Nullable;

import java.sql.SQLException;

/**
 * One change of the state, all of it or nothing.
 *
 * <p>It runs on the store's committing thread, in one transaction with the changes of other
 * callers, each seeing what those before it did. It may be run more than once, so it must have no
 * effects but its statements; and others wait for it, so it must not block.
 *
 * @param <T> what the change finds out, handed to the caller once it is on stable storage
 */
@FunctionalInterface
public interface Change<T extends @Nullable Object> {
    /**
     * Makes the change.
     *
     * @throws ChangeRefused if the state does not allow it; nothing of this change remains
     */
    T apply(Statements statements) throws SQLException, ChangeRefused;
}
