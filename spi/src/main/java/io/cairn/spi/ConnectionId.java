package io.cairn.spi;

import java.util.UUID;

/** Names one host's access to one target. The daemon chooses it and never uses it again. */
public record ConnectionId(UUID value) {
    public static ConnectionId random() {
        return new ConnectionId(UUID.randomUUID());
    }

    /**
     * Reads the 36 characters that {@link #toString} gives.
     *
     * @throws IllegalArgumentException if the text is anything else
     */
    public static ConnectionId parse(String text) {
        UUID value = UUID.fromString(text);
        if (!value.toString().equalsIgnoreCase(text)) {
            throw new IllegalArgumentException("'%s' is not a UUID".formatted(text));
        }
        return new ConnectionId(value);
    }

    /** The UUID as 36 lower-case characters. */
    @Override
    public String toString() {
        return value.toString();
    }
}
