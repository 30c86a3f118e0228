package io.cairn.daemon.drift;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.daemon.drift.KnownObjects.Match;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Counts;
import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.MarkReader;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.Order;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** One check of one backend. Used once, by one thread. */
final class Check {
    /** More suspects of one sort are not looked at: something is wrong with all of them. */
    static final int MOST = 10_000;

    private static final int PAGE = 500;

    private final Volumes volumes;
    private final Backend backend;
    private final KnownObjects knownVolumes;
    private final KnownObjects knownSnapshots;
    private final KnownObjects trashed;
    private final Judge judge;
    private final List<Target> suspects = new ArrayList<>();
    private long skipped;

    Check(Volumes volumes, Backend backend) {
        this.volumes = volumes;
        this.backend = backend;
        this.judge = new Judge(volumes, backend);
        Counts counts = volumes.counts(backend.name());
        this.knownVolumes = new KnownObjects(counts.volumes());
        this.knownSnapshots = new KnownObjects(counts.snapshots());
        this.trashed = new KnownObjects(volumes.trash().count(backend.name()));
    }

    /**
     * Compares all of it.
     *
     * @throws OperationException if the state cannot be listed
     * @throws DriverException if the backend cannot be
     */
    Report run() throws OperationException, DriverException, InterruptedException {
        Instant begunAt = Instant.now();
        readState();
        backend.inventory(new Visitor());
        for (Target each : suspects) {
            if (each.snapshot().isPresent()) {
                judge.snapshot(each.snapshot().get(), each.volume());
            } else {
                judge.volume(each.volume());
            }
        }
        for (UUID each : unseen(knownVolumes)) {
            judge.volume(new VolumeId(each));
        }
        for (UUID each : unseen(knownSnapshots)) {
            judge.snapshot(new SnapshotId(each));
        }
        lookAtConnections();
        return new Report(
                begunAt,
                Instant.now(),
                knownVolumes.count(),
                knownSnapshots.count(),
                judge.drifts(),
                judge.counts(),
                skipped + judge.skipped());
    }

    private void readState() throws OperationException, InterruptedException {
        Filter all = Filter.ofBackend(backend.name()).in(new Order(Order.By.CREATED, false));
        String continuation = "";
        do {
            Page<Volume> page = volumes.volumes(all, PAGE, continuation);
            for (Volume each : page.items()) {
                knownVolumes.add(each.id().value(), each.sizeBytes(), look(each));
            }
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        do {
            Page<Snapshot> page = volumes.snapshots(all, PAGE, continuation);
            for (Snapshot each : page.items()) {
                knownSnapshots.add(each.id().value(), each.sizeBytes(), look(each));
            }
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        volumes.trash().forEachId(backend.name(), id -> trashed.add(id, 0, 0));
    }

    /** What is in the trash is there and in no list, as it should be. */
    private boolean inTrash(UUID id) {
        return trashed.see(id, 0, 0) != Match.UNKNOWN || volumes.trash().has(id);
    }

    private static long look(Volume volume) {
        return hash(MarkReader.told(volume));
    }

    private static long look(Snapshot snapshot) {
        return hash(snapshot.volume() + MarkReader.told(snapshot));
    }

    /** FNV-1a: of the texts of marks, which differ in little, no two that matter are the same. */
    private static long hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (byte each : text.getBytes(UTF_8)) {
            hash = (hash ^ (each & 0xff)) * 0x100000001b3L;
        }
        return hash;
    }

    /** Suspects what is not as it is recorded. */
    private final class Visitor implements InventoryVisitor {
        @Override
        public void volume(BackendVolume volume) {
            long size = volume.sizeBytes();
            long look = hash(MarkReader.told(volume.mark()));
            if (knownVolumes.see(volume.id().value(), size, look) != Match.SAME) {
                Optional<Volume> now = volumes.witness().recorded(backend, volume.id());
                if (now.filter(each -> each.sizeBytes() == size && look(each) == look).isEmpty()
                        && !inTrash(volume.id().value())) {
                    suspect(suspects, Target.of(volume.id()));
                }
            }
        }

        @Override
        public void snapshot(BackendSnapshot snapshot) {
            long size = snapshot.sizeBytes();
            long look = hash(snapshot.volume() + MarkReader.told(snapshot.mark()));
            if (knownSnapshots.see(snapshot.id().value(), size, look) != Match.SAME) {
                Optional<Snapshot> now = volumes.witness().recorded(backend, snapshot.id());
                if (now.filter(each -> each.sizeBytes() == size && look(each) == look).isEmpty()
                        && !inTrash(snapshot.id().value())) {
                    suspect(suspects, Target.of(snapshot.volume(), snapshot.id()));
                }
            }
        }

        @Override
        public void unreadable(Target target, String what, String why) {
            if (target.snapshot().isPresent()) {
                Match _ = knownSnapshots.see(target.snapshot().get().value(), -1, 0);
            } else {
                Match _ = knownVolumes.see(target.volume().value(), -1, 0);
            }
            suspect(suspects, target);
        }
    }

    private <T> void suspect(List<T> all, T one) {
        if (all.size() < MOST) {
            all.add(one);
        } else {
            skipped++;
        }
    }

    private List<UUID> unseen(KnownObjects known) {
        List<UUID> unseen = new ArrayList<>();
        known.forEachUnseen(id -> suspect(unseen, id));
        return unseen;
    }

    private void lookAtConnections()
            throws OperationException, DriverException, InterruptedException {
        if (volumes.witness().mending(backend)) {
            return;
        }
        String continuation = "";
        do {
            Page<Connection> page = volumes.connections().of(backend.name(), PAGE, continuation);
            for (Connection each : page.items()) {
                judge.connection(each);
            }
            continuation = page.continuation();
        } while (!continuation.isEmpty());
    }
}
