package io.cairn.daemon.volume;

import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is remembered of volumes and snapshots that were deleted, and for how long. Safe for many
 * threads.
 */
public final class Tombstones {
    /** So many are forgotten in one change, so that others need not wait for long. */
    private static final int BATCH = 500;

    private static final Pattern CONTINUATION = Pattern.compile("after-([1-9]\\d{0,17})");

    private static final Duration EVERY = Duration.ofMinutes(1);

    private static final Logger LOG = LoggerFactory.getLogger(Tombstones.class);

    private static final String COLUMNS =
            "SELECT id, kind, backend, volume_id, volume_name, name, description, labels, size_bytes,"
                    + " created_at, deleted_at, ordinal FROM tombstone ";

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
        return rows(COLUMNS + "WHERE id = ?", id).stream().map(Placed::deleted).findFirst();
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
                .map(Placed::deleted)
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
        List<Placed> found =
                rows(
                        COLUMNS
                                + "WHERE backend = ? AND ordinal < ? ORDER BY backend DESC, ordinal DESC LIMIT"
                                + " ?",
                        backend,
                        before(continuation),
                        limit + 1);
        boolean more = found.size() > limit;
        List<Placed> items = more ? found.subList(0, limit) : found;
        return new Page<>(
                items.stream().map(Placed::deleted).toList(),
                more ? after(items.getLast().ordinal()) : "");
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

    /** What the next page goes on after; lists in the order of their ordinals have no other. */
    static String after(long ordinal) {
        return "after-" + ordinal;
    }

    /** The ordinal in a continuation. */
    static long before(String continuation) throws OperationException {
        if (continuation.isEmpty()) {
            return Long.MAX_VALUE;
        }
        Matcher known = CONTINUATION.matcher(continuation);
        if (!known.matches()) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is no continuation: pass the one that the page before it came with, or nothing"
                            .formatted(Names.shortened(continuation)));
        }
        return Long.parseLong(known.group(1));
    }

    private record Placed(Deleted deleted, long ordinal) {}

    private List<Placed> rows(String sql, Object... arguments) {
        return state.rows(
                sql,
                row ->
                        new Placed(
                                new Deleted(
                                        row.getObject(1, UUID.class),
                                        Deleted.Kind.valueOf(row.getString(2)),
                                        row.getString(3),
                                        row.getObject(4, UUID.class),
                                        row.getString(5),
                                        row.getString(6),
                                        row.getString(7),
                                        Labels.parse(row.getString(8)),
                                        row.getLong(9),
                                        Rows.instant(row.getLong(10)),
                                        Rows.instant(row.getLong(11))),
                                row.getLong(12)),
                arguments);
    }
}
