package io.cairn.daemon.volume;

import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.VolumeId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What is remembered of volumes and snapshots that were deleted, and for how long. Safe for many
 * threads.
 */
public final class Tombstones {
    /** So many are forgotten in one change, so that others need not wait for long. */
    private static final int BATCH = 500;

    private static final Duration EVERY = Duration.ofMinutes(1);

    private static final Logger LOG = LoggerFactory.getLogger(Tombstones.class);

    private static final String COLUMNS = "SELECT " + Rows.DELETED + " FROM tombstone ";

    /** No volume's id: ids are random. */
    private static final UUID NOBODY = new UUID(0, 0);

    private final State state;
    private final Journal journal;
    private final Background background;

    Tombstones(State state, Journal journal, Background background) {
        this.state = state;
        this.journal = journal;
        this.background = background;
    }

    /** Forgets from now on what was deleted longer ago than this. */
    public void start(Duration kept) {
        background.begin("cairn-sweep", () -> sweepAlways(kept));
    }

    public Optional<Deleted> find(UUID id) {
        return rows(COLUMNS + "WHERE id = ?", id).stream()
                .map(ByOrdinal.Row::item)
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** The one of a backend that was deleted last, by the name that it had then. */
    public Optional<Deleted> find(String backend, Deleted.Kind kind, String name) {
        return rows(
                        COLUMNS
                                + "WHERE name = ? AND backend = ? AND kind = ? ORDER BY name DESC, backend"
                                + " DESC, ordinal DESC LIMIT 1",
                        name,
                        backend,
                        kind.name())
                .stream()
                .map(ByOrdinal.Row::item)
                .flatMap(Optional::stream)
                .findFirst();
    }

    /**
     * The snapshot that was deleted last of those with a name.
     *
     * @param volume the id of its volume, or the name that that had then
     */
    public Optional<Deleted> findSnapshot(String backend, String volume, String name) {
        Optional<UUID> id = Ids.volume(volume).map(VolumeId::value);
        return rows(
                        COLUMNS
                                + "WHERE name = ? AND backend = ? AND kind = ? AND (volume_name = ? OR"
                                + " volume_id = ?) ORDER BY name DESC, backend DESC, ordinal DESC LIMIT 1",
                        name,
                        backend,
                        Deleted.Kind.SNAPSHOT.name(),
                        volume,
                        id.orElse(NOBODY))
                .stream()
                .map(ByOrdinal.Row::item)
                .flatMap(Optional::stream)
                .findFirst();
    }

    /**
     * Those of a backend, the last deleted first.
     *
     * @param limit the most items, above zero
     * @param continuation empty, or what the page before came with
     */
    public Page<Deleted> list(String backend, int limit, String continuation)
            throws OperationException {
        return ByOrdinal.page(
                (before, most) ->
                        rows(
                                COLUMNS
                                        + "WHERE backend = ? AND ordinal < ? ORDER BY backend DESC, ordinal"
                                        + " DESC LIMIT ?",
                                backend,
                                before,
                                most),
                limit,
                continuation);
    }

    /** Whether anything that was deleted on a backend is remembered. */
    public boolean any(String backend) {
        return !rows(
                        COLUMNS + "WHERE backend = ? ORDER BY backend DESC, ordinal DESC LIMIT 1",
                        backend)
                .isEmpty();
    }

    /** What a caller is told who looks for something that was deleted. */
    public static OperationException gone(Deleted deleted) {
        return new OperationException(
                Code.NOT_FOUND,
                "%s %s (%s) was deleted at %s"
                        .formatted(
                                deleted.kind(), deleted.name(), deleted.id(), deleted.deletedAt()));
    }

    int sweep(Instant before) throws StoreException {
        int all = 0;
        int swept;
        do {
            swept = journal.sweepTombstones(before, BATCH);
            all += swept;
        } while (swept == BATCH);
        return all;
    }

    private void sweepAlways(Duration kept) {
        try {
            while (true) {
                try {
                    int swept = sweep(Instant.now().minus(kept));
                    if (swept > 0) {
                        LOG.info(
                                "Forgot {} volumes and snapshots deleted over {} ago", swept, kept);
                    }
                } catch (StoreException e) {
                    LOG.warn("Nothing that was deleted can be forgotten now: {}", e.getMessage());
                }
                Thread.sleep(EVERY);
            }
        } catch (InterruptedException _) {
            // The daemon stops; the rest is forgotten after the next start.
        }
    }

    /** What is damaged cannot be told of; it is reported all the same. */
    private List<ByOrdinal.Row<Deleted>> rows(String sql, Object... arguments) {
        return state.rows(
                sql,
                row ->
                        new ByOrdinal.Row<>(
                                state.readable(Rows::deleted).read(row),
                                row.getLong(Rows.DELETED_ORDINAL)),
                arguments);
    }
}
