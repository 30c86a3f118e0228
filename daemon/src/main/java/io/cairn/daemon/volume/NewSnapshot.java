package io.cairn.daemon.volume;

import io.cairn.spi.SnapshotId;

import java.util.Map;
import java.util.Optional;

/**
 * What a caller asks of a snapshot to be cut. It is checked by {@link Volumes}, not here.
 *
 * @param name the name it gets; empty lets Cairn choose, which takes the id's text
 * @param description free text, at most {@link Names#MAX_DESCRIPTION} characters
 * @param labels the operator's own keys and values
 * @param id the id it gets; empty lets Cairn choose
 */
public record NewSnapshot(
        String name, String description, Map<String, String> labels, Optional<SnapshotId> id) {
    public NewSnapshot {
        labels = Map.copyOf(labels);
    }

    /** A snapshot of which only the name is given. */
    public static NewSnapshot named(String name) {
        return new NewSnapshot(name, "", Map.of(), Optional.empty());
    }
}
