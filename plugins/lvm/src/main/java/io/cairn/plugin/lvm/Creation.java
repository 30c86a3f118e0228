package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

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
import java.util.stream.Stream;

/** Makes thin volumes. One command of LVM's does each, and with it all that is known of it. */
final class Creation {
    /** Not active, nor activated with its group: only what is attached is a device. */
    private static final List<String> INACTIVE = List.of("-an", "-ky");

    private final ThinPool pool;
    private final Lookup lookup;

    Creation(ThinPool pool, Lookup lookup) {
        this.pool = pool;
        this.lookup = lookup;
    }

    BackendVolume empty(Native os, VolumeSpec spec)
            throws OsException, InterruptedException, IOException {
        pool.checkPool(spec.pool());
        Optional<BackendVolume> existing = lookup.existing(os, spec, Optional.empty());
        if (existing.isPresent()) {
            return existing.get();
        }
        pool.checkSize(spec.sizeBytes());
        pool.checkRoom(os);
        removeHalf(os, spec.id());
        List<String> words =
                new ArrayList<>(
                        List.of(
                                "-V",
                                spec.sizeBytes() + "b",
                                "--thinpool",
                                pool.name(),
                                "-n",
                                Names.volume(spec.id())));
        words.addAll(INACTIVE);
        words.addAll(labelled(label(spec, Optional.empty())));
        words.add(pool.group());
        pool.make(os, words);
        return made(os, spec);
    }

    BackendVolume fromSnapshot(Native os, VolumeSpec spec, SnapshotId source, VolumeId sourceVolume)
            throws OsException, InterruptedException, IOException {
        pool.checkPool(spec.pool());
        Optional<Source> from = Optional.of(new Source.OfSnapshot(source));
        Optional<BackendVolume> existing = lookup.existing(os, spec, from);
        if (existing.isPresent()) {
            return existing.get();
        }
        LogicalVolume snapshot =
                there(
                        lookup.snapshot(os, source, sourceVolume),
                        "volume %s has no such snapshot".formatted(sourceVolume));
        return copy(os, spec, from, snapshot);
    }

    BackendVolume fromVolume(Native os, VolumeSpec spec, VolumeId source)
            throws OsException, InterruptedException, IOException {
        pool.checkPool(spec.pool());
        Optional<Source> from = Optional.of(new Source.OfVolume(source));
        Optional<BackendVolume> existing = lookup.existing(os, spec, from);
        if (existing.isPresent()) {
            return existing.get();
        }
        LogicalVolume volume = there(lookup.volume(os, source), "there is no volume to copy");
        // What was written to the device before is to be in what is made of it.
        pool.flushDevice(os, volume.name());
        return copy(os, spec, from, volume);
    }

    private BackendVolume copy(
            Native os, VolumeSpec spec, Optional<Source> from, LogicalVolume source)
            throws OsException, InterruptedException, IOException {
        if (spec.sizeBytes() < source.sizeBytes()) {
            throw new OsException(
                    INVALID,
                    "it would have %d bytes, fewer than the %d of what it is made from"
                            .formatted(spec.sizeBytes(), source.sizeBytes()));
        }
        pool.checkSize(spec.sizeBytes());
        pool.checkRoom(os);
        removeHalf(os, spec.id());
        Label label = label(spec, from);
        if (spec.sizeBytes() == source.sizeBytes()) {
            content(os, source.name(), Names.volume(spec.id()), label, source, spec.sizeBytes());
        } else {
            String half = Names.made(spec.id());
            content(os, source.name(), half, label, source, spec.sizeBytes());
            renameOrRemove(half, half, Names.volume(spec.id()));
        }
        return made(os, spec);
    }

    /**
     * Renames a volume, for which another was half made that nothing needs if it fails.
     *
     * @param half that other one; may be the volume itself
     */
    void renameOrRemove(String half, String from, String to)
            throws OsException, InterruptedException, IOException {
        try {
            pool.rename(from, to);
        } catch (OsException e) {
            removeAfter(e, half);
            throw e;
        }
    }

    private void removeAfter(OsException failure, String half)
            throws InterruptedException, IOException {
        try {
            pool.remove(half);
        } catch (OsException left) {
            // Which makes the outcome unknown.
            failure.addSuppressed(left);
        }
    }

    /** Makes a writable volume of the content of another, and of its size or larger. */
    void content(
            Native os, String from, String name, Label label, LogicalVolume source, long sizeBytes)
            throws OsException, InterruptedException, IOException {
        List<String> words = new ArrayList<>(List.of("-s", "-prw", "-n", name));
        words.addAll(INACTIVE);
        words.addAll(labelled(label));
        words.add(pool.full(from));
        pool.make(os, words);
        if (sizeBytes > source.sizeBytes()) {
            try {
                extend(name, sizeBytes);
            } catch (OsException e) {
                removeAfter(e, name);
                throw e;
            }
        }
    }

    void extend(String name, long sizeBytes) throws OsException, InterruptedException, IOException {
        pool.lvm().change("lvextend", List.of("-L", sizeBytes + "b", pool.full(name)));
    }

    /** Cuts a snapshot, or returns the one that is there. */
    BackendSnapshot cut(Native os, SnapshotSpec spec)
            throws OsException, InterruptedException, IOException {
        Lookup.Pair found = lookup.pair(os, spec.volume(), spec.id());
        LogicalVolume volume = there(found.volume(), "there is no such volume");
        Optional<BackendSnapshot> existing = lookup.existing(os, spec, found.snapshot());
        if (existing.isPresent()) {
            return existing.get();
        }
        pool.checkRoom(os);
        // What was written to the device before is to be in what is made of it.
        pool.flushDevice(os, volume.name());
        String name = Names.snapshot(spec.id());
        Instant cutAt = Instant.now();
        Label label =
                new Label(spec.id().toString(), spec.mark(), Optional.of(cutAt), Optional.empty());
        List<String> words = new ArrayList<>(List.of("-s", "-pr", "-n", name));
        words.addAll(INACTIVE);
        words.addAll(labelled(label));
        words.addAll(List.of("--addtag", Tags.of(Tags.VOLUME, spec.volume().toString())));
        words.add(pool.full(volume.name()));
        pool.make(os, words);
        pool.flush(os);
        return new BackendSnapshot(
                spec.id(), spec.volume(), volume.sizeBytes(), cutAt, pool.path(name), spec.mark());
    }

    private BackendVolume made(Native os, VolumeSpec spec) throws OsException {
        pool.flush(os);
        return new BackendVolume(
                spec.id(),
                spec.pool(),
                spec.sizeBytes(),
                pool.path(Names.volume(spec.id())),
                spec.mark());
    }

    /** Removes what a killed call left that was to make the same volume. */
    private void removeHalf(Native os, VolumeId id)
            throws OsException, InterruptedException, IOException {
        String half = Names.made(id);
        if (!pool.volumes("lv_name=" + half).isEmpty()) {
            pool.remove(half);
            pool.flush(os);
        }
    }

    private static Label label(VolumeSpec spec, Optional<Source> from) {
        return new Label(spec.id().toString(), spec.mark(), Optional.empty(), from);
    }

    static List<String> labelled(Label label) {
        return Tags.of(label).stream().flatMap(tag -> Stream.of("--addtag", tag)).toList();
    }

    static LogicalVolume there(Optional<LogicalVolume> found, String otherwise) throws OsException {
        return found.orElseThrow(() -> new OsException(NOT_FOUND, otherwise));
    }
}
