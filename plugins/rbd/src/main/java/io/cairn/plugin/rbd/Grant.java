package io.cairn.plugin.rbd;

import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.util.Optional;

/**
 * That a host uses a volume or a snapshot by Ceph's own protocol. It is a word on the volume's card
 * and nothing else: whoever has the key of the user may use the image.
 *
 * @param snapshot empty for the volume itself
 */
record Grant(ConnectionId connection, boolean writable, Optional<SnapshotId> snapshot) {
    private static final String WRITABLE = "rw";
    private static final String READ_ONLY = "ro";

    /** Reads what {@link #text} gives. */
    static Grant parse(String text) {
        String[] words = text.split(" ", -1);
        if (words.length < 2 || words.length > 3) {
            throw new IllegalArgumentException("'%s' is no export".formatted(text));
        }
        return new Grant(
                ConnectionId.parse(words[0]),
                words[1].equals(WRITABLE),
                words.length == 3 ? Optional.of(SnapshotId.parse(words[2])) : Optional.empty());
    }

    String text() {
        return "%s %s%s"
                .formatted(
                        connection,
                        writable ? WRITABLE : READ_ONLY,
                        snapshot.map(each -> " " + each).orElse(""));
    }

    Target target(VolumeId volume) {
        return new Target(volume, snapshot);
    }
}
