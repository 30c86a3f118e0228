package io.cairn.plugin.lvm;

import static io.cairn.plugin.lvm.Creation.there;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Changes what is there already. */
final class PlainAlteration {
    /** Of LVM's most words for a command, those that are left for places. */
    private static final int MOST_RANGES = 50;

    private final PlainGroup group;
    private final PlainLookup lookup;
    private final PlainCreation creation;
    private final Restoring restoring;

    PlainAlteration(
            PlainGroup group, PlainLookup lookup, PlainCreation creation, Restoring restoring) {
        this.group = group;
        this.lookup = lookup;
        this.creation = creation;
        this.restoring = restoring;
    }

    void mark(Native os, VolumeId id, Mark mark)
            throws OsException, InterruptedException, IOException {
        Labels.replace(
                os,
                group,
                there(lookup.volume(os, id), "there is no such volume"),
                id.toString(),
                mark);
    }

    void mark(Native os, SnapshotId id, VolumeId volume, Mark mark)
            throws OsException, InterruptedException, IOException {
        Labels.replace(
                os,
                group,
                there(lookup.snapshot(os, id, volume), "the volume has no such snapshot"),
                id.toString(),
                mark);
    }

    /**
     * Makes a volume larger by places that were zeroed before, since nobody may ever read through
     * it what they held.
     */
    BackendVolume grow(Native os, VolumeId id, long sizeBytes)
            throws OsException, InterruptedException, IOException {
        Optional<BackendVolume> done = group.turn(() -> begin(os, id, sizeBytes));
        if (done.isPresent()) {
            return done.get();
        }
        String part = Names.made(id);
        try (Fd device = group.open(os, part, Native.O_RDWR)) {
            Blocks.zero(os, device, 0, os.size(device));
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
        try {
            return group.turn(
                    () -> {
                        List<String> words = new ArrayList<>();
                        words.addAll(List.of("-L", sizeBytes + "b"));
                        words.add(group.full(Names.volume(id)));
                        words.addAll(places(part));
                        group.remove(part);
                        group.lvm().change("lvextend", words);
                        group.flush(os);
                        return lookup.asFound(
                                there(lookup.volume(os, id), "it is gone since it was extended"),
                                id);
                    });
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private Optional<BackendVolume> begin(Native os, VolumeId id, long sizeBytes)
            throws OsException, InterruptedException, IOException {
        PlainLookup.Family family = lookup.family(os, id);
        LogicalVolume volume = there(family.volume(), "there is no such volume");
        if (sizeBytes < volume.sizeBytes()) {
            throw new OsException(
                    INVALID,
                    "it has %d bytes already; volumes do not shrink".formatted(volume.sizeBytes()));
        }
        lookup.removeAll(os, family.halves());
        lookup.removeAll(os, family.temporaries());
        if (sizeBytes == volume.sizeBytes()) {
            Optional<DeviceMapper.Device> device = group.device(os, volume.name());
            if (device.isPresent() && device.get().sizeBytes() != sizeBytes) {
                // A killed call changed the metadata and not the device.
                group.lvm().change("lvchange", List.of("--refresh", group.full(volume.name())));
            }
            group.flush(os);
            return Optional.of(lookup.asFound(volume, id));
        }
        group.checkSize(sizeBytes);
        long more = sizeBytes - volume.sizeBytes();
        group.checkRoom(more);
        if (!family.snapshots().isEmpty() || !family.strangers().isEmpty()) {
            // LVM makes nothing larger while it is copied on write.
            group.checkUnused(os, volume);
            for (LogicalVolume each : family.snapshots()) {
                group.checkUnused(os, each);
            }
            group.rest(os, volume.name());
        }
        Label none = new Label(id.toString(), Mark.NONE, Optional.empty(), Optional.empty());
        creation.make(id, more, none);
        try {
            List<String> _ = places(Names.made(id));
        } catch (OsException e) {
            group.remove(Names.made(id));
            throw e;
        }
        return Optional.empty();
    }

    /** Where a volume lies, in words for a command. */
    private List<String> places(String volume)
            throws OsException, InterruptedException, IOException {
        List<String> places = new ArrayList<>();
        for (Map<String, String> row :
                group.lvm()
                        .report("lvs", "seg_pe_ranges", "-S", "lv_name=" + volume, group.group())) {
            Stream.of(row.getOrDefault("seg_pe_ranges", "").split("[ ,]", -1))
                    .filter(each -> !each.isEmpty())
                    .forEach(places::add);
        }
        if (places.size() > MOST_RANGES) {
            throw new OsException(
                    NO_SPACE,
                    "what is free in volume group %s is in too many pieces for that at once; grow it in smaller steps, or see `pvmove`"
                            .formatted(group));
        }
        return places;
    }

    BackendVolume revert(Native os, VolumeId id, SnapshotId source)
            throws OsException, InterruptedException, IOException {
        record Pair(LogicalVolume volume, LogicalVolume snapshot) {}
        Pair pair =
                group.turn(
                        () -> {
                            PlainLookup.Family family = lookup.family(os, id);
                            LogicalVolume volume =
                                    there(family.volume(), "there is no such volume");
                            LogicalVolume snapshot =
                                    there(
                                            family.snapshots().stream()
                                                    .filter(
                                                            each ->
                                                                    each.name()
                                                                            .equals(
                                                                                    Names.snapshot(
                                                                                            source)))
                                                    .findFirst(),
                                            "the volume has no such snapshot");
                            group.checkUnused(os, volume);
                            lookup.removeAll(os, family.temporaries());
                            makeRoom(family.snapshots());
                            if (!volume.writable()) {
                                group.lvm()
                                        .change(
                                                "lvchange",
                                                List.of("-prw", group.full(volume.name())));
                            }
                            return new Pair(volume, snapshot);
                        });
        restoring.run(os, id, pair.volume(), pair.snapshot());
        return lookup.asFound(pair.volume(), id);
    }

    /** Gives snapshots all that they can need, since their volume may change as a whole. */
    private void makeRoom(List<LogicalVolume> snapshots)
            throws OsException, InterruptedException, IOException {
        List<LogicalVolume> smaller =
                snapshots.stream()
                        .filter(each -> each.sizeBytes() < group.reserve().full(each.originBytes()))
                        .toList();
        if (smaller.isEmpty()) {
            return;
        }
        group.checkRoom(
                smaller.stream()
                        .mapToLong(
                                each -> group.reserve().full(each.originBytes()) - each.sizeBytes())
                        .sum());
        for (LogicalVolume each : smaller) {
            group.extend(each, group.reserve().full(each.originBytes()));
        }
    }
}
