package io.cairn.spi;

import java.util.UUID;

/**
 * Names a volume for its whole life. The daemon chooses it and never uses it again; a driver
 * derives the volume's name on the backend from it.
 */
public record VolumeId(UUID value) {
    public static VolumeId random() {
        return new VolumeId(UUID.randomUUID());
    }

    /**
     * Reads the 36 characters that {@link #toString} gives.
     *
     * @throws IllegalArgumentException if the text is anything else, such as a shortened UUID
     */
    public static VolumeId parse(String text) {
        UUID value = UUID.fromString(text);
        if (!value.toString().equalsIgnoreCase(text)) {
            throw new IllegalArgumentException("'%s' is not a UUID".formatted(text));
        }
        return new VolumeId(value);
    }

    /** The UUID as 36 lower-case characters. */
    @Override
    public String toString() {
        return value.toString();
    }
}
