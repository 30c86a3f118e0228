package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Deleted;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Tombstones;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.SnapshotId;

import java.util.Optional;
import java.util.UUID;

/** The volumes and snapshots of a backend, each by its name or its UUID. Safe for many threads. */
final class BackendObjects {
    private final Volumes volumes;
    private final String backend;

    BackendObjects(Volumes volumes, String backend) {
        this.volumes = volumes;
        this.backend = backend;
    }

    Volume volume(String nameOrId) throws OperationException {
        Optional<Volume> there = findVolume(nameOrId);
        if (there.isEmpty()) {
            throw missing(Deleted.Kind.VOLUME, nameOrId, deleted(Deleted.Kind.VOLUME, nameOrId));
        }
        return there.get();
    }

    Snapshot snapshot(String pathOrId) throws OperationException {
        Optional<Snapshot> there = findSnapshot(pathOrId);
        if (there.isEmpty()) {
            throw missing(
                    Deleted.Kind.SNAPSHOT, pathOrId, deleted(Deleted.Kind.SNAPSHOT, pathOrId));
        }
        return there.get();
    }

    Optional<Volume> findVolume(String nameOrId) {
        return volumes.volume(backend, nameOrId);
    }

    Optional<Snapshot> findSnapshot(String pathOrId) {
        int slash = pathOrId.indexOf('/');
        if (slash >= 0) {
            return volumes.snapshot(
                    backend, pathOrId.substring(0, slash), pathOrId.substring(slash + 1));
        }
        return uuid(pathOrId)
                .flatMap(id -> volumes.snapshot(new SnapshotId(id)))
                .filter(found -> found.backend().equals(backend));
    }

    private Optional<Deleted> deleted(Deleted.Kind kind, String asked) {
        return switch (kind) {
            case VOLUME ->
                    byId(kind, asked).or(() -> volumes.tombstones().find(backend, kind, asked));
            case SNAPSHOT -> {
                int slash = asked.indexOf('/');
                yield slash < 0
                        ? byId(kind, asked)
                        : deletedSnapshot(asked.substring(0, slash), asked.substring(slash + 1));
            }
        };
    }

    /** Of a volume that may be there still, by the name that it has now or had then. */
    private Optional<Deleted> deletedSnapshot(String volume, String nameOrId) {
        Optional<String> id =
                findVolume(volume)
                        .map(there -> there.id().toString())
                        .or(
                                () ->
                                        deleted(Deleted.Kind.VOLUME, volume)
                                                .map(Deleted::id)
                                                .map(UUID::toString));
        return byId(Deleted.Kind.SNAPSHOT, nameOrId)
                .filter(
                        deleted ->
                                deleted.volumeName().equals(volume)
                                        || id.equals(Optional.of(deleted.volumeId().toString())))
                .or(
                        () ->
                                id.flatMap(
                                        one ->
                                                volumes.tombstones()
                                                        .findSnapshot(backend, one, nameOrId)))
                .or(() -> volumes.tombstones().findSnapshot(backend, volume, nameOrId));
    }

    private Optional<Deleted> byId(Deleted.Kind kind, String asked) {
        return uuid(asked)
                .flatMap(volumes.tombstones()::find)
                .filter(deleted -> deleted.backend().equals(backend) && deleted.kind() == kind);
    }

    private OperationException missing(Deleted.Kind kind, String asked, Optional<Deleted> deleted) {
        if (deleted.isPresent()) {
            OperationException gone = Tombstones.gone(deleted.get());
            return volumes.trash().has(deleted.get().id())
                    ? new OperationException(
                            Code.NOT_FOUND,
                            "%s, and is in the trash: restore of the backend brings it back"
                                    .formatted(gone.getMessage()))
                    : gone;
        }
        return new OperationException(
                Code.NOT_FOUND,
                "backend %s has no %s '%s'; %s"
                        .formatted(
                                backend,
                                kind,
                                Names.shortened(asked),
                                kind == Deleted.Kind.SNAPSHOT
                                        ? "give its UUID, or VOLUME/SNAPSHOT by their names"
                                        : "give its name or its UUID"));
    }

    /** What a deletion says of what was deleted already. */
    String gone(Deleted.Kind kind, String asked) throws OperationException {
        Optional<Deleted> deleted = deleted(kind, asked);
        if (deleted.isEmpty()) {
            throw missing(kind, asked, deleted);
        }
        return "%s was deleted already, at %s".formatted(asked, deleted.get().deletedAt());
    }

    private static Optional<UUID> uuid(String text) {
        try {
            return Optional.of(UUID.fromString(text)).filter(id -> id.toString().equals(text));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }
}
