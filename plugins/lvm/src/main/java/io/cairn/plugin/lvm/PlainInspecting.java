package io.cairn.plugin.lvm;

import static io.cairn.plugin.lvm.Creation.there;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException;
import io.cairn.spi.Inspecting;
import io.cairn.spi.Measuring;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What LVM and the kernel know of plain volumes and their snapshots. */
final class PlainInspecting implements Inspecting, Measuring {
    private final Calls calls;
    private final PlainGroup group;
    private final PlainLookup lookup;

    PlainInspecting(Calls calls, PlainGroup group, PlainLookup lookup) {
        this.calls = calls;
        this.group = group;
        this.lookup = lookup;
    }

    @Override
    public SortedMap<String, String> inspect(Target target)
            throws DriverException, InterruptedException {
        return calls.call("inspect " + target, os -> group.turn(() -> found(os, target)));
    }

    private SortedMap<String, String> found(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        SortedMap<String, String> found = new TreeMap<>();
        if (target.snapshot().isEmpty()) {
            PlainLookup.Family family = lookup.family(os, target.volume());
            LogicalVolume volume = there(family.volume(), "there is no " + target);
            found.put("snapshots", Integer.toString(family.snapshots().size()));
            found.put("layout", volume.layout());
            active(os, volume, found);
            return found;
        }
        LogicalVolume snapshot =
                there(
                        lookup.snapshot(os, target.snapshot().get(), target.volume()),
                        "there is no " + target);
        found.put("reserve-bytes", Long.toString(snapshot.sizeBytes()));
        found.put(
                "reserve-most-bytes", Long.toString(group.reserve().full(snapshot.originBytes())));
        // Only of what is active does the kernel know how much of it is used.
        active(os, snapshot, found)
                .ifPresent(
                        device -> {
                            SnapshotStatus status = SnapshotStatus.parse(device.status());
                            found.put("reserve-used-bytes", Long.toString(status.usedBytes()));
                            found.put("lost", Boolean.toString(!status.lost().isEmpty()));
                        });
        return found;
    }

    private Optional<DeviceMapper.Device> active(
            Native os, LogicalVolume volume, SortedMap<String, String> found) throws OsException {
        Optional<DeviceMapper.Device> device = group.device(os, volume.name());
        found.put("active", Boolean.toString(device.isPresent()));
        found.put("attached", Boolean.toString(group.isAttached(os, volume)));
        found.put("writable", Boolean.toString(volume.writable()));
        return device;
    }

    /** A snapshot has what it has for itself, whatever of it is used. */
    @Override
    public long freedByDeleting(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        return calls.call(
                "measure snapshot %s of volume %s".formatted(id, volume),
                os ->
                        group.turn(
                                () ->
                                        there(
                                                        lookup.snapshot(os, id, volume),
                                                        "the volume has no such snapshot")
                                                .sizeBytes()));
    }
}
