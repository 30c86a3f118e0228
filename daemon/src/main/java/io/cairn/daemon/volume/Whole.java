package io.cairn.daemon.volume;

import io.cairn.daemon.volume.Scan.Entry;
import io.cairn.daemon.volume.Scan.Range;
import io.cairn.daemon.volume.Scan.Shape;
import io.cairn.daemon.volume.State.Reading;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * How the volumes or the snapshots of a list are read. A look-up by id walks down a tree whose rows
 * lie anywhere in the file, so what stands in the rows that the list goes through is taken from
 * them.
 *
 * @param byId reads what has these ids, in any order, without what is gone or damaged
 */
record Whole<T>(
        String table, Function<Collection<UUID>, Map<UUID, T>> byId, Optional<InRow<T>> inRow) {
    /**
     * @param item reads nothing where the row is damaged
     * @param completed with what stands elsewhere, as {@link #byId}
     */
    record InRow<T>(
            String columns,
            Reading<Entry> entry,
            Reading<Optional<T>> item,
            Function<Collection<T>, Map<UUID, T>> completed) {}

    /**
     * What can be in the list.
     *
     * @param item if its row had it
     */
    record Candidate<T>(Entry entry, Optional<T> item) {}

    /** How to read those of a range; the others are not read but for their entries. */
    Shape<Candidate<T>> shape(Range range, Predicate<Entry> possible) {
        if (inRow.isEmpty() || !range.table().equals(table)) {
            return new Shape<>(
                    Scan.ENTRY.columns(),
                    row -> new Candidate<>(Scan.ENTRY.reading().read(row), Optional.empty()));
        }
        return new Shape<>(inRow.get().columns(), row -> candidate(row, inRow.get(), possible));
    }

    private static <T> Candidate<T> candidate(
            ResultSet row, InRow<T> inRow, Predicate<Entry> possible) throws SQLException {
        Entry entry = inRow.entry().read(row);
        return new Candidate<>(
                entry, possible.test(entry) ? inRow.item().read(row) : Optional.empty());
    }

    /** Those of them that are there, by their ids. */
    Map<UUID, T> read(Collection<Candidate<T>> candidates) {
        Map<UUID, T> read =
                new HashMap<>(
                        byId.apply(
                                candidates.stream()
                                        .filter(each -> each.item().isEmpty())
                                        .map(each -> each.entry().id())
                                        .toList()));
        List<T> items = candidates.stream().map(Candidate::item).flatMap(Optional::stream).toList();
        inRow.ifPresent(in -> read.putAll(in.completed().apply(items)));
        return read;
    }
}
