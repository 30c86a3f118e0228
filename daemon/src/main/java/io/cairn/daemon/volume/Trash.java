package io.cairn.daemon.volume;

import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.DriverAction;
import io.cairn.daemon.store.ChangeRefused;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.Finding.Outcome;
import io.cairn.daemon.volume.Journal.Going;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * What was deleted and is still on its backend: it can be brought back until it is deleted there
 * too, by whoever asks for it or when its time is over. Nothing of it is in any other list, and its
 * names are free. Safe for many threads.
 */
public final class Trash {
    private static final int PAGE = 500;

    private static final Logger LOG = LoggerFactory.getLogger(Trash.class);

    private final Parts parts;
    private final Backends backends;
    private final Dossiers dossiers;

    Trash(Parts parts, Backends backends, Dossiers dossiers) {
        this.parts = parts;
        this.backends = backends;
        this.dossiers = dossiers;
    }

    /** How many volumes and snapshots of a backend are in it. */
    public long count(String backend) {
        return parts
                .state()
                .rows(
                        "SELECT items FROM trash_count WHERE backend = ?",
                        row -> row.getLong(1),
                        backend)
                .stream()
                .findFirst()
                .orElse(0L);
    }

    /**
     * Those of a backend, the last deleted first.
     *
     * @param limit the most items, above zero
     * @param continuation empty, or what the page before came with
     */
    public Page<Trashed> list(String backend, int limit, String continuation)
            throws OperationException {
        return ByOrdinal.page(
                (before, most) ->
                        rows(
                                "WHERE backend = ? AND ordinal < ? ORDER BY backend DESC, ordinal DESC"
                                        + " LIMIT ?",
                                backend,
                                before,
                                most),
                limit,
                continuation);
    }

    /** Calls with the id of everything of a backend that can be read. */
    public void forEachId(String backend, Consumer<UUID> action) {
        long after = -1;
        List<ByOrdinal.Row<Trashed>> page;
        do {
            page = oldest(backend, after, PAGE);
            for (ByOrdinal.Row<Trashed> each : page) {
                after = each.ordinal();
                each.item().map(Trashed::id).ifPresent(action);
            }
        } while (page.size() == PAGE);
    }

    /** Whether a volume or a snapshot of that id is in it. */
    public boolean has(UUID id) {
        return parts.state().trashed(id);
    }

    Optional<Trashed> find(UUID id) {
        return items("WHERE id = ?", id).stream().findFirst();
    }

    /** Those deleted after that place, the first deleted first. */
    List<ByOrdinal.Row<Trashed>> oldest(String backend, long afterOrdinal, int most) {
        return rows(
                "WHERE backend = ? AND ordinal > ? ORDER BY backend, ordinal LIMIT ?",
                backend,
                afterOrdinal,
                most);
    }

    /** As {@link #oldest}, of those that are to go. */
    List<ByOrdinal.Row<Trashed>> going(String backend, long afterOrdinal, int most) {
        return rows(
                "WHERE going = TRUE AND backend = ? AND ordinal > ? ORDER BY going, backend, ordinal"
                        + " LIMIT ?",
                backend,
                afterOrdinal,
                most);
    }

    /** The snapshots of a volume that are in it. */
    List<Trashed> snapshotsOf(VolumeId volume) {
        return items("WHERE volume_id = ?", volume.value()).stream()
                .filter(each -> each.kind() == Deleted.Kind.SNAPSHOT)
                .toList();
    }

    /** How long what is deleted on a backend from now on stays in it; zero if it is not kept. */
    public Duration keep(String backend) {
        return backends.find(backend).map(Backend::trash).orElse(TrashPolicy.DEFAULT).keep();
    }

    boolean keeps(String backend) {
        return !keep(backend).isZero();
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
        Trashed item = named(backend, which);
        boolean volume = item.kind() == Deleted.Kind.VOLUME;
        String name = newName.isEmpty() ? item.name() : newName;
        Names.check(volume ? "volume" : "snapshot", name);
        if (item.going()) {
            throw gone(item);
        }
        Dossier dossier = volume ? volume(item, name) : snapshot(item, name);
        if (volume) {
            Marks.checkMade(dossier.volume());
        } else {
            Marks.checkMade(dossier.cuts().getFirst().snapshot());
        }
        requireClean(
                item,
                dossiers.takeIn(
                        List.of(dossier), Optional.of(item), () -> mark(item, dossier), _ -> true));
        return item.target();
    }

