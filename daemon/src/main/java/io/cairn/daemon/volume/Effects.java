package io.cairn.daemon.volume;

import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.DriverAction;
import io.cairn.daemon.driver.DriverCall;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.VolumeEvent.Access;
import io.cairn.daemon.volume.VolumeEvent.Alteration;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/**
 * What each intent does: the call of the driver, and then the record of what came of it. All that
 * may be repeated is the same the first time and again; what must not happen late looks instead.
 */
final class Effects {
    private final Journal journal;
    private final State state;
    private final Backends backends;

    Effects(Journal journal, State state, Backends backends) {
        this.journal = journal;
        this.state = state;
        this.backends = backends;
    }

    /**
     * Carries an intent out.
     *
     * @param again whether it may have been tried before
     */
    VolumeEvent of(Intent intent, boolean again)
            throws DriverException, StoreException, InterruptedException {
        return switch (intent) {
            case Intent.CreateVolume create -> made(create, createVolume(create), again);
            case Intent.CloneVolume clone -> {
                Optional<BackendVolume> made =
                        again ? whatWasCloned(clone) : Optional.of(cloneNow(clone));
                if (made.isEmpty()) {
                    yield undone(intent, "the volume was cloned, and nothing is ever cloned late");
                }
                yield made(clone, made.get(), again);
            }
            case Intent.AdoptVolume adopt ->
                    made(
                            adopt,
                            call(
                                    adopt,
                                    driver ->
                                            driver.adopting()
                                                    .orElseThrow(() -> cannot("adopt"))
                                                    .adopt(
                                                            adopt.path(),
                                                            adopt.volume(),
                                                            Marks.of(adopt.made()))),
                            again);
            case Intent.DeleteVolume delete -> {
                Instant at = Instant.now();
                Optional<Kept> kept =
                        delete.kept()
                                ? Optional.of(
                                        trashed(
                                                delete,
                                                Marks.trashed(delete.of(), at),
                                                mark ->
                                                        driver ->
                                                                driver.markVolume(
                                                                        delete.volume(), mark),
                                                driver ->
                                                        driver.findVolume(delete.volume())
                                                                .map(BackendVolume::mark)))
                                : Optional.empty();
                if (kept.isEmpty()) {
                    run(delete, driver -> driver.deleteVolume(delete.volume()));
                }
                journal.volumeGone(delete, at, kept);
                yield new VolumeEvent.VolumeDeleted(delete.of(), again);
            }
            case Intent.ReleaseVolume release -> {
                String place =
                        call(
                                release,
                                driver ->
                                        driver.adopting()
                                                .orElseThrow(() -> cannot("unmanage"))
                                                .release(release.volume(), release.of().name()));
                journal.volumeGone(release, Instant.now(), Optional.empty());
                yield new VolumeEvent.VolumeReleased(release.of(), place, again);
            }
            case Intent.ExtendVolume extend -> {
                long bytes = extend.sizeBytes();
                BackendVolume _ =
                        call(
                                extend,
                                driver ->
                                        driver.growing()
                                                .orElseThrow(() -> cannot("extend"))
                                                .grow(extend.volume(), bytes));
                journal.volumeExtended(extend);
                yield new VolumeEvent.VolumeAltered(
                        extend.of(), extend.of().ofSize(bytes), Alteration.EXTENDED, again);
            }
            case Intent.RevertVolume revert -> {
                BackendVolume _ =
                        call(
                                revert,
                                driver ->
                                        driver.reverting()
                                                .orElseThrow(() -> cannot("revert"))
                                                .revert(revert.volume(), revert.to().id()));
                journal.volumeReverted(revert);
                yield new VolumeEvent.VolumeAltered(
                        revert.of(), revert.of(), Alteration.REVERTED, again);
            }
            case Intent.AlterVolume(Volume before, Volume after, _) -> {
                Mark mark = Marks.of(after);
                run(intent, driver -> driver.markVolume(after.id(), mark));
                journal.volumeAltered((Intent.AlterVolume) intent);
                yield new VolumeEvent.VolumeAltered(
                        before, after, alteration(before.name(), after.name()), again);
            }
            case Intent.CreateSnapshot create when create.grouped() -> {
                // Of a store that failed to write nobody knows what it has before it is reopened.
                journal.confirm();
                // What is recorded is never undone, whatever intent says so.
                Optional<Snapshot> recorded = state.snapshot(create.id());
                if (recorded.isPresent()) {
                    yield new VolumeEvent.SnapshotCreated(recorded.get(), again);
                }
                undoCut(create);
                yield undone(
                        intent,
                        "the snapshots cut with it were recorded, and they are there together or not at all");
            }
            case Intent.CreateSnapshot create -> {
                Optional<BackendSnapshot> cut =
                        again ? whatWasCut(create) : Optional.of(cutNow(create));
                if (cut.isEmpty()) {
                    yield undone(intent, "the snapshot was cut, and a snapshot is never cut late");
                }
                BackendSnapshot found = cut.get();
                Snapshot snapshot =
                        create.snapshot(found.sizeBytes(), found.cutAt(), found.location());
                journal.snapshotCreated(create, snapshot);
                yield new VolumeEvent.SnapshotCreated(snapshot, again);
            }
            case Intent.DeleteSnapshot delete -> {
                SnapshotId id = delete.doomed().id();
                Instant at = Instant.now();
                Optional<Kept> kept =
                        delete.kept()
                                ? Optional.of(
                                        trashed(
                                                delete,
                                                Marks.trashed(delete.doomed(), at),
                                                mark ->
                                                        driver ->
                                                                driver.markSnapshot(
                                                                        id, delete.volume(), mark),
                                                driver ->
                                                        driver.findSnapshot(id, delete.volume())
                                                                .map(BackendSnapshot::mark)))
                                : Optional.empty();
                if (kept.isEmpty()) {
                    run(delete, driver -> driver.deleteSnapshot(id, delete.volume()));
                }
                journal.snapshotDeleted(delete, at, kept);
                yield new VolumeEvent.SnapshotDeleted(delete.doomed(), again);
            }
            case Intent.AlterSnapshot(Snapshot before, Snapshot after, _) -> {
                Mark mark = Marks.of(after);
                run(intent, driver -> driver.markSnapshot(after.id(), after.volume(), mark));
                journal.snapshotAltered((Intent.AlterSnapshot) intent);
                yield new VolumeEvent.SnapshotAltered(
                        before, after, alteration(before.name(), after.name()), again);
            }
            case Intent.ChangeConnection change -> changed(change, again);
            case Intent.Damaged damaged -> throw damaged.unusable();
        };
    }

