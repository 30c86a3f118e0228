package io.cairn.daemon.volume;

import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.Map;

/**
 * A snapshot as the state store has it.
 *
 * @param volume the volume it belongs to, whose name is {@code volumeName}
 * @param backend the name of the volume's backend
 * @param name unique in its volume
 * @param description free text, may be empty
 * @param labels the operator's own keys and values
 * @param sizeBytes the volume's size when it was cut
 * @param createdAt the instant it was cut
 * @param location where its bytes are, in the backend's own words
 */
public record Snapshot(
        SnapshotId id,
        VolumeId volume,
        String backend,
        String volumeName,
        String name,
        String description,
        Map<String, String> labels,
        long sizeBytes,
        ObjectState state,
        Instant createdAt,
        String location) {
    public Snapshot {
        labels = Map.copyOf(labels);
    }

    Snapshot ofVolumeNamed(String name) {
        return new Snapshot(
                id,
                volume,
                backend,
                name,
                this.name,
                description,
                labels,
                sizeBytes,
                state,
                createdAt,
                location);
    }
}
