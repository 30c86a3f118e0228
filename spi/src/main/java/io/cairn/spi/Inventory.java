package io.cairn.spi;

import java.util.List;

/** Every whole volume and snapshot of Cairn's on one backend, in no order. */
public record Inventory(List<BackendVolume> volumes, List<BackendSnapshot> snapshots) {
    public Inventory {
        volumes = List.copyOf(volumes);
        snapshots = List.copyOf(snapshots);
    }
}
