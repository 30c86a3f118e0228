package io.cairn.daemon.volume;

import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.Optional;

/**
 * What a volume was made from.
 *
 * @param volume the volume that it is a copy of, or that the snapshot belonged to
 * @param snapshot empty if it was made from the volume itself
 */
public record Origin(VolumeId volume, Optional<SnapshotId> snapshot) {
    public static Origin of(Snapshot snapshot) {
        return new Origin(snapshot.volume(), Optional.of(snapshot.id()));
    }
}
