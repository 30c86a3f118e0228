package io.cairn.spi;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * What the daemon wants to find again beside an object on the backend, so that its own state can be
 * rebuilt from storage. A driver stores it with the object, whole and unread, and returns it from
 * every look-up.
 *
 * @param text at most {@value #MAX_BYTES} bytes of UTF-8 without control characters; may be empty
 */
public record Mark(String text) {
    /**
     * Leaves room for a driver's own entries in the smallest place a mark is kept: one 4 KiB block
     * of extended attributes on ext4.
     */
    public static final int MAX_BYTES = 3_000;

    public static final Mark NONE = new Mark("");

    public Mark {
        int bytes = text.getBytes(UTF_8).length;
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "a mark of %d bytes; the most is %d".formatted(bytes, MAX_BYTES));
        }
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("a mark with a control character");
        }
    }
}
