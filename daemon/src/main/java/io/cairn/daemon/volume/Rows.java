package io.cairn.daemon.volume;

import io.cairn.daemon.volume.Scan.Entry;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Rows as values: the one place that knows the order of the columns. */
final class Rows {
    static final String VOLUME =
            "v.id, v.backend, v.pool, v.name, v.description, v.labels, v.size_bytes, v.created_at,"
                    + " v.origin_volume, v.origin_snapshot, v.location, v.snapshot_count, v.ordinal,"
                    + " v.zone, v.project, v.owner, v.specs, v.qos, v.connection_count, v.hold_count";
    static final int VOLUME_ORDINAL = 13;
    static final int VOLUME_LAST = 20;

    /** Of a snapshot by itself: the name of its volume is not among them. */
    static final String SNAPSHOT =
            "id, volume_id, backend, name, description, labels, size_bytes, created_at, location,"
                    + " ordinal, connection_count, hold_count";

    static final int SNAPSHOT_ORDINAL = 10;
    static final int SNAPSHOT_LAST = 12;

    static final String CONNECTION =
            "c.id, c.volume_id, c.snapshot_id, c.backend, v.name, s.name, c.host, c.is_local, c.read_only,"
                    + " c.protocol, c.connector, c.info, c.secrets, c.device, c.state, c.created_at,"
                    + " c.ordinal";

    static final int CONNECTION_ORDINAL = 17;

    static final String DELETED =
            "id, kind, backend, volume_id, volume_name, name, description, labels, size_bytes,"
                    + " created_at, deleted_at, ordinal";

    static final int DELETED_ORDINAL = 12;

    private static final long SECOND = 1_000_000_000L;

    private Rows() {}

    /**
     * @throws DamagedRowException if it cannot be read, as the other readings of whole rows
     */
    static Volume volume(ResultSet row, OpenIntents open) throws SQLException {
        VolumeId id = new VolumeId(row.getObject(1, UUID.class));
        try {
            long connections = count("connection_count", row.getLong(19));
            return new Volume(
                    id,
                    name("backend", row.getString(2)),
                    row.getString(3),
                    name("name", row.getString(4)),
                    row.getString(5),
                    Labels.parse(row.getString(6)),
                    new Particulars(
                            row.getString(14),
                            row.getString(15),
                            row.getString(16),
                            form("specs", row.getString(17)),
                            form("qos", row.getString(18))),
                    size(row.getLong(7)),
                    open.stateOf(id, connections > 0),
                    instant(row.getLong(8)),
                    origin(row.getObject(9, UUID.class), row.getObject(10, UUID.class)),
                    row.getString(11),
                    count("snapshot_count", row.getLong(12)),
                    connections,
                    count("hold_count", row.getLong(20)));
        } catch (IllegalArgumentException e) {
            throw damaged("volume", id, row.getString(2), e);
        }
    }

    /** The same columns of a table that goes by another name in a query. */
    static String of(String alias, String columns) {
        return alias + "." + columns.replace(", ", ", " + alias + ".");
    }

    /** What lists are sorted by, from a row of {@link #SNAPSHOT}. */
    static Entry entry(ResultSet row) throws SQLException {
        return new Entry(
                row.getObject(1, UUID.class),
                row.getLong(SNAPSHOT_ORDINAL),
                row.getLong(8),
                row.getString(4),
                row.getLong(7));
    }

    /**
     * @param volumeName null if its volume is not there
     */
    static Snapshot snapshot(ResultSet row, @Nullable String volumeName, OpenIntents open)
            throws SQLException {
        return named(unnamed(row, open), volumeName);
    }

    /** Without the name of its volume. */
    static Snapshot unnamed(ResultSet row, OpenIntents open) throws SQLException {
        SnapshotId id = new SnapshotId(row.getObject(1, UUID.class));
        VolumeId volume = new VolumeId(row.getObject(2, UUID.class));
        try {
            long connections = count("connection_count", row.getLong(11));
            return new Snapshot(
                    id,
                    volume,
                    name("backend", row.getString(3)),
                    "",
                    name("name", row.getString(4)),
                    row.getString(5),
                    Labels.parse(row.getString(6)),
                    size(row.getLong(7)),
                    open.stateOf(id, volume, connections > 0),
                    instant(row.getLong(8)),
                    row.getString(9),
                    connections,
                    count("hold_count", row.getLong(12)));
        } catch (IllegalArgumentException e) {
            throw damaged("snapshot", id, row.getString(3), e);
        }
    }

    /**
     * @param volumeName null if its volume is not there
     */
    static Snapshot named(Snapshot snapshot, @Nullable String volumeName) {
        try {
            return snapshot.ofVolumeNamed(volumeName(snapshot.volume(), volumeName));
        } catch (IllegalArgumentException e) {
            throw damaged("snapshot", snapshot.id(), snapshot.backend(), e);
        }
    }

