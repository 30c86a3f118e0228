package io.cairn.spi;

/**
 * A part of a volume's content.
 *
 * @param offsetBytes where it begins, at least zero
 * @param lengthBytes how long it is, above zero
 */
public record ChangedRange(long offsetBytes, long lengthBytes) {
    public ChangedRange {
        if (offsetBytes < 0 || lengthBytes <= 0 || offsetBytes + lengthBytes < 0) {
            throw new IllegalArgumentException(
                    "a range of %d bytes at %d".formatted(lengthBytes, offsetBytes));
        }
    }

    /** Where what follows it begins. */
    public long endBytes() {
        return offsetBytes + lengthBytes;
    }
}
