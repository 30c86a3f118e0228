package io.cairn.daemon.volume;

import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * A volume or a snapshot that was deleted and is still on its backend. All else of it is there, in
 * its mark.
 *
 * @param volume of a volume its own id
 * @param volumeName of a volume its own name
 * @param adoptedFrom the path on its backend that a volume was adopted from; empty if it was made
 * @param since when it got there, by the {@link TrashTime}
 * @param kept whether it says of itself on the backend that it is in the trash, and what else
 * @param going whether it is being deleted there, so that it cannot be brought back any more
 */
public record Trashed(
        UUID id,
        Deleted.Kind kind,
        String backend,
        String pool,
        VolumeId volume,
        String volumeName,
        String name,
        long sizeBytes,
        String adoptedFrom,
        Instant createdAt,
        Instant deletedAt,
        Instant since,
        Kept kept,
        boolean going) {

    static Trashed of(
            Volume volume, String adoptedFrom, Instant deletedAt, Instant since, Kept kept) {
        return new Trashed(
                volume.id().value(),
                Deleted.Kind.VOLUME,
                volume.backend(),
                volume.pool(),
                volume.id(),
                volume.name(),
                volume.name(),
                volume.sizeBytes(),
                adoptedFrom,
                volume.createdAt(),
                deletedAt,
                since,
                kept,
                false);
    }

    static Trashed of(Snapshot snapshot, String pool, Instant deletedAt, Instant since, Kept kept) {
        return new Trashed(
                snapshot.id().value(),
                Deleted.Kind.SNAPSHOT,
                snapshot.backend(),
                pool,
                snapshot.volume(),
                snapshot.volumeName(),
                snapshot.name(),
                snapshot.sizeBytes(),
                "",
                snapshot.createdAt(),
                deletedAt,
                since,
                kept,
                false);
    }

    /** One that its mark says is in the trash, from now on. */
    static Trashed marked(Volume volume, Instant since) {
        return of(volume, "", Instant.now(), since, Kept.MARKED);
    }

    /**
     * As {@link #marked(Volume, Instant)}.
     *
     * @param pool that of its volume
     */
    static Trashed marked(Snapshot snapshot, String pool, Instant since) {
        return of(snapshot, pool, Instant.now(), since, Kept.MARKED);
    }

    /** Whether it is the same that was deleted at the same time. */
    boolean sameAs(Trashed other) {
        return id.equals(other.id) && deletedAt.equals(other.deletedAt);
    }

    public Target target() {
        return kind == Deleted.Kind.VOLUME
                ? Target.of(volume)
                : Target.of(volume, new SnapshotId(id));
    }

    /** For messages and logs. */
    public String what() {
        return kind == Deleted.Kind.VOLUME
                ? "volume %s (%s)".formatted(name, id)
                : "snapshot %s of volume %s (%s)".formatted(name, volumeName, id);
    }

    Optional<SnapshotId> snapshot() {
        return target().snapshot();
    }
}
