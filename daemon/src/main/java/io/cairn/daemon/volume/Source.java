package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What a filter says of where something comes from.
 *
 * @param id of a volume or a snapshot, which may be gone
 * @param path instead of it: a backend, a volume of it and maybe a snapshot of that, by their names
 */
record Source(Optional<UUID> id, List<String> path) {
    private static final int OF_VOLUME = 2;
    private static final int OF_SNAPSHOT = 3;

    static Optional<Source> of(Filter filter) throws OperationException {
        if (filter.source().isEmpty()) {
            return Optional.empty();
        }
        String text = filter.source().get();
        Optional<UUID> id = Ids.volume(text).map(VolumeId::value);
        List<String> path = List.of(text.split("/", -1));
        boolean names =
                (path.size() == OF_VOLUME || path.size() == OF_SNAPSHOT)
                        && path.stream().allMatch(Names::valid);
        if (id.isEmpty() && !names) {
            throw new OperationException(
                    Code.INVALID,
                    "source=%s cannot be read: write the id of a volume or a snapshot, or BACKEND/VOLUME, or BACKEND/VOLUME/SNAPSHOT"
                            .formatted(Names.shortened(text)));
        }
        return Optional.of(new Source(id, id.isPresent() ? List.of() : path));
    }

    /** What a volume may be made from; empty if there is none of that name. */
    Optional<UUID> volumeOrSnapshot(State state) {
        if (id.isPresent()) {
            return id;
        }
        Optional<VolumeId> volume = state.volumeId(path.get(0), path.get(1));
        return path.size() == OF_VOLUME
                ? volume.map(VolumeId::value)
                : volume.flatMap(of -> state.snapshotId(of, path.get(2))).map(SnapshotId::value);
    }

    /** What a snapshot may be of; empty if there is none of that name. */
    Optional<UUID> volume(State state) throws OperationException {
        if (path.size() == OF_SNAPSHOT) {
            throw new OperationException(
                    Code.INVALID,
                    "source=%s is a snapshot, and a snapshot is one of a volume: write BACKEND/VOLUME"
                            .formatted(String.join("/", path)));
        }
        return volumeOrSnapshot(state);
    }
}
