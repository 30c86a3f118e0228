package io.cairn.daemon.volume;

/**
 * What a pool holds, by the state store.
 *
 * @param volumes whole ones, those being deleted included
 * @param provisionedBytes the sizes of its volumes together, and what is about to be added to them
 */
public record PoolCounts(long volumes, long snapshots, long provisionedBytes) {
    static final PoolCounts NONE = new PoolCounts(0, 0, 0);

    /** Sizes that are too many for a number stay the largest there is. */
    public PoolCounts plus(PoolCounts other) {
        return new PoolCounts(
                volumes + other.volumes,
                snapshots + other.snapshots,
                sum(provisionedBytes, other.provisionedBytes));
    }

    static long sum(long bytes, long more) {
        return more > 0 && bytes > Long.MAX_VALUE - more ? Long.MAX_VALUE : bytes + more;
    }
}
