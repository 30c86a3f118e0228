package io.cairn.daemon.volume;

import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.List;
import java.util.function.Supplier;

/** What all operations are made of, made once. */
record Parts(
        Running running,
        State state,
        OpenIntents open,
        Planning planning,
        Journal journal,
        Changes changes,
        Turns turns,
        StateNews news,
        Events events) {
    Volume known(VolumeId id) throws OperationException {
        return readable(() -> state.volume(id))
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND, "there is no volume %s".formatted(id)));
    }

    Snapshot known(SnapshotId id) throws OperationException {
        return readable(() -> state.snapshot(id))
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND, "there is no snapshot %s".formatted(id)));
    }

    /** A snapshot of a volume, by its name or UUID. */
    Snapshot snapshotOf(VolumeId volume, String volumeName, String nameOrId)
            throws OperationException {
        return state.snapshot(volume, nameOrId)
                .or(
                        () ->
                                Ids.snapshot(nameOrId)
                                        .flatMap(state::snapshot)
                                        .filter(found -> found.volume().equals(volume)))
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND,
                                        "volume %s has no snapshot '%s'"
                                                .formatted(volumeName, Names.shortened(nameOrId))));
    }

    /**
     * All of a volume, in the order in which they came to be.
     *
     * @throws OperationException FAULT if one cannot be read, or cannot be told to be of the volume
     */
    List<Snapshot> snapshots(Volume volume) throws OperationException {
        List<Snapshot> found = readable(() -> state.snapshots(volume.id()));
        if (found.size() != volume.snapshotCount()) {
            throw new OperationException(
                    Code.FAULT,
                    "volume %s has %d snapshots and %d of them are in the state, which is damaged; nothing was changed"
                            .formatted(volume.name(), volume.snapshotCount(), found.size()));
        }
        return found;
    }

    /** Reads for an operation what may be damaged. */
    static <T> T readable(Supplier<T> reading) throws OperationException {
        try {
            return reading.get();
        } catch (DamagedRowException e) {
            throw e.asOperation();
        }
    }

    /**
     * What is there may be shown by a store that failed to write it, so it is not acknowledged
     * before it is known to be durable.
     */
    <T> T confirmed(T there) throws OperationException {
        try {
            journal.confirm();
            return there;
        } catch (StoreException e) {
            throw unwritable(e);
        }
    }

    static OperationException unwritable(StoreException e) {
        return new OperationException(
                Changes.code(e),
                "the state store cannot be written now: %s; try again when it can"
                        .formatted(e.getMessage()),
                e);
    }
}
