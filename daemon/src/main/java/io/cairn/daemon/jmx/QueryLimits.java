package io.cairn.daemon.jmx;

/**
 * How many volumes, and as many snapshots, a query of the MBean server returns at most; always the
 * newest. There may be a million, and JConsole asks for every name there is.
 *
 * @param broad of a query that names no backend
 * @param range of a query that names a backend, or a backend and a volume
 */
public record QueryLimits(int broad, int range) {
    /** What a client that draws a tree can still draw, and what a script can still take. */
    public static final QueryLimits DEFAULT = new QueryLimits(1_000, 10_000);

    public QueryLimits {
        if (broad < 0 || range < 0) {
            throw new IllegalArgumentException(
                    "query limits of %d and %d: the least is 0".formatted(broad, range));
        }
    }
}
