package io.cairn.daemon.volume;

import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.Statements;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.Urgency;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Optional;

/**
 * Every change of what the state store knows of volumes and snapshots. Each method is one change:
 * it returns once the change is on stable storage. Safe for many threads, whose changes share
 * syncs.
 */
final class Journal {
    private final StateStore store;

    Journal(StateStore store) {
        this.store = store;
    }

    /**
     * Returns once all that could be seen before is on stable storage. A store that failed to write
     * still shows what it did not write, and this then fails.
     */
    void confirm() throws StoreException {
        store.commit(Urgency.COMPLETING, _ -> true);
    }

    /** Records what is about to be tried. A volume to be made is in the state from now on. */
    void begin(Intent intent) throws StoreException {
        store.commit(
                Urgency.ORDINARY,
                statements -> {
                    if (intent instanceof Intent.CreateVolume create) {
                        insertVolume(statements, create.made());
                        // From now on the backend counts as used.
                        count(statements, intent.backend(), 0, 0);
                    }
                    insertIntent(statements, intent);
                    return true;
                });
    }

    void volumeCreated(Intent.CreateVolume intent, Volume made) throws StoreException {
        complete(
                intent,
                statements -> {
                    PreparedStatement update =
                            statements.prepare("UPDATE volume SET location = ? WHERE id = ?");
                    update.setString(1, made.location());
                    update.setObject(2, made.id().value());
                    update.executeUpdate();
                    count(statements, intent.backend(), 1, 0);
                });
    }

    void volumeDeleted(Intent.DeleteVolume intent) throws StoreException {
        complete(
                intent,
                statements -> {
                    deleteVolume(statements, intent.volume());
                    count(statements, intent.backend(), -1, 0);
                });
    }

    void snapshotCreated(Intent.CreateSnapshot intent, Snapshot snapshot) throws StoreException {
        complete(
                intent,
                statements -> {
                    insertSnapshot(statements, snapshot);
                    countSnapshots(statements, snapshot, 1);
                });
    }

    void snapshotDeleted(Intent.DeleteSnapshot intent) throws StoreException {
        complete(
                intent,
                statements -> {
                    PreparedStatement delete =
                            statements.prepare("DELETE FROM snapshot WHERE id = ?");
                    delete.setObject(1, intent.doomed().id().value());
                    delete.executeUpdate();
                    countSnapshots(statements, intent.doomed(), -1);
                });
    }

    /** Forgets an intent that came to nothing, and the volume that it was to make. */
    void abandon(Intent intent) throws StoreException {
        finish(
                intent,
                statements -> {
                    if (intent instanceof Intent.CreateVolume) {
                        deleteVolume(statements, intent.volume());
                    }
                });
    }

    private interface Completion {
        void apply(Statements statements) throws SQLException;
    }

    private void complete(Intent intent, Completion completion) throws StoreException {
        finish(
                intent,
                statements -> {
                    completion.apply(statements);
                    countInPool(statements, intent.backend(), PoolChange.of(intent));
                });
    }

    private void finish(Intent intent, Completion completion) throws StoreException {
        store.commit(
                Urgency.COMPLETING,
                statements -> {
                    completion.apply(statements);
                    PreparedStatement delete =
                            statements.prepare("DELETE FROM intent WHERE volume_id = ?");
                    delete.setObject(1, intent.volume().value());
                    delete.executeUpdate();
                    return true;
                });
    }

    private static void insertIntent(Statements statements, Intent intent) throws SQLException {
        PreparedStatement insert =
                statements.prepare(
                        "INSERT INTO intent (volume_id, kind, begun_at, snapshot_id, name, description,"
                                + " labels) VALUES (?, ?, ?, ?, ?, ?, ?)");
        insert.setObject(1, intent.volume().value());
        insert.setString(2, IntentKind.of(intent).name());
        insert.setLong(3, Rows.nanos(intent.begunAt()));
        switch (intent) {
            case Intent.CreateVolume _, Intent.DeleteVolume _ -> {
                insert.setNull(4, Types.OTHER);
                setTexts(insert, Optional.empty());
            }
            case Intent.CreateSnapshot create -> {
                insert.setObject(4, create.id().value());
                setTexts(insert, Optional.of(create));
            }
            case Intent.DeleteSnapshot delete -> {
                insert.setObject(4, delete.doomed().id().value());
                setTexts(insert, Optional.empty());
            }
        }
        insert.executeUpdate();
    }

    private static void setTexts(PreparedStatement insert, Optional<Intent.CreateSnapshot> snapshot)
            throws SQLException {
        insert.setString(5, snapshot.map(Intent.CreateSnapshot::name).orElse(null));
        insert.setString(6, snapshot.map(Intent.CreateSnapshot::description).orElse(null));
        insert.setString(7, snapshot.map(create -> Labels.text(create.labels())).orElse(null));
    }

