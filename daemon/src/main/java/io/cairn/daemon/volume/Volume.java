package io.cairn.daemon.volume;

import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * A volume as the state store has it.
 *
 * @param backend the name of its backend
 * @param pool the pool it lies in
 * @param name unique in its backend
 * @param description free text, may be empty
 * @param labels the operator's own keys and values
 * @param sizeBytes its exact size
 * @param createdAt when its creation was asked for
 * @param origin the snapshot it was made from, which may be gone by now
 * @param location where its bytes are, in the backend's own words; empty while it is being created
 * @param snapshotCount how many snapshots it has
 */
public record Volume(
        VolumeId id,
        String backend,
        String pool,
        String name,
        String description,
        Map<String, String> labels,
        long sizeBytes,
        ObjectState state,
        Instant createdAt,
        Optional<Origin> origin,
        String location,
        long snapshotCount) {
    public Volume {
        labels = Map.copyOf(labels);
    }

    /** The same volume once the backend has it. */
    Volume madeAt(String place) {
        return new Volume(
                id,
                backend,
                pool,
                name,
                description,
                labels,
                sizeBytes,
                ObjectState.AVAILABLE,
                createdAt,
                origin,
                place,
                snapshotCount);
    }
}
