package io.cairn.daemon.volume;

/**
 * What a change, once it is done, makes of its pool.
 *
 * @param more what there is more of, or less if it is below zero
 */
record PoolChange(String pool, PoolCounts more) {
    /** Every kind of change says what it takes, so that none can be let past the limits. */
    static PoolChange of(Intent intent) {
        return switch (intent) {
            case Intent.CreateVolume(Volume made, var _) -> of(made.pool(), 1, 0, made.sizeBytes());
            case Intent.DeleteVolume(Volume doomed, var _) ->
                    of(doomed.pool(), -1, 0, -doomed.sizeBytes());
            case Intent.CreateSnapshot create -> of(create.of().pool(), 0, 1, 0);
            case Intent.DeleteSnapshot delete -> of(delete.pool(), 0, -1, 0);
        };
    }

    /** How much of the pool is promised while the change is under way. */
    long takesBytes() {
        return Math.max(0, more.provisionedBytes());
    }

    private static PoolChange of(String pool, long volumes, long snapshots, long bytes) {
        return new PoolChange(pool, new PoolCounts(volumes, snapshots, bytes));
    }
}
