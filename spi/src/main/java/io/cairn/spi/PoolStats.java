package io.cairn.spi;

/**
 * The space of one pool, as the backend states it at the time of the call.
 *
 * @param name the pool's name: lower-case letters, digits, {@code . _ -}, at most 63
 * @param totalBytes its size, at least zero
 * @param freeBytes what can still be written, from zero to the total
 */
public record PoolStats(String name, long totalBytes, long freeBytes) {
    public PoolStats {
        if (totalBytes < 0 || freeBytes < 0 || freeBytes > totalBytes) {
            throw new IllegalArgumentException(
                    "pool %s: %d bytes free of %d".formatted(name, freeBytes, totalBytes));
        }
    }
}
