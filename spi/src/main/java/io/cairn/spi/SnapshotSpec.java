package io.cairn.spi;

/**
 * A snapshot to be cut.
 *
 * @param id the id it gets
 * @param volume the volume whose content it keeps
 * @param mark kept beside the snapshot
 */
public record SnapshotSpec(SnapshotId id, VolumeId volume, Mark mark) {}
