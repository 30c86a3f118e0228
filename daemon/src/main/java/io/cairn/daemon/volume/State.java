package io.cairn.daemon.volume;

import io.cairn.daemon.store.StateStore;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import org.jdbi.v3.core.argument.Argument;
import org.jdbi.v3.core.statement.Query;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * What the state store knows of single volumes and snapshots and of open intents. Each look-up is
 * by an index. Safe for many threads. Lists are in {@link Listing}.
 *
 * <p>Where it says so, what is damaged is left out; all else throws {@link DamagedRowException}.
 */
final class State {
    private static final String VOLUMES = "SELECT " + Rows.VOLUME + " FROM volume v ";
    private static final String SNAPSHOTS =
            "SELECT "
                    + Rows.of("s", Rows.SNAPSHOT)
                    + ", v.name FROM snapshot s LEFT JOIN volume v ON v.id = s.volume_id ";
    private static final String CONNECTIONS =
            "SELECT "
                    + Rows.CONNECTION
                    + " FROM connection c LEFT JOIN volume v ON v.id = c.volume_id"
                    + " LEFT JOIN snapshot s ON s.id = c.snapshot_id ";

    private static final String CONNECTIONS_OF_VOLUME =
            CONNECTIONS + "WHERE c.volume_id = ? ORDER BY c.volume_id DESC, c.ordinal DESC";

    private final StateStore store;
    private final OpenIntents open;
    private final Damage damage = new Damage();

    State(StateStore store, OpenIntents open) {
        this.store = store;
        this.open = open;
    }

    /** Reads a row of a result as a value. */
    interface Reading<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** What of it was found to be damaged. */
    Damage damage() {
        return damage;
    }

    Optional<Volume> volume(VolumeId id) {
        return rows(VOLUMES + "WHERE v.id = ?", this::volume, id.value()).stream().findFirst();
    }

    Optional<Volume> volume(String backend, String name) {
        return rows(VOLUMES + "WHERE v.backend = ? AND v.name = ?", this::volume, backend, name)
                .stream()
                .findFirst();
    }

    /** Of a volume that may be damaged, as of the snapshots and backends below. */
    Optional<VolumeId> volumeId(String backend, String name) {
        return rows(
                        "SELECT v.id FROM volume v WHERE v.backend = ? AND v.name = ?",
                        row -> new VolumeId(row.getObject(1, UUID.class)),
                        backend,
                        name)
                .stream()
                .findFirst();
    }

    Optional<SnapshotId> snapshotId(VolumeId volume, String name) {
        return rows(
                        "SELECT s.id FROM snapshot s WHERE s.volume_id = ? AND s.name = ?",
                        row -> new SnapshotId(row.getObject(1, UUID.class)),
                        volume.value(),
                        name)
                .stream()
                .findFirst();
    }

    Optional<String> backend(VolumeId id) {
        return rows("SELECT backend FROM volume WHERE id = ?", row -> row.getString(1), id.value())
                .stream()
                .findFirst();
    }

    /** Which of these volumes lie in a pool. */
    Set<VolumeId> inPool(String pool, Collection<UUID> volumes) {
        return Set.copyOf(
                rowsOf(
                                "SELECT v.id, v.pool FROM volume v WHERE v.id IN (UNNEST(?))",
                                row ->
                                        pool.equals(row.getString(2))
                                                ? Optional.of(
                                                        new VolumeId(row.getObject(1, UUID.class)))
                                                : Optional.<VolumeId>empty(),
                                volumes)
                        .stream()
                        .flatMap(Optional::stream)
                        .toList());
    }

    /** Whether something in the trash has that id. */
    boolean trashed(UUID id) {
        return !rows("SELECT id FROM trash WHERE id = ?", row -> row.getObject(1, UUID.class), id)
                .isEmpty();
    }

    Optional<Snapshot> snapshot(SnapshotId id) {
        return rows(SNAPSHOTS + "WHERE s.id = ?", this::snapshot, id.value()).stream().findFirst();
    }

    Optional<Snapshot> snapshot(VolumeId volume, String name) {
        return rows(
                        SNAPSHOTS + "WHERE s.volume_id = ? AND s.name = ?",
                        this::snapshot,
                        volume.value(),
                        name)
                .stream()
                .findFirst();
    }

    /** All of a volume's, in the order in which they came to be. */
    List<Snapshot> snapshots(VolumeId volume) {
        return rows(
                SNAPSHOTS + "WHERE s.volume_id = ? ORDER BY s.created_at, s.ordinal",
                this::snapshot,
                volume.value());
    }

    /** The volumes that have these ids; those that are gone or damaged are left out. */
    Map<UUID, Volume> volumes(Collection<UUID> ids) {
        Map<UUID, Volume> found = new HashMap<>();
        rowsOf(VOLUMES + "WHERE v.id IN (UNNEST(?))", readable(this::volume), ids).stream()
                .flatMap(Optional::stream)
                .forEach(volume -> found.put(volume.id().value(), volume));
        return found;
    }

