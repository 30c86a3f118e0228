package io.cairn.daemon.crash;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a daemon has, at rest.
 *
 * @param volumes by name
 * @param snapshots by the key that {@link Records} gives them
 */
record Found(Map<String, Item> volumes, Map<String, Item> snapshots) {
    /** A volume or a snapshot. */
    record Item(
            String id,
            String volume,
            String name,
            long sizeBytes,
            long snapshots,
            String description,
            String attachState) {
        /** Whether a host is connected to it. */
        boolean connected() {
            return !attachState.equals(Changing.DETACHED);
        }
    }

    /** What may change of the volumes, by the keys of {@link Versions}. */
    Map<String, String> properties() {
        Map<String, String> properties = new TreeMap<>();
        for (Item volume : volumes.values()) {
            properties.put(
                    Versions.key(volume.id(), Changing.SIZE), Long.toString(volume.sizeBytes()));
            properties.put(Versions.key(volume.id(), Changing.TEXT), volume.description());
            properties.put(
                    Versions.key(volume.id(), Changing.DEVICE),
                    volume.connected() ? Changing.ATTACHED : Changing.DETACHED);
        }
        return properties;
    }

    Set<String> keys() {
        Set<String> keys = new TreeSet<>(volumes.keySet());
        keys.addAll(snapshots.keySet());
        return keys;
    }

    Set<String> ids() {
        Set<String> ids = new TreeSet<>();
        volumes.values().forEach(item -> ids.add(item.id()));
        snapshots.values().forEach(item -> ids.add(item.id()));
        return ids;
    }

    /** The snapshots of a volume: their ids by their names. */
    Map<String, String> snapshotsOf(String volume) {
        Map<String, String> ids = new TreeMap<>();
        snapshots.values().stream()
                .filter(item -> item.volume().equals(volume))
                .forEach(item -> ids.put(item.name(), item.id()));
        return ids;
    }
}
