package io.cairn.daemon.drift;

import io.cairn.daemon.drift.Drift.Kind;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.MarkReader;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.daemon.volume.Witness.Sight;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Looks at suspects one by one, each while nobody else changes it, and says in which way it differs
 * if it still does. For one thread.
 */
final class Judge {
    /** More of one kind are only counted. */
    static final int KEPT = 1_000;

    private static final String BACKUP = "bring it back from a backup of the storage";

    private final Volumes volumes;
    private final Backend backend;
    private final List<Drift> drifts = new ArrayList<>();
    private final Map<Kind, Long> counts = new EnumMap<>(Kind.class);
    private final Set<Object> judged = new HashSet<>();
    private long skipped;

    Judge(Volumes volumes, Backend backend) {
        this.volumes = volumes;
        this.backend = backend;
    }

    List<Drift> drifts() {
        return drifts;
    }

    Map<Kind, Long> counts() {
        return counts;
    }

    /** How many could not be looked at. */
    long skipped() {
        return skipped;
    }

    private void add(Kind kind, String id, String what, String detail, String remedy) {
        add(kind, id, Optional.empty(), what, detail, remedy);
    }

    private void add(Kind kind, Target target, String what, String detail, String remedy) {
        add(kind, id(target), Optional.of(target), what, detail, remedy);
    }

    private void add(
            Kind kind,
            String id,
            Optional<Target> target,
            String what,
            String detail,
            String remedy) {
        if (counts.merge(kind, 1L, Long::sum) <= KEPT) {
            drifts.add(new Drift(kind, id, target, what, detail, remedy));
        }
    }

    private static String id(Target target) {
        return target.snapshot().map(SnapshotId::toString).orElse(target.volume().toString());
    }

    void volume(VolumeId id) throws DriverException, InterruptedException {
        if (!judged.add(Target.of(id))) {
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
                                Target.of(id),
                                name(sight.recorded().get()),
                                sight.recorded().get().location(),
                                "delete the volume and its snapshots, which takes them out of the state");
                    } else if (sight.found().isPresent()) {
                        BackendVolume found = sight.found().get();
                        unknown(Target.of(id), what, found.mark(), found.location());
                    }
                });
    }

    /** One that is recorded, wherever that is. */
    void snapshot(SnapshotId id) throws DriverException, InterruptedException {
        look(
                id.toString(),
                "snapshot " + id,
                () -> {
                    Optional<VolumeId> volume = volumes.witness().volumeOf(backend, id);
                    if (volume.isPresent()) {
                        snapshot(id, volume.get());
                    }
                });
    }

    void snapshot(SnapshotId id, VolumeId volume) throws DriverException, InterruptedException {
        if (!judged.add(Target.of(volume, id))) {
            return;
        }
        String what = Target.of(volume, id).toString();
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
                                Target.of(volume, id),
                                name(sight.recorded().get()),
                                sight.recorded().get().location(),
                                "delete the snapshot, which takes it out of the state");
                    } else if (sight.found().isPresent()) {
                        BackendSnapshot found = sight.found().get();
                        unknown(Target.of(volume, id), what, found.mark(), found.location());
                    }
                });
        // It may be recorded as another volume's, of which it is missing then.
        snapshot(id);
    }

    void connection(Connection connection) throws DriverException, InterruptedException {
        try {
            if (!volumes.witness().gives(backend, connection)) {
                add(
                        Kind.CONNECTION,
                        connection.id().toString(),
                        "connection of host %s to %s"
                                .formatted(connection.host(), connection.targetName()),
                        "it is recorded as %s, and the backend does not give it"
                                .formatted(connection.state()),
                        connection.local()
                                ? "attach it again, or detach it"
                                : "it is made again when the backend comes up: close and open the backend, or disconnect it");
            }
        } catch (OperationException _) {
            // Its volume is being changed, or waits for an operator, who is told elsewhere.
            skipped++;
        } catch (DriverException e) {
            skip(e);
        }
    }

    private void compare(Volume recorded, BackendVolume found) {
        long bytes = found.sizeBytes();
        Target target = Target.of(recorded.id());
        compare(
                target,
                name(recorded),
                recorded.sizeBytes(),
                bytes,
                bytes > recorded.sizeBytes()
                        ? "extend it to %d bytes, or repair it, which records that".formatted(bytes)
                        : BACKUP);
        compare(target, name(recorded), MarkReader.told(recorded), found.mark());
    }

    private void compare(Snapshot recorded, BackendSnapshot found) {
        Target target = Target.of(recorded.volume(), recorded.id());
        compare(target, name(recorded), recorded.sizeBytes(), found.sizeBytes(), BACKUP);
        compare(target, name(recorded), MarkReader.told(recorded), found.mark());
    }

    private void compare(Target target, String what, long recorded, long found, String remedy) {
        if (recorded != found) {
            add(
                    Kind.SIZE,
                    target,
                    what,
                    "%d bytes are recorded, and it has %d".formatted(recorded, found),
                    remedy);
        }
    }

    private void compare(Target target, String what, String recorded, Mark found) {
        if (!recorded.equals(MarkReader.told(found))) {
            add(
                    Kind.MARK,
                    target,
                    what,
                    MarkReader.name(found)
                            .map(
                                    name ->
                                            "the backend calls it %s, or describes or labels it otherwise"
                                                    .formatted(name))
                            .orElse("the backend does not say any more what it is called"),
                    "repair it, which writes all of it there again");
        }
    }

    private void missing(Target target, String what, String location, String remedy) {
        add(
                Kind.MISSING,
                target,
                what,
                "the backend does not have it, which was " + location,
                BACKUP + ", or " + remedy + ", as repair does");
    }

    private void unknown(Target target, String what, Mark mark, String location) {
        Optional<String> name = MarkReader.name(mark);
        if (name.isPresent()) {
            add(
                    Kind.ORPHANED,
                    target,
                    what,
                    "nothing is recorded of it here, and the backend has it as %s, called %s"
                            .formatted(location, name.get()),
                    "rebuildState records it, or repair has it go to the trash; nothing is done to it by itself");
        } else {
            add(
                    Kind.FOREIGN,
                    target,
                    what,
                    "it is %s, and bears no mark of Cairn's".formatted(location),
                    "nothing is done to it; whoever put it there should move it away");
        }
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

    /** What is wrong with one object is told of it. */
    private void look(String id, String what, Look look)
            throws DriverException, InterruptedException {
        try {
            look.look();
        } catch (OperationException e) {
            if (e.code() == Code.FAULT) {
                unreadable(
                        id,
                        what,
                        e,
                        "what is recorded of it is damaged, not its storage: see DamagedText and Unfinished of the daemon");
            } else {
                skipped++;
            }
        } catch (DriverException e) {
            if (e.kind() == DriverException.Kind.FAULT) {
                unreadable(id, what, e, BACKUP);
            } else {
                skip(e);
            }
        }
    }

    /** Once, however often it is come across. */
    private void unreadable(String id, String what, Exception why, String remedy) {
        if (judged.add(id)) {
            add(Kind.UNREADABLE, id, what, String.valueOf(why.getMessage()), remedy);
        }
    }

    /** What fails for all of the backend ends the check. */
    private void skip(DriverException e) throws DriverException {
        if (!backend.takesWork()) {
            throw e;
        }
        skipped++;
    }
}
