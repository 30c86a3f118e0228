package io.cairn.daemon.volume;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Order.By;

import org.jspecify.annotations.Nullable;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.TreeMap;

/**
 * Where a page ended: {@code LIST:CHECK:ORDINAL:TIME:KEY}, numbers to the base 36. LIST stands for
 * the filter and the order, so that a continuation of another list is refused; CHECK for all of it,
 * so that one that was mistyped is.
 *
 * @param asOf what ages are counted from, the same for all pages of a list
 */
record Continuation(Place place, Instant asOf) {
    private static final int BASE = 36;
    private static final int DIGITS = 8;
    private static final int PARTS = 5;

    /** The text that callers get. */
    String text(String kind, Filter filter) {
        String rest =
                "%s:%s:%s"
                        .formatted(
                                Long.toString(place.ordinal(), BASE),
                                Long.toString(Rows.nanos(asOf), BASE),
                                filter.order().by() == By.NAME
                                        ? place.name()
                                        : Long.toString(place.number(), BASE));
        String list = digest(list(kind, filter));
        return "%s:%s:%s".formatted(list, digest(list + rest), rest);
    }

    /**
     * Reads such a text.
     *
     * @param kind what is listed
     * @throws OperationException INVALID if it is none, or one of another list
     */
    static Continuation parse(String text, String kind, Filter filter) throws OperationException {
        String[] parts = text.split(":", PARTS);
        if (parts.length < PARTS
                || !digest("%s%s:%s:%s".formatted(parts[0], parts[2], parts[3], parts[4]))
                        .equals(parts[1])) {
            throw none(text, null);
        }
        if (!digest(list(kind, filter)).equals(parts[0])) {
            throw new OperationException(
                    Code.INVALID,
                    "the continuation '%s' is of a list of something else, with another filter or in another order: repeat the filter of the page it came with, or begin without it"
                            .formatted(Names.shortened(text)));
        }
        boolean named = filter.order().by() == By.NAME;
        try {
            return new Continuation(
                    new Place(
                            named ? 0 : Long.parseLong(parts[4], BASE),
                            named ? parts[4] : "",
                            Long.parseLong(parts[2], BASE)),
                    Rows.instant(Math.max(0, Long.parseLong(parts[3], BASE))));
        } catch (NumberFormatException e) {
            throw none(text, e);
        }
    }

    private static OperationException none(String text, @Nullable Exception why) {
        return new OperationException(
                Code.INVALID,
                "'%s' is no continuation: pass the one that the page before it came with, or nothing"
                        .formatted(Names.shortened(text)),
                why);
    }

    /** In one order, which that of a map is not from one start to the next. */
    private static String list(String kind, Filter filter) {
        return String.join(
                "\n",
                kind,
                filter.backend().toString(),
                filter.volume().toString(),
                filter.pool().toString(),
                filter.name().toString(),
                filter.state().toString(),
                filter.source().toString(),
                filter.older().toString(),
                filter.newer().toString(),
                filter.minSize().toString(),
                filter.maxSize().toString(),
                new TreeMap<>(filter.labels()).toString(),
                filter.order().toString());
    }

    private static String digest(String text) {
        try {
            byte[] whole = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
            return HexFormat.of().formatHex(whole).substring(0, DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
