package io.cairn.daemon.volume;

import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

/** What all operations are made of, made once. */
record Parts(
        Running running,
        State state,
        OpenIntents open,
        Planning planning,
        Journal journal,
        Changes changes,
        Turns turns,
        Events events) {
    Volume known(VolumeId id) throws OperationException {
        return state.volume(id)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND, "there is no volume %s".formatted(id)));
    }

    Snapshot known(SnapshotId id) throws OperationException {
        return state.snapshot(id)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND, "there is no snapshot %s".formatted(id)));
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
