package io.cairn.daemon.store;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.sql.SQLException;

/**
 * Something that is done with the database between two transactions, on the committing thread. What
 * it throws but an {@link EngineFault} says nothing against the database.
 *
 * @param <T> what it finds out
 */
@FunctionalInterface
interface Errand<T extends @Nullable Object> {
    T run(Engine engine) throws EngineFault, IOException, SQLException, ChangeRefused;
}
