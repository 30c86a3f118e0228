package io.cairn.plugin.btrfs;

import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/**
 * What the file system counts of each subvolume where its quotas are on, as {@code btrfs qgroup
 * show} has it. Nothing here needs them, and they make every change slower; but where somebody else
 * has them on, they know exactly what is one subvolume's alone.
 */
final class Quotas {
    // linux/btrfs_tree.h
    private static final long QUOTA_TREE = 8;
    private static final int STATUS = 240;
    private static final int INFO = 242;
    private static final long RESCAN = 1 << 1;
    private static final long INCONSISTENT = 1 << 2;
    private static final long SIMPLE = 1 << 3;

    // struct btrfs_qgroup_status_item
    private static final long FLAGS = 16;

    // struct btrfs_qgroup_info_item
    private static final long REFERENCED = 8;
    private static final long EXCLUSIVE = 24;

    private static final java.lang.foreign.ValueLayout.OfLong LONG =
            JAVA_LONG.withByteAlignment(1).withOrder(ByteOrder.LITTLE_ENDIAN);

    private Quotas() {}

    /**
     * What is counted of a subvolume, as of the file system's last commit; nothing where quotas are
     * off, or this process may not look.
     *
     * @param subvolume any file of it
     */
    static Map<String, String> of(Native os, Fd subvolume, long id) throws OsException {
        Map<String, String> found = new HashMap<>();
        try {
            Trees.search(
                    os,
                    subvolume,
                    new Trees.Range(QUOTA_TREE, 0, STATUS, 0),
                    (_, item) -> found.put("quotas", mode(item.get(LONG, FLAGS))));
            Trees.search(
                    os,
                    subvolume,
                    new Trees.Range(QUOTA_TREE, 0, INFO, id),
                    (group, item) -> {
                        if (group == id) {
                            put(found, item);
                        }
                    });
        } catch (OsException e) {
            if (!e.is(OsException.ENOENT) && e.told().kind() != UNSUPPORTED) {
                throw e;
            }
        }
        return found;
    }

    private static void put(Map<String, String> found, MemorySegment item) {
        found.put("referenced-bytes", Long.toString(item.get(LONG, REFERENCED)));
        found.put("exclusive-bytes", Long.toString(item.get(LONG, EXCLUSIVE)));
    }

    private static String mode(long flags) {
        if ((flags & SIMPLE) != 0) {
            return "simple";
        }
        return (flags & (RESCAN | INCONSISTENT)) == 0 ? "on" : "counting";
    }
}
