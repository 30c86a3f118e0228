package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.FAULT;

import io.cairn.plugin.local.OsException;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the kernel says of a snapshot that is copied on write ({@code
 * Documentation/admin-guide/device-mapper/snapshot.rst}).
 *
 * @param lost what it says in place of numbers, as {@code Invalid}; empty while it is whole
 */
record SnapshotStatus(long usedBytes, long reserveBytes, String lost) {
    static final String TYPE = "snapshot";

    private static final Pattern STATUS = Pattern.compile("(\\d+)/(\\d+) \\d+");
    private static final int SECTOR = 512;

    static SnapshotStatus parse(String text) {
        Matcher found = STATUS.matcher(text.strip());
        return found.matches()
                ? new SnapshotStatus(
                        Long.parseLong(found.group(1)) * SECTOR,
                        Long.parseLong(found.group(2)) * SECTOR,
                        "")
                : new SnapshotStatus(0, 0, text.isBlank() ? "nothing" : text.strip());
    }

    /**
     * @throws OsException FAULT if what the snapshot held is lost
     */
    static void checkWhole(DeviceMapper.Device device) throws OsException {
        String lost = device.type().equals(TYPE) ? parse(device.status()).lost() : device.type();
        if (!lost.isEmpty()) {
            throw new OsException(
                    FAULT,
                    "what the snapshot held is lost: its volume changed more than it had room for, and the kernel says of it '%s'; delete it"
                            .formatted(lost));
        }
    }
}
