package io.cairn.spi;

import static io.cairn.spi.DriverException.Kind.FAULT;

import java.util.ArrayList;
import java.util.List;

/** Every whole volume and snapshot of Cairn's on one backend, in no order. */
public record Inventory(List<BackendVolume> volumes, List<BackendSnapshot> snapshots) {
    public Inventory {
        volumes = List.copyOf(volumes);
        snapshots = List.copyOf(snapshots);
    }

    /**
     * All of a backend, which must fit in memory.
     *
     * @throws DriverException FAULT if something cannot be read
     */
    public static Inventory of(Driver driver) throws DriverException, InterruptedException {
        List<BackendVolume> volumes = new ArrayList<>();
        List<BackendSnapshot> snapshots = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        driver.inventory(
                new InventoryVisitor() {
                    @Override
                    public void volume(BackendVolume volume) {
                        volumes.add(volume);
                    }

                    @Override
                    public void snapshot(BackendSnapshot snapshot) {
                        snapshots.add(snapshot);
                    }

                    @Override
                    public void unreadable(Target target, String what, String why) {
                        problems.add("%s cannot be read: %s".formatted(what, why));
                    }
                });
        if (!problems.isEmpty()) {
            throw new DriverException(FAULT, String.join("; ", problems));
        }
        return new Inventory(volumes, snapshots);
    }

    /** Tells of all of it. */
    public void tellTo(InventoryVisitor visitor) {
        volumes.forEach(visitor::volume);
        snapshots.forEach(visitor::snapshot);
    }
}
