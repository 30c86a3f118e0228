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
 * @param connectionCount how many connections hosts have to it
 * @param holdCount how many tags protect it from being deleted
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
        String location,
        long connectionCount,
        long holdCount) {
    public Snapshot {
        labels = Map.copyOf(labels);
    }

    Snapshot ofVolumeNamed(String other) {
        return with(other, name, description, labels);
    }

    Snapshot named(String other) {
        return with(volumeName, other, description, labels);
    }

    Snapshot described(String other) {
        return with(volumeName, name, other, labels);
    }

    Snapshot labelled(Map<String, String> others) {
        return with(volumeName, name, description, others);
    }

    /** Where the backend has it. */
    Snapshot at(String place) {
        return with(volumeName, name, description, labels, state, place);
    }

    Snapshot inState(ObjectState other) {
        return with(volumeName, name, description, labels, other, location);
    }

    private Snapshot with(
            String newVolumeName,
            String newName,
            String newDescription,
            Map<String, String> newLabels) {
        return with(newVolumeName, newName, newDescription, newLabels, state, location);
    }

    private Snapshot with(
            String newVolumeName,
            String newName,
            String newDescription,
            Map<String, String> newLabels,
            ObjectState newState,
            String newLocation) {
        return new Snapshot(
                id,
                volume,
                backend,
                newVolumeName,
                newName,
                newDescription,
                newLabels,
                sizeBytes,
                newState,
                createdAt,
                newLocation,
                connectionCount,
                holdCount);
    }
}
