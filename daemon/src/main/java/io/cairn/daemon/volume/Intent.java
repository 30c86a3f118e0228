package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A change to be made on a backend, recorded before it is tried and erased once it is settled. */
sealed interface Intent {
    /** The volume whose change this is; at most one intent is open for it. */
    VolumeId volume();

    String backend();

    Instant begunAt();

    /** The volumes that nothing else may change while this is open. */
    default Set<VolumeId> volumes() {
        return Set.of(volume());
    }

    /** The operation and its object, for messages. */
    String what();

    /** What makes a volume, which is in the state from the beginning of the intent. */
    sealed interface Making extends Intent {
        Volume made();

        @Override
        default VolumeId volume() {
            return made().id();
        }

        @Override
        default String backend() {
            return made().backend();
        }

        @Override
        default Set<VolumeId> volumes() {
            return source().map(source -> Set.of(volume(), source)).orElse(Set.of(volume()));
        }

        /** The volume that it is made from, or from a snapshot of. */
        default Optional<VolumeId> source() {
            return made().origin().map(Origin::volume);
        }
    }

    /** What changes a volume that there is. */
    sealed interface Changing extends Intent {
        /** As it was before. */
        Volume of();

        @Override
        default VolumeId volume() {
            return of().id();
        }

        @Override
        default String backend() {
            return of().backend();
        }
    }

    /** Makes the volume, from nothing or from a snapshot if it has an origin. */
    record CreateVolume(Volume made, Instant begunAt) implements Making {
        @Override
        public String what() {
            return "create volume %s on backend %s".formatted(made.name(), backend());
        }
    }

    /** Makes the volume from another as that is at this instant, so never late. */
    record CloneVolume(Volume made, Instant begunAt) implements Making {
        @Override
        public String what() {
            return "clone volume %s on backend %s".formatted(made.name(), backend());
        }
    }

    /**
     * Makes a volume of what lies on the backend.
     *
     * @param path in the driver's words
     */
    record AdoptVolume(Volume made, String path, Instant begunAt) implements Making {
        @Override
        public String what() {
            return "adopt %s as volume %s on backend %s".formatted(path, made.name(), backend());
        }
    }

    /**
     * Deletes the volume.
     *
     * @param kept whether it stays on the backend, in the trash
     */
    record DeleteVolume(Volume of, boolean kept, Instant begunAt) implements Changing {
        @Override
        public String what() {
            return "delete volume %s on backend %s".formatted(of.name(), backend());
        }
    }

    /** Gives a volume up and leaves its bytes where they are. */
    record ReleaseVolume(Volume of, Instant begunAt) implements Changing {
        @Override
        public String what() {
            return "unmanage volume %s on backend %s".formatted(of.name(), backend());
        }
    }

    record ExtendVolume(Volume of, long sizeBytes, Instant begunAt) implements Changing {
        @Override
        public String what() {
            return "extend volume %s on backend %s to %d bytes"
                    .formatted(of.name(), backend(), sizeBytes);
        }
    }

    record RevertVolume(Volume of, Snapshot to, Instant begunAt) implements Changing {
        @Override
        public String what() {
            return "revert volume %s on backend %s to snapshot %s"
                    .formatted(of.name(), backend(), to.name());
        }
    }

    /** Changes the name, the description or the labels. */
    record AlterVolume(Volume of, Volume altered, Instant begunAt) implements Changing {
        @Override
        public String what() {
            return "change volume %s on backend %s".formatted(of.name(), backend());
        }
    }

    /**
     * Cuts a snapshot of the volume as that is at this instant, so never late.
     *
     * @param grouped whether it is one of several that are all recorded at once or none, so that
     *     what was cut for an intent that is still open goes again
     */
    record CreateSnapshot(
            Volume of,
            SnapshotId id,
            String name,
            String description,
            Map<String, String> labels,
            boolean grouped,
            Instant begunAt)
            implements Changing {
        /**
         * The snapshot that it makes.
         *
         * @param cutAt the instant that it shows
         * @param location where the backend has it
         */
        Snapshot snapshot(long sizeBytes, Instant cutAt, String location) {
            return new Snapshot(
                    id,
                    volume(),
                    backend(),
                    of.name(),
                    name,
                    description,
                    labels,
                    sizeBytes,
                    ObjectState.AVAILABLE,
                    cutAt,
                    location,
                    0,
                    0);
        }

        @Override
        public String what() {
            return "create snapshot %s of volume %s on backend %s"
                    .formatted(name, of.name(), backend());
        }
    }

    /**
     * Deletes a snapshot of a volume that lies in {@code pool}.
     *
     * @param kept whether it stays on the backend, in the trash
     */
    record DeleteSnapshot(Snapshot doomed, String pool, boolean kept, Instant begunAt)
            implements Intent {
        @Override
        public VolumeId volume() {
            return doomed.volume();
        }

        @Override
        public String backend() {
            return doomed.backend();
        }

        @Override
        public String what() {
            return "delete snapshot %s of volume %s on backend %s"
                    .formatted(doomed.name(), doomed.volumeName(), backend());
        }
    }

    /** Changes the name, the description or the labels. */
    record AlterSnapshot(Snapshot before, Snapshot altered, Instant begunAt) implements Intent {
        @Override
        public VolumeId volume() {
            return before.volume();
        }

        @Override
        public String backend() {
            return before.backend();
        }

        @Override
        public String what() {
            return "change snapshot %s of volume %s on backend %s"
                    .formatted(before.name(), before.volumeName(), backend());
        }
    }

    /**
     * What cannot be read of its row. It is never carried out, and keeps its volume from other
     * changes until an operator gives it up.
     *
     * @param backend empty if it is not known
     * @param problem what is wrong with the row
     * @param unmade whether the volume is, as far as can be read, in the state only to be made
     * @param connection the one that, as far as can be read, was to be made
     */
    record Damaged(
            VolumeId volume,
            String backend,
            String what,
            String problem,
            boolean unmade,
            Optional<ConnectionId> connection,
            Instant begunAt)
            implements Intent {
        /** Why nothing else can be done to its volume. */
        OperationException refusal() {
            return new OperationException(
                    Code.FAULT,
                    "'%s' is unfinished and comes first, and its row is damaged: %s; nothing was changed; an administrator can end it by forgetUnfinished"
                            .formatted(what, problem));
        }

        IllegalStateException unusable() {
            return new IllegalStateException("'%s' is for no use: %s".formatted(what, problem));
        }
    }

    /** One step of a host's access to a target, or of its end. */
    record ChangeConnection(Connection connection, Step step, Instant begunAt) implements Intent {
        enum Step {
            CONNECT,
            /** Makes an export again that was there and is not any more. */
            REEXPORT,
            ATTACH,
            DETACH,
            DISCONNECT
        }

        @Override
        public VolumeId volume() {
            return connection.target().volume();
        }

        @Override
        public String backend() {
            return connection.backend();
        }

        @Override
        public String what() {
            return switch (step) {
                case CONNECT ->
                        "connect host %s to %s on backend %s"
                                .formatted(connection.host(), connection.targetName(), backend());
                case REEXPORT ->
                        "export %s on backend %s to host %s again"
                                .formatted(connection.targetName(), backend(), connection.host());
                case ATTACH ->
                        "attach %s on backend %s".formatted(connection.targetName(), backend());
                case DETACH ->
                        "detach %s on backend %s".formatted(connection.targetName(), backend());
                case DISCONNECT ->
                        "disconnect host %s from %s on backend %s"
                                .formatted(connection.host(), connection.targetName(), backend());
            };
        }
    }
}
