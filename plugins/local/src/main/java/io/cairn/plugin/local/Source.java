package io.cairn.plugin.local;

import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

/** What a volume was made from, so that only the repeat of its creation is taken for one. */
public sealed interface Source {
    /** As a label keeps it, on one line. */
    String text();

    /** The content of a snapshot. */
    record OfSnapshot(SnapshotId id) implements Source {
        @Override
        public String text() {
            return id.toString();
        }

        @Override
        public String toString() {
            return "snapshot " + id;
        }
    }

    /** The content of a volume at one instant. */
    record OfVolume(VolumeId id) implements Source {
        private static final String WORD = "volume ";

        @Override
        public String text() {
            return WORD + id;
        }

        @Override
        public String toString() {
            return "volume " + id;
        }
    }

    /** A file that was adopted. */
    record OfFile(String name) implements Source {
        private static final String WORD = "file ";

        @Override
        public String text() {
            return WORD + name;
        }

        @Override
        public String toString() {
            return "file '%s'".formatted(name);
        }
    }

    /**
     * Reads what {@link #text} gives.
     *
     * @throws IllegalArgumentException if it is no such text
     */
    static Source parse(String text) {
        if (text.startsWith(OfVolume.WORD)) {
            return new OfVolume(VolumeId.parse(text.substring(OfVolume.WORD.length())));
        }
        if (text.startsWith(OfFile.WORD)) {
            return new OfFile(text.substring(OfFile.WORD.length()));
        }
        return new OfSnapshot(SnapshotId.parse(text));
    }
}
