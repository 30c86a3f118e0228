package io.cairn.daemon.volume;

import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.Finding.Outcome;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;

import java.util.List;
import java.util.Optional;

/** How what was deleted comes back from the trash. Safe for many threads. */
public final class Restoring {
    private final Parts parts;
    private final TrashJournal journal;
    private final Trash trash;
    private final Dossiers dossiers;

    Restoring(Parts parts, TrashJournal journal, Trash trash, Dossiers dossiers) {
        this.parts = parts;
        this.journal = journal;
        this.trash = trash;
        this.dossiers = dossiers;
    }

    /**
     * Brings back what was deleted, as it was.
     *
     * @param which its UUID, or the name of a volume, or {@code VOLUME/SNAPSHOT}
     * @param newName what it is to be called; empty for what it was called
     * @throws OperationException NOT_FOUND if it is not in the trash or gone; CONFLICT if the name
     *     is another's; INVALID if several are called so
     */
    public Target restore(String backend, String which, String newName)
            throws OperationException, InterruptedException {
        Trashed item = trash.named(backend, which);
        boolean volume = item.kind() == Deleted.Kind.VOLUME;
        String name = newName.isEmpty() ? item.name() : newName;
        Names.check(volume ? "volume" : "snapshot", name);
        if (item.going()) {
            throw gone(item);
        }
        return parts.running()
                .inside(
                        Repeats.request("restore", item.id(), item.deletedAt(), name),
                        flight -> restored(item, name, flight));
    }

    private Target restored(Trashed item, String name, Repeats.Flight<Target> flight)
            throws OperationException, InterruptedException {
        boolean volume = item.kind() == Deleted.Kind.VOLUME;
        Dossier dossier = volume ? volume(item, name) : snapshot(item, name);
        if (volume) {
            Marks.checkMade(dossier.volume());
        } else {
            Marks.checkMade(dossier.cuts().getFirst().snapshot());
        }
        requireClean(
                item,
                dossiers.takeIn(
                        List.of(dossier),
                        Optional.of(item),
                        new Dossiers.Attendance() {
                            @Override
                            public List<Dossier> begun(List<Dossier> read)
                                    throws OperationException {
                                requireThere(item);
                                return volume ? read : List.of(ofNow(item, dossier));
                            }

                            @Override
                            public void toBeRecorded()
                                    throws OperationException, InterruptedException {
                                mark(item, dossier);
                            }

                            @Override
                            public void recorded() {
                                Target _ = flight.answered(item.target());
                            }
                        },
                        _ -> true));
        return item.target();
    }

    /** Its volume may have been changed since it was read. */
    private Dossier ofNow(Trashed item, Dossier dossier) throws OperationException {
        Volume now =
                Parts.readable(() -> parts.state().volume(item.volume()))
                        .orElseThrow(() -> withoutVolume(item));
        Dossier.Cut cut = dossier.cuts().getFirst();
        return new Dossier(
                now,
                dossier.adoptedFrom(),
                parts.state().holds(now.id().value()),
                List.of(new Dossier.Cut(cut.snapshot().ofVolumeNamed(now.name()), cut.holds())),
                List.of());
    }

    private Dossier volume(Trashed item, String name)
            throws OperationException, InterruptedException {
        if (parts.state().volume(item.backend(), name).isPresent()) {
            throw taken(item, "volume %s on backend %s".formatted(name, item.backend()));
        }
        Optional<BackendVolume> found =
                trash.ask(
                        item, backend -> backend.call(driver -> driver.findVolume(item.volume())));
        Volume volume =
                MarkReader.volume(item.backend(), found.orElseThrow(() -> lost(item)))
                        .orElseThrow(() -> unmarked(item))
                        .named(name);
        return new Dossier(volume, item.adoptedFrom(), List.of(), List.of(), List.of());
    }

    private Dossier snapshot(Trashed item, String name)
            throws OperationException, InterruptedException {
        Dossier there = dossiers.read(item.volume()).orElseThrow(() -> withoutVolume(item));
        if (parts.state().snapshot(item.volume(), name).isPresent()) {
            throw taken(item, "snapshot %s of volume %s".formatted(name, there.volume().name()));
        }
        SnapshotId id = item.snapshot().orElseThrow();
        Optional<BackendSnapshot> found =
                trash.ask(
                        item,
                        backend -> backend.call(driver -> driver.findSnapshot(id, item.volume())));
        Snapshot snapshot =
                MarkReader.snapshot(there.volume(), found.orElseThrow(() -> lost(item)))
                        .orElseThrow(() -> unmarked(item))
                        .named(name);
        return new Dossier(
                there.volume(),
                there.adoptedFrom(),
                there.holds(),
                List.of(new Dossier.Cut(snapshot, List.of())),
                List.of());
    }

    private OperationException withoutVolume(Trashed item) {
        return new OperationException(
                Code.NOT_FOUND,
                "%s cannot be brought back, since its volume is not there%s"
                        .formatted(
                                item.what(),
                                trash.has(item.volume().value())
                                        ? ": bring that back first, it is in the trash too"
                                        : ""));
    }

    private void requireThere(Trashed item) throws OperationException {
        Optional<Trashed> now = trash.find(item.id());
        if (now.filter(item::sameAs).isEmpty()) {
            throw new OperationException(
                    Code.NOT_FOUND,
                    "%s is not in the trash any more: somebody else brought it back, or it went for good"
                            .formatted(item.what()));
        }
        if (now.get().going()) {
            throw gone(item);
        }
    }

    /** Before it is recorded: what goes on bearing the mark of the trash would end there again. */
    private void mark(Trashed item, Dossier dossier)
            throws OperationException, InterruptedException {
        requireThere(item);
        try {
            // Or, if this were killed, it would be taken for what somebody else brought back.
            journal.unmarked(item.id(), marks(dossier).text());
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
        trash.run(item, driver -> mark(driver, item, dossier));
    }

    private static Mark marks(Dossier dossier) {
        return dossier.cuts().isEmpty()
                ? Marks.of(dossier.volume())
                : Marks.of(dossier.cuts().getFirst().snapshot());
    }

    private static void mark(Driver driver, Trashed item, Dossier dossier)
            throws DriverException, InterruptedException {
        if (item.kind() == Deleted.Kind.VOLUME) {
            driver.markVolume(item.volume(), marks(dossier));
        } else {
            driver.markSnapshot(new SnapshotId(item.id()), item.volume(), marks(dossier));
        }
    }

    private static void requireClean(Trashed item, List<Finding> findings)
            throws OperationException {
        for (Finding finding : findings) {
            if (finding.outcome() == Outcome.CONFLICT) {
                throw new OperationException(
                        Code.CONFLICT,
                        "%s cannot be brought back: %s".formatted(item.what(), finding.why()));
            }
        }
    }

    private static OperationException taken(Trashed item, String by) {
        return new OperationException(
                Code.CONFLICT,
                "%s cannot be brought back under that name, which is that of %s: give it another, by the second parameter"
                        .formatted(item.what(), by));
    }

    private static OperationException gone(Trashed item) {
        return new OperationException(
                Code.NOT_FOUND,
                "%s cannot be brought back any more: it is being deleted for good"
                        .formatted(item.what()));
    }

    private static OperationException lost(Trashed item) {
        return new OperationException(
                Code.NOT_FOUND,
                "%s cannot be brought back: the backend does not have it any more"
                        .formatted(item.what()));
    }

    private static OperationException unmarked(Trashed item) {
        return new OperationException(
                Code.FAULT,
                "%s cannot be brought back: its mark on the backend, which says all of it, is lost"
                        .formatted(item.what()));
    }
}