    private Dossier volume(Trashed item, String name)
            throws OperationException, InterruptedException {
        if (parts.state().volume(item.backend(), name).isPresent()) {
            throw taken(item, "volume %s on backend %s".formatted(name, item.backend()));
        }
        Optional<BackendVolume> found =
                ask(item, backend -> backend.call(driver -> driver.findVolume(item.volume())));
        Volume volume =
                MarkReader.volume(item.backend(), found.orElseThrow(() -> lost(item)))
                        .orElseThrow(() -> unmarked(item))
                        .named(name);
        return new Dossier(volume, item.adoptedFrom(), List.of(), List.of(), List.of());
    }

    private Dossier snapshot(Trashed item, String name)
            throws OperationException, InterruptedException {
        Dossier there =
                dossiers.read(item.volume())
                        .orElseThrow(
                                () ->
                                        new OperationException(
                                                Code.NOT_FOUND,
                                                "%s cannot be brought back, since its volume is not there%s"
                                                        .formatted(
                                                                item.what(),
                                                                has(item.volume().value())
                                                                        ? ": bring that back first, it is in the trash too"
                                                                        : "")));
        if (parts.state().snapshot(item.volume(), name).isPresent()) {
            throw taken(item, "snapshot %s of volume %s".formatted(name, there.volume().name()));
        }
        SnapshotId id = item.snapshot().orElseThrow();
        Optional<BackendSnapshot> found =
                ask(
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

    /** Before it is recorded: what goes on bearing the mark of the trash would end there again. */
    private void mark(Trashed item, Dossier dossier)
            throws OperationException, InterruptedException {
        Optional<Trashed> now = find(item.id());
        if (now.filter(item::sameAs).isEmpty()) {
            throw new OperationException(
                    Code.NOT_FOUND,
                    "%s is not in the trash any more: somebody else brought it back, or it went for good"
                            .formatted(item.what()));
        }
        if (now.get().going()) {
            throw gone(item);
        }
        try {
            // Or, if this were killed, it would be taken for what somebody else brought back.
            parts.journal().trashUnmarked(item.id());
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
        boolean _ = ask(item, backend -> run(backend, item, driver -> mark(driver, item, dossier)));
    }

    private static void mark(Driver driver, Trashed item, Dossier dossier)
            throws DriverException, InterruptedException {
        if (item.kind() == Deleted.Kind.VOLUME) {
            driver.markVolume(item.volume(), Marks.of(dossier.volume()));
        } else {
            Snapshot snapshot = dossier.cuts().getFirst().snapshot();
            driver.markSnapshot(snapshot.id(), snapshot.volume(), Marks.of(snapshot));
        }
    }

    /**
     * Deletes for good, on the backend too. A volume goes with those of its snapshots that are in
     * the trash.
     *
     * @param which as of {@link #restore}
     * @return what it was
     * @throws OperationException NOT_FOUND if it is not in the trash, or not any more
     */
    public Trashed purge(String backend, String which)
            throws OperationException, InterruptedException {
        Trashed item = named(backend, which);
        if (!parts.running().inside(() -> purge(item))) {
            throw new OperationException(
                    Code.NOT_FOUND,
                    "%s is not in the trash any more, and was not deleted".formatted(item.what()));
        }
        return item;
    }

    /**
     * Has all of a backend go as soon as it can; nothing of it can be brought back from now on.
     *
     * @return how much that is
     */
    long empty(String backend) throws OperationException, InterruptedException {
        return parts.running()
                .inside(
                        () -> {
                            try {
                                int all = 0;
                                int some;
                                do {
                                    some = parts.journal().trashAllGoing(backend, PAGE);
                                    all += some;
                                } while (some == PAGE);
                                return (long) all;
                            } catch (StoreException e) {
                                throw Parts.unwritable(e);
                            }
                        });
    }

    /**
     * As {@link #purge(String, String)}, unless it was brought back.
     *
     * @return whether it was there
     */
    boolean purge(Trashed item) throws OperationException, InterruptedException {
        try (var _ = parts.turns().take(item.volume())) {
            if (find(item.id()).filter(item::sameAs).isEmpty()) {
                return false;
            }
            if (item.kind() == Deleted.Kind.VOLUME) {
                purgeSnapshotsOf(item.volume());
            }
            return purgeInTurn(item);
        }
    }

    /** The caller has the volume's turn. */
    void purgeSnapshotsOf(VolumeId volume) throws OperationException, InterruptedException {
        for (Trashed each : snapshotsOf(volume)) {
            boolean _ = purgeInTurn(each);
        }
    }

    private boolean purgeInTurn(Trashed item) throws OperationException, InterruptedException {
        boolean _ = ask(item, backend -> ready(backend, item.volume()));
        try {
            Going going = parts.journal().trashGoing(item);
            if (going == Going.ABSENT) {
                return false;
            }
            boolean deleted;
            try {
                deleted = backend(item).call(item.volume(), driver -> delete(driver, item));
            } catch (DriverException e) {
                // Whatever an earlier try did, this one did nothing.
                if (e.kind().outcomeKnown() && going == Going.BEGUN) {
                    parts.journal().trashStays(item.id());
                }
                throw OperationException.of(
                        e,
                        "cannot delete %s on backend %s for good: %s; it is in the trash still"
                                .formatted(item.what(), item.backend(), e.getMessage()));
            }
            parts.journal().trashGone(item.id());
            if (!deleted) {
                LOG.warn(
                        "{} of backend {} is not deleted: it says that it is not in the trash, so somebody else brought it back",
                        item.what(),
                        item.backend());
            }
            return deleted;
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
    }

    private static boolean ready(Backend backend, VolumeId volume) throws DriverException {
        backend.requireReady(volume);
        return true;
    }

    /**
     * Another daemon may have had the backend meanwhile, or this one an older state.
     *
     * @return false if it is there and does not say any more that it is in the trash; it is left
     *     alone then
     */
    private static boolean delete(Driver driver, Trashed item)
            throws DriverException, InterruptedException {
        Optional<SnapshotId> snapshot = item.snapshot();
        Optional<Mark> mark =
                snapshot.isPresent()
                        ? driver.findSnapshot(snapshot.get(), item.volume())
                                .map(BackendSnapshot::mark)
                        : driver.findVolume(item.volume()).map(BackendVolume::mark);
        if (item.marked()
                && mark.flatMap(MarkReader::name).isPresent()
                && mark.flatMap(MarkReader::trashedAt).isEmpty()) {
            return false;
        }
        if (snapshot.isPresent()) {
            driver.deleteSnapshot(snapshot.get(), item.volume());
        } else {
            driver.deleteVolume(item.volume());
        }
        return true;
    }

    /**
     * Forgets all of a backend that is another daemon's from now on, which learns from the marks
     * what is in the trash.
     */
    public void forget(String backend) throws OperationException {
        try {
            parts.journal().forgetTrash(backend);
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
    }

    /**
     * Has something say of itself on its backend that it is in the trash, and records it. Nothing
     * else may be recorded of it.
     *
     * @throws OperationException CONFLICT if something is
     */
    public void throwAway(Volume orphan) throws OperationException, InterruptedException {
        Trashed item = Trashed.marked(orphan);
        Mark mark = Marks.trashed(orphan, item.deletedAt()).orElseThrow(() -> full(item));
        takeIn(item, driver -> driver.markVolume(orphan.id(), mark));
    }

    /**
     * As {@link #throwAway(Volume)}.
     *
     * @param pool that of its volume
     */
    public void throwAway(Snapshot orphan, String pool)
            throws OperationException, InterruptedException {
        Trashed item = Trashed.marked(orphan, pool);
        Mark mark = Marks.trashed(orphan, item.deletedAt()).orElseThrow(() -> full(item));
        takeIn(item, driver -> driver.markSnapshot(orphan.id(), orphan.volume(), mark));
    }

    private void takeIn(Trashed item, DriverAction marking)
            throws OperationException, InterruptedException {
        boolean _ =
                parts.running()
                        .inside(
                                () -> {
                                    try (var _ = parts.turns().take(item.volume())) {
                                        requireUnknown(item);
                                        requireSound(item);
                                        boolean _ =
                                                ask(item, backend -> run(backend, item, marking));
                                        parts.journal().trash(item);
                                        return true;
                                    } catch (StoreException e) {
                                        if (e.getCause() instanceof ChangeRefused refused) {
                                            throw new OperationException(
                                                    Code.CONFLICT,
                                                    String.valueOf(refused.getMessage()),
                                                    e);
                                        }
                                        throw Parts.unwritable(e);
                                    }
                                });
    }

    /** Before it is marked as what it is not. */
    private void requireUnknown(Trashed item) throws OperationException {
        State state = parts.state();
        boolean known =
                Parts.readable(() -> state.volume(new VolumeId(item.id()))).isPresent()
                        || Parts.readable(() -> state.snapshot(new SnapshotId(item.id())))
                                .isPresent();
        if (known || has(item.id())) {
            throw new OperationException(
                    Code.CONFLICT, "%s is recorded here already".formatted(item.what()));
        }
    }

    /** What could not be read again would stay for ever. */
    private static void requireSound(Trashed item) throws OperationException {
        if (item.sizeBytes() <= 0) {
            throw new OperationException(
                    Code.UNSUPPORTED,
                    "%s is damaged, as it has no bytes: bring it back from a backup of the storage, or remove it there"
                            .formatted(item.what()));
        }
    }

    private static boolean run(Backend backend, Trashed item, DriverAction action)
            throws DriverException, InterruptedException {
        backend.run(item.volume(), action);
        return true;
    }

    private interface Asking<T> {
        T of(Backend backend) throws DriverException, InterruptedException;
    }

    private <T> T ask(Trashed item, Asking<T> asking)
            throws OperationException, InterruptedException {
        try {
            return asking.of(backend(item));
        } catch (DriverException e) {
            throw OperationException.of(
                    e, "%s: %s; nothing was changed".formatted(item.what(), e.getMessage()));
        }
    }

    private Backend backend(Trashed item) throws OperationException {
        return parts.planning().backend(item.backend());
    }

    private Trashed named(String backend, String which) throws OperationException {
        Optional<Trashed> byId =
                Ids.volume(which)
                        .map(VolumeId::value)
                        .flatMap(this::find)
                        .filter(each -> each.backend().equals(backend));
        if (byId.isPresent()) {
            return byId.get();
        }
        int slash = which.indexOf('/');
        String volume = slash < 0 ? which : which.substring(0, slash);
        String name = which.substring(slash + 1);
        Deleted.Kind kind = slash < 0 ? Deleted.Kind.VOLUME : Deleted.Kind.SNAPSHOT;
        List<Trashed> found =
                items(
                                "WHERE name = ? AND backend = ? ORDER BY name, backend, ordinal",
                                name,
                                backend)
                        .stream()
                        .filter(each -> each.kind() == kind)
                        .filter(each -> each.volumeName().equals(volume))
                        .toList();
        if (found.isEmpty()) {
            throw new OperationException(
                    Code.NOT_FOUND,
                    "there is no %s '%s' in the trash of backend %s; listTrash says what is"
                            .formatted(kind, Names.shortened(which), backend));
        }
        if (found.size() > 1) {
            throw new OperationException(
                    Code.INVALID,
                    "%d in the trash are called %s, such as %s deleted at %s and %s deleted at %s: say which by its UUID"
                            .formatted(
                                    found.size(),
                                    Names.shortened(which),
                                    found.getFirst().id(),
                                    found.getFirst().deletedAt(),
                                    found.getLast().id(),
                                    found.getLast().deletedAt()));
        }
        return found.getFirst();
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

    private static OperationException full(Trashed item) {
        return new OperationException(
                Code.UNSUPPORTED,
                "%s has so many labels that it cannot be marked as in the trash: record it by rebuildState, take some off and delete it"
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

    private List<Trashed> items(String condition, Object... arguments) {
        return rows(condition, arguments).stream()
                .map(ByOrdinal.Row::item)
                .flatMap(Optional::stream)
                .toList();
    }

    /** What is damaged cannot be told of; it is reported all the same. */
    private List<ByOrdinal.Row<Trashed>> rows(String condition, Object... arguments) {
        State state = parts.state();
        return state.rows(
                TrashRows.SELECT + condition,
                row ->
                        new ByOrdinal.Row<>(
                                state.readable(TrashRows::read).read(row),
                                row.getLong(TrashRows.ORDINAL)),
                arguments);
    }
}
