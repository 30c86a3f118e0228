package io.cairn.daemon.volume;

import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.DriverAction;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.DriverException;
import io.cairn.spi.VolumeId;

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

    private final Parts parts;
    private final Backends backends;

    Trash(Parts parts, Backends backends) {
        this.parts = parts;
        this.backends = backends;
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
    public void forEachId(String backend, Consumer<UUID> action) throws InterruptedException {
        forEach(
                this::oldest,
                backend,
                item -> {
                    action.accept(item.id());
                    return true;
                });
    }

    /** Whether a volume or a snapshot of that id is in it. */
    public boolean has(UUID id) {
        return parts.state().trashed(id);
    }

    Optional<Trashed> find(UUID id) {
        return items("WHERE id = ?", id).stream().findFirst();
    }

    /** What a page is read by. */
    interface Pages {
        /** At most so many of a backend that come after that place. */
        List<ByOrdinal.Row<Trashed>> after(String backend, long ordinal, int most);
    }

    /** What is done with each. */
    interface Visit {
        /** Returns whether to go on. */
        boolean of(Trashed item) throws InterruptedException;
    }

    /** Visits what can be read, a page at a time, so that all of it need not fit in memory. */
    static void forEach(Pages pages, String backend, Visit visit) throws InterruptedException {
        long after = -1;
        List<ByOrdinal.Row<Trashed>> page;
        do {
            page = pages.after(backend, after, PAGE);
            for (ByOrdinal.Row<Trashed> each : page) {
                after = each.ordinal();
                if (each.item().isPresent() && !visit.of(each.item().get())) {
                    return;
                }
            }
        } while (page.size() == PAGE);
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
     * One of a backend.
     *
     * @param which its UUID, or the name of a volume, or {@code VOLUME/SNAPSHOT}
     * @throws OperationException NOT_FOUND; INVALID if several are called so
     */
    Trashed named(String backend, String which) throws OperationException {
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

    /** As {@link #ask}, for something to be done. */
    void run(Trashed item, DriverAction action) throws OperationException, InterruptedException {
        boolean _ =
                ask(
                        item,
                        backend -> {
                            backend.run(item.volume(), action);
                            return true;
                        });
    }

    /** What is asked of a backend. */
    interface Asking<T> {
        T of(Backend backend) throws DriverException, InterruptedException;
    }

    /** Asks the backend of something in it, before anything is changed. */
    <T> T ask(Trashed item, Asking<T> asking) throws OperationException, InterruptedException {
        try {
            return asking.of(backend(item));
        } catch (DriverException e) {
            throw OperationException.of(
                    e, "%s: %s; nothing was changed".formatted(item.what(), e.getMessage()));
        }
    }

    Backend backend(Trashed item) throws OperationException {
        return parts.planning().backend(item.backend());
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
