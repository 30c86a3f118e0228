package io.cairn.daemon.volume;

import io.cairn.daemon.volume.Order.By;

import java.time.Instant;
import java.util.Optional;

/**
 * Between what the things lie that lists are sorted by. Times and sizes are from and to, both
 * included; names are from one, included, and before another.
 *
 * @param createdFrom nanoseconds since 1970, as {@code createdTo} is
 * @param sizeFrom bytes, as {@code sizeTo} is
 */
record Bounds(
        long createdFrom,
        long createdTo,
        String nameFrom,
        String nameBefore,
        long sizeFrom,
        long sizeTo) {
    /** Comes after every character that a name may have. */
    private static final String LAST = "~";

    /** Comes before every character that a name may have, but not before the end of a name. */
    private static final String FIRST = "!";

    private static final Bounds NONE =
            new Bounds(Long.MIN_VALUE, Long.MAX_VALUE, "", LAST, Long.MIN_VALUE, Long.MAX_VALUE);

    /**
     * @param now what ages are counted from
     */
    static Bounds of(Filter filter, Instant now) {
        Optional<String> name = filter.name();
        boolean whole = name.isPresent() && !name.get().endsWith("*");
        String begin =
                whole ? name.get() : name.map(n -> n.substring(0, n.length() - 1)).orElse("");
        return new Bounds(
                filter.newer().map(age -> Rows.nanos(now.minus(age))).orElse(Long.MIN_VALUE),
                filter.older().map(age -> Rows.nanos(now.minus(age))).orElse(Long.MAX_VALUE),
                begin,
                begin + (whole ? FIRST : LAST),
                filter.minSize().orElse(Long.MIN_VALUE),
                filter.maxSize().orElse(Long.MAX_VALUE));
    }

    /** Whether it bounds them by this at all. */
    boolean bound(By by) {
        return switch (by) {
            case CREATED -> createdFrom != NONE.createdFrom || createdTo != NONE.createdTo;
            case NAME -> !nameFrom.equals(NONE.nameFrom) || !nameBefore.equals(NONE.nameBefore);
            case SIZE -> sizeFrom != NONE.sizeFrom || sizeTo != NONE.sizeTo;
        };
    }

    boolean hold(long created, String name, long size) {
        return createdFrom <= created
                && created <= createdTo
                && nameFrom.compareTo(name) <= 0
                && name.compareTo(nameBefore) < 0
                && sizeFrom <= size
                && size <= sizeTo;
    }

    Object from(By by) {
        return switch (by) {
            case CREATED -> createdFrom;
            case NAME -> nameFrom;
            case SIZE -> sizeFrom;
        };
    }

    /** The last, or for names what they are before. */
    Object to(By by) {
        return switch (by) {
            case CREATED -> createdTo;
            case NAME -> nameBefore;
            case SIZE -> sizeTo;
        };
    }

    /** What is left of it beyond a place, those of the same key not included. */
    Bounds beyond(Order order, Place place) {
        boolean down = order.descending();
        long number = place.number();
        // Beyond the greatest number is nothing, though its successor is the least.
        boolean nothing = number == (down ? Long.MIN_VALUE : Long.MAX_VALUE);
        long from = nothing ? Long.MAX_VALUE : number + 1;
        long to = nothing ? Long.MIN_VALUE : number - 1;
        return switch (order.by()) {
            case CREATED ->
                    new Bounds(
                            down && !nothing ? createdFrom : from,
                            down || nothing ? to : createdTo,
                            nameFrom,
                            nameBefore,
                            sizeFrom,
                            sizeTo);
            case NAME ->
                    new Bounds(
                            createdFrom,
                            createdTo,
                            down ? nameFrom : place.name() + FIRST,
                            down ? place.name() : nameBefore,
                            sizeFrom,
                            sizeTo);
            case SIZE ->
                    new Bounds(
                            createdFrom,
                            createdTo,
                            nameFrom,
                            nameBefore,
                            down && !nothing ? sizeFrom : from,
                            down || nothing ? to : sizeTo);
        };
    }
}
