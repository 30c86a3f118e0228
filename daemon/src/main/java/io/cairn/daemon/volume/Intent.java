package io.cairn.daemon.volume;

import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.Map;
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

    /** Makes the volume, from nothing or from a snapshot if it has an origin. */
    record CreateVolume(Volume made, Instant begunAt) implements Intent {
        @Override
        public VolumeId volume() {
            return made.id();
        }

        @Override
        public String backend() {
            return made.backend();
        }

        @Override
        public Set<VolumeId> volumes() {
            return made.origin()
                    .map(origin -> Set.of(made.id(), origin.volume()))
                    .orElse(Set.of(made.id()));
        }

        @Override
        public String what() {
            return "create volume %s on backend %s".formatted(made.name(), backend());
        }
    }

    record DeleteVolume(Volume doomed, Instant begunAt) implements Intent {
        @Override
        public VolumeId volume() {
            return doomed.id();
        }

        @Override
        public String backend() {
            return doomed.backend();
        }

        @Override
        public String what() {
            return "delete volume %s on backend %s".formatted(doomed.name(), backend());
        }
    }

    record CreateSnapshot(
            Volume of,
            SnapshotId id,
            String name,
            String description,
            Map<String, String> labels,
            Instant begunAt)
            implements Intent {
        @Override
        public VolumeId volume() {
            return of.id();
        }

        @Override
        public String backend() {
            return of.backend();
        }

        @Override
        public String what() {
            return "create snapshot %s of volume %s on backend %s"
                    .formatted(name, of.name(), backend());
        }
    }

    /** Deletes a snapshot of a volume that lies in {@code pool}. */
    record DeleteSnapshot(Snapshot doomed, String pool, Instant begunAt) implements Intent {
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
}
