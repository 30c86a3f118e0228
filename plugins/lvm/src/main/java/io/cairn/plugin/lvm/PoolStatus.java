package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.plugin.local.OsException;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the kernel says of a thin pool ({@code Documentation/admin-guide/device-mapper/
 * thin-provisioning.rst}).
 *
 * @param transaction how many changes of its set of volumes were made
 * @param metadataHeld whether its metadata of some time is kept to be read
 * @param state {@code rw}, {@code ro} or {@code out_of_data_space}
 * @param needsCheck whether it found its metadata damaged
 */
record PoolStatus(
        long transaction,
        long usedMetadata,
        long totalMetadata,
        long usedData,
        long totalData,
        boolean metadataHeld,
        String state,
        boolean needsCheck) {
    private static final Pattern STATUS =
            Pattern.compile(
                    "(\\d+) (\\d+)/(\\d+) (\\d+)/(\\d+) (\\S+) (rw|ro|out_of_data_space)( .*)?");
    private static final double PERCENT = 100;

    /**
     * @throws OsException UNAVAILABLE if it has failed
     */
    static PoolStatus parse(String pool, String text) throws OsException {
        Matcher found = STATUS.matcher(text.strip());
        if (!found.matches()) {
            throw new OsException(
                    UNAVAILABLE,
                    "the kernel says of thin pool %s only '%s': repair it with `lvconvert --repair`"
                            .formatted(pool, text.strip()));
        }
        String rest = found.group(8) == null ? "" : found.group(8);
        return new PoolStatus(
                Long.parseLong(found.group(1)),
                Long.parseLong(found.group(2)),
                Long.parseLong(found.group(3)),
                Long.parseLong(found.group(4)),
                Long.parseLong(found.group(5)),
                !found.group(6).equals("-"),
                found.group(7),
                rest.contains("needs_check"));
    }

    double dataPercent() {
        return totalData == 0 ? 0 : usedData * PERCENT / totalData;
    }

    double metadataPercent() {
        return totalMetadata == 0 ? 0 : usedMetadata * PERCENT / totalMetadata;
    }
}
