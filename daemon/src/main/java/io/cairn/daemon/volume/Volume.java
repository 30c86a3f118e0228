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
 * @param origin what it was made from, which may be gone by now
 * @param location where its bytes are, in the backend's own words; empty while it is being created
 * @param snapshotCount how many snapshots it has
 * @param connectionCount how many connections hosts have to it and to its snapshots
 * @param holdCount how many tags protect it from being deleted
 */
public record Volume(
        VolumeId id,
        String backend,
        String pool,
        String name,
        String description,
        Map<String, String> labels,
        Particulars particulars,
        long sizeBytes,
        ObjectState state,
        Instant createdAt,
        Optional<Origin> origin,
        String location,
        long snapshotCount,
        long connectionCount,
        long holdCount) {
    public Volume {
        labels = Map.copyOf(labels);
    }

    /** The same volume once the backend has it, as large as it is there. */
    Volume madeAt(String place, long bytes) {
        return with(name, description, labels, bytes, place, ObjectState.AVAILABLE);
    }

    Volume ofSize(long bytes) {
        return with(name, description, labels, bytes, location, state);
    }

    Volume inState(ObjectState other) {
        return with(name, description, labels, sizeBytes, location, other);
    }

    Volume named(String other) {
        return with(other, description, labels, sizeBytes, location, state);
    }

    Volume described(String other) {
        return with(name, other, labels, sizeBytes, location, state);
    }

    Volume labelled(Map<String, String> others) {
        return with(name, description, others, sizeBytes, location, state);
    }

    private Volume with(
            String newName,
            String newDescription,
            Map<String, String> newLabels,
            long newSizeBytes,
            String newLocation,
            ObjectState newState) {
        return new Volume(
                id,
                backend,
                pool,
                newName,
                newDescription,
                newLabels,
                particulars,
                newSizeBytes,
                newState,
                createdAt,
                origin,
                newLocation,
                snapshotCount,
                connectionCount,
                holdCount);
    }
}