    /** The snapshots that have these ids; those that are gone or damaged are left out. */
    Map<UUID, Snapshot> snapshots(Collection<UUID> ids) {
        return named(
                rowsOf(
                                "SELECT "
                                        + Rows.SNAPSHOT
                                        + " FROM snapshot WHERE id IN (UNNEST(?))",
                                unnamedSnapshot(),
                                ids)
                        .stream()
                        .flatMap(Optional::stream)
                        .toList());
    }

    /** Reads {@link Rows#SNAPSHOT} without the name of its volume; nothing if it is damaged. */
    Reading<Optional<Snapshot>> unnamedSnapshot() {
        return readable(row -> Rows.unnamed(row, open));
    }

    /** With the names of their volumes; those that are gone or damaged are left out. */
    Map<UUID, Snapshot> named(Collection<Snapshot> unnamed) {
        record Named(VolumeId id, String name) {}
        Map<VolumeId, String> names = new HashMap<>();
        rowsOf(
                        "SELECT v.id, v.name FROM volume v WHERE v.id IN (UNNEST(?))",
                        row ->
                                new Named(
                                        new VolumeId(row.getObject(1, UUID.class)),
                                        row.getString(2)),
                        unnamed.stream().map(one -> one.volume().value()).distinct().toList())
                .forEach(named -> names.put(named.id(), named.name()));
        Map<UUID, Snapshot> found = new HashMap<>();
        List<UUID> without = new ArrayList<>();
        for (Snapshot snapshot : unnamed) {
            String name = names.get(snapshot.volume());
            if (name == null || !Names.valid(name)) {
                without.add(snapshot.id().value());
            } else {
                found.put(snapshot.id().value(), snapshot.ofVolumeNamed(name));
            }
        }
        // Its volume may be gone by now, and it too: one look at both tells that from damage.
        rowsOf(SNAPSHOTS + "WHERE s.id IN (UNNEST(?))", readable(this::snapshot), without).stream()
                .flatMap(Optional::stream)
                .forEach(snapshot -> found.put(snapshot.id().value(), snapshot));
        return found;
    }

    /** The backends that volumes were ever asked for on. */
    static Set<String> usedBackends(StateStore store) {
        return store.reads()
                .withHandle(
                        handle ->
                                names(
                                        handle.createQuery("SELECT backend FROM backend_count")
                                                .mapTo(String.class)
                                                .list()));
    }

    /**
     * The backends that volumes are known of, those being created and the deleted ones that are
     * remembered or in the trash included.
     */
    static Set<String> holdingBackends(StateStore store) {
        return store.reads()
                .withHandle(
                        handle ->
                                names(
                                        handle.createQuery(
                                                        "SELECT backend FROM backend_count WHERE volumes > 0 OR"
                                                                + " snapshots > 0 OR EXISTS (SELECT t.id FROM"
                                                                + " tombstone t WHERE t.backend ="
                                                                + " backend_count.backend) UNION SELECT"
                                                                + " backend FROM trash_count WHERE items"
                                                                + " > 0 UNION SELECT"
                                                                + " v.backend FROM intent i JOIN volume"
                                                                + " v ON v.id = i.volume_id")
                                                .mapTo(String.class)
                                                .list()));
    }

    /** Without what a damaged row gives for one. */
    private static Set<String> names(Collection<String> backends) {
        return backends.stream().filter(Names::valid).collect(Collectors.toSet());
    }

    Optional<Connection> connection(ConnectionId id) {
        return rows(CONNECTIONS + "WHERE c.id = ?", this::connection, id.value()).stream()
                .findFirst();
    }

    /** Those of a volume and of its snapshots, newest first. */
    List<Connection> connections(VolumeId volume) {
        return rows(CONNECTIONS_OF_VOLUME, this::connection, volume.value());
    }

    /** As {@link #connections(VolumeId)}, without those that are damaged. */
    List<Connection> readableConnections(VolumeId volume) {
        return rows(CONNECTIONS_OF_VOLUME, readable(this::connection), volume.value()).stream()
                .flatMap(Optional::stream)
                .toList();
    }

    /** Those of a backend, newest first. */
    List<ByOrdinal.Row<Connection>> connections(String backend, long before, int limit) {
        return rows(
                CONNECTIONS
                        + "WHERE c.backend = ? AND c.ordinal < ? ORDER BY c.backend DESC, c.ordinal DESC"
                        + " LIMIT ?",
                row ->
                        new ByOrdinal.Row<>(
                                readable(this::connection).read(row),
                                row.getLong(Rows.CONNECTION_ORDINAL)),
                backend,
                before,
                limit);
    }

