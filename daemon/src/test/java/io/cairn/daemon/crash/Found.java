package io.cairn.daemon.crash;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What a daemon has, at rest; all by their ids.
 *
 * @param volumes what it says of volumes
 * @param snapshots what it says of snapshots
 * @param values what clients keep under keys
 * @param files the volumes that were given up, as they lie on the backend
 */
record Found(
        Map<String, Item> volumes,
        Map<String, Item> snapshots,
        Map<String, String> values,
        Map<String, Item> files) {
    /**
     * A volume, a snapshot, or a file that was a volume, which has no description.
     *
     * @param volume the id of a snapshot's volume; a volume's own
     * @param volumeName its name; a volume's own
     */
    record Item(
            String id,
            String volume,
            String volumeName,
            String name,
            long sizeBytes,
            long snapshots,
            String description,
            String attachState,
            String labels,
            boolean held) {
        /**
         * @param name with {@link GivenUp#HERE}
         */
        static Item ofFile(String id, String name, long sizeBytes) {
            return new Item(id, id, name, name, sizeBytes, 0, "", Changing.DETACHED, "", false);
        }

        /** Whether a host is connected to it. */
        boolean connected() {
            return !attachState.equals(Changing.DETACHED);
        }

        /** Whether it is of those whose ids nobody knows. */
        boolean shared() {
            return volumeName.startsWith(Shared.PREFIX);
        }

        /** What it goes by in the {@link Ledger}. */
        String key() {
            if (!shared()) {
                return id;
            }
            return id.equals(volume) ? name : Records.key(volumeName, name);
        }

        String title() {
            return Changing.title(name, description);
        }
    }

    /** What may change, by the keys of {@link Versions}. */
    Map<String, String> properties() {
        Map<String, String> properties = new TreeMap<>();
        Stream.concat(volumes.values().stream(), files.values().stream())
                .forEach(
                        volume -> {
                            properties.put(
                                    Versions.key(volume.id(), Changing.SIZE),
                                    Long.toString(volume.sizeBytes()));
                            properties.put(
                                    Versions.key(volume.id(), Changing.DEVICE),
                                    volume.attachState());
                            properties.put(
                                    Versions.key(volume.id(), Changing.LABELS), volume.labels());
                            properties.put(
                                    Versions.key(volume.id(), Changing.HELD),
                                    Boolean.toString(volume.held()));
                        });
        values.forEach((key, value) -> properties.put(Versions.key(key, Kept.VALUE), value));
        all().forEach(
                        item ->
                                properties.put(
                                        Versions.key(item.id(), Changing.TITLE), item.title()));
        return properties;
    }

    /** All that there is, by the keys of the {@link Ledger}. */
    Map<String, Item> byKey() {
        Map<String, Item> items = new TreeMap<>();
        all().forEach(item -> items.put(item.key(), item));
        return items;
    }

    Set<String> ids() {
        Set<String> ids = new TreeSet<>();
        all().forEach(item -> ids.add(item.id()));
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

    private Stream<Item> all() {
        return Stream.of(volumes, snapshots, files).flatMap(items -> items.values().stream());
    }
}
