package io.cairn.plugin.lvm;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Removes volumes and snapshots. What is to be wiped loses its name first, so that whoever finds it
 * goes on with that, and others go on meanwhile.
 */
final class PlainDeletion {
    private final PlainGroup group;
    private final PlainLookup lookup;
    private final Wipe wipe;

    PlainDeletion(PlainGroup group, PlainLookup lookup, Wipe wipe) {
        this.group = group;
        this.lookup = lookup;
        this.wipe = wipe;
    }

    void volume(Native os, VolumeId id) throws OsException, InterruptedException, IOException {
        List<LogicalVolume> dead =
                group.turn(
                        () -> {
                            PlainLookup.Family family = lookup.family(os, id);
                            List<LogicalVolume> found = new ArrayList<>();
                            for (LogicalVolume each : family.halves()) {
                                found.addAll(retired(os, each, each.name()));
                            }
                            if (family.volume().isPresent()) {
                                LogicalVolume volume = family.volume().get();
                                family.checkUnneeded();
                                group.checkUnused(os, volume);
                                lookup.removeAll(os, family.temporaries());
                                group.rest(os, volume.name());
                                found.addAll(retired(os, volume, Names.dead(id)));
                            } else {
                                Labels.disown(group, id);
                            }
                            group.flush(os);
                            return found;
                        });
        for (LogicalVolume each : dead) {
            remove(os, each);
        }
    }

    void snapshot(Native os, SnapshotId id, VolumeId volume)
            throws OsException, InterruptedException, IOException {
        List<LogicalVolume> dead =
                group.turn(
                        () -> {
                            // The volume with it, which may be going back to it.
                            PlainLookup.Family family = lookup.family(os, volume);
                            String name = Names.snapshot(id);
                            List<LogicalVolume> found = new ArrayList<>();
                            for (LogicalVolume each : family.snapshots()) {
                                if (each.name().equals(name)) {
                                    group.checkUnused(os, each);
                                    found.addAll(retired(os, each, Names.dead(id)));
                                }
                            }
                            for (LogicalVolume each :
                                    found.isEmpty()
                                            ? group.volumes("lv_name=" + Names.dead(id))
                                            : List.<LogicalVolume>of()) {
                                found.addAll(retired(os, each, each.name()));
                            }
                            group.flush(os);
                            return found;
                        });
        for (LogicalVolume each : dead) {
            remove(os, each);
        }
    }

    /** Removes what is not to be wiped; what is gets a name by which nobody takes it for whole. */
    private List<LogicalVolume> retired(Native os, LogicalVolume volume, String name)
            throws OsException, InterruptedException, IOException {
        boolean copied = !volume.origin().isEmpty();
        if (wipe == Wipe.NONE || (copied && Names.isTemporary(volume.name()))) {
            group.remove(volume.name());
            if (copied) {
                group.rest(os, volume.origin());
            }
            return List.of();
        }
        if (!volume.name().equals(name)) {
            group.rename(volume.name(), name);
        }
        LogicalVolume dead = volume.named(name);
        if (copied) {
            split(os, dead);
        }
        return List.of(dead);
    }

    /** Makes what a snapshot had copied a volume by itself, which can be wiped. */
    private void split(Native os, LogicalVolume snapshot)
            throws OsException, InterruptedException, IOException {
        try {
            group.lvm()
                    .change(
                            "lvconvert",
                            List.of("-y", "--splitsnapshot", group.full(snapshot.name())));
            // LVM leaves a device behind that nothing lies over any more.
            group.removeDevice(os, snapshot.name() + PlainGroup.COPIED);
            group.rest(os, snapshot.origin());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private void remove(Native os, LogicalVolume dead)
            throws OsException, InterruptedException, IOException {
        try {
            if (wipe != Wipe.NONE) {
                group.turn(
                        () -> {
                            if (!dead.writable()) {
                                group.lvm()
                                        .change(
                                                "lvchange",
                                                List.of("-prw", group.full(dead.name())));
                            }
                            group.activate(dead.name());
                            return dead;
                        });
                try (Fd device = group.open(os, dead.name(), Native.O_RDWR)) {
                    wipe.run(os, device, dead.sizeBytes());
                }
            }
            group.turn(
                    () -> {
                        group.remove(dead.name());
                        group.flush(os);
                        return dead;
                    });
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }
}
