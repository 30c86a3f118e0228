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
        boolean connected) {
    /** One that was made just now. */
    Own(String id, String name, String text, long sizeBytes) {
        this(id, name, text, sizeBytes, new TreeMap<>(), false);
    }

    /** Whether it can be taken away. */
    boolean free() {
        return snapshots.isEmpty() && !connected;
    }

    Own named(String to) {
        return new Own(id, to, text, sizeBytes, snapshots, connected);
    }

    Own described(String as) {
        return new Own(id, name, as, sizeBytes, snapshots, connected);
    }

    Own ofSize(long bytes) {
        return new Own(id, name, text, bytes, snapshots, connected);
    }

    Own connected(boolean isConnected) {
        return new Own(id, name, text, sizeBytes, snapshots, isConnected);
    }
}
