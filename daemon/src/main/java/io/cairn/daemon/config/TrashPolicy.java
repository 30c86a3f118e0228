package io.cairn.daemon.config;

import java.time.Duration;

/**
 * What becomes of volumes and snapshots that are deleted.
 *
 * @param keep {@code trash.keep}: how long they stay on the backend, to be brought back; zero if
 *     they go at once
 * @param minFree {@code trash.minFree}: what is to be free of each pool for them to stay so long
 */
public record TrashPolicy(Duration keep, Reserve minFree) {
    public static final TrashPolicy DEFAULT =
            new TrashPolicy(Duration.ZERO, Reserve.parse(TrashPolicy.MIN_FREE));

    static final String MIN_FREE = "10%";

    public TrashPolicy {
        if (keep.isNegative()) {
            throw new IllegalArgumentException("kept for " + keep);
        }
    }

    /** Whether what is deleted goes at once. */
    public boolean off() {
        return keep.isZero();
    }
}
