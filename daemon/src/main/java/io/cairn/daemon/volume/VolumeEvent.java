package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;

import java.util.Locale;
import java.util.Optional;

/** Something that happened, told after it became durable. */
public sealed interface VolumeEvent {
    String backend();

    /** What became of an object that stays. */
    enum Alteration {
        EXTENDED,
        REVERTED,
        RENAMED,
        /** Its description or its labels are others. */
        DESCRIBED,
        HELD,
        RELEASED;

        /** As operators read it, in lower case. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What became of a connection. */
    enum Access {
        CONNECTED,
        /** Its export was made again. */
        EXPORTED,
        ATTACHED,
        DETACHED,
        DISCONNECTED,
        LOST;

        /** As operators read it, in lower case. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

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

    /**
     * A volume was given up with its bytes untouched.
     *
     * @param place where they are now
     */
    record VolumeReleased(Volume volume, String place, boolean recovered) implements VolumeEvent {
        @Override
        public String backend() {
            return volume.backend();
        }
    }

    record VolumeAltered(Volume before, Volume after, Alteration what, boolean recovered)
            implements VolumeEvent {
        @Override
        public String backend() {
            return after.backend();
        }
    }

    /**
     * An object went from one state into another; also told where another event says why, and
     * before that one. What was not there before came from no state.
     */
    sealed interface StateChanged extends VolumeEvent {}

    record VolumeState(Volume volume, Optional<ObjectState> from, ObjectState to)
            implements StateChanged {
        @Override
        public String backend() {
            return volume.backend();
        }
    }

    record SnapshotState(Snapshot snapshot, Optional<ObjectState> from, ObjectState to)
            implements StateChanged {
        @Override
        public String backend() {
            return snapshot.backend();
        }
    }

    /** A connection that is gone is in no state. */
    record ConnectionState(
            Connection connection, Optional<Connection.State> from, Optional<Connection.State> to)
            implements StateChanged {
        @Override
        public String backend() {
            return connection.backend();
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

    record SnapshotAltered(Snapshot before, Snapshot after, Alteration what, boolean recovered)
            implements VolumeEvent {
        @Override
        public String backend() {
            return after.backend();
        }
    }

    record ConnectionChanged(Connection connection, Access what, boolean recovered)
            implements VolumeEvent {
        @Override
        public String backend() {
            return connection.backend();
        }
    }

    /**
     * All that was known of a backend was forgotten.
     *
     * @param gone how much that was
     */
    record BackendForgotten(String backend, Counts gone) implements VolumeEvent {}

    /**
     * The circuit breaker of a backend opened, so that work on it is refused until it answers
     * again, or closed.
     *
     * @param reason why it opened, in one sentence; empty if it closed
     */
    record BackendBreaker(String backend, boolean open, String reason) implements VolumeEvent {}

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
