package io.cairn.daemon.store;

import java.time.Duration;

/**
 * How the store is run.
 *
 * @param minFreeBytes free space on its file system below which no new change is begun; at least
 *     {@code reserveBytes}
 * @param reserveBytes free space below which running work is not completed either, so that the
 *     database can still be closed in order
 * @param readers connections for reading, from 1 to 64: so many queries run at once
 * @param retryAfter how long a fenced store waits before it first tries to reopen; it doubles with
 *     every failure up to a hundredfold
 */
public record StoreOptions(long minFreeBytes, long reserveBytes, int readers, Duration retryAfter) {
    /**
     * 256 MiB and 64 MiB: a checkpoint rewrites what changed since the last, at most a log of 16
     * MiB and the pages of the data file it touched.
     */
    public static final StoreOptions DEFAULTS =
            new StoreOptions(256L << 20, 64L << 20, 4, Duration.ofSeconds(1));

    public StoreOptions {
        if (reserveBytes < 0 || minFreeBytes < reserveBytes) {
            throw new IllegalArgumentException(
                    "free space of %d bytes for new work and %d for running work; the first must be at least the second, and none negative"
                            .formatted(minFreeBytes, reserveBytes));
        }
        if (readers < 1 || readers > 64) {
            throw new IllegalArgumentException(
                    "%d connections for reading; from 1 to 64 are possible".formatted(readers));
        }
        if (!retryAfter.isPositive()) {
            throw new IllegalArgumentException(
                    "a wait of %s before reopening".formatted(retryAfter));
        }
    }

    long needed(Urgency urgency) {
        return switch (urgency) {
            case ORDINARY -> minFreeBytes;
            case COMPLETING -> reserveBytes;
        };
    }
}
