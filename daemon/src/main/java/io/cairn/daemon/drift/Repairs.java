package io.cairn.daemon.drift;

import io.cairn.daemon.drift.Drift.Kind;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.MarkReader;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.daemon.volume.Witness.Sight;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Ends single differences that a check found. Each is looked at once more before anything is done
 * to it. What is missing is deleted as by a caller, and what is orphaned only moves to the trash.
 * Safe for many threads.
 */
public final class Repairs {
    private static final int PAGE = 500;

    private final Volumes volumes;
    private final Backends backends;
    private final Checks checks;

    Repairs(Volumes volumes, Backends backends, Checks checks) {
        this.volumes = volumes;
        this.backends = backends;
        this.checks = checks;
    }

    /**
     * Ends the differences of one object.
     *
     * @param id of a volume or a snapshot that the last check tells of
     * @return what was done
     * @throws OperationException NOT_FOUND if the last check tells nothing of it; CONFLICT if it is
     *     not so any more; UNSUPPORTED if nothing can be done here, saying what else can
     */
    public String repair(String backend, String id)
            throws OperationException, InterruptedException {
        List<Drift> drifts =
                checks.status(backend).last().stream()
                        .flatMap(report -> report.drifts().stream())
                        .filter(each -> each.id().equals(id))
                        .toList();
        if (drifts.isEmpty()) {
            throw new OperationException(
                    Code.NOT_FOUND,
                    "the last check of backend %s tells nothing of '%s': give the UUID of what listDrift tells of, after a checkBackend"
                            .formatted(backend, Names.shortened(id)));
        }
        Backend there =
                backends.find(backend)
                        .orElseThrow(
                                () ->
                                        new OperationException(
                                                Code.NOT_FOUND,
                                                "there is no backend %s any more"
                                                        .formatted(backend)));
        List<String> done = new ArrayList<>();
        List<OperationException> refused = new ArrayList<>();
        for (Drift each : drifts) {
            try {
                done.add(repair(there, each));
            } catch (OperationException e) {
                refused.add(e);
            }
        }
        if (done.isEmpty()) {
            throw refused.getFirst();
        }
        refused.forEach(each -> done.add(String.valueOf(each.getMessage())));
        return String.join("; ", done);
    }

    private String repair(Backend backend, Drift drift)
            throws OperationException, InterruptedException {
        if (drift.target().isEmpty()) {
            throw cannot(drift);
        }
        Target target = drift.target().get();
        try {
            return switch (drift.kind()) {
                case MISSING -> takeOut(backend, target, drift);
                case ORPHANED -> throwAway(backend, target, drift);
                case SIZE -> grow(backend, target, drift);
                case MARK -> mark(target, drift);
                case CONNECTION, FOREIGN, UNREADABLE -> throw cannot(drift);
            };
        } catch (DriverException e) {
            throw OperationException.of(
                    e,
                    "%s is not repaired: %s; nothing was changed"
                            .formatted(drift.what(), e.getMessage()));
        }
    }

    private String takeOut(Backend backend, Target target, Drift drift)
            throws OperationException, DriverException, InterruptedException {
        if (target.snapshot().isPresent()) {
            SnapshotId id = target.snapshot().get();
            Sight<Snapshot, BackendSnapshot> sight =
                    volumes.witness().snapshot(backend, id, target.volume());
            require(sight.recorded().isPresent() && sight.found().isEmpty(), drift);
            volumes.deleteSnapshot(id);
        } else {
            Sight<Volume, BackendVolume> sight = volumes.witness().volume(backend, target.volume());
            require(sight.recorded().isPresent() && sight.found().isEmpty(), drift);
            requireNoSnapshots(backend, sight.recorded().orElseThrow(), drift);
            volumes.deleteWithSnapshots(target.volume());
        }
        return "took %s out of the state: backend %s does not have it%s"
                .formatted(
                        drift.what(),
                        backend.name(),
                        backend.trash().off()
                                ? ""
                                : "; should it be found again, restore brings it back from the trash until its time there is over");
    }

