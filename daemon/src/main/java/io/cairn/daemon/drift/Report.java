package io.cairn.daemon.drift;

import io.cairn.daemon.drift.Drift.Kind;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What a check found.
 *
 * @param volumes how many of them are recorded and were looked for
 * @param snapshots as {@code volumes}
 * @param drifts what differs, up to {@link Judge#KEPT} of each kind
 * @param counts how much differs in all, by its kind
 * @param skipped how many suspects could not be judged
 */
public record Report(
        Instant begunAt,
        Instant endedAt,
        long volumes,
        long snapshots,
        List<Drift> drifts,
        Map<Kind, Long> counts,
        long skipped) {
    public Report {
        drifts = List.copyOf(drifts);
        counts = Map.copyOf(counts);
    }

    public long count(Kind kind) {
        return counts.getOrDefault(kind, 0L);
    }

    /** How much differs in all. */
    public long count() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
