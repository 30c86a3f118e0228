package io.cairn.daemon.transfer;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.volume.Dossier;
import io.cairn.daemon.volume.Dossiers;
import io.cairn.daemon.volume.Finding;
import io.cairn.daemon.volume.Finding.Outcome;
import io.cairn.daemon.volume.MarkReader;
import io.cairn.daemon.volume.OperationException;
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

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Takes in what a backend has and the state has not. First it only remembers which objects those
 * are; then it looks each up again and takes in some at a time, so that all of a backend need not
 * fit in memory at once. Used once, by one thread.
 */
final class Rebuilding {
    /** So many objects are recorded in one transaction, if they are of several volumes. */
    private static final int BATCH = 1_000;

    /** So many snapshots are looked up in one call of the driver. */
    private static final int LOOKS = 100;

    private final Volumes volumes;
    private final Backend backend;
    private final Mode mode;
    private final Map<VolumeId, List<SnapshotId>> unknown = new LinkedHashMap<>();
    private final List<Dossier> batch = new ArrayList<>();
    private final List<Finding> findings = new ArrayList<>();
    private int batched;
    private long moreCreated;

    Rebuilding(Volumes volumes, Backend backend, Mode mode) {
        this.volumes = volumes;
        this.backend = backend;
        this.mode = mode;
    }

    String run() throws OperationException, DriverException, InterruptedException {
        backend.inventory(new Visitor());
        for (Map.Entry<VolumeId, List<SnapshotId>> each : unknown.entrySet()) {
            Optional<Dossier> dossier = dossier(each.getKey(), each.getValue());
            if (dossier.isPresent()) {
                add(dossier.get());
            }
        }
        takeIn();
        return Report.text(findings, moreCreated, mode);
    }

    private final class Visitor implements InventoryVisitor {
        @Override
        public void volume(BackendVolume volume) {
            if (!volumes.witness().knows(volume.id())) {
                List<SnapshotId> _ = cutsOf(volume.id());
            }
        }

        @Override
        public void snapshot(BackendSnapshot snapshot) {
            if (!volumes.witness().knows(snapshot.id())) {
                cutsOf(snapshot.volume()).add(snapshot.id());
            }
        }

        @Override
        public void unreadable(Target target, String what, String why) {
            findings.add(Finding.conflict("%s (%s)".formatted(target, what), why));
        }
    }

    private List<SnapshotId> cutsOf(VolumeId volume) {
        return unknown.computeIfAbsent(volume, _ -> new ArrayList<>());
    }

    /** What is to be recorded of a volume; empty if nothing is, which is told of. */
    private Optional<Dossier> dossier(VolumeId id, List<SnapshotId> cuts)
            throws OperationException, DriverException, InterruptedException {
        Optional<Dossier> known;
        try {
            known = volumes.dossiers().read(id);
        } catch (OperationException e) {
            findings.add(Finding.conflict("volume " + id, String.valueOf(e.getMessage())));
            return Optional.empty();
        }
        if (known.isPresent()) {
            Dossier there = known.get();
            return Optional.of(
                    new Dossier(
                            there.volume(),
                            there.adoptedFrom(),
                            there.holds(),
                            cuts(there.volume(), cuts),
                            List.of()));
        }
        if (volumes.trash().has(id.value())) {
            cuts.forEach(cut -> findings.add(withoutVolume(cut)));
            return Optional.empty();
        }
        Optional<BackendVolume> found = backend.call(id, driver -> driver.findVolume(id));
        if (found.isEmpty()) {
            if (!cuts.isEmpty()) {
                findings.add(
                        Finding.conflict(
                                "%d snapshots of volume %s".formatted(cuts.size(), id),
                                "the backend has them and not their volume: bring that back from a backup of the storage"));
            }
            return Optional.empty();
        }
        Optional<Volume> volume = MarkReader.volume(backend.name(), found.get());
        if (volume.isEmpty()) {
            findings.add(unmarked("volume " + id, found.get().location()));
            return Optional.empty();
        }
        List<Dossier.Cut> there = cuts(volume.get(), cuts);
        if (MarkReader.trashedAt(found.get().mark()).isPresent()) {
            there.forEach(cut -> findings.add(withoutVolume(cut.snapshot().id())));
            throwAway(
                    "volume %s (%s)".formatted(volume.get().name(), id),
                    () -> volumes.orphans().throwAway(volume.get()));
            return Optional.empty();
        }
        return Optional.of(new Dossier(volume.get(), "", List.of(), there, List.of()));
    }

