package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.FAULT;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Volumes that go back to a snapshot. A tag says to which, from before the first byte is written
 * until after the last, so that whoever comes across it later goes on.
 */
final class Restoring {
    private final PlainGroup group;

    /** Those that this process is at. */
    private final Set<VolumeId> begun = ConcurrentHashMap.newKeySet();

    Restoring(PlainGroup group) {
        this.group = group;
    }

    /**
     * Has a volume go back, which is not used and whose snapshots have all the room that they can
     * need. Others go on meanwhile.
     */
    void run(Native os, VolumeId id, LogicalVolume volume, LogicalVolume snapshot)
            throws OsException, InterruptedException, IOException {
        begun.add(id);
        try {
            group.turn(
                    () -> {
                        group.activate(volume.name());
                        try {
                            group.checkWhole(os, snapshot.name());
                        } catch (OsException e) {
                            group.rest(os, volume.name());
                            throw e;
                        }
                        String to = snapshot.name();
                        change(volume, "--addtag", to);
                        group.flush(os);
                        return volume;
                    });
            copy(os, volume, snapshot);
            group.turn(
                    () -> {
                        end(os, volume, snapshot);
                        return volume;
                    });
        } finally {
            begun.remove(id);
        }
    }

    /**
     * Goes on where another process was killed; with the turn, since nobody may take the volume for
     * whole before.
     */
    boolean finish(Native os, LogicalVolume volume)
            throws OsException, InterruptedException, IOException {
        Optional<String> to = Tags.value(volume.tags(), Tags.REVERTING);
        Optional<VolumeId> id = Names.volumeOf(volume.name());
        if (to.isEmpty() || id.isEmpty() || begun.contains(id.get())) {
            return false;
        }
        LogicalVolume snapshot =
                group.volumes("lv_name=%s && origin=%s".formatted(to.get(), volume.name())).stream()
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new OsException(
                                                FAULT,
                                                "volume %s was going back to snapshot %s, which is there no longer, so that what it holds is of two times; decide, and then say so with `lvchange --deltag %s %s`"
                                                        .formatted(
                                                                id.get(),
                                                                to.get(),
                                                                Tags.of(Tags.REVERTING, to.get()),
                                                                group.full(volume.name()))));
        if (!volume.writable()) {
            group.lvm().change("lvchange", List.of("-prw", group.full(volume.name())));
        }
        group.activate(volume.name());
        group.checkWhole(os, snapshot.name());
        copy(os, volume, snapshot);
        end(os, volume, snapshot);
        return true;
    }

    private void copy(Native os, LogicalVolume volume, LogicalVolume snapshot)
            throws OsException, InterruptedException, IOException {
        try (Fd from = group.open(os, snapshot.name(), Native.O_RDONLY);
                Fd to = group.open(os, volume.name(), Native.O_RDWR)) {
            Blocks.restore(os, from, snapshot.originBytes(), to, volume.sizeBytes());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private void end(Native os, LogicalVolume volume, LogicalVolume snapshot)
            throws OsException, InterruptedException, IOException {
        try {
            group.checkWhole(os, snapshot.name());
            change(volume, "--deltag", snapshot.name());
            group.rest(os, volume.name());
            group.flush(os);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private void change(LogicalVolume volume, String how, String to)
            throws OsException, InterruptedException, IOException {
        group.lvm()
                .change(
                        "lvchange",
                        List.of(how, Tags.of(Tags.REVERTING, to), group.full(volume.name())));
    }
}
