package io.cairn.daemon.drift;

import io.cairn.daemon.drift.Drift.Kind;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.daemon.volume.Witness;
import io.cairn.daemon.volume.Witness.Sight;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Looks at suspects one by one, each while nobody else changes it, and says in which way it differs
 * if it still does. For one thread.
 */
final class Judge {
    private static final String BACKUP = "bring it back from a backup of the storage";

    private final Volumes volumes;
    private final Backend backend;
    private final List<Drift> drifts = new ArrayList<>();
    private final Set<Object> judged = new HashSet<>();
    private long skipped;

    Judge(Volumes volumes, Backend backend) {
        this.volumes = volumes;
        this.backend = backend;
    }

    List<Drift> drifts() {
        return drifts;
    }

    /** How many were being changed all the time. */
    long skipped() {
        return skipped;
    }

    void volume(VolumeId id) throws OperationException, DriverException, InterruptedException {
        if (!judged.add(id)) {
            return;
        }
        String what = "volume " + id;
        look(
                id.toString(),
                what,
                () -> {
                    Sight<Volume, BackendVolume> sight = volumes.witness().volume(backend, id);
                    if (sight.recorded().isPresent() && sight.found().isPresent()) {
                        compare(sight.recorded().get(), sight.found().get());
                    } else if (sight.recorded().isPresent()) {
                        missing(
                                id.toString(),
                                name(sight.recorded().get()),
                                sight.recorded().get().location(),
                                "delete the volume and its snapshots, which takes them out of the state");
                    } else if (sight.found().isPresent()) {
                        BackendVolume found = sight.found().get();
                        unknown(id.toString(), what, found.mark(), found.location());
                    }
                });
    }

    /** One that is recorded, wherever that is. */
    void snapshot(SnapshotId id) throws OperationException, DriverException, InterruptedException {
        look(
                id.toString(),
                "snapshot " + id,
                () -> {
                    Optional<VolumeId> volume = volumes.witness().volumeOf(id);
                    if (volume.isPresent()) {
                        snapshot(id, volume.get());
                    }
                });
    }

    private record Place(SnapshotId snapshot, VolumeId volume) {}

    void snapshot(SnapshotId id, VolumeId volume)
            throws OperationException, DriverException, InterruptedException {
        if (!judged.add(new Place(id, volume))) {
            return;
        }
        String what = "snapshot %s of volume %s".formatted(id, volume);
        look(
                id.toString(),
                what,
                () -> {
                    Sight<Snapshot, BackendSnapshot> sight =
                            volumes.witness().snapshot(backend, id, volume);
                    if (sight.recorded().isPresent() && sight.found().isPresent()) {
                        compare(sight.recorded().get(), sight.found().get());
                    } else if (sight.recorded().isPresent()) {
                        missing(
                                id.toString(),
                                name(sight.recorded().get()),
                                sight.recorded().get().location(),
                                "delete the snapshot, which takes it out of the state");
                    } else if (sight.found().isPresent()) {
                        BackendSnapshot found = sight.found().get();
                        unknown(id.toString(), what, found.mark(), found.location());
                    }
                });
        // It may be recorded as another volume's, of which it is missing then.
        snapshot(id);
    }

    void connection(Connection connection)
            throws OperationException, DriverException, InterruptedException {
        String what =
                "connection of host %s to %s".formatted(connection.host(), connection.targetName());
        look(
                connection.id().toString(),
                what,
                () -> {
                    if (!volumes.witness().gives(backend, connection)) {
                        drifts.add(
                                new Drift(
                                        Kind.CONNECTION,
                                        connection.id().toString(),
                                        what,
                                        "it is recorded as %s, and the backend does not give it"
                                                .formatted(connection.state()),
                                        connection.local()
                                                ? "attach it again, or detach it"
                                                : "it is made again when the backend comes up: close and open the backend, or disconnect it"));
                    }
                });
    }

