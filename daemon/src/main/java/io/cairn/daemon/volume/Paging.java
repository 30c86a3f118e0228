package io.cairn.daemon.volume;

import io.cairn.daemon.volume.Order.By;
import io.cairn.daemon.volume.Scan.Entry;
import io.cairn.daemon.volume.Scan.Range;
import io.cairn.daemon.volume.Whole.Candidate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * One list. Whatever it is filtered and sorted by, its pages are read from an index that has just
 * that range in just that order. Only where several conditions apply at once are more entries
 * looked at than are listed, and so that this ends, a page may then end early.
 *
 * @param whole reads what is in the list
 * @param damaged what is known to be damaged, so that no list holds it
 * @param fits whether something belongs to the list
 * @param ranges for each backend those that hold all that belongs to the list
 * @param ranged whether all that is in all of the ranges and within the bounds belongs to it
 */
record Paging<T>(
        Scan scan,
        Whole<T> whole,
        Set<UUID> damaged,
        Predicate<T> fits,
        Bounds bounds,
        Order order,
        List<List<Range>> ranges,
        boolean ranged) {
    /** So many entries are looked at before a page ends with what it has, if it has any. */
    private static final int MOST_LOOKED_AT = 5_000;

    /** Where one in so many is found, going on is better than reading all that meet a condition. */
    private static final int MANY = 8;

    /** So many are looked at before that is judged, since what is excluded may lie together. */
    private static final int SURE = 250;

    /** A condition that so many meet is worth being read as a whole and sorted. */
    private static final int FEW = 2_000;

    /** At least so many more are looked at at a time. */
    private static final int LEAST = 25;

    /** Ranges are compared by how much they hold, up to this. */
    private static final int COMPARED = 500;

    /** So many are read whole at a time, since their labels can be long. */
    private static final int WHOLE_AT_ONCE = 100;

    /** Something in the list. */
    record Placed<T>(T item, Place place) {}

    /**
     * A page.
     *
     * @param end where the next one goes on; empty if nothing is left
     */
    record Part<T>(List<Placed<T>> items, Optional<Place> end) {}

    Part<T> page(Optional<Place> after, int limit) {
        List<Placed<T>> all = new ArrayList<>();
        Optional<Place> stop = Optional.empty();
        for (List<Range> of : ranges) {
            Part<T> part = of(smallest(of), after, limit + 1);
            all.addAll(part.items());
            stop = first(stop, part.end());
        }
        return cut(all, stop, limit);
    }

    /** The same among a few that are known. */
    Part<T> pageOf(List<Entry> few, Optional<Place> after, int limit) {
        List<Placed<T>> all = new ArrayList<>();
        addById(all, sorted(few, after), limit + 1);
        return cut(all, Optional.empty(), limit);
    }

    /** How many there are, however many that is. */
    long count() {
        long count = 0;
        for (List<Range> of : ranges) {
            Range range = smallest(of);
            Optional<List<Entry>> few = few(range, Optional.empty());
            if (!ranged || of.size() > 1) {
                count += few.isPresent() ? fitting(few.get()) : fittingOf(range);
            } else if (few.isPresent()) {
                count += few.get().stream().filter(this::possible).count();
            } else {
                long broken = scan.entries(range, damaged).stream().filter(this::between).count();
                count += scan.count(range, bounds) - broken;
            }
        }
        return count;
    }

    private long fittingOf(Range range) {
        Order way = new Order(By.CREATED, false);
        long count = 0;
        Optional<Place> at = Optional.empty();
        List<Entry> entries;
        do {
            entries = scan.read(range, way, bounds, at, FEW);
            count += fitting(entries);
            at = entries.isEmpty() ? at : Optional.of(entries.getLast().place(way.by()));
        } while (entries.size() == FEW);
        return count;
    }

    long countOf(List<Entry> few) {
        return fitting(few);
    }

    private long fitting(List<Entry> entries) {
        List<Placed<T>> found = new ArrayList<>();
        long count = 0;
        for (int i = 0; i < entries.size(); i += WHOLE_AT_ONCE) {
            addById(
                    found,
                    entries.subList(i, Math.min(i + WHOLE_AT_ONCE, entries.size())),
                    WHOLE_AT_ONCE);
            count += found.size();
            found.clear();
        }
        return count;
    }

    private Part<T> cut(List<Placed<T>> all, Optional<Place> stop, int limit) {
        Comparator<Place> comparator = Place.in(order);
        List<Placed<T>> items =
                all.stream()
                        .filter(
                                placed ->
                                        stop.isEmpty()
                                                || comparator.compare(placed.place(), stop.get())
                                                        <= 0)
                        .sorted(Comparator.comparing(Placed::place, comparator))
                        .toList();
        return items.size() > limit
                ? new Part<>(items.subList(0, limit), Optional.of(items.get(limit - 1).place()))
                : new Part<>(items, stop);
    }

    private Optional<Place> first(Optional<Place> one, Optional<Place> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return one.or(() -> other);
        }
        return Place.in(order).compare(one.get(), other.get()) <= 0 ? one : other;
    }

    private Range smallest(List<Range> of) {
        if (of.size() == 1) {
            return of.getFirst();
        }
        return of.stream()
                .min(
                        Comparator.comparingInt(
                                range ->
                                        scan.read(
                                                        range,
                                                        Order.NEWEST_FIRST,
                                                        bounds,
                                                        Optional.empty(),
                                                        COMPARED)
                                                .size()))
                .orElseThrow();
    }

    private Part<T> of(Range range, Optional<Place> after, int wanted) {
        List<Placed<T>> found = new ArrayList<>();
        Optional<Place> at = after;
        int step = wanted;
        int looked = 0;
        while (true) {
            List<Candidate<T>> candidates =
                    scan.read(range, order, bounds, at, step, whole.shape(range, this::possible));
            add(found, candidates, wanted);
            if (candidates.size() < step || found.size() >= wanted) {
                return new Part<>(found, Optional.empty());
            }
            at = Optional.of(candidates.getLast().entry().place(order.by()));
            boolean early = looked < SURE;
            looked += candidates.size();
            if (early && looked >= SURE && found.size() * MANY < looked) {
                Optional<List<Entry>> few = few(range, Optional.of(order.by()));
                if (few.isPresent()) {
                    addById(found, sorted(few.get(), at), wanted);
                    return new Part<>(found, Optional.empty());
                }
            }
            if (looked >= MOST_LOOKED_AT && !found.isEmpty()) {
                return new Part<>(found, at);
            }
            step = step(found.size(), wanted, looked);
        }
    }

    /** As many more as hold what is missing if it goes on like this, and some to spare. */
    private static int step(int found, int wanted, int looked) {
        long likely = found == 0 ? FEW : (long) (wanted - found) * looked / found * 5 / 4;
        return Math.clamp(likely, LEAST, looked < SURE ? SURE - looked : FEW);
    }

    /** All that meet one of the conditions, if they are few. */
    private Optional<List<Entry>> few(Range range, Optional<By> but) {
        for (By by : By.values()) {
            if (bounds.bound(by) && !but.equals(Optional.of(by))) {
                List<Entry> entries =
                        scan.read(range, new Order(by, false), bounds, Optional.empty(), FEW + 1);
                if (entries.size() <= FEW) {
                    return Optional.of(entries);
                }
            }
        }
        return Optional.empty();
    }

    private List<Entry> sorted(List<Entry> entries, Optional<Place> after) {
        Comparator<Place> comparator = Place.in(order);
        return entries.stream()
                .filter(
                        entry ->
                                after.isEmpty()
                                        || comparator.compare(entry.place(order.by()), after.get())
                                                > 0)
                .sorted(Comparator.comparing(entry -> entry.place(order.by()), comparator))
                .toList();
    }

    private boolean between(Entry entry) {
        return bounds.hold(entry.created(), entry.name(), entry.size());
    }

    private boolean possible(Entry entry) {
        return between(entry) && !damaged.contains(entry.id());
    }

    private void addById(List<Placed<T>> found, List<Entry> entries, int wanted) {
        add(
                found,
                entries.stream().map(entry -> new Candidate<T>(entry, Optional.empty())).toList(),
                wanted);
    }

    /** Adds those of the candidates that belong to the list until there are as many as wanted. */
    private void add(List<Placed<T>> found, List<Candidate<T>> candidates, int wanted) {
        List<Candidate<T>> possible =
                candidates.stream().filter(each -> possible(each.entry())).toList();
        int from = 0;
        while (from < possible.size() && found.size() < wanted) {
            int to =
                    Math.min(
                            possible.size(),
                            from + Math.min(WHOLE_AT_ONCE, Math.max(wanted - found.size(), 10)));
            List<Candidate<T>> some = possible.subList(from, to);
            Map<UUID, T> read = whole.read(some);
            some.stream()
                    .map(Candidate::entry)
                    .filter(entry -> read.containsKey(entry.id()))
                    .map(
                            entry ->
                                    new Placed<>(
                                            Objects.requireNonNull(read.get(entry.id())),
                                            entry.place(order.by())))
                    .filter(placed -> fits.test(placed.item()))
                    .limit(wanted - found.size())
                    .forEach(found::add);
            from = to;
        }
    }
}
