package io.cairn.daemon.volume;

import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.Optional;

/** Ids where a caller may have written a name or an id. */
final class Ids {
    private static final int LENGTH = 36;

    private Ids() {}

    static Optional<VolumeId> volume(String text) {
        try {
            return text.length() == LENGTH ? Optional.of(VolumeId.parse(text)) : Optional.empty();
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    static Optional<SnapshotId> snapshot(String text) {
        return volume(text).map(id -> new SnapshotId(id.value()));
    }
}