    private void compare(Volume recorded, BackendVolume found) {
        if (recorded.sizeBytes() != found.sizeBytes()) {
            drifts.add(
                    new Drift(
                            Kind.SIZE,
                            recorded.id().toString(),
                            name(recorded),
                            sizes(recorded.sizeBytes(), found.sizeBytes()),
                            found.sizeBytes() > recorded.sizeBytes()
                                    ? "extend it to %d bytes, which records that"
                                            .formatted(found.sizeBytes())
                                    : BACKUP));
        }
        if (!Witness.told(recorded).equals(Witness.told(found.mark()))) {
            marked(recorded.id().toString(), name(recorded), found.mark());
        }
    }

    private void compare(Snapshot recorded, BackendSnapshot found) {
        if (recorded.sizeBytes() != found.sizeBytes()) {
            drifts.add(
                    new Drift(
                            Kind.SIZE,
                            recorded.id().toString(),
                            name(recorded),
                            sizes(recorded.sizeBytes(), found.sizeBytes()),
                            BACKUP));
        }
        if (!Witness.told(recorded).equals(Witness.told(found.mark()))) {
            marked(recorded.id().toString(), name(recorded), found.mark());
        }
    }

    private static String sizes(long recorded, long found) {
        return "%d bytes are recorded, and it has %d".formatted(recorded, found);
    }

    private void marked(String id, String what, Mark found) {
        drifts.add(
                new Drift(
                        Kind.MARK,
                        id,
                        what,
                        Witness.name(found)
                                .map(
                                        name ->
                                                "the backend calls it %s, or describes or labels it otherwise"
                                                        .formatted(name))
                                .orElse("the backend does not say any more what it is called"),
                        "set its description, which writes all of it there again"));
    }

    private void missing(String id, String what, String location, String remedy) {
        drifts.add(
                new Drift(
                        Kind.MISSING,
                        id,
                        what,
                        "the backend does not have it, which was " + location,
                        BACKUP + ", or " + remedy));
    }

    private void unknown(String id, String what, Mark mark, String location) {
        Optional<String> name = Witness.name(mark);
        drifts.add(
                name.isPresent()
                        ? new Drift(
                                Kind.ORPHANED,
                                id,
                                what,
                                "nothing is recorded of it, and the backend has it as %s, called %s"
                                        .formatted(location, name.get()),
                                "nothing is done to it; it takes its space until somebody removes it there")
                        : new Drift(
                                Kind.FOREIGN,
                                id,
                                what,
                                "it is %s, and bears no mark of Cairn's".formatted(location),
                                "nothing is done to it; whoever put it there should move it away"));
    }

    /** Once, however often it is come across. */
    private void addUnreadable(String id, String what, Exception why) {
        if (judged.add(id)) {
            drifts.add(unreadable(id, what, String.valueOf(why.getMessage())));
        }
    }

    static Drift unreadable(String id, String what, String why) {
        return new Drift(Kind.UNREADABLE, id, what, why, BACKUP);
    }

    private static String name(Volume volume) {
        return "volume %s (%s)".formatted(volume.name(), volume.id());
    }

    private static String name(Snapshot snapshot) {
        return "snapshot %s of volume %s (%s)"
                .formatted(snapshot.name(), snapshot.volumeName(), snapshot.id());
    }

    private interface Look {
        void look() throws OperationException, DriverException, InterruptedException;
    }

    /** What fails for all of the backend ends the check; what is wrong with one is told of it. */
    private void look(String id, String what, Look look)
            throws OperationException, DriverException, InterruptedException {
        try {
            look.look();
        } catch (OperationException e) {
            if (e.code() == Code.FAULT) {
                addUnreadable(id, what, e);
            } else {
                skipped++;
            }
        } catch (DriverException e) {
            switch (e.kind()) {
                case FAULT -> addUnreadable(id, what, e);
                case UNAVAILABLE -> throw e;
                case INVALID, NOT_FOUND, CONFLICT, IN_USE, NO_SPACE, UNSUPPORTED -> skipped++;
            }
        }
    }
}