    private static void insertVolume(Statements statements, Volume volume) throws SQLException {
        PreparedStatement insert =
                statements.prepare(
                        "INSERT INTO volume (ordinal, id, backend, pool, name, description, labels,"
                                + " size_bytes, created_at, origin_volume, origin_snapshot, location,"
                                + " snapshot_count) VALUES (NEXT VALUE FOR ordinal, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                                + " ?, 0)");
        insert.setObject(1, volume.id().value());
        insert.setString(2, volume.backend());
        insert.setString(3, volume.pool());
        insert.setString(4, volume.name());
        insert.setString(5, volume.description());
        insert.setString(6, Labels.text(volume.labels()));
        insert.setLong(7, volume.sizeBytes());
        insert.setLong(8, Rows.nanos(volume.createdAt()));
        insert.setObject(9, volume.origin().map(Origin::volume).map(VolumeId::value).orElse(null));
        insert.setObject(
                10, volume.origin().map(Origin::snapshot).map(SnapshotId::value).orElse(null));
        insert.setString(11, volume.location());
        insert.executeUpdate();
    }

    private static void insertSnapshot(Statements statements, Snapshot snapshot)
            throws SQLException {
        PreparedStatement insert =
                statements.prepare(
                        "INSERT INTO snapshot (ordinal, id, backend, volume_id, name, description, labels,"
                                + " size_bytes, created_at, location) VALUES (NEXT VALUE FOR ordinal, ?, ?, ?,"
                                + " ?, ?, ?, ?, ?, ?)");
        insert.setObject(1, snapshot.id().value());
        insert.setString(2, snapshot.backend());
        insert.setObject(3, snapshot.volume().value());
        insert.setString(4, snapshot.name());
        insert.setString(5, snapshot.description());
        insert.setString(6, Labels.text(snapshot.labels()));
        insert.setLong(7, snapshot.sizeBytes());
        insert.setLong(8, Rows.nanos(snapshot.createdAt()));
        insert.setString(9, snapshot.location());
        insert.executeUpdate();
    }

    private static void deleteVolume(Statements statements, VolumeId volume) throws SQLException {
        PreparedStatement delete = statements.prepare("DELETE FROM volume WHERE id = ?");
        delete.setObject(1, volume.value());
        delete.executeUpdate();
    }

    private static void countSnapshots(Statements statements, Snapshot snapshot, int more)
            throws SQLException {
        PreparedStatement update =
                statements.prepare(
                        "UPDATE volume SET snapshot_count = snapshot_count + ? WHERE id = ?");
        update.setLong(1, more);
        update.setObject(2, snapshot.volume().value());
        update.executeUpdate();
        count(statements, snapshot.backend(), 0, more);
    }

    private static void count(
            Statements statements, String backend, int moreVolumes, int moreSnapshots)
            throws SQLException {
        PreparedStatement update =
                statements.prepare(
                        "UPDATE backend_count SET volumes = volumes + ?, snapshots = snapshots + ?"
                                + " WHERE backend = ?");
        update.setLong(1, moreVolumes);
        update.setLong(2, moreSnapshots);
        update.setString(3, backend);
        if (update.executeUpdate() == 0) {
            PreparedStatement insert =
                    statements.prepare(
                            "INSERT INTO backend_count (backend, volumes, snapshots) VALUES (?, ?, ?)");
            insert.setString(1, backend);
            insert.setLong(2, moreVolumes);
            insert.setLong(3, moreSnapshots);
            insert.executeUpdate();
        }
    }

    private static void countInPool(Statements statements, String backend, PoolChange change)
            throws SQLException {
        PreparedStatement update =
                statements.prepare(
                        "UPDATE pool_count SET volumes = volumes + ?, snapshots = snapshots + ?,"
                                + " provisioned_bytes = provisioned_bytes + ?"
                                + " WHERE backend = ? AND pool = ?");
        PoolCounts more = change.more();
        update.setLong(1, more.volumes());
        update.setLong(2, more.snapshots());
        update.setLong(3, more.provisionedBytes());
        update.setString(4, backend);
        update.setString(5, change.pool());
        if (update.executeUpdate() == 0) {
            PreparedStatement insert =
                    statements.prepare(
                            "INSERT INTO pool_count (backend, pool, volumes, snapshots,"
                                    + " provisioned_bytes) VALUES (?, ?, ?, ?, ?)");
            insert.setString(1, backend);
            insert.setString(2, change.pool());
            insert.setLong(3, more.volumes());
            insert.setLong(4, more.snapshots());
            insert.setLong(5, more.provisionedBytes());
            insert.executeUpdate();
        }
    }
}
