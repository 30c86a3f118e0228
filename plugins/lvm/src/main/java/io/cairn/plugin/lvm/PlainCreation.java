package io.cairn.plugin.lvm;

import static io.cairn.plugin.lvm.Creation.labelled;
import static io.cairn.plugin.lvm.Creation.there;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.INVALID;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes linear volumes, and snapshots of them that are copied on write. What LVM gives out holds
 * what was there before, whosever it was; so a volume has its name only once every byte of it was
 * written, and until then others go on.
 */
final class PlainCreation {
    private final PlainGroup group;
    private final PlainLookup lookup;

    PlainCreation(PlainGroup group, PlainLookup lookup) {
        this.group = group;
        this.lookup = lookup;
    }

    /**
     * What is still to be done of a volume.
     *
     * @param existing the volume, if nothing is
     * @param from what is copied, if anything is
     * @param fromBytes how much of it
     * @param origin what is active for that
     */
    private record Begun(
            Optional<BackendVolume> existing, String from, long fromBytes, String origin) {
        static final Begun EMPTY = new Begun(Optional.empty(), "", 0, "");

        static Begun done(BackendVolume volume) {
            return new Begun(Optional.of(volume), "", 0, "");
        }
    }

    BackendVolume empty(Native os, VolumeSpec spec)
            throws OsException, InterruptedException, IOException {
        Begun begun =
                group.turn(
                        () -> {
                            Optional<BackendVolume> existing = existing(os, spec, Optional.empty());
                            if (existing.isPresent()) {
                                return Begun.done(existing.get());
                            }
                            group.checkRoom(spec.sizeBytes());
                            make(spec.id(), spec.sizeBytes(), label(spec, Optional.empty()));
                            return Begun.EMPTY;
                        });
        return complete(os, spec, begun);
    }

    BackendVolume fromSnapshot(Native os, VolumeSpec spec, SnapshotId source, VolumeId sourceVolume)
            throws OsException, InterruptedException, IOException {
        Optional<Source> from = Optional.of(new Source.OfSnapshot(source));
        Begun begun =
                group.turn(
                        () -> {
                            Optional<BackendVolume> existing = existing(os, spec, from);
                            if (existing.isPresent()) {
                                return Begun.done(existing.get());
                            }
                            LogicalVolume snapshot =
                                    there(
                                            lookup.snapshot(os, source, sourceVolume),
                                            "volume %s has no such snapshot"
                                                    .formatted(sourceVolume));
                            checkLarger(spec, snapshot.originBytes());
                            group.checkRoom(spec.sizeBytes());
                            group.activate(snapshot.origin());
                            try {
                                group.checkWhole(os, snapshot.name());
                                make(spec.id(), spec.sizeBytes(), label(spec, from));
                            } catch (OsException e) {
                                after(e, () -> group.rest(os, snapshot.origin()));
                                throw e;
                            }
                            return new Begun(
                                    Optional.empty(),
                                    snapshot.name(),
                                    snapshot.originBytes(),
                                    snapshot.origin());
                        });
        return complete(os, spec, begun);
    }

    BackendVolume fromVolume(Native os, VolumeSpec spec, VolumeId source)
            throws OsException, InterruptedException, IOException {
        Optional<Source> from = Optional.of(new Source.OfVolume(source));
        Begun begun =
                group.turn(
                        () -> {
                            Optional<BackendVolume> existing = existing(os, spec, from);
                            if (existing.isPresent()) {
                                return Begun.done(existing.get());
                            }
                            LogicalVolume volume =
                                    there(lookup.volume(os, source), "there is no volume to copy");
                            checkLarger(spec, volume.sizeBytes());
                            return begin(os, spec, from, volume);
                        });
        return complete(os, spec, begun);
    }

    private Begun begin(Native os, VolumeSpec spec, Optional<Source> from, LogicalVolume volume)
            throws OsException, InterruptedException, IOException {
        boolean used = group.isUsed(os, volume);
        long reserve = used ? group.reserve().first(volume.sizeBytes()) : 0;
        group.checkRoom(spec.sizeBytes() + reserve);
        make(spec.id(), spec.sizeBytes(), label(spec, from));
        String name = volume.name();
        try {
            if (used) {
                name = Names.temporary(spec.id());
                cut(os, volume, name, List.of());
            } else {
                group.activate(name);
            }
        } catch (OsException e) {
            after(e, () -> group.remove(Names.made(spec.id())));
            throw e;
        }
        return new Begun(Optional.empty(), name, volume.sizeBytes(), volume.name());
    }

    private interface Undoing {
        void run() throws OsException, InterruptedException, IOException;
    }

    private static void after(OsException failure, Undoing undoing)
            throws InterruptedException, IOException {
        try {
            undoing.run();
        } catch (OsException left) {
            // Which makes the outcome unknown.
            failure.addSuppressed(left);
        }
    }

    /** The volume, if it is there; removes what a killed call left that was to make it if not. */
    private Optional<BackendVolume> existing(Native os, VolumeSpec spec, Optional<Source> from)
            throws OsException, InterruptedException, IOException {
        group.checkPool(spec.pool());
        PlainLookup.Family family = lookup.family(os, spec.id());
        lookup.removeAll(os, family.halves());
        Optional<BackendVolume> existing = lookup.existing(os, spec, from, family.volume());
        if (existing.isEmpty()) {
            group.checkSize(spec.sizeBytes());
        }
        return existing;
    }

