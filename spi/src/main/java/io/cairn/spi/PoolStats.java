package io.cairn.spi;

import java.util.regex.Pattern;

/**
 * The space of one pool, as the backend states it at the time of the call.
 *
 * @param name the pool's name: 1 to 63 lower-case letters, digits, {@code . _ -}, beginning with a
 *     letter or digit
 * @param totalBytes its size, at least zero
 * @param freeBytes what can still be written, from zero to the total
 */
public record PoolStats(String name, long totalBytes, long freeBytes) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

    public PoolStats {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'%s' cannot name a pool: use 1 to 63 lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit"
                            .formatted(name));
        }
        if (totalBytes < 0 || freeBytes < 0 || freeBytes > totalBytes) {
            throw new IllegalArgumentException(
                    "pool %s: %d bytes free of %d".formatted(name, freeBytes, totalBytes));
        }
    }
}
