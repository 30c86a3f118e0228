package io.cairn.daemon.crash;

import java.util.Map;
import java.util.TreeMap;

/**
 * A volume of a client's, as the client knows it.
 *
 * @param text its description
 * @param snapshots their ids by their names; changed by its client
 */
record Own(
        String id,
        String name,
        String text,
        long sizeBytes,
        Map<String, String> snapshots,
        boolean connected,
        boolean held) {
    /** One that was made just now. */
    Own(String id, String name, String text, long sizeBytes) {
        this(id, name, text, sizeBytes, new TreeMap<>(), false, false);
    }

    /** Whether it can be taken away. */
    boolean free() {
        return snapshots.isEmpty() && !connected && !held;
    }

    Own named(String to) {
        return new Own(id, to, text, sizeBytes, snapshots, connected, held);
    }

    Own described(String as) {
        return new Own(id, name, as, sizeBytes, snapshots, connected, held);
    }

    Own ofSize(long bytes) {
        return new Own(id, name, text, bytes, snapshots, connected, held);
    }

    Own connected(boolean isConnected) {
        return new Own(id, name, text, sizeBytes, snapshots, isConnected, held);
    }

    Own held(boolean isHeld) {
        return new Own(id, name, text, sizeBytes, snapshots, connected, isHeld);
    }
}
