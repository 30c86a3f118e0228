package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.CONFLICT;

import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.io.IOException;
import java.util.Optional;

/** What of Cairn's is in a place, once nothing is half done; asked with {@link Lvm#turn} only. */
interface Holdings {
    Place place();

    Optional<LogicalVolume> volume(Native os, VolumeId id)
            throws OsException, InterruptedException, IOException;

    /**
     * A volume, if it is there.
     *
     * @throws OsException IN_USE if it has snapshots or is attached
     */
    Optional<LogicalVolume> unused(Native os, VolumeId id)
            throws OsException, InterruptedException, IOException;

    BackendSnapshot asFound(LogicalVolume found, SnapshotId id, VolumeId volume);

    default BackendVolume asFound(LogicalVolume found, VolumeId id) {
        return new BackendVolume(
                id,
                place().name(),
                found.sizeBytes(),
                place().path(found.name()),
                found.label().mark());
    }

    /** What a volume of LVM's is; empty if it is no whole one of Cairn's. */
    static Optional<Target> target(LogicalVolume found) {
        Optional<SnapshotId> snapshot = Names.snapshotOf(found.name());
        if (snapshot.isPresent()) {
            return sourceOf(found).map(volume -> Target.of(volume, snapshot.get()));
        }
        return Names.volumeOf(found.name())
                .filter(id -> found.name().equals(Names.volume(id)))
                .map(Target::of);
    }

    /** Which volume a snapshot is of; empty if nothing says so any more. */
    static Optional<VolumeId> sourceOf(LogicalVolume snapshot) {
        return Tags.value(snapshot.tags(), Tags.VOLUME).flatMap(Names::parsed);
    }

    static boolean isOf(LogicalVolume snapshot, VolumeId volume) {
        return Tags.value(snapshot.tags(), Tags.VOLUME).equals(Optional.of(volume.toString()));
    }

    /**
     * The volume that is to be made, if it is there already.
     *
     * @throws OsException CONFLICT if it is there otherwise
     */
    default Optional<BackendVolume> existing(Native os, VolumeSpec spec, Optional<Source> source)
            throws OsException, InterruptedException, IOException {
        return existing(os, spec, source, volume(os, spec.id()));
    }

    /** The same where it was looked up already. */
    default Optional<BackendVolume> existing(
            Native os, VolumeSpec spec, Optional<Source> source, Optional<LogicalVolume> found)
            throws OsException {
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Label label = found.get().label();
        Entries.checkMark(label.mark(), spec.mark());
        if (found.get().sizeBytes() != spec.sizeBytes()) {
            throw new OsException(
                    CONFLICT, "it exists with %d bytes".formatted(found.get().sizeBytes()));
        }
        if (!label.source().equals(source)) {
            throw new OsException(
                    CONFLICT,
                    "it exists, made from "
                            + label.source().map(Object::toString).orElse("nothing"));
        }
        place().flush(os);
        return Optional.of(asFound(found.get(), spec.id()));
    }

    /**
     * The snapshot that is to be cut, if it is there already.
     *
     * @throws OsException CONFLICT if it is there otherwise
     */
    default Optional<BackendSnapshot> existing(
            Native os, SnapshotSpec spec, Optional<LogicalVolume> found) throws OsException {
        if (found.isEmpty()) {
            return Optional.empty();
        }
        if (!isOf(found.get(), spec.volume())) {
            throw new OsException(CONFLICT, "that id is a snapshot of another volume");
        }
        Entries.checkMark(found.get().label().mark(), spec.mark());
        place().flush(os);
        return Optional.of(asFound(found.get(), spec.id(), spec.volume()));
    }
}
