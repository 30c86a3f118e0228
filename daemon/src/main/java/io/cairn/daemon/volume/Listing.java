package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Lists of volumes and snapshots, newest first, a page at a time. A continuation is the ordinal of
 * the last item, so a page stays right while objects come and go. Safe for many threads.
 */
final class Listing {
    /** An item with the number that puts it in order. */
    private record Placed<T>(T item, long ordinal) {}

    private static final char ESCAPE = '!';

    private final State state;
    private final OpenIntents open;

    Listing(State state, OpenIntents open) {
        this.state = state;
        this.open = open;
    }

    Page<Volume> volumes(Filter filter, Collection<String> backends, int limit, String continuation)
            throws OperationException {
        if (filter.volume().isPresent()) {
            throw new OperationException(
                    Code.INVALID, "a filter for volumes has no 'volume': use 'name'");
        }
        Where where = new Where();
        filter.pool().ifPresent(pool -> where.and("v.pool = ?", pool));
        where.andNameAndLabels("v", filter);
        where.and("v.ordinal < ?", before(continuation));
        return page(
                filter.backend().map(List::of).orElse(List.copyOf(backends)),
                limit,
                backend ->
                        state.rows(
                                "SELECT "
                                        + Rows.VOLUME
                                        + " FROM volume v WHERE v.backend = ?"
                                        + where.sql
                                        + " ORDER BY v.backend DESC, v.ordinal DESC LIMIT ?",
                                row ->
                                        new Placed<>(
                                                Rows.volume(row, open),
                                                row.getLong(Rows.VOLUME_ORDINAL)),
                                where.arguments(backend, limit + 1)));
    }

    Page<Snapshot> snapshots(
            Filter filter, Collection<String> backends, int limit, String continuation)
            throws OperationException {
        if (filter.pool().isPresent()) {
            throw new OperationException(
                    Code.INVALID,
                    "a filter for snapshots has no 'pool': use 'backend' or 'volume'");
        }
        if (filter.volume().isPresent() && filter.backend().isEmpty()) {
            throw new OperationException(
                    Code.INVALID, "a filter with 'volume' needs 'backend' too: add backend=NAME");
        }
        Where where = new Where();
        where.andNameAndLabels("s", filter);
        where.and("s.ordinal < ?", before(continuation));
        if (filter.volume().isPresent()) {
            Optional<Volume> volume =
                    state.volume(filter.backend().orElseThrow(), filter.volume().get());
            if (volume.isEmpty()) {
                return new Page<>(List.of(), "");
            }
            return named(
                    page(
                            List.of(volume.get().id().value()),
                            limit,
                            id -> snapshots("s.volume_id", where, id, limit)));
        }
        return named(
                page(
                        filter.backend().map(List::of).orElse(List.copyOf(backends)),
                        limit,
                        backend -> snapshots("s.backend", where, backend, limit)));
    }

    private List<Placed<Snapshot>> snapshots(String of, Where where, Object value, int limit) {
        return state.rows(
                "SELECT %s FROM snapshot s WHERE %s = ?%s ORDER BY %s DESC, s.ordinal DESC LIMIT ?"
                        .formatted(Rows.SNAPSHOT, of, where.sql, of),
                row ->
                        new Placed<>(
                                Rows.snapshot(row, "", open), row.getLong(Rows.SNAPSHOT_ORDINAL)),
                where.arguments(value, limit + 1));
    }

    /** Fills in the volumes' names, which a join would cost the order of the index. */
    private Page<Snapshot> named(Page<Snapshot> page) {
        Map<VolumeId, String> names = new HashMap<>();
        return new Page<>(
                page.items().stream()
                        .map(
                                snapshot ->
                                        snapshot.ofVolumeNamed(
                                                names.computeIfAbsent(
                                                        snapshot.volume(),
                                                        id ->
                                                                state.volume(id)
                                                                        .map(Volume::name)
                                                                        .orElse(""))))
                        .toList(),
                page.continuation());
    }

    private static <K, T> Page<T> page(
            List<K> ranges, int limit, Function<K, List<Placed<T>>> read) {
        List<Placed<T>> newest = new ArrayList<>();
        for (K range : ranges) {
            newest.addAll(read.apply(range));
        }
        newest.sort(Comparator.<Placed<T>>comparingLong(Placed::ordinal).reversed());
        boolean more = newest.size() > limit;
        List<Placed<T>> items = more ? newest.subList(0, limit) : newest;
        return new Page<>(
                items.stream().map(Placed::item).toList(),
                more ? Long.toString(items.getLast().ordinal()) : "");
    }

    private static long before(String continuation) throws OperationException {
        if (continuation.isEmpty()) {
            return Long.MAX_VALUE;
        }
        try {
            return Long.parseLong(continuation);
        } catch (NumberFormatException e) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is no continuation: pass the one that the page before it came with, or nothing"
                            .formatted(Names.shortened(continuation)),
                    e);
        }
    }

    /** The conditions of one query, with their values. */
    private static final class Where {
        private final StringBuilder sql = new StringBuilder();
        private final List<Object> values = new ArrayList<>();

        void and(String condition, Object value) {
            sql.append(" AND ").append(condition);
            values.add(value);
        }

        void andNameAndLabels(String table, Filter filter) {
            filter.name()
                    .ifPresent(
                            name -> {
                                if (name.endsWith("*")) {
                                    String start = name.substring(0, name.length() - 1);
                                    and(table + ".name LIKE ? ESCAPE '!'", literally(start) + "%");
                                } else {
                                    and(table + ".name = ?", name);
                                }
                            });
            filter.labels()
                    .forEach(
                            (key, value) ->
                                    and(
                                            table + ".labels LIKE ? ESCAPE '!'",
                                            "%\n" + literally(key + "=" + value) + "\n%"));
        }

        Object[] arguments(Object first, int limit) {
            List<Object> all = new ArrayList<>();
            all.add(first);
            all.addAll(values);
            all.add(limit);
            return all.toArray();
        }

        private static String literally(String text) {
            StringBuilder escaped = new StringBuilder();
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c == '%' || c == '_' || c == ESCAPE) {
                    escaped.append(ESCAPE);
                }
                escaped.append(c);
            }
            return escaped.toString();
        }
    }
}