    static Connection connection(ResultSet row, OpenIntents open) throws SQLException {
        ConnectionId id = new ConnectionId(row.getObject(1, UUID.class));
        VolumeId volume = new VolumeId(row.getObject(2, UUID.class));
        Optional<SnapshotId> snapshot =
                Optional.ofNullable(row.getObject(3, UUID.class)).map(SnapshotId::new);
        try {
            return new Connection(
                    id,
                    new Target(volume, snapshot),
                    name("backend", row.getString(4)),
                    volumeName(volume, row.getString(5)),
                    snapshot.isEmpty() ? "" : name("the name of its snapshot", row.getString(6)),
                    row.getString(7),
                    row.getBoolean(8),
                    row.getBoolean(9),
                    row.getString(10),
                    form("connector", row.getString(11)),
                    form("info", row.getString(12)),
                    form("secrets", row.getString(13)).keySet(),
                    row.getString(14),
                    open.stateOf(
                            id,
                            volume,
                            named(Connection.State.values(), "state", row.getString(15))),
                    instant(row.getLong(16)));
        } catch (IllegalArgumentException e) {
            throw damaged("connection", id, row.getString(4), e);
        }
    }

    static Deleted deleted(ResultSet row) throws SQLException {
        UUID id = row.getObject(1, UUID.class);
        try {
            return new Deleted(
                    id,
                    named(Deleted.Kind.values(), "kind", row.getString(2)),
                    name("backend", row.getString(3)),
                    row.getObject(4, UUID.class),
                    row.getString(5),
                    row.getString(6),
                    row.getString(7),
                    Labels.parse(row.getString(8)),
                    size(row.getLong(9)),
                    instant(row.getLong(10)),
                    instant(row.getLong(11)));
        } catch (IllegalArgumentException e) {
            throw damaged("tombstone", id, row.getString(3), e);
        }
    }

    /** The one of an enum that a text names. */
    static <E extends Enum<E>> E named(E[] all, String column, String text) {
        return Arrays.stream(all)
                .filter(one -> one.name().equals(text))
                .findAny()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "%s: there is no '%s'"
                                                .formatted(column, Names.shortened(text))));
    }

    /** A text that can name something. */
    static String name(String column, @Nullable String text) {
        if (text == null || !Names.valid(text)) {
            throw new IllegalArgumentException(
                    text == null
                            ? "%s: it is missing".formatted(column)
                            : "%s: '%s' is no name".formatted(column, Names.shortened(text)));
        }
        return text;
    }

    private static String volumeName(VolumeId volume, @Nullable String name) {
        if (name == null) {
            throw new IllegalArgumentException("volume_id: there is no volume " + volume);
        }
        return name("the name of its volume", name);
    }

    static long size(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException(
                    "size_bytes: nothing has a size of %d bytes".formatted(bytes));
        }
        return bytes;
    }

    private static long count(String column, long number) {
        if (number < 0) {
            throw new IllegalArgumentException("%s: it is %d".formatted(column, number));
        }
        return number;
    }

    /** What is wrong with it is not told, since it may be secret. */
    private static Map<String, String> form(String column, String text) {
        try {
            return Form.decode(text);
        } catch (IllegalArgumentException _) {
            throw new IllegalArgumentException(column + ": it is no list of KEY=VALUE");
        }
    }

    static DamagedRowException damaged(
            String table, Object id, String backend, IllegalArgumentException why) {
        return new DamagedRowException(
                new DamagedRow(
                        table,
                        id.toString(),
                        Names.shortened(backend),
                        String.valueOf(why.getMessage())));
    }

    private static Optional<Origin> origin(@Nullable UUID volume, @Nullable UUID snapshot) {
        if (volume == null && snapshot != null) {
            throw new IllegalArgumentException(
                    "origin_volume: it is missing, and origin_snapshot is not");
        }
        return Optional.ofNullable(volume)
                .map(
                        id ->
                                new Origin(
                                        new VolumeId(id),
                                        Optional.ofNullable(snapshot).map(SnapshotId::new)));
    }

    /** Nanoseconds since 1970, which a {@code long} holds until the year 2262. */
    static long nanos(Instant instant) {
        long seconds = instant.getEpochSecond();
        long rest = instant.getNano();
        if (seconds < 0 && rest > 0) {
            // The second before the earliest instant is too early by itself.
            seconds++;
            rest -= SECOND;
        }
        return Math.addExact(Math.multiplyExact(seconds, SECOND), rest);
    }

    static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, SECOND), Math.floorMod(nanos, SECOND));
    }
}
