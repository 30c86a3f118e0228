package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Attachment;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes devices of logical volumes and takes them away. What is a device for the sake of its
 * exports alone bears a tag, which is set before it becomes one; whatever else is one is attached.
 */
final class Activation {
    private static final int TRIES = 20;
    private static final long PAUSE_MILLIS = 50;

    private final ThinPool pool;

    Activation(ThinPool pool) {
        this.pool = pool;
    }

    Optional<Attachment> device(Native os, String name) throws OsException {
        return pool.device(os, name).map(device -> shown(name, device));
    }

    private Attachment shown(String name, DeviceMapper.Device device) {
        return new Attachment(pool.path(name), device.readOnly(), device.sizeBytes());
    }

    /** Whether a volume, if it is a device, is one for its exports alone. */
    static boolean forExports(LogicalVolume volume) {
        return volume.tags().contains(Tags.EXPORTED);
    }

    /** Makes a device of what is none. */
    Attachment activate(Native os, LogicalVolume volume, boolean readOnly, boolean forExports)
            throws OsException, InterruptedException, IOException {
        List<String> words = new ArrayList<>();
        if (volume.writable() == readOnly) {
            words.add(readOnly ? "-pr" : "-prw");
        }
        words.addAll(retagged(volume, forExports));
        change(volume, words);
        pool.lvm().change("lvchange", List.of("-ay", "-K", pool.full(volume.name())));
        pool.makeNode(volume.name());
        return device(os, volume.name())
                .orElseThrow(
                        () ->
                                new OsException(
                                        FAULT,
                                        "LVM made no device %s"
                                                .formatted(pool.path(volume.name()))));
    }

    /** Notes what a volume is a device for from now on, or is none for. */
    void mark(LogicalVolume volume, boolean forExports)
            throws OsException, InterruptedException, IOException {
        change(volume, retagged(volume, forExports));
    }

    private static List<String> retagged(LogicalVolume volume, boolean forExports) {
        if (forExports(volume) == forExports) {
            return List.of();
        }
        return List.of(forExports ? "--addtag" : "--deltag", Tags.EXPORTED);
    }

    private void change(LogicalVolume volume, List<String> words)
            throws OsException, InterruptedException, IOException {
        if (!words.isEmpty()) {
            List<String> all = new ArrayList<>(words);
            all.add(pool.full(volume.name()));
            pool.lvm().change("lvchange", all);
        }
    }

    /**
     * Takes a device away, if there is one, with all that was written to it durable.
     *
     * @throws OsException IN_USE while somebody has it open
     */
    void deactivate(Native os, String name) throws OsException, InterruptedException, IOException {
        Optional<DeviceMapper.Device> device = pool.device(os, name);
        for (int left = TRIES; device.isPresent(); left--) {
            if (device.get().openCount() == 0) {
                pool.flushDevice(os, name);
                pool.lvm().change("lvchange", List.of("-an", pool.full(name)));
                return;
            }
            if (left == 1) {
                throw open(pool.path(name));
            }
            // As by udev, which looks at what somebody has just written to.
            Thread.sleep(PAUSE_MILLIS);
            device = pool.device(os, name);
        }
    }

    /**
     * @throws OsException IN_USE if a file system is mounted from a device, or another lies on it
     */
    static void checkUnclaimed(Native os, String path) throws OsException {
        try (Fd _ = os.open(path, Native.O_RDONLY | Native.O_EXCL)) {
            // Nobody claims it.
            return;
        } catch (OsException e) {
            throw e.is(OsException.EBUSY) ? open(path) : e;
        }
    }

    static OsException open(String path) {
        return new OsException(
                IN_USE,
                "%s is open, as by a file system mounted from it; see `lsblk %s`"
                        .formatted(path, path));
    }
}
