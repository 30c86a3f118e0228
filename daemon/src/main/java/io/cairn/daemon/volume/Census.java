package io.cairn.daemon.volume;

import io.cairn.daemon.store.Change;
import io.cairn.daemon.store.StateStore;

import java.sql.ResultSet;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/**
 * How much a state has of each, to see whether a copy of it has the same.
 *
 * @param volumes as the state counts them
 * @param snapshots as the state counts them
 * @param unfinished changes that were begun
 */
public record Census(long volumes, long snapshots, long unfinished) {
    private static final String TOLD =
            "(SELECT COALESCE(SUM(volumes), 0) FROM backend_count),"
                    + " (SELECT COALESCE(SUM(snapshots), 0) FROM backend_count),"
                    + " (SELECT COUNT(*) FROM intent)";

    /** Reads it, as one of the changes of a store; it changes nothing and takes no time. */
    public static Change<Census> reading() {
        return statements -> {
            try (ResultSet row =
                    statements.prepare("SELECT " + TOLD + " FROM (VALUES (0))").executeQuery()) {
                row.next();
                return new Census(row.getLong(1), row.getLong(2), row.getLong(3));
            }
        };
    }

    /**
     * What a state had at an instant.
     *
     * @param at the instant, by the clock that it was asked for
     */
    public record Dated(Instant at, Census census) {}

    /** As {@link #reading()}, with the instant at which it is read. */
    public static Change<Dated> reading(InstantSource clock) {
        return statements -> new Dated(clock.instant(), reading().apply(statements));
    }

    /**
     * Where the rows of a store are not as many as it counts, in words; empty if they are. Reads
     * them all, at one instant.
     */
    public static Optional<String> disagreement(StateStore store) {
        return store.reads()
                .withHandle(
                        handle ->
                                handle.createQuery(
                                                "SELECT "
                                                        + TOLD
                                                        + ", (SELECT COUNT(*) FROM volume),"
                                                        + " (SELECT COUNT(*) FROM snapshot)"
                                                        + " FROM (VALUES (0))")
                                        .map(
                                                (row, _) ->
                                                        new Census(
                                                                        row.getLong(1),
                                                                        row.getLong(2),
                                                                        row.getLong(3))
                                                                .differing(
                                                                        row.getLong(4),
                                                                        row.getLong(5)))
                                        .one());
    }

    private Optional<String> differing(long volumeRows, long snapshotRows) {
        // A volume that is being made has a row and is not counted yet.
        boolean fits =
                volumeRows >= volumes
                        && volumeRows <= volumes + unfinished
                        && snapshotRows == snapshots;
        return fits
                ? Optional.empty()
                : Optional.of(
                        "%d volumes and %d snapshots are counted, and there are %d and %d"
                                .formatted(volumes, snapshots, volumeRows, snapshotRows));
    }
}
