package io.cairn.daemon.volume;

import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;

/**
 * What is remembered of a volume or snapshot that was deleted.
 *
 * @param volumeId of a volume its own id
 * @param volumeName of a volume its own name
 */
public record Deleted(
        UUID id,
        Kind kind,
        String backend,
        UUID volumeId,
        String volumeName,
        String name,
        String description,
        Map<String, String> labels,
        long sizeBytes,
        Instant createdAt,
        Instant deletedAt) {
    /** What it was. */
    public enum Kind {
        VOLUME,
        SNAPSHOT;

        /** As operators read it, in lower case. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Deleted {
        labels = Map.copyOf(labels);
    }
}
