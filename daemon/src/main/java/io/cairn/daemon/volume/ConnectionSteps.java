package io.cairn.daemon.volume;

import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.Intent.ChangeConnection.Step;
import io.cairn.daemon.volume.VolumeEvent.Access;

import java.time.Instant;

/** What changes a connection, and tells of it. The caller has the turn of its volume. */
final class ConnectionSteps {
    private final Parts parts;

    ConnectionSteps(Parts parts) {
        this.parts = parts;
    }

    /** Takes one step, journalled; returns the connection after it. */
    Connection changed(Connection connection, Step step)
            throws OperationException, InterruptedException {
        return switch (perform(connection, step)) {
            case VolumeEvent.ConnectionChanged changed -> changed.connection();
            case VolumeEvent other ->
                    throw new IllegalStateException("%s ended in %s".formatted(step, other));
        };
    }

    VolumeEvent perform(Connection connection, Step step)
            throws OperationException, InterruptedException {
        return parts.changes()
                .perform(new Intent.ChangeConnection(connection, step, Instant.now()));
    }

    /** Records how a connection is found to be, or what its host says of it. */
    Connection found(Connection before, Connection after, Access what) throws OperationException {
        try {
            parts.journal().connectionFound(after);
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
        parts.news().found(before, after);
        parts.events().accept(new VolumeEvent.ConnectionChanged(after, what, false));
        return after;
    }
}
