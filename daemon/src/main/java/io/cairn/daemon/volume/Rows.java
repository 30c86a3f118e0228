package io.cairn.daemon.volume;

import io.cairn.spi.SnapshotId;
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
                    + " v.origin_volume, v.origin_snapshot, v.location, v.snapshot_count, v.ordinal";
    static final int VOLUME_ORDINAL = 13;

    /** With the name of its volume last, which lists find out by themselves. */
    static final String SNAPSHOT =
            "s.id, s.volume_id, s.backend, s.name, s.description, s.labels, s.size_bytes,"
                    + " s.created_at, s.location, s.ordinal";

    static final int SNAPSHOT_ORDINAL = 10;

    private static final long SECOND = 1_000_000_000L;

    private Rows() {}

    static Volume volume(ResultSet row, OpenIntents open) throws SQLException {
        VolumeId id = new VolumeId(row.getObject(1, UUID.class));
        return new Volume(
                id,
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                Labels.parse(row.getString(6)),
                row.getLong(7),
                open.stateOf(id),
                instant(row.getLong(8)),
                origin(row.getObject(9, UUID.class), row.getObject(10, UUID.class)),
                row.getString(11),
                row.getLong(12));
    }

    static Snapshot snapshot(ResultSet row, String volumeName, OpenIntents open)
            throws SQLException {
        SnapshotId id = new SnapshotId(row.getObject(1, UUID.class));
        VolumeId volume = new VolumeId(row.getObject(2, UUID.class));
        return new Snapshot(
                id,
                volume,
                row.getString(3),
                volumeName,
                row.getString(4),
                row.getString(5),
                Labels.parse(row.getString(6)),
                row.getLong(7),
                open.stateOf(id, volume),
                instant(row.getLong(8)),
                row.getString(9));
    }

    private static Optional<Origin> origin(@Nullable UUID volume, @Nullable UUID snapshot) {
        return volume == null || snapshot == null
                ? Optional.empty()
                : Optional.of(new Origin(new VolumeId(volume), new SnapshotId(snapshot)));
    }

    /** Nanoseconds since 1970, which a {@code long} holds until the year 2262. */
    static long nanos(Instant instant) {
        return Math.addExact(
                Math.multiplyExact(instant.getEpochSecond(), SECOND), instant.getNano());
    }

    static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, SECOND), Math.floorMod(nanos, SECOND));
    }
}
