package io.cairn.spi;

import java.time.Instant;

/**
 * A snapshot as the backend has it.
 *
 * @param volume the volume it belongs to
 * @param sizeBytes the volume's exact size when it was cut
 * @param cutAt the instant of the cut by the clock of the machine that cut it: whatever was written
 *     to the volume and acknowledged before is in the snapshot
 * @param location where an operator finds it, as in {@link BackendVolume}
 * @param mark what was stored last, or {@link Mark#NONE} if the backend has lost it
 */
public record BackendSnapshot(
        SnapshotId id,
        VolumeId volume,
        long sizeBytes,
        Instant cutAt,
        String location,
        Mark mark) {}