    /**
     * Removes what an earlier try may have left that the last one, refused early, did not meet.
     * What is whole and bears another mark is somebody else's, and stays.
     */
    void clearAway(Intent intent) throws DriverException, InterruptedException {
        switch (intent) {
            case Intent.CreateVolume _, Intent.CloneVolume _ -> {
                Mark mark = Marks.of(((Intent.Making) intent).made());
                run(
                        intent,
                        driver -> {
                            Optional<BackendVolume> found = driver.findVolume(intent.volume());
                            if (found.isEmpty() || found.get().mark().equals(mark)) {
                                driver.deleteVolume(intent.volume());
                            }
                        });
            }
            case Intent.ChangeConnection change ->
                    run(
                            change,
                            driver -> {
                                if (change.step() == Intent.ChangeConnection.Step.CONNECT
                                        && driver.exporting().isPresent()) {
                                    driver.exporting()
                                            .get()
                                            .unexport(
                                                    change.connection().id(),
                                                    change.connection().target());
                                }
                            });
            // What is adopted is never deleted, but what was begun for it is.
            case Intent.AdoptVolume adopt ->
                    run(
                            adopt,
                            driver -> {
                                if (driver.findVolume(adopt.volume()).isEmpty()) {
                                    driver.deleteVolume(adopt.volume());
                                }
                            });
            case Intent.DeleteVolume _,
                    Intent.ReleaseVolume _,
                    Intent.ExtendVolume _,
                    Intent.RevertVolume _,
                    Intent.AlterVolume _,
                    Intent.CreateSnapshot _,
                    Intent.DeleteSnapshot _,
                    Intent.AlterSnapshot _,
                    Intent.Damaged _ -> {}
        }
    }

