package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.spi.Attachment;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Target;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The device of a target as the kernel's own target (LIO) has it, {@code cairn-ID}: one for all
 * hosts that it is offered to, which keeps everybody else from claiming the device.
 */
final class Backstore {
    /** In place of what other tools, which count from 0, make. */
    private static final Path ADAPTER = Configfs.ROOT.resolve("target/core/iblock_26500");

    private static final String BEGIN = "cairn-";

    private final String id;
    private final Path path;

    Backstore(Target target) {
        this.id = target.snapshot().map(Object::toString).orElse(target.volume().toString());
        this.path = ADAPTER.resolve(BEGIN + id);
    }

    String name() {
        return BEGIN + id;
    }

    Path path() {
        return path;
    }

    boolean isThere() {
        return Configfs.isThere(path);
    }

    /** Makes it, or makes anew what a killed call left or what is of an earlier device. */
    void make(Attachment device) throws OsException, IOException {
        boolean fits =
                Configfs.readIfThere(path.resolve("enable")).equals("1")
                        && Configfs.read(path.resolve("udev_path")).equals(device.device())
                        && Configfs.read(path.resolve("info"))
                                .contains("readonly: " + (device.readOnly() ? 1 : 0));
        if (!fits) {
            removeIfUnused();
            if (isThere()) {
                throw new OsException(
                        IN_USE,
                        "%s is another device, and offered to hosts; see `targetcli ls`"
                                .formatted(path));
            }
            enable(device);
        }
        Path discards = path.resolve("attrib/emulate_tpu");
        if (Configfs.read(discards).equals("0")
                && !Configfs.read(path.resolve("attrib/max_unmap_block_desc_count")).equals("0")) {
            Configfs.write(discards, "1");
        }
    }

    private void enable(Attachment device) throws OsException, IOException {
        try {
            Configfs.make(ADAPTER, path);
        } catch (IOException e) {
            throw told(
                    UNSUPPORTED,
                    "the kernel makes no %s: %s; `modprobe target_core_iblock`"
                            .formatted(path, Configfs.reason(e)),
                    e);
        }
        Configfs.write(path.resolve("control"), "udev_path=" + device.device());
        if (device.readOnly()) {
            Configfs.write(path.resolve("control"), "readonly=1");
        }
        Configfs.write(path.resolve("udev_path"), device.device());
        Configfs.write(path.resolve("wwn/vpd_unit_serial"), id);
        try {
            Configfs.write(path.resolve("enable"), "1");
        } catch (IOException e) {
            throw told(
                    IN_USE,
                    "the kernel does not take %s for itself: %s; is a file system mounted from it? See `lsblk %s`"
                            .formatted(device.device(), Configfs.reason(e), device.device()),
                    e);
        }
    }

    private static OsException told(Kind kind, String message, IOException cause) {
        OsException told = new OsException(kind, message);
        told.initCause(cause);
        return told;
    }

    /** Removes it unless a host has it. */
    void removeIfUnused() throws IOException {
        // One line for each, and none of what was never enabled.
        if (isThere()
                && Configfs.readIfThere(path.resolve("alua/default_tg_pt_gp/members")).isEmpty()) {
            Configfs.remove(path);
        }
        Configfs.removeIfEmpty(ADAPTER);
    }
}
