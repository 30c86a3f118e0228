package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.OsException;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A volume as LVM's metadata has it.
 *
 * @param sizeBytes what it takes of the group, where it is not thin; of a snapshot that is copied
 *     on write, its reserve
 * @param transaction that of the pool in which it was made: the kernel has it once it is past that
 * @param thinId what the kernel calls it within the pool
 * @param roles what LVM says that it is to others
 * @param origin what it is a snapshot of; empty if of nothing
 * @param originBytes the size of that when it was cut
 * @param layout what it is made of, such as {@code linear}
 * @param groupFreeBytes what the whole group had free then
 */
record LogicalVolume(
        String name,
        long sizeBytes,
        List<String> tags,
        long transaction,
        long thinId,
        boolean writable,
        List<String> roles,
        Instant created,
        String origin,
        long originBytes,
        String layout,
        long groupFreeBytes) {

    /**
     * Of a volume that is not thin, which may lie in several pieces: LVM has a row for each
     * otherwise.
     */
    static final String PLAIN_COLUMNS =
            "lv_name,lv_size,lv_tags,lv_attr,lv_role,lv_time,origin,origin_size,lv_layout,vg_free";

    static final String COLUMNS = PLAIN_COLUMNS + ",transaction_id,thin_id";

    static LogicalVolume of(Map<String, String> row) {
        return new LogicalVolume(
                row.getOrDefault("lv_name", ""),
                number(row, "lv_size"),
                tags(row.getOrDefault("lv_tags", "")),
                number(row, "transaction_id"),
                number(row, "thin_id"),
                // The word for it is "unknown" where a volume with snapshots is not active.
                row.getOrDefault("lv_attr", "").startsWith("w", 1),
                tags(row.getOrDefault("lv_role", "")),
                Instant.ofEpochSecond(number(row, "lv_time")),
                row.getOrDefault("origin", ""),
                number(row, "origin_size"),
                row.getOrDefault("lv_layout", ""),
                number(row, "vg_free"));
    }

    static List<String> tags(String joined) {
        return Stream.of(joined.split(",", -1)).filter(tag -> !tag.isEmpty()).toList();
    }

    static long number(Map<String, String> row, String column) {
        String text = row.getOrDefault(column, "");
        return text.isEmpty() ? 0 : Long.parseLong(text);
    }

    /**
     * @throws OsException IN_USE if volumes that are not of this pool's own need it: they would be
     *     removed with it, without a question
     */
    void checkUnneeded() throws OsException {
        for (String role : roles) {
            if (role.equals("extorigin")
                    || role.equals("extthinorigin")
                    || role.equals("thickorigin")) {
                throw new OsException(
                        IN_USE,
                        "a volume of LVM's that is not Cairn's lies over it; `lvs -o+origin,role` shows which");
            }
        }
    }

    /** The same once it was renamed. */
    LogicalVolume named(String other) {
        return new LogicalVolume(
                other,
                sizeBytes,
                tags,
                transaction,
                thinId,
                writable,
                roles,
                created,
                origin,
                originBytes,
                layout,
                groupFreeBytes);
    }

    Label label() {
        return Tags.label(tags);
    }
}
