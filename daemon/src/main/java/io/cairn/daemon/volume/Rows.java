package io.cairn.daemon.volume;

import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
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

    /** With the name of its volume last, which lists find out by themselves. */
    static final String SNAPSHOT =
            "s.id, s.volume_id, s.backend, s.name, s.description, s.labels, s.size_bytes,"
                    + " s.created_at, s.location, s.ordinal, s.connection_count, s.hold_count";

    static final int SNAPSHOT_ORDINAL = 10;
    static final int SNAPSHOT_LAST = 12;

    static final String CONNECTION =
            "c.id, c.volume_id, c.snapshot_id, c.backend, v.name, s.name, c.host, c.is_local, c.read_only,"
                    + " c.protocol, c.connector, c.info, c.secrets, c.device, c.state, c.created_at,"
                    + " c.ordinal";

    static final int CONNECTION_ORDINAL = 17;

    private static final long SECOND = 1_000_000_000L;

    private Rows() {}

    static Volume volume(ResultSet row, OpenIntents open) throws SQLException {
        VolumeId id = new VolumeId(row.getObject(1, UUID.class));
        long connections = row.getLong(19);
        return new Volume(
                id,
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                Labels.parse(row.getString(6)),
                new Particulars(
                        row.getString(14),
                        row.getString(15),
                        row.getString(16),
                        Form.decode(row.getString(17)),
                        Form.decode(row.getString(18))),
                row.getLong(7),
                open.stateOf(id, connections > 0),
                instant(row.getLong(8)),
                origin(row.getObject(9, UUID.class), row.getObject(10, UUID.class)),
                row.getString(11),
                row.getLong(12),
                connections,
                row.getLong(20));
    }

    static Snapshot snapshot(ResultSet row, String volumeName, OpenIntents open)
            throws SQLException {
        SnapshotId id = new SnapshotId(row.getObject(1, UUID.class));
        VolumeId volume = new VolumeId(row.getObject(2, UUID.class));
        long connections = row.getLong(11);
        return new Snapshot(
                id,
                volume,
                row.getString(3),
                volumeName,
                row.getString(4),
                row.getString(5),
                Labels.parse(row.getString(6)),
                row.getLong(7),
                open.stateOf(id, volume, connections > 0),
                instant(row.getLong(8)),
                row.getString(9),
                connections,
                row.getLong(12));
    }

    static Connection connection(ResultSet row, OpenIntents open) throws SQLException {
        ConnectionId id = new ConnectionId(row.getObject(1, UUID.class));
        VolumeId volume = new VolumeId(row.getObject(2, UUID.class));
        Optional<SnapshotId> snapshot =
                Optional.ofNullable(row.getObject(3, UUID.class)).map(SnapshotId::new);
        return new Connection(
                id,
                new Target(volume, snapshot),
                row.getString(4),
                row.getString(5),
                Optional.ofNullable(row.getString(6)).orElse(""),
                row.getString(7),
                row.getBoolean(8),
                row.getBoolean(9),
                row.getString(10),
                Form.decode(row.getString(11)),
                Form.decode(row.getString(12)),
                Form.decode(row.getString(13)).keySet(),
                row.getString(14),
                open.stateOf(id, volume, Connection.State.valueOf(row.getString(15))),
                instant(row.getLong(16)));
    }

    private static Optional<Origin> origin(@Nullable UUID volume, @Nullable UUID snapshot) {
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