    /** What a volume was adopted from, in the driver's words; empty if it was made. */
    Optional<String> adoptedFrom(VolumeId id) {
        return rows(
                        "SELECT adopted_from FROM volume WHERE id = ?",
                        row -> row.getString(1),
                        id.value())
                .stream()
                .filter(path -> !path.isEmpty())
                .findFirst();
    }

    /** The tags on a volume or a snapshot, by their names. */
    List<Hold> holds(UUID object) {
        return rows(
                "SELECT tag, held_by, held_at FROM hold WHERE object_id = ? ORDER BY object_id, tag",
                row -> new Hold(row.getString(1), row.getString(2), Rows.instant(row.getLong(3))),
                object);
    }

    /** Every intent that no completed change has erased, the damaged ones included. */
    List<Intent> intents() {
        List<Intent> intents =
                rows(Intents.SELECT, row -> Intents.row(row, open, damage)).stream()
                        .map(row -> Intents.of(row, this))
                        .toList();
        for (Intent intent : intents) {
            if (intent instanceof Intent.Damaged damaged) {
                damage.note(
                        new DamagedRow(
                                Intents.TABLE,
                                damaged.volume().toString(),
                                damaged.backend(),
                                damaged.problem()));
            }
        }
        return intents;
    }

    /**
     * How many whole volumes and snapshots each backend has, by its name, for all that ever had
     * one.
     */
    Map<String, Counts> counts() {
        Map<String, Counts> counts = new TreeMap<>();
        record Row(String backend, Counts counts) {}
        rows(
                        "SELECT backend, volumes, snapshots FROM backend_count",
                        row ->
                                new Row(
                                        row.getString(1),
                                        new Counts(row.getLong(2), row.getLong(3), 0)))
                .forEach(
                        row -> {
                            if (named("backend_count", row.backend())) {
                                counts.put(row.backend(), row.counts());
                            }
                        });
        return counts;
    }

    /** What each pool has of whole volumes and of snapshots, for all that ever had one. */
    Map<PoolTally.Key, PoolCounts> poolCounts() {
        Map<PoolTally.Key, PoolCounts> counts = new HashMap<>();
        record Row(PoolTally.Key key, PoolCounts counts) {}
        rows(
                        "SELECT backend, pool, volumes, snapshots, provisioned_bytes FROM pool_count",
                        row ->
                                new Row(
                                        new PoolTally.Key(row.getString(1), row.getString(2)),
                                        new PoolCounts(
                                                row.getLong(3), row.getLong(4), row.getLong(5))))
                .forEach(
                        row -> {
                            if (named("pool_count", row.key().backend())) {
                                counts.put(row.key(), row.counts());
                            }
                        });
        return counts;
    }

    /** What is counted for no backend is damaged. */
    private boolean named(String table, String backend) {
        boolean valid = Names.valid(backend);
        if (!valid) {
            damage.note(
                    new DamagedRow(
                            table, Names.shortened(backend), "", "backend: it is no name of one"));
        }
        return valid;
    }

    <T> List<T> rows(String sql, Reading<T> reading, Object... arguments) {
        return noted(
                () ->
                        store.reads()
                                .withHandle(
                                        handle -> {
                                            Query query = handle.createQuery(sql);
                                            for (int i = 0; i < arguments.length; i++) {
                                                query.bind(i, arguments[i]);
                                            }
                                            return query.map((row, _) -> reading.read(row)).list();
                                        }));
    }

    /**
     * @param sql with the ids as its first parameter
     */
    <T> List<T> rowsOf(String sql, Reading<T> reading, Collection<UUID> ids, Object... arguments) {
        if (ids.isEmpty()) {
            return List.of();
        }
        Argument array =
                (position, statement, _) ->
                        statement.setArray(
                                position,
                                statement.getConnection().createArrayOf("UUID", ids.toArray()));
        return store.reads()
                .withHandle(
                        handle -> {
                            Query query = handle.createQuery(sql).bind(0, array);
                            for (int i = 0; i < arguments.length; i++) {
                                query.bind(i + 1, arguments[i]);
                            }
                            return query.map((row, _) -> reading.read(row)).list();
                        });
    }

    /** Reads what is damaged as nothing. */
    <T> Reading<Optional<T>> readable(Reading<T> reading) {
        return row -> {
            try {
                return Optional.of(reading.read(row));
            } catch (DamagedRowException e) {
                damage.note(e.row());
                return Optional.empty();
            }
        };
    }

    private <T> T noted(Supplier<T> reading) {
        try {
            return reading.get();
        } catch (DamagedRowException e) {
            damage.note(e.row());
            throw e;
        }
    }

    private Volume volume(ResultSet row) throws SQLException {
        return Rows.volume(row, open);
    }

    private Snapshot snapshot(ResultSet row) throws SQLException {
        return Rows.snapshot(row, row.getString(Rows.SNAPSHOT_LAST + 1), open);
    }

    private Connection connection(ResultSet row) throws SQLException {
        return Rows.connection(row, open);
    }
}