    /** They may be all that is left of it. */
    private void requireNoSnapshots(Backend backend, Volume volume, Drift drift)
            throws OperationException, DriverException, InterruptedException {
        String continuation = "";
        do {
            Page<Snapshot> page =
                    volumes.snapshots(
                            Filter.ofVolume(volume.backend(), volume.name()), PAGE, continuation);
            for (Snapshot each : page.items()) {
                if (volumes.witness()
                        .snapshot(backend, each.id(), volume.id())
                        .found()
                        .isPresent()) {
                    throw new OperationException(
                            Code.UNSUPPORTED,
                            "%s is not repaired, since the backend still has its snapshot %s: make a volume of each that is wanted, and delete them first"
                                    .formatted(drift.what(), each.name()));
                }
            }
            continuation = page.continuation();
        } while (!continuation.isEmpty());
    }

    /** What nothing is recorded of and bears the mark of a daemon whose backend this is. */
    private String throwAway(Backend backend, Target target, Drift drift)
            throws OperationException, DriverException, InterruptedException {
        if (backend.trash().off()) {
            throw new OperationException(
                    Code.UNSUPPORTED,
                    "%s is not repaired: what is orphaned goes to the trash, and that of backend %s is off; set trash.keep=P7D in its file and open it anew, or record it by rebuildState"
                            .formatted(drift.what(), backend.name()));
        }
        if (target.snapshot().isPresent()) {
            Volume home = home(backend, target.volume(), drift);
            Snapshot found = orphan(backend, home, target.snapshot().get(), drift);
            volumes.orphans().throwAway(found, home.pool());
        } else {
            Sight<Volume, BackendVolume> sight = volumes.witness().volume(backend, target.volume());
            require(sight.recorded().isEmpty(), drift);
            volumes.orphans().throwAway(found(backend, sight.found(), drift));
        }
        return "moved %s to the trash: restore brings it back, and purge deletes it for good"
                .formatted(drift.what());
    }

    private Snapshot orphan(Backend backend, Volume home, SnapshotId id, Drift drift)
            throws OperationException, DriverException, InterruptedException {
        Sight<Snapshot, BackendSnapshot> sight = volumes.witness().snapshot(backend, id, home.id());
        require(sight.recorded().isEmpty() && sight.found().isPresent(), drift);
        Optional<Snapshot> found = MarkReader.snapshot(home, sight.found().orElseThrow());
        require(found.isPresent(), drift);
        return found.orElseThrow();
    }

    /** Its volume as it is recorded, or as it says of itself, be it in the trash or not. */
    private Volume home(Backend backend, VolumeId volume, Drift drift)
            throws OperationException, DriverException, InterruptedException {
        Optional<Volume> recorded = volumes.witness().recorded(backend, volume);
        return recorded.isPresent()
                ? recorded.get()
                : found(backend, backend.call(volume, driver -> driver.findVolume(volume)), drift);
    }

    private static Volume found(Backend backend, Optional<BackendVolume> there, Drift drift)
            throws OperationException {
        Optional<Volume> found = there.flatMap(one -> MarkReader.volume(backend.name(), one));
        require(found.isPresent(), drift);
        return found.orElseThrow();
    }

    private String grow(Backend backend, Target target, Drift drift)
            throws OperationException, DriverException, InterruptedException {
        if (target.snapshot().isPresent()) {
            throw cannot(drift);
        }
        Sight<Volume, BackendVolume> sight = volumes.witness().volume(backend, target.volume());
        require(sight.recorded().isPresent() && sight.found().isPresent(), drift);
        long bytes = sight.found().orElseThrow().sizeBytes();
        if (bytes < sight.recorded().orElseThrow().sizeBytes()) {
            throw cannot(drift);
        }
        Volume _ = volumes.alterations().extend(target.volume(), bytes);
        return "recorded that %s has %d bytes".formatted(drift.what(), bytes);
    }

    private String mark(Target target, Drift drift)
            throws OperationException, InterruptedException {
        if (target.snapshot().isPresent()) {
            Snapshot _ = volumes.alterations().mark(target.snapshot().get());
        } else {
            Volume _ = volumes.alterations().mark(target.volume());
        }
        return "wrote on the backend what %s is called".formatted(drift.what());
    }

    private static void require(boolean still, Drift drift) throws OperationException {
        if (!still) {
            throw new OperationException(
                    Code.CONFLICT,
                    "%s is not %s any more, and nothing was changed: check the backend again"
                            .formatted(drift.what(), word(drift.kind())));
        }
    }

    private static String word(Kind kind) {
        return kind.toString();
    }

    private static OperationException cannot(Drift drift) {
        return new OperationException(
                Code.UNSUPPORTED,
                "%s is not repaired, since it is %s: %s"
                        .formatted(drift.what(), word(drift.kind()), drift.remedy()));
    }
}
