package io.cairn.daemon.volume;

import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

/** What a volume was made from: a snapshot, and the volume that snapshot belonged to. */
public record Origin(VolumeId volume, SnapshotId snapshot) {}
