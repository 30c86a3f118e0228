package io.cairn.daemon.volume;

import io.cairn.daemon.store.ChangeRefused;
import io.cairn.daemon.store.Statements;

import java.sql.SQLException;
import java.util.List;
import java.util.UUID;

/**
 * What an import adds of one volume.
 *
 * @param fresh whether the volume itself is added; else only what belongs to it is
 * @param adoptedFrom the path that it was adopted from, if it is added; empty if it was made
 * @param holds those on the volume, if it is added
 */
record Addition(
        Volume volume,
        boolean fresh,
        String adoptedFrom,
        List<Hold> holds,
        List<Dossier.Cut> cuts,
        List<Connection> connections) {
    boolean empty() {
        return !fresh && cuts.isEmpty() && connections.isEmpty();
    }

    /** Within a change of {@link Journal}. What is counted of the pool is not its own. */
    void write(Statements statements) throws SQLException, ChangeRefused {
        if (fresh) {
            refuseTrashed(statements, volume.id().value(), "volume " + volume.name());
            Writes.insertVolume(statements, volume);
            Writes.noteAdoption(statements, volume.id(), adoptedFrom);
            hold(statements, "volume", volume.id().value(), holds);
        }
        for (Dossier.Cut cut : cuts) {
            Snapshot snapshot = cut.snapshot();
            refuseTrashed(statements, snapshot.id().value(), "snapshot " + snapshot.name());
            Writes.insertSnapshot(statements, cut.snapshot());
            hold(statements, "snapshot", cut.snapshot().id().value(), cut.holds());
        }
        Writes.countSnapshotsOf(statements, volume.id(), cuts.size());
        Writes.count(statements, volume.backend(), fresh ? 1 : 0, cuts.size());
        // Last, since they are counted in the rows of what they lead to.
        for (Connection connection : connections) {
            Writes.insertConnection(statements, connection);
            Writes.countConnections(statements, connection.target(), 1);
        }
    }

    /** It would be deleted for good when its time there is over. */
    private static void refuseTrashed(Statements statements, UUID id, String what)
            throws SQLException, ChangeRefused {
        if (TrashRows.going(statements, id).isPresent()) {
            throw new ChangeRefused(
                    "%s, or what has its id, is in the trash: bring it back by restore, or delete it for good by purge"
                            .formatted(what));
        }
    }

    private static void hold(Statements statements, String table, UUID object, List<Hold> holds)
            throws SQLException {
        for (Hold hold : holds) {
            Writes.insertHold(statements, object, hold);
        }
        if (!holds.isEmpty()) {
            Writes.countHolds(statements, table, object, holds.size());
        }
    }
}