    Backend backend(Intent intent) throws DriverException {
        return backends.find(intent.backend())
                .orElseThrow(
                        () ->
                                new DriverException(
                                        DriverException.Kind.UNAVAILABLE,
                                        "backend %s is not configured any more"
                                                .formatted(intent.backend())));
    }

    private VolumeEvent made(Intent.Making intent, BackendVolume found, boolean again)
            throws StoreException {
        Volume made = intent.made().madeAt(found.location(), found.sizeBytes());
        journal.volumeMade(intent, made);
        return new VolumeEvent.VolumeCreated(made, again);
    }

    private VolumeEvent undone(Intent intent, String before) throws StoreException {
        journal.abandon(intent);
        return new VolumeEvent.OperationUndone(
                intent.backend(), intent.what(), "it was interrupted before " + before);
    }

    private VolumeEvent changed(Intent.ChangeConnection change, boolean again)
            throws DriverException, StoreException, InterruptedException {
        Connection before = change.connection();
        return switch (change.step()) {
            case CONNECT -> {
                Connection after = before;
                if (before.local()) {
                    after = before.knowing(before.info(), before.secrets());
                } else {
                    Export export = export(change);
                    after = before.knowing(export.info(), export.secrets());
                }
                journal.connectionChanged(change, after);
                yield new VolumeEvent.ConnectionChanged(after, Access.CONNECTED, again);
            }
            case REEXPORT -> {
                Export export = export(change);
                Connection after = before.exportedAs(export.info(), export.secrets());
                journal.connectionChanged(change, after);
                yield new VolumeEvent.ConnectionChanged(after, Access.EXPORTED, again);
            }
            case ATTACH -> {
                Attachment attachment =
                        call(
                                change,
                                driver ->
                                        driver.attaching()
                                                .orElseThrow(() -> cannot("attach"))
                                                .attach(before.target(), before.readOnly()));
                Connection after = before.attachedAs(attachment.device());
                journal.connectionChanged(change, after);
                yield new VolumeEvent.ConnectionChanged(after, Access.ATTACHED, again);
            }
            case DETACH -> {
                if (before.local()) {
                    run(
                            change,
                            driver ->
                                    driver.attaching()
                                            .orElseThrow(() -> cannot("detach"))
                                            .detach(before.target()));
                }
                Connection after = before.detached();
                journal.connectionChanged(change, after);
                yield new VolumeEvent.ConnectionChanged(after, Access.DETACHED, again);
            }
            case DISCONNECT -> {
                if (!before.local()) {
                    run(
                            change,
                            driver ->
                                    driver.exporting()
                                            .orElseThrow(() -> cannot("disconnect"))
                                            .unexport(before.id(), before.target()));
                }
                journal.disconnected(change);
                yield new VolumeEvent.ConnectionChanged(before, Access.DISCONNECTED, again);
            }
        };
    }

    private Export export(Intent.ChangeConnection change)
            throws DriverException, InterruptedException {
        Connection before = change.connection();
        ExportSpec spec =
                new ExportSpec(
                        before.id(),
                        before.target(),
                        before.readOnly(),
                        before.protocol(),
                        before.connector());
        return call(
                change,
                driver -> driver.exporting().orElseThrow(() -> cannot("export")).export(spec));
    }

    private BackendVolume createVolume(Intent.CreateVolume create)
            throws DriverException, InterruptedException {
        Volume made = create.made();
        VolumeSpec spec = spec(made);
        Optional<Origin> origin = made.origin();
        return call(
                create,
                driver ->
                        origin.isEmpty()
                                ? driver.createVolume(spec)
                                : driver.createFromSnapshot(
                                        spec,
                                        origin.get().snapshot().orElseThrow(),
                                        origin.get().volume()));
    }

    private BackendVolume cloneNow(Intent.CloneVolume clone)
            throws DriverException, InterruptedException {
        VolumeId source = clone.source().orElseThrow();
        return call(
                clone,
                driver ->
                        driver.cloning()
                                .orElseThrow(() -> cannot("clone"))
                                .cloneVolume(spec(clone.made()), source));
    }

