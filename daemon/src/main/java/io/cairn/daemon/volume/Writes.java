package io.cairn.daemon.volume;

import io.cairn.daemon.store.Statements;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** Single rows, written within a change of {@link Journal}. */
final class Writes {
    private Writes() {}

    static void insertIntent(Statements statements, Intent intent) throws SQLException {
        PreparedStatement insert =
                statements.prepare(
                        "INSERT INTO intent (volume_id, kind, begun_at, snapshot_id, name, description,"
                                + " labels, size_bytes, connection_id, path) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        insert.setObject(1, intent.volume().value());
        insert.setString(2, IntentKind.of(intent).name());
        insert.setLong(3, Rows.nanos(intent.begunAt()));
        insert.setNull(4, Types.OTHER);
        setTexts(insert, null, null, null);
        insert.setNull(8, Types.BIGINT);
        insert.setNull(9, Types.OTHER);
        insert.setNull(10, Types.VARCHAR);
        switch (intent) {
            case Intent.CreateVolume _,
                    Intent.CloneVolume _,
                    Intent.DeleteVolume _,
                    Intent.ReleaseVolume _ -> {}
            case Intent.AdoptVolume adopt -> insert.setString(10, adopt.path());
            case Intent.ExtendVolume extend -> insert.setLong(8, extend.sizeBytes());
            case Intent.RevertVolume revert -> insert.setObject(4, revert.to().id().value());
            case Intent.AlterVolume(_, Volume altered, _) ->
                    setTexts(insert, altered.name(), altered.description(), altered.labels());
            case Intent.CreateSnapshot create -> {
                insert.setObject(4, create.id().value());
                setTexts(insert, create.name(), create.description(), create.labels());
            }
            case Intent.DeleteSnapshot delete -> insert.setObject(4, delete.doomed().id().value());
            case Intent.AlterSnapshot(_, Snapshot altered, _) -> {
                insert.setObject(4, altered.id().value());
                setTexts(insert, altered.name(), altered.description(), altered.labels());
            }
            case Intent.ChangeConnection change ->
                    insert.setObject(9, change.connection().id().value());
            case Intent.Damaged damaged -> throw damaged.unusable();
        }
        insert.executeUpdate();
    }

    private static void setTexts(
            PreparedStatement insert,
            @Nullable String name,
            @Nullable String description,
            @Nullable Map<String, String> labels)
            throws SQLException {
        insert.setString(5, name);
        insert.setString(6, description);
        insert.setString(7, labels == null ? null : Labels.text(labels));
    }

    static void insertVolume(Statements statements, Volume volume) throws SQLException {
        PreparedStatement insert =
                statements.prepare(
                        "INSERT INTO volume (ordinal, id, backend, pool, name, description, labels,"
                                + " size_bytes, created_at, origin_volume, origin_snapshot, location,"
                                + " snapshot_count, zone, project, owner, specs, qos) VALUES (NEXT VALUE FOR"
                                + " ordinal, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)");
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
                10, volume.origin().flatMap(Origin::snapshot).map(SnapshotId::value).orElse(null));
        insert.setString(11, volume.location());
        Particulars more = volume.particulars();
        insert.setString(12, more.zone());
        insert.setString(13, more.project());
        insert.setString(14, more.user());
        insert.setString(15, Form.encode(more.specs()));
        insert.setString(16, Form.encode(more.qos()));
        insert.executeUpdate();
    }

