package io.cairn.daemon.volume;

import java.util.List;

/**
 * All that the state knows of one volume: what is written down when it is exported, and what is
 * recorded when it is imported. The counts and the states of its parts are not looked at.
 *
 * @param adoptedFrom the path on its backend that it was adopted from; empty if it was made
 * @param holds the tags on the volume itself, by their names
 * @param cuts its snapshots, the oldest first
 * @param connections those of hosts to the volume and to its snapshots, the oldest first
 */
public record Dossier(
        Volume volume,
        String adoptedFrom,
        List<Hold> holds,
        List<Cut> cuts,
        List<Connection> connections) {
    /**
     * A snapshot with what belongs to it.
     *
     * @param holds the tags on it, by their names
     */
    public record Cut(Snapshot snapshot, List<Hold> holds) {
        public Cut {
            holds = List.copyOf(holds);
        }
    }

    public Dossier {
        holds = List.copyOf(holds);
        cuts = List.copyOf(cuts);
        connections = List.copyOf(connections);
    }

    /** How many objects it tells of. */
    int size() {
        return 1 + cuts.size() + connections.size();
    }
}
