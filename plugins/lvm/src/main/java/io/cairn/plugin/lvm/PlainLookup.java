package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Inventory;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What of Cairn's is in a volume group. What processes that were killed left half done is finished
 * or taken back as it is come across, but for what this process is at.
 */
final class PlainLookup implements Holdings {
    private final PlainGroup group;
    private final Restoring restoring;

    /** The snapshot whose cut was begun last and is not known to be there whole. */
    private volatile Optional<String> cutting = Optional.empty();

    PlainLookup(PlainGroup group, Restoring restoring) {
        this.group = group;
        this.restoring = restoring;
    }

    @Override
    public Place place() {
        return group;
    }

    /**
     * All that bears the id of a volume or lies over it.
     *
     * @param temporaries snapshots of it for others to be made from it, or that are half removed
     * @param strangers snapshots of it that are not Cairn's
     * @param halves what is half made or half removed of it
     */
    record Family(
            Optional<LogicalVolume> volume,
            List<LogicalVolume> snapshots,
            List<LogicalVolume> temporaries,
            List<LogicalVolume> strangers,
            List<LogicalVolume> halves) {
        /**
         * @throws OsException IN_USE if somebody needs it
         */
        void checkUnneeded() throws OsException {
            if (!snapshots.isEmpty()) {
                throw new OsException(
                        IN_USE,
                        "it has %d snapshots, such as %s; delete them first"
                                .formatted(snapshots.size(), snapshots.getFirst().name()));
            }
            if (!strangers.isEmpty()) {
                throw new OsException(
                        IN_USE,
                        "a snapshot of LVM's that is not Cairn's, %s, lies over it; remove that first"
                                .formatted(strangers.getFirst().name()));
            }
        }
    }

    Family family(Native os, VolumeId id) throws OsException, InterruptedException, IOException {
        String name = Names.volume(id);
        List<LogicalVolume> found =
                settled(
                        os,
                        "lv_name=~\"^cairn-[dntv]-%s$\" || origin=%s || lv_tags=%s"
                                .formatted(id, name, Tags.of(Tags.VOLUME, id.toString())));
        Family family =
                new Family(
                        named(found, name),
                        new ArrayList<>(),
                        new ArrayList<>(),
                        new ArrayList<>(),
                        new ArrayList<>());
        for (LogicalVolume each : found) {
            if (Names.snapshotOf(each.name()).isPresent()) {
                family.snapshots().add(each);
            } else if (each.name().equals(Names.made(id)) || each.name().equals(Names.dead(id))) {
                family.halves().add(each);
            } else if (each.name().startsWith(Names.OWN) && each.origin().equals(name)) {
                family.temporaries().add(each);
            } else if (Names.isTemporary(each.name())) {
                family.halves().add(each);
            } else if (each.origin().equals(name)) {
                family.strangers().add(each);
            }
        }
        return family;
    }

    @Override
    public Optional<LogicalVolume> volume(Native os, VolumeId id)
            throws OsException, InterruptedException, IOException {
        String name = Names.volume(id);
        return named(settled(os, "lv_name=" + name), name);
    }

    Optional<LogicalVolume> of(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        return target.snapshot().isPresent()
                ? snapshot(os, target.snapshot().get(), target.volume())
                : volume(os, target.volume());
    }

    @Override
    public Optional<LogicalVolume> unused(Native os, VolumeId id)
            throws OsException, InterruptedException, IOException {
        Family family = family(os, id);
        if (family.volume().isPresent()) {
            family.checkUnneeded();
            group.checkUnused(os, family.volume().get());
            removeAll(os, family.temporaries());
            group.rest(os, Names.volume(id));
        }
        return family.volume();
    }

    void removeAll(Native os, List<LogicalVolume> volumes)
            throws OsException, InterruptedException, IOException {
        for (LogicalVolume each : volumes) {
            group.remove(each.name());
            if (!each.origin().isEmpty()) {
                group.rest(os, each.origin());
            }
        }
        if (!volumes.isEmpty()) {
            group.flush(os);
        }
    }

    /**
     * A volume and what may be a snapshot of it, in one look.
     *
     * @param growing all of the group that may have to grow
     */
    record Pair(
            Optional<LogicalVolume> volume,
            Optional<LogicalVolume> snapshot,
            List<LogicalVolume> growing) {}

