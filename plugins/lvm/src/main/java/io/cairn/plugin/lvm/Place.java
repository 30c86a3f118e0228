package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.INVALID;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException.Kind;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Where a backend's volumes are: a thin pool, or a volume group as a whole. */
interface Place {
    Lvm lvm();

    /** The volume group. */
    String group();

    /** What the backend's one pool is called. */
    String name();

    /** What sizes are multiples of. */
    long extentBytes();

    /** The devices that the group lies on. */
    List<String> devices();

    /** The volumes in it that a condition of LVM's holds for. */
    List<LogicalVolume> volumes(String condition)
            throws OsException, InterruptedException, IOException;

    /** Why a volume that is not Cairn's cannot become so at rest either; empty if it can. */
    String obstacle(Native os, LogicalVolume volume) throws OsException;

    /** The tags of the place itself. */
    List<String> ownTags() throws OsException, InterruptedException, IOException;

    /** The command that changes these; it takes the place as its text names it. */
    String changeCommand();

    /** What it is, for messages. */
    String described();

    default String path(String volume) {
        return "/dev/%s/%s".formatted(group(), volume);
    }

    /** For commands. */
    default String full(String volume) {
        return group() + "/" + volume;
    }

    /** The device of a volume, if it is active. */
    default Optional<DeviceMapper.Device> device(Native os, String volume) throws OsException {
        return DeviceMapper.find(os, DeviceMapper.name(group(), volume));
    }

    /** The path of that device. */
    default String devicePath(String volume) {
        return DeviceMapper.path(DeviceMapper.name(group(), volume));
    }

    /**
     * Has the node of an active volume be there. Where no udevd makes nodes LVM does, and may have
     * been killed before.
     */
    default void makeNode(String volume) throws OsException, InterruptedException, IOException {
        if (!Files.exists(Path.of(devicePath(volume)))) {
            lvm().change("vgmknodes", List.of(group()));
        }
    }

    default void rename(String from, String to)
            throws OsException, InterruptedException, IOException {
        lvm().change("lvrename", List.of(group(), from, to));
    }

    /** Removes a volume. */
    default void remove(String volume) throws OsException, InterruptedException, IOException {
        try {
            lvm().change("lvremove", List.of("-y", full(volume)));
        } catch (OsException e) {
            Kind kind = e.told().kind();
            // It is written down first that it is gone, and then the kernel told.
            throw kind == Kind.IN_USE || kind == Kind.NOT_FOUND ? e : e.withUnknownOutcome();
        }
    }

    /**
     * Checks a size.
     *
     * @throws OsException INVALID if LVM would round it
     */
    default void checkSize(long sizeBytes) throws OsException {
        if (sizeBytes % extentBytes() != 0) {
            long below = sizeBytes / extentBytes() * extentBytes();
            throw new OsException(
                    INVALID,
                    "sizes are multiples of the extents of volume group %s, %d bytes; near it are %d and %d"
                            .formatted(
                                    group(),
                                    extentBytes(),
                                    below == 0 ? extentBytes() : below,
                                    below + extentBytes()));
        }
    }

    /**
     * Checks the name of a pool.
     *
     * @throws OsException INVALID if it is another one's
     */
    default void checkPool(String pool) throws OsException {
        if (!pool.equals(name())) {
            throw new OsException(
                    INVALID,
                    "there is no pool '%s' here; the only one is '%s'".formatted(pool, name()));
        }
    }

    /**
     * Has what was changed survive the loss of power. LVM writes past the caches of the kernel, and
     * not past those of the devices.
     */
    default void flush(Native os) throws OsException {
        for (String device : devices()) {
            try (Fd open = os.open(device, Native.O_RDONLY)) {
                os.sync(open);
            } catch (OsException e) {
                throw e.withUnknownOutcome();
            }
        }
    }
}