    /** As {@link #whatWasCut}. */
    private Optional<BackendVolume> whatWasCloned(Intent.CloneVolume clone)
            throws DriverException, InterruptedException {
        return call(
                clone,
                driver -> {
                    Optional<BackendVolume> made = driver.findVolume(clone.volume());
                    if (made.isEmpty()) {
                        driver.deleteVolume(clone.volume());
                    } else {
                        requireOurs(made.get().mark(), Marks.of(clone.made()));
                    }
                    return made;
                });
    }

    BackendSnapshot cutNow(Intent.CreateSnapshot create)
            throws DriverException, InterruptedException {
        SnapshotSpec spec = new SnapshotSpec(create.id(), create.volume(), Marks.of(create));
        return call(create, driver -> driver.createSnapshot(spec));
    }

    /** Deletes what was cut for a snapshot that is not to be, if anything was. */
    void undoCut(Intent.CreateSnapshot create) throws DriverException, InterruptedException {
        run(
                create,
                driver -> {
                    Optional<BackendSnapshot> cut =
                            driver.findSnapshot(create.id(), create.volume());
                    if (cut.isPresent()) {
                        requireOurs(cut.get().mark(), Marks.of(create));
                    }
                    driver.deleteSnapshot(create.id(), create.volume());
                });
    }

    /**
     * The caller may have stopped his application around the call, and went on long ago. So a cut
     * that did not happen then must not happen now; only what it left half made is cleared away.
     */
    private Optional<BackendSnapshot> whatWasCut(Intent.CreateSnapshot create)
            throws DriverException, InterruptedException {
        return call(
                create,
                driver -> {
                    Optional<BackendSnapshot> cut =
                            driver.findSnapshot(create.id(), create.volume());
                    if (cut.isEmpty()) {
                        driver.deleteSnapshot(create.id(), create.volume());
                    } else {
                        requireOurs(cut.get().mark(), Marks.of(create));
                    }
                    return cut;
                });
    }

    /** A caller may choose an id that something on the backend bears already. */
    private static void requireOurs(Mark found, Mark wanted) throws DriverException {
        if (!found.equals(wanted) && !found.equals(Mark.NONE)) {
            throw new DriverException(
                    DriverException.Kind.CONFLICT,
                    "something else has that id on the backend; it is left alone");
        }
    }

    private static VolumeSpec spec(Volume made) {
        return new VolumeSpec(made.id(), made.pool(), made.sizeBytes(), Marks.of(made));
    }

    private static Alteration alteration(String before, String after) {
        return before.equals(after) ? Alteration.DESCRIBED : Alteration.RENAMED;
    }

    /**
     * Has it say of itself that it is in the trash, for who finds it when all else is lost. Where
     * everything is full it goes there without: deleting must always be possible. What it says then
     * tells later whether anybody changed it. What is missing goes there too, since it may be found
     * again.
     */
    private Kept trashed(
            Intent intent,
            Optional<Mark> mark,
            Function<Mark, DriverAction> marking,
            DriverCall<Optional<Mark>> looking)
            throws DriverException, InterruptedException {
        try {
            if (mark.isPresent()) {
                run(intent, marking.apply(mark.get()));
                return Kept.MARKED;
            }
        } catch (DriverException e) {
            switch (e.kind()) {
                case NOT_FOUND -> {
                    return Kept.MISSING;
                }
                case NO_SPACE -> {}
                case INVALID, CONFLICT, IN_USE, UNSUPPORTED, UNAVAILABLE, FAULT -> throw e;
            }
        }
        return Kept.unmarked(call(intent, looking).map(Mark::text).orElse(""));
    }

    private static DriverException cannot(String what) {
        return new DriverException(
                UNSUPPORTED,
                "this backend's driver cannot %s here; Capabilities of the backend's MBean says what it can"
                        .formatted(what));
    }

    private void run(Intent intent, DriverAction action)
            throws DriverException, InterruptedException {
        boolean _ =
                call(
                        intent,
                        driver -> {
                            action.on(driver);
                            return true;
                        });
    }

    private <T> T call(Intent intent, DriverCall<T> call)
            throws DriverException, InterruptedException {
        Backend backend = backend(intent);
        Optional<VolumeId> source =
                intent instanceof Intent.Making making ? making.source() : Optional.empty();
        return source.isPresent()
                ? backend.call(intent.volume(), source.get(), call)
                : backend.call(intent.volume(), call);
    }
}
