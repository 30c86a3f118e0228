package io.cairn.daemon.drift;

import io.cairn.daemon.drift.Drift.Kind;

import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What a check found.
 *
 * @param volumes how many of them are recorded and were looked for
 * @param snapshots as {@code volumes}
 * @param drifts all that differs, up to {@link Check#MOST}
 * @param skipped how many suspects could not be judged, since they were being changed all the time
 *     or were too many
 */
public record Report(
        Instant begunAt,
        Instant endedAt,
        long volumes,
        long snapshots,
        List<Drift> drifts,
        long skipped) {
    public Report {
        drifts = List.copyOf(drifts);
    }

    /** How many there are of each kind. */
    public Map<Kind, Long> counts() {
        Map<Kind, Long> counts = new EnumMap<>(Kind.class);
        for (Drift drift : drifts) {
            counts.merge(drift.kind(), 1L, Long::sum);
        }
        return counts;
    }

    public long count(Kind kind) {
        return drifts.stream().filter(drift -> drift.kind() == kind).count();
    }
}
