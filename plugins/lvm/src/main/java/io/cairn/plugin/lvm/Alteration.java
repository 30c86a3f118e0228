package io.cairn.plugin.lvm;

import static io.cairn.plugin.lvm.Creation.there;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Changes what is there already, and removes it. */
final class Alteration {
    private final ThinPool pool;
    private final Lookup lookup;
    private final Creation creation;

    Alteration(ThinPool pool, Lookup lookup, Creation creation) {
        this.pool = pool;
        this.lookup = lookup;
        this.creation = creation;
    }

    void mark(Native os, VolumeId id, Mark mark)
            throws OsException, InterruptedException, IOException {
        Labels.replace(
                os,
                pool,
                there(lookup.volume(os, id), "there is no such volume"),
                id.toString(),
                mark);
    }

    void mark(Native os, SnapshotId id, VolumeId volume, Mark mark)
            throws OsException, InterruptedException, IOException {
        Labels.replace(
                os,
                pool,
                there(lookup.snapshot(os, id, volume), "the volume has no such snapshot"),
                id.toString(),
                mark);
    }

    BackendVolume grow(Native os, VolumeId id, long sizeBytes)
            throws OsException, InterruptedException, IOException {
        LogicalVolume volume = there(lookup.volume(os, id), "there is no such volume");
        if (sizeBytes < volume.sizeBytes()) {
            throw new OsException(
                    INVALID,
                    "it has %d bytes already; volumes do not shrink".formatted(volume.sizeBytes()));
        }
        if (sizeBytes > volume.sizeBytes()) {
            pool.checkSize(sizeBytes);
            creation.extend(volume.name(), sizeBytes);
        }
        Optional<DeviceMapper.Device> device = pool.device(os, volume.name());
        if (device.isPresent() && device.get().sizeBytes() != sizeBytes) {
            // A killed call changed the metadata and not the device.
            pool.lvm().change("lvchange", List.of("--refresh", pool.full(volume.name())));
        }
        pool.flush(os);
        return lookup.asFound(there(lookup.volume(os, id), "it is gone since it was extended"), id);
    }

    BackendVolume revert(Native os, VolumeId id, SnapshotId source)
            throws OsException, InterruptedException, IOException {
        Lookup.Pair found = lookup.pair(os, id, source);
        LogicalVolume volume = there(found.volume(), "there is no such volume");
        LogicalVolume snapshot =
                there(
                        found.snapshot().filter(each -> Holdings.isOf(each, id)),
                        "the volume has no such snapshot");
        checkInactive(os, volume.name());
        // It is removed once it has another content.
        volume.checkUnneeded();
        pool.checkRoom(os);
        String half = Names.made(id);
        remove(os, half);
        Label label = volume.label().marked(id.toString(), volume.label().mark());
        creation.content(os, snapshot.name(), half, label, snapshot, volume.sizeBytes());
        creation.renameOrRemove(half, volume.name(), Names.old(id));
        // That was it; the rest is as after a kill.
        try {
            return lookup.asFound(
                    there(lookup.volume(os, id), "it is gone since it went back"), id);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    void deleteVolume(Native os, VolumeId id)
            throws OsException, InterruptedException, IOException {
        Lookup.Home home = lookup.home(os, id);
        if (home.volume().isPresent()) {
            if (!home.snapshots().isEmpty()) {
                throw new OsException(
                        IN_USE,
                        "it has %d snapshots, such as %s; delete them first"
                                .formatted(
                                        home.snapshots().size(),
                                        home.snapshots().getFirst().name()));
            }
            checkInactive(os, Names.volume(id));
            home.volume().get().checkUnneeded();
            pool.remove(Names.volume(id));
        }
        remove(os, Names.made(id));
        if (home.volume().isEmpty()) {
            Labels.disown(pool, id);
        }
        pool.flush(os);
    }

    void deleteSnapshot(Native os, SnapshotId id, VolumeId volume)
            throws OsException, InterruptedException, IOException {
        Optional<LogicalVolume> snapshot = lookup.snapshot(os, id, volume);
        if (snapshot.isPresent()) {
            checkInactive(os, snapshot.get().name());
            snapshot.get().checkUnneeded();
            pool.remove(snapshot.get().name());
        }
        pool.flush(os);
    }

    private void remove(Native os, String name)
            throws OsException, InterruptedException, IOException {
        if (!pool.volumes("lv_name=" + name).isEmpty()) {
            checkInactive(os, name);
            pool.remove(name);
        }
    }

    private void checkInactive(Native os, String name) throws OsException {
        Optional<DeviceMapper.Device> device = pool.device(os, name);
        if (device.isPresent()) {
            throw new OsException(
                    IN_USE,
                    "it is attached or exported, and so active as %s%s; detach it, or take the export back first"
                            .formatted(
                                    pool.path(name),
                                    device.get().openCount() > 0 ? ", which is open" : ""));
        }
    }
}
