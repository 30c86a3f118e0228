package io.cairn.daemon.volume;

import io.cairn.daemon.volume.Order.By;

import java.util.Comparator;

/**
 * Where something stands in a list: its key, and its ordinal among those of the same key.
 *
 * @param number the key of lists by time or size, else 0
 * @param name the key of lists by name, else empty
 */
record Place(long number, String name, long ordinal) {
    private static final Comparator<Place> ASCENDING =
            Comparator.comparingLong(Place::number)
                    .thenComparing(Place::name)
                    .thenComparingLong(Place::ordinal);

    static Place of(By by, long created, String name, long size, long ordinal) {
        return switch (by) {
            case CREATED -> new Place(created, "", ordinal);
            case NAME -> new Place(0, name, ordinal);
            case SIZE -> new Place(size, "", ordinal);
        };
    }

    Object key(By by) {
        return switch (by) {
            case CREATED, SIZE -> number;
            case NAME -> name;
        };
    }

    static Comparator<Place> in(Order order) {
        return order.descending() ? ASCENDING.reversed() : ASCENDING;
    }
}
