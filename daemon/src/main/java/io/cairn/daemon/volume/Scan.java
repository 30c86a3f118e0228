package io.cairn.daemon.volume;

import io.cairn.daemon.volume.Order.By;
import io.cairn.daemon.volume.State.Reading;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Reads what stands in the rows of an index, in its order and no more than is asked for. HSQLDB
 * would take the first index that begins with the same column; {@code USING INDEX} has it take the
 * one of the order.
 */
final class Scan {
    /**
     * What is read of a row.
     *
     * @param columns of the table of the range
     */
    record Shape<E>(String columns, Reading<E> reading) {}

    static final Shape<Entry> ENTRY =
            new Shape<>("id, ordinal, created_at, name, size_bytes", Entry::read);

    private static final String SELECT = "SELECT %s FROM %s r";

    /**
     * Rows that begin with the same value in several indexes, one for each order.
     *
     * @param table with the columns that lists are sorted by
     * @param column the column that those indexes begin with
     */
    record Range(String table, String column, Object value) {}

    /** What an index tells of a volume or a snapshot. */
    record Entry(UUID id, long ordinal, long created, String name, long size) {
        Place place(By by) {
            return Place.of(by, created, name, size, ordinal);
        }

        static Entry read(ResultSet row) throws SQLException {
            return new Entry(
                    row.getObject(1, UUID.class),
                    row.getLong(2),
                    row.getLong(3),
                    row.getString(4),
                    row.getLong(5));
        }
    }

    private final State state;

    Scan(State state) {
        this.state = state;
    }

    /**
     * @param bounds only those by which the order sorts are looked at
     * @param after where the one before stood
     */
    <E> List<E> read(
            Range range,
            Order order,
            Bounds bounds,
            Optional<Place> after,
            int most,
            Shape<E> shape) {
        if (after.isEmpty()) {
            return read(range, order, bounds, most, shape);
        }
        // Two ranges, since one condition for both would walk through all of the same key.
        Place place = after.get();
        By by = order.by();
        List<E> rows =
                new ArrayList<>(
                        state.rows(
                                sql(
                                        shape,
                                        range,
                                        order,
                                        "r.%s = ? AND r.ordinal %s ?"
                                                .formatted(
                                                        by.column(),
                                                        order.descending() ? "<" : ">")),
                                shape.reading(),
                                range.value(),
                                place.key(by),
                                place.ordinal(),
                                most));
        if (rows.size() < most) {
            rows.addAll(read(range, order, bounds.beyond(order, place), most - rows.size(), shape));
        }
        return rows;
    }

    /** As with a shape, of what lists are sorted by. */
    List<Entry> read(Range range, Order order, Bounds bounds, Optional<Place> after, int most) {
        return read(range, order, bounds, after, most, ENTRY);
    }

    /** What the rows of a table tell that have these ids. */
    List<Entry> entries(String table, Collection<UUID> ids) {
        return state.rowsOf(
                SELECT.formatted(ENTRY.columns(), table) + " WHERE r.id IN (UNNEST(?))",
                Entry::read,
                ids);
    }

    /** As {@link #entries(String, Collection)}, of those in a range. */
    List<Entry> entries(Range range, Collection<UUID> ids) {
        return state.rowsOf(
                SELECT.formatted(ENTRY.columns(), range.table())
                        + " WHERE r.id IN (UNNEST(?)) AND r.%s = ?".formatted(range.column()),
                Entry::read,
                ids,
                range.value());
    }

    /** How many of a range lie between bounds of every kind; all of the range are looked at. */
    long count(Range range, Bounds bounds) {
        return state.rows(
                        ("SELECT COUNT(*) FROM %s r WHERE r.%s = ?"
                                        + " AND r.created_at >= ? AND r.created_at <= ?"
                                        + " AND r.name >= ? AND r.name < ?"
                                        + " AND r.size_bytes >= ? AND r.size_bytes <= ?")
                                .formatted(range.table(), range.column()),
                        row -> row.getLong(1),
                        range.value(),
                        bounds.createdFrom(),
                        bounds.createdTo(),
                        bounds.nameFrom(),
                        bounds.nameBefore(),
                        bounds.sizeFrom(),
                        bounds.sizeTo())
                .getFirst();
    }

    private <E> List<E> read(Range range, Order order, Bounds bounds, int most, Shape<E> shape) {
        return state.rows(
                sql(shape, range, order),
                shape.reading(),
                range.value(),
                bounds.from(order.by()),
                bounds.to(order.by()),
                most);
    }

    /** Between bounds, with their values and how many after that of the range. */
    static String sql(Shape<?> shape, Range range, Order order) {
        By by = order.by();
        return sql(
                shape,
                range,
                order,
                "r.%s >= ? AND r.%s %s ?"
                        .formatted(by.column(), by.column(), by == By.NAME ? "<" : "<="));
    }

    private static String sql(Shape<?> shape, Range range, Order order, String condition) {
        String direction = order.descending() ? " DESC" : "";
        return (SELECT
                        + " WHERE r.%s = ? AND %s ORDER BY r.%s%s, r.%s%s, r.ordinal%s LIMIT ?"
                        + " USING INDEX")
                .formatted(
                        shape.columns(),
                        range.table(),
                        range.column(),
                        condition,
                        range.column(),
                        direction,
                        order.by().column(),
                        direction,
                        direction);
    }
}
