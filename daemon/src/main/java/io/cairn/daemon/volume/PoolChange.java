package io.cairn.daemon.volume;

import java.util.Optional;

/**
 * What a change, once it is done, makes of its pool.
 *
 * @param more what there is more of, or less if it is below zero
 */
record PoolChange(String pool, PoolCounts more) {
    /**
     * Every kind of change says what it takes, so that none can be let past the limits; empty if it
     * changes nothing of it.
     */
    static Optional<PoolChange> of(Intent intent) {
        return switch (intent) {
            case Intent.Making making -> of(making.made().pool(), 1, 0, making.made().sizeBytes());
            case Intent.DeleteVolume(Volume doomed, var _, var _) ->
                    of(doomed.pool(), -1, 0, -doomed.sizeBytes());
            case Intent.ReleaseVolume(Volume given, var _) ->
                    of(given.pool(), -1, 0, -given.sizeBytes());
            case Intent.ExtendVolume extend ->
                    of(extend.of().pool(), 0, 0, extend.sizeBytes() - extend.of().sizeBytes());
            case Intent.CreateSnapshot create -> of(create.of().pool(), 0, 1, 0);
            case Intent.DeleteSnapshot delete -> of(delete.pool(), 0, -1, 0);
            case Intent.RevertVolume _,
                    Intent.AlterVolume _,
                    Intent.AlterSnapshot _,
                    Intent.ChangeConnection _,
                    Intent.Damaged _ ->
                    Optional.empty();
        };
    }

    /** How much of the pool is promised while the change is under way. */
    long takesBytes() {
        return Math.max(0, more.provisionedBytes());
    }

    private static Optional<PoolChange> of(String pool, long volumes, long snapshots, long bytes) {
        return Optional.of(new PoolChange(pool, new PoolCounts(volumes, snapshots, bytes)));
    }
}
