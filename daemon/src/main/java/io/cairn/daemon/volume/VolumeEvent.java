package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;

/** Something that happened, told after it became durable. */
public sealed interface VolumeEvent {
    String backend();

    /** By an operation that was just asked for, or by settling one that was unfinished. */
    record VolumeCreated(Volume volume, boolean recovered) implements VolumeEvent {
        @Override
        public String backend() {
            return volume.backend();
        }
    }

    record VolumeDeleted(Volume volume, boolean recovered) implements VolumeEvent {
        @Override
        public String backend() {
            return volume.backend();
        }
    }

    record SnapshotCreated(Snapshot snapshot, boolean recovered) implements VolumeEvent {
        @Override
        public String backend() {
            return snapshot.backend();
        }
    }

    record SnapshotDeleted(Snapshot snapshot, boolean recovered) implements VolumeEvent {
        @Override
        public String backend() {
            return snapshot.backend();
        }
    }

    /**
     * An operation failed.
     *
     * @param what the operation and its object, as in {@code create snapshot nightly-1 of volume
     *     db1}
     * @param unfinished whether it is not known what became of it, so that the daemon will settle
     *     it
     */
    record OperationFailed(
            String backend, String what, Code code, String reason, boolean unfinished)
            implements VolumeEvent {}

    /**
     * An operation that was unfinished was settled by undoing it.
     *
     * @param what as in {@link OperationFailed}
     */
    record OperationUndone(String backend, String what, String reason) implements VolumeEvent {}
}
