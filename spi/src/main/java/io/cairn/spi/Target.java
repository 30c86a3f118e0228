package io.cairn.spi;

import java.util.Optional;

/**
 * What somebody uses the bytes of: a volume, or one snapshot of it.
 *
 * @param snapshot empty for the volume itself
 */
public record Target(VolumeId volume, Optional<SnapshotId> snapshot) {
    public static Target of(VolumeId volume) {
        return new Target(volume, Optional.empty());
    }

    public static Target of(VolumeId volume, SnapshotId snapshot) {
        return new Target(volume, Optional.of(snapshot));
    }

    /** Whether it can never be written, as no snapshot can. */
    public boolean fixed() {
        return snapshot.isPresent();
    }

    /** For messages. */
    @Override
    public String toString() {
        return snapshot.map(id -> "snapshot %s of volume %s".formatted(id, volume))
                .orElseGet(() -> "volume " + volume);
    }
}
