package io.cairn.daemon.drift;

import io.cairn.daemon.drift.KnownObjects.Match;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.Order;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.daemon.volume.Witness;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** One check of one backend. Used once, by one thread. */
final class Check {
    /** More of one sort are not looked at more closely: something is wrong with all of it. */
    static final int MOST = 10_000;

    /** Of a million snapshots; each of them may be a file to be opened. */
    private static final Duration LONGEST = Duration.ofHours(1);

    private static final int PAGE = 500;

    private final Volumes volumes;
    private final Backend backend;
    private final KnownObjects knownVolumes = new KnownObjects();
    private final KnownObjects knownSnapshots = new KnownObjects();
    private final Judge judge;
    private final List<BackendVolume> suspectVolumes = new ArrayList<>();
    private final List<BackendSnapshot> suspectSnapshots = new ArrayList<>();
    private final List<Drift> unreadable = new ArrayList<>();
    private long skipped;

    Check(Volumes volumes, Backend backend) {
        this.volumes = volumes;
        this.backend = backend;
        this.judge = new Judge(volumes, backend);
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
        lookAtBackend();
        for (BackendVolume each : suspectVolumes) {
            judge.volume(each.id());
        }
        for (BackendSnapshot each : suspectSnapshots) {
            judge.snapshot(each.id(), each.volume());
        }
        for (UUID each : unseen(knownVolumes)) {
            judge.volume(new VolumeId(each));
        }
        for (UUID each : unseen(knownSnapshots)) {
            judge.snapshot(new SnapshotId(each));
        }
        lookAtConnections();
        List<Drift> drifts = new ArrayList<>(judge.drifts());
        drifts.addAll(unreadable);
        return new Report(
                begunAt,
                Instant.now(),
                knownVolumes.count(),
                knownSnapshots.count(),
                drifts,
                skipped + judge.skipped());
    }

    private void readState() throws OperationException {
        Filter all = Filter.ofBackend(backend.name()).in(new Order(Order.By.CREATED, false));
        String continuation = "";
        do {
            Page<Volume> page = volumes.volumes(all, PAGE, continuation);
            for (Volume each : page.items()) {
                knownVolumes.add(each.id().value(), each.sizeBytes(), look(Witness.told(each)));
            }
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        do {
            Page<Snapshot> page = volumes.snapshots(all, PAGE, continuation);
            for (Snapshot each : page.items()) {
                knownSnapshots.add(
                        each.id().value(),
                        each.sizeBytes(),
                        look(Witness.told(each), each.volume()));
            }
            continuation = page.continuation();
        } while (!continuation.isEmpty());
    }

    private static int look(String told) {
        return told.hashCode();
    }

    private static int look(String told, VolumeId volume) {
        return 31 * told.hashCode() + volume.hashCode();
    }

    private void lookAtBackend() throws DriverException, InterruptedException {
        boolean _ =
                backend.callFor(
                        LONGEST,
                        driver -> {
                            driver.inventory(new Visitor());
                            return true;
                        });
    }

    /** Suspects what is not as it is recorded. */
    private final class Visitor implements InventoryVisitor {
        @Override
        public void volume(BackendVolume volume) {
            int look = look(Witness.told(volume.mark()));
            if (knownVolumes.see(volume.id().value(), volume.sizeBytes(), look) != Match.SAME) {
                suspect(suspectVolumes, volume);
            }
        }

        @Override
        public void snapshot(BackendSnapshot snapshot) {
            int look = look(Witness.told(snapshot.mark()), snapshot.volume());
            if (knownSnapshots.see(snapshot.id().value(), snapshot.sizeBytes(), look)
                    != Match.SAME) {
                suspect(suspectSnapshots, snapshot);
            }
        }

        @Override
        public void unreadable(String what, String why) {
            suspect(unreadable, Judge.unreadable("", what, why));
        }
    }

    private <T> void suspect(List<T> suspects, T one) {
        if (suspects.size() < MOST) {
            suspects.add(one);
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