    static void insertSnapshot(Statements statements, Snapshot snapshot) throws SQLException {
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

    static void noteAdoption(Statements statements, VolumeId volume, String path)
            throws SQLException {
        PreparedStatement update =
                statements.prepare("UPDATE volume SET adopted_from = ? WHERE id = ?");
        update.setString(1, path);
        update.setObject(2, volume.value());
        update.executeUpdate();
    }

    static void deleteVolume(Statements statements, VolumeId volume) throws SQLException {
        PreparedStatement delete = statements.prepare("DELETE FROM volume WHERE id = ?");
        delete.setObject(1, volume.value());
        delete.executeUpdate();
    }

    /**
     * @param table {@code volume} or {@code snapshot}
     */
    static void describe(
            Statements statements,
            String table,
            UUID object,
            String name,
            String description,
            Map<String, String> labels)
            throws SQLException {
        PreparedStatement update =
                statements.prepare(
                        "UPDATE %s SET name = ?, description = ?, labels = ? WHERE id = ?"
                                .formatted(table));
        update.setString(1, name);
        update.setString(2, description);
        update.setString(3, Labels.text(labels));
        update.setObject(4, object);
        update.executeUpdate();
    }

    static void insertConnection(Statements statements, Connection connection) throws SQLException {
        PreparedStatement insert =
                statements.prepare(
                        "INSERT INTO connection (ordinal, id, volume_id, snapshot_id, backend, host, is_local,"
                                + " read_only, protocol, connector, info, secrets, device, state, created_at)"
                                + " VALUES (NEXT VALUE FOR ordinal, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        insert.setObject(1, connection.id().value());
        insert.setObject(2, connection.target().volume().value());
        insert.setObject(3, connection.target().snapshot().map(SnapshotId::value).orElse(null));
        insert.setString(4, connection.backend());
        insert.setString(5, connection.host());
        insert.setBoolean(6, connection.local());
        insert.setBoolean(7, connection.readOnly());
        insert.setString(8, connection.protocol());
        insert.setString(9, Form.encode(connection.connector()));
        insert.setString(10, Form.encode(connection.info()));
        insert.setString(11, secrets(connection));
        insert.setString(12, connection.device());
        insert.setString(13, connection.state().name());
        insert.setLong(14, Rows.nanos(connection.createdAt()));
        insert.executeUpdate();
    }

    static void updateConnection(Statements statements, Connection connection) throws SQLException {
        PreparedStatement update =
                statements.prepare(
                        "UPDATE connection SET info = ?, secrets = ?, device = ?, state = ? WHERE id = ?");
        update.setString(1, Form.encode(connection.info()));
        update.setString(2, secrets(connection));
        update.setString(3, connection.device());
        update.setString(4, connection.state().name());
        update.setObject(5, connection.id().value());
        update.executeUpdate();
    }

    static void deleteConnection(Statements statements, ConnectionId id) throws SQLException {
        PreparedStatement delete = statements.prepare("DELETE FROM connection WHERE id = ?");
        delete.setObject(1, id.value());
        delete.executeUpdate();
    }

    /** Deletes a connection that was to be made, if its row says that it was not yet. */
    static void deleteUnmade(Statements statements, ConnectionId id) throws SQLException {
        PreparedStatement query =
                statements.prepare(
                        "SELECT volume_id, snapshot_id FROM connection WHERE id = ? AND state = ?");
        query.setObject(1, id.value());
        query.setString(2, Connection.State.CONNECTING.name());
        Target target;
        try (ResultSet found = query.executeQuery()) {
            if (!found.next()) {
                return;
            }
            target =
                    new Target(
                            new VolumeId(found.getObject(1, UUID.class)),
                            Optional.ofNullable(found.getObject(2, UUID.class))
                                    .map(SnapshotId::new));
        }
        deleteConnection(statements, id);
        countConnections(statements, target, -1);
    }

    static void insertHold(Statements statements, UUID object, Hold hold) throws SQLException {
        PreparedStatement insert = statements.prepare("INSERT INTO hold VALUES (?, ?, ?, ?)");
        insert.setObject(1, object);
        insert.setString(2, hold.tag());
        insert.setString(3, hold.by());
        insert.setLong(4, Rows.nanos(hold.since()));
        insert.executeUpdate();
    }

    static boolean held(Statements statements, UUID object, String tag) throws SQLException {
        PreparedStatement query =
                statements.prepare("SELECT tag FROM hold WHERE object_id = ? AND tag = ?");
        query.setObject(1, object);
        query.setString(2, tag);
        try (ResultSet found = query.executeQuery()) {
            return found.next();
        }
    }

    static boolean deleteHold(Statements statements, UUID object, String tag) throws SQLException {
        PreparedStatement delete =
                statements.prepare("DELETE FROM hold WHERE object_id = ? AND tag = ?");
        delete.setObject(1, object);
        delete.setString(2, tag);
        return delete.executeUpdate() > 0;
    }

    static void insertTombstone(Statements statements, Volume volume, Instant at)
            throws SQLException {
        insertTombstone(
                statements,
                new Deleted(
                        volume.id().value(),
                        Deleted.Kind.VOLUME,
                        volume.backend(),
                        volume.id().value(),
                        volume.name(),
                        volume.name(),
                        volume.description(),
                        volume.labels(),
                        volume.sizeBytes(),
                        volume.createdAt(),
                        at));
    }

    static void insertTombstone(Statements statements, Snapshot snapshot, Instant at)
            throws SQLException {
        insertTombstone(
                statements,
                new Deleted(
                        snapshot.id().value(),
                        Deleted.Kind.SNAPSHOT,
                        snapshot.backend(),
                        snapshot.volume().value(),
                        snapshot.volumeName(),
                        snapshot.name(),
                        snapshot.description(),
                        snapshot.labels(),
                        snapshot.sizeBytes(),
                        snapshot.createdAt(),
                        at));
    }

    private static void insertTombstone(Statements statements, Deleted deleted)
            throws SQLException {
        // A caller may choose an id that was used before.
        PreparedStatement earlier = statements.prepare("DELETE FROM tombstone WHERE id = ?");
        earlier.setObject(1, deleted.id());
        earlier.executeUpdate();
        PreparedStatement insert =
                statements.prepare(
                        "INSERT INTO tombstone (ordinal, id, kind, backend, volume_id, volume_name, name,"
                                + " description, labels, size_bytes, created_at, deleted_at) VALUES (NEXT VALUE"
                                + " FOR ordinal, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        insert.setObject(1, deleted.id());
        insert.setString(2, deleted.kind().name());
        insert.setString(3, deleted.backend());
        insert.setObject(4, deleted.volumeId());
        insert.setString(5, deleted.volumeName());
        insert.setString(6, deleted.name());
        insert.setString(7, deleted.description());
        insert.setString(8, Labels.text(deleted.labels()));
        insert.setLong(9, deleted.sizeBytes());
        insert.setLong(10, Rows.nanos(deleted.createdAt()));
        insert.setLong(11, Rows.nanos(deleted.deletedAt()));
        insert.executeUpdate();
    }

    static int sweepTombstones(Statements statements, Instant before, int most)
            throws SQLException {
        PreparedStatement delete =
                statements.prepare(
                        "DELETE FROM tombstone WHERE id IN (SELECT id FROM tombstone WHERE deleted_at < ?"
                                + " ORDER BY deleted_at LIMIT ?)");
        delete.setLong(1, Rows.nanos(before));
        delete.setInt(2, most);
        return delete.executeUpdate();
    }

    /** Whether a volume or a snapshot has that id. */
    static boolean known(Statements statements, UUID id) throws SQLException {
        for (String table : List.of("volume", "snapshot")) {
            PreparedStatement query =
                    statements.prepare("SELECT id FROM %s WHERE id = ?".formatted(table));
            query.setObject(1, id);
            try (ResultSet found = query.executeQuery()) {
                if (found.next()) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Forgets that something was deleted which is there again. */
    static void deleteTombstone(Statements statements, UUID id) throws SQLException {
        PreparedStatement delete = statements.prepare("DELETE FROM tombstone WHERE id = ?");
        delete.setObject(1, id);
        delete.executeUpdate();
    }

    static void countHolds(Statements statements, String table, UUID object, int more)
            throws SQLException {
        add(statements, table, "hold_count", object, more);
    }

    static void countConnections(Statements statements, Target target, int more)
            throws SQLException {
        add(statements, "volume", "connection_count", target.volume().value(), more);
        if (target.snapshot().isPresent()) {
            add(statements, "snapshot", "connection_count", target.snapshot().get().value(), more);
        }
    }

    static void countSnapshotsOf(Statements statements, VolumeId volume, int more)
            throws SQLException {
        add(statements, "volume", "snapshot_count", volume.value(), more);
    }

    static void countSnapshots(Statements statements, Snapshot snapshot, int more)
            throws SQLException {
        countSnapshotsOf(statements, snapshot.volume(), more);
        count(statements, snapshot.backend(), 0, more);
    }

    static void count(Statements statements, String backend, int moreVolumes, int moreSnapshots)
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

    static void forgetTrash(Statements statements, String backend) throws SQLException {
        for (String table : List.of("trash", "trash_count")) {
            PreparedStatement delete =
                    statements.prepare("DELETE FROM %s WHERE backend = ?".formatted(table));
            delete.setString(1, backend);
            delete.executeUpdate();
        }
    }

    /** Everything that is known of a backend's volumes, in an order that no look-up breaks. */
    static void forget(Statements statements, String backend) throws SQLException {
        forgetTrash(statements, backend);
        for (String sql :
                List.of(
                        "DELETE FROM hold WHERE object_id IN (SELECT id FROM snapshot WHERE backend = ?)",
                        "DELETE FROM hold WHERE object_id IN (SELECT id FROM volume WHERE backend = ?)",
                        "DELETE FROM connection WHERE backend = ?",
                        "DELETE FROM tombstone WHERE backend = ?",
                        "DELETE FROM snapshot WHERE backend = ?",
                        "DELETE FROM volume WHERE backend = ?",
                        "DELETE FROM pool_count WHERE backend = ?",
                        "DELETE FROM backend_count WHERE backend = ?")) {
            PreparedStatement delete = statements.prepare(sql);
            delete.setString(1, backend);
            delete.executeUpdate();
        }
    }

    static void countInPool(Statements statements, String backend, PoolChange change)
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

    private static void add(
            Statements statements, String table, String column, UUID object, int more)
            throws SQLException {
        PreparedStatement update =
                statements.prepare(
                        "UPDATE %s SET %s = %s + ? WHERE id = ?".formatted(table, column, column));
        update.setLong(1, more);
        update.setObject(2, object);
        update.executeUpdate();
    }

    private static String secrets(Connection connection) {
        Map<String, String> keys = new TreeMap<>();
        connection.secrets().forEach(key -> keys.put(key, ""));
        return Form.encode(keys);
    }
}
