package io.cairn.daemon.volume;

import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.Intent.ChangeConnection.Step;
import io.cairn.daemon.volume.VolumeEvent.Access;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.List;

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
    Connection found(Connection connection, Access what) throws OperationException {
        try {
            parts.journal().connectionFound(connection);
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
        parts.events().accept(new VolumeEvent.ConnectionChanged(connection, what, false));
        return connection;
    }

    /** The first connection makes an available volume one in use. */
    void tellUse(Volume before) {
        if (before.connectionCount() == 0) {
            tell(before, ObjectState.AVAILABLE, ObjectState.IN_USE);
        }
    }

    /** The end of the last one makes it available again. */
    void tellUse(VolumeId id) {
        parts.state().volumes(List.of(id.value())).values().stream()
                .filter(volume -> volume.connectionCount() == 0)
                .forEach(volume -> tell(volume, ObjectState.IN_USE, ObjectState.AVAILABLE));
    }

    private void tell(Volume volume, ObjectState from, ObjectState to) {
        parts.events().accept(new VolumeEvent.StateChanged(volume.inState(to), from, to));
    }
}