    private Finding withoutVolume(SnapshotId id) {
        return Finding.conflict(
                "snapshot " + id,
                backend.trash().off()
                        ? "its volume was in the trash, and that of the backend is off: set trash.keep=P7D in its file and open it anew, run rebuildState once more, bring the volume back by restore, and run rebuildState again"
                        : "its volume is in the trash: bring that back by restore, and run rebuildState again");
    }

    private interface Throwing {
        void run() throws OperationException, InterruptedException;
    }

    /** What says of itself that it was deleted is so still, and has all of its time again. */
    private void throwAway(String what, Throwing throwing) throws InterruptedException {
        if (backend.trash().off()) {
            findings.add(
                    Finding.conflict(
                            what,
                            "it was in the trash, and that of the backend is off: set trash.keep=P7D in its file and open it anew"));
            return;
        }
        try {
            if (mode == Mode.IMPORT) {
                throwing.run();
            }
            tell(Finding.created(what + ", in the trash"));
        } catch (OperationException e) {
            findings.add(Finding.conflict(what, String.valueOf(e.getMessage())));
        }
    }

    private List<Dossier.Cut> cuts(Volume volume, List<SnapshotId> ids)
            throws DriverException, InterruptedException {
        List<Dossier.Cut> cuts = new ArrayList<>();
        for (int from = 0; from < ids.size(); from += LOOKS) {
            List<SnapshotId> some = ids.subList(from, Math.min(ids.size(), from + LOOKS));
            List<BackendSnapshot> found =
                    backend.call(
                            volume.id(),
                            driver -> {
                                List<BackendSnapshot> there = new ArrayList<>();
                                for (SnapshotId each : some) {
                                    driver.findSnapshot(each, volume.id()).ifPresent(there::add);
                                }
                                return there;
                            });
            for (BackendSnapshot each : found) {
                Optional<Snapshot> snapshot = MarkReader.snapshot(volume, each);
                if (snapshot.isPresent() && MarkReader.trashedAt(each.mark()).isPresent()) {
                    throwAway(
                            "snapshot %s of volume %s (%s)"
                                    .formatted(snapshot.get().name(), volume.name(), each.id()),
                            () -> volumes.orphans().throwAway(snapshot.get(), volume.pool()));
                } else if (snapshot.isPresent()) {
                    cuts.add(new Dossier.Cut(snapshot.get(), List.of()));
                } else {
                    findings.add(unmarked("snapshot " + each.id(), each.location()));
                }
            }
        }
        return cuts;
    }

    /** Of what is as it should be, a million would say nothing more than the first. */
    private void tell(Finding finding) {
        if (finding.outcome() == Outcome.CREATED && findings.size() >= BATCH) {
            moreCreated++;
        } else {
            findings.add(finding);
        }
    }

    private static Finding unmarked(String what, String location) {
        return Finding.conflict(
                what,
                "it is %s, and bears no mark of Cairn's that says what it was called; it is left alone"
                        .formatted(location));
    }

    private void add(Dossier dossier) throws InterruptedException {
        int size = 1 + dossier.cuts().size();
        if (batched + size > BATCH) {
            takeIn();
        }
        batch.add(dossier);
        batched += size;
    }

    private void takeIn() throws InterruptedException {
        takeIn(batch);
        batch.clear();
        batched = 0;
    }

    /** All at once if all can be, and else one by one: what conflicts keeps nothing else out. */
    private void takeIn(List<Dossier> dossiers) throws InterruptedException {
        if (dossiers.isEmpty()) {
            return;
        }
        List<Finding> found;
        try {
            found =
                    mode == Mode.DRY_RUN
                            ? volumes.dossiers().look(dossiers)
                            : volumes.dossiers().takeIn(dossiers, _ -> true);
        } catch (OperationException e) {
            found =
                    List.of(
                            Finding.conflict(
                                    "volume %s (%s)"
                                            .formatted(
                                                    dossiers.getFirst().volume().name(),
                                                    dossiers.getFirst().volume().id()),
                                    String.valueOf(e.getMessage())));
        }
        if (dossiers.size() > 1 && !Dossiers.clean(found)) {
            for (Dossier each : dossiers) {
                takeIn(List.of(each));
            }
            return;
        }
        boolean recorded = Dossiers.clean(found) || mode == Mode.DRY_RUN;
        found.stream()
                .filter(each -> each.outcome() != Outcome.SAME)
                .filter(each -> recorded || each.outcome() == Outcome.CONFLICT)
                .forEach(this::tell);
    }
}
