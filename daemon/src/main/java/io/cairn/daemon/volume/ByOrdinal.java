package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Pages of what is listed in the order of its ordinals, the last first. */
final class ByOrdinal {
    private static final Pattern CONTINUATION = Pattern.compile("after-([1-9]\\d{0,17})");

    private ByOrdinal() {}

    /**
     * A row.
     *
     * @param item empty if the row is damaged
     * @param ordinal what puts it in order
     */
    record Row<T>(Optional<T> item, long ordinal) {}

    interface Reading<T> {
        /** At most so many of those that come after an ordinal, which is those below it. */
        List<Row<T>> below(long ordinal, int most);
    }

    /**
     * @param limit the most items, above zero
     * @param continuation empty, or what the page before came with
     */
    static <T> Page<T> page(Reading<T> reading, int limit, String continuation)
            throws OperationException {
        long from = ordinal(continuation);
        while (true) {
            List<Row<T>> found = reading.below(from, limit + 1);
            boolean more = found.size() > limit;
            List<Row<T>> rows = more ? found.subList(0, limit) : found;
            List<T> items = rows.stream().map(Row::item).flatMap(Optional::stream).toList();
            if (!more || !items.isEmpty()) {
                return new Page<>(items, more ? "after-" + rows.getLast().ordinal() : "");
            }
            // Damaged rows alone: a page that is not the last has something on it.
            from = rows.getLast().ordinal();
        }
    }

    private static long ordinal(String continuation) throws OperationException {
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
}
