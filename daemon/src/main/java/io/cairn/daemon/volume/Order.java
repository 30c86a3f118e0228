package io.cairn.daemon.volume;

import java.util.Locale;

/**
 * The order of a list. What is the same by it is in the order in which it came to be.
 *
 * @param descending whether the last comes first
 */
public record Order(By by, boolean descending) {
    /** What every list is in unless it says otherwise. */
    public static final Order NEWEST_FIRST = new Order(By.CREATED, true);

    /** What lists can be sorted by. The names are in continuations. */
    public enum By {
        CREATED("created_at"),
        NAME("name"),
        SIZE("size_bytes");

        private final String column;

        By(String column) {
            this.column = column;
        }

        String column() {
            return column;
        }

        /** As filters write it, in lower case. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** As filters write it: {@code name}, or {@code -name} with the last first. */
    @Override
    public String toString() {
        return (descending ? "-" : "") + by;
    }
}