    Pair pair(Native os, VolumeId id, SnapshotId snapshot)
            throws OsException, InterruptedException, IOException {
        String volume = Names.volume(id);
        String name = Names.snapshot(snapshot);
        List<LogicalVolume> found =
                settled(os, "lv_name=%s || %s".formatted(volume, PlainGroup.GROWING));
        return new Pair(
                named(found, volume),
                named(found, name),
                found.stream().filter(each -> !each.name().equals(volume)).toList());
    }

    /** The snapshot of that id, whichever volume it is of. */
    Optional<LogicalVolume> snapshot(Native os, SnapshotId id)
            throws OsException, InterruptedException, IOException {
        String name = Names.snapshot(id);
        return named(settled(os, "lv_name=" + name), name);
    }

    /** A snapshot of that id and volume. */
    Optional<LogicalVolume> snapshot(Native os, SnapshotId id, VolumeId volume)
            throws OsException, InterruptedException, IOException {
        return snapshot(os, id).filter(each -> Holdings.isOf(each, volume));
    }

    Inventory inventory(Native os) throws OsException, InterruptedException, IOException {
        List<BackendVolume> volumes = new ArrayList<>();
        List<BackendSnapshot> snapshots = new ArrayList<>();
        for (LogicalVolume each : settled(os, "lv_name=~\"^cairn-[sv]-\"")) {
            Optional<SnapshotId> snapshot = Names.snapshotOf(each.name());
            Optional<VolumeId> of = Holdings.sourceOf(each);
            Optional<VolumeId> volume = Names.volumeOf(each.name());
            if (snapshot.isPresent() && of.isPresent()) {
                snapshots.add(asFound(each, snapshot.get(), of.get()));
            } else if (volume.isPresent()) {
                volumes.add(asFound(each, volume.get()));
            }
        }
        return new Inventory(volumes, snapshots);
    }

    @Override
    public BackendSnapshot asFound(LogicalVolume found, SnapshotId id, VolumeId volume) {
        return new BackendSnapshot(
                id,
                volume,
                found.originBytes(),
                found.label().cutAt().orElse(found.created()),
                group.path(found.name()),
                found.label().mark());
    }

    private static Optional<LogicalVolume> named(List<LogicalVolume> found, String name) {
        return found.stream().filter(each -> each.name().equals(name)).findFirst();
    }

    /**
     * Those that a condition holds for, once nothing is half done that anybody could take whole.
     */
    private List<LogicalVolume> settled(Native os, String condition)
            throws OsException, InterruptedException, IOException {
        while (true) {
            List<LogicalVolume> found = group.volumes(condition);
            boolean changed = false;
            for (LogicalVolume each : found) {
                changed |= takeBackUncut(os, each) || restoring.finish(os, each);
            }
            if (!changed) {
                return found;
            }
            group.flush(os);
        }
    }

    /** Notes which snapshot is being cut: another that looks half is half active, and is whole. */
    void cutting(Optional<String> snapshot) {
        cutting = snapshot;
    }

    /**
     * A cut is a volume of LVM's at first, which becomes a snapshot when the kernel has begun to
     * copy what is overwritten. A command that is killed may leave the one without the other: what
     * is overwritten meanwhile would be missing if the other came later.
     */
    private boolean takeBackUncut(Native os, LogicalVolume each)
            throws OsException, InterruptedException, IOException {
        if (!cutting.equals(Optional.of(each.name()))) {
            return false;
        }
        boolean half = each.origin().isEmpty();
        if (!half) {
            Optional<DeviceMapper.Device> origin = group.device(os, each.origin());
            if (origin.isEmpty()
                    || group.device(os, each.name()).filter(PlainLookup::copies).isPresent()) {
                // It is whole, and stays so whatever is killed later.
                cutting = Optional.empty();
                return false;
            }
            // Who writes waits as long as it is suspended, so that it can begin now.
            half = !origin.get().suspended();
        }
        group.wake(os);
        if (half) {
            group.remove(each.name());
        }
        return true;
    }

    private static boolean copies(DeviceMapper.Device device) {
        return device.type().equals(SnapshotStatus.TYPE);
    }
}