    private static void checkLarger(VolumeSpec spec, long sourceBytes) throws OsException {
        if (spec.sizeBytes() < sourceBytes) {
            throw new OsException(
                    INVALID,
                    "it would have %d bytes, fewer than the %d of what it is made from"
                            .formatted(spec.sizeBytes(), sourceBytes));
        }
    }

    /** Makes what is to become a volume, active, of whatever the group has there. */
    void make(VolumeId id, long sizeBytes, Label label)
            throws OsException, InterruptedException, IOException {
        List<String> words =
                new ArrayList<>(
                        List.of(
                                "-ay",
                                "-K",
                                "-ky",
                                "-Zn",
                                "-Wn",
                                "-L",
                                sizeBytes + "b",
                                "-n",
                                Names.made(id)));
        words.addAll(labelled(label));
        words.add(group.group());
        group.lvm().change("lvcreate", words);
    }

    /** Writes all of it, and then gives it its name. */
    private BackendVolume complete(Native os, VolumeSpec spec, Begun begun)
            throws OsException, InterruptedException, IOException {
        if (begun.existing().isPresent()) {
            return begun.existing().get();
        }
        String half = Names.made(spec.id());
        try (Fd to = group.open(os, half, Native.O_RDWR)) {
            if (!begun.from().isEmpty()) {
                try (Fd from = group.open(os, begun.from(), Native.O_RDONLY)) {
                    Blocks.copy(os, from, to, begun.fromBytes());
                }
            }
            Blocks.zero(os, to, begun.fromBytes(), spec.sizeBytes());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
        try {
            group.turn(
                    () -> {
                        name(os, spec.id(), begun);
                        return half;
                    });
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
        return new BackendVolume(
                spec.id(),
                spec.pool(),
                spec.sizeBytes(),
                group.path(Names.volume(spec.id())),
                spec.mark());
    }

    private void name(Native os, VolumeId id, Begun begun)
            throws OsException, InterruptedException, IOException {
        if (!begun.from().isEmpty() && !begun.from().equals(begun.origin())) {
            group.checkWhole(os, begun.from());
        }
        group.deactivate(Names.made(id));
        group.rename(Names.made(id), Names.volume(id));
        if (Names.isTemporary(begun.from())) {
            group.remove(begun.from());
        }
        if (!begun.origin().isEmpty()) {
            group.rest(os, begun.origin());
        }
        group.flush(os);
    }

    /** Cuts a snapshot, or returns the one that is there. */
    BackendSnapshot cut(Native os, SnapshotSpec spec)
            throws OsException, InterruptedException, IOException {
        return group.turn(
                () -> {
                    PlainLookup.Pair found = lookup.pair(os, spec.volume(), spec.id());
                    LogicalVolume volume = there(found.volume(), "there is no such volume");
                    Optional<BackendSnapshot> existing =
                            lookup.existing(os, spec, found.snapshot());
                    if (existing.isPresent()) {
                        return existing.get();
                    }
                    group.checkRoom(
                            group.reserve().first(volume.sizeBytes()),
                            found.growing(),
                            volume.groupFreeBytes());
                    Instant cutAt = Instant.now();
                    Label label =
                            new Label(
                                    spec.id().toString(),
                                    spec.mark(),
                                    Optional.of(cutAt),
                                    Optional.empty());
                    List<String> tags = new ArrayList<>(labelled(label));
                    tags.addAll(
                            List.of("--addtag", Tags.of(Tags.VOLUME, spec.volume().toString())));
                    String name = Names.snapshot(spec.id());
                    lookup.cutting(Optional.of(name));
                    cut(os, volume, name, tags);
                    lookup.cutting(Optional.empty());
                    group.flush(os);
                    return new BackendSnapshot(
                            spec.id(),
                            spec.volume(),
                            volume.sizeBytes(),
                            cutAt,
                            group.path(name),
                            spec.mark());
                });
    }

    private void cut(Native os, LogicalVolume volume, String name, List<String> tags)
            throws OsException, InterruptedException, IOException {
        // What was written to the device before is to be in what is made of it.
        group.flushDevice(os, volume.name());
        List<String> words =
                new ArrayList<>(
                        List.of(
                                "-s",
                                "-y",
                                "-pr",
                                "-ky",
                                "-c",
                                Reserve.CHUNK + "b",
                                "-L",
                                group.reserve().first(volume.sizeBytes()) + "b",
                                "-n",
                                name));
        words.addAll(tags);
        words.add(group.full(volume.name()));
        group.lvm().change("lvcreate", words);
        if (group.device(os, volume.name()).isPresent()) {
            Optional<DeviceMapper.Device> device = group.device(os, name);
            if (device.isEmpty() || !device.get().type().equals(SnapshotStatus.TYPE)) {
                throw new OsException(
                        FAULT,
                        "LVM says that it was made, and the kernel has it not; see `dmsetup info` for what is suspended in volume group %s"
                                .formatted(group));
            }
        }
    }

    private static Label label(VolumeSpec spec, Optional<Source> from) {
        return new Label(spec.id().toString(), spec.mark(), Optional.empty(), from);
    }
}
