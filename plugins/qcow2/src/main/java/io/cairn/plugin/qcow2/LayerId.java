package io.cairn.plugin.qcow2;

import java.util.Optional;
import java.util.UUID;

/** The name of a file of {@code layers}, which is never given twice. */
record LayerId(UUID value) {
    private static final String END = ".qcow2";

    static LayerId random() {
        return new LayerId(UUID.randomUUID());
    }

    /** The one of a file; empty if we give no such name. */
    static Optional<LayerId> ofFile(String name) {
        return name.endsWith(END)
                ? parse(name.substring(0, name.length() - END.length()))
                : Optional.empty();
    }

    /** Reads what {@link #toString} gives; empty if it is no such text. */
    static Optional<LayerId> parse(String text) {
        try {
            UUID uuid = UUID.fromString(text);
            return uuid.toString().equals(text) ? Optional.of(new LayerId(uuid)) : Optional.empty();
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    String file() {
        return value + END;
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
