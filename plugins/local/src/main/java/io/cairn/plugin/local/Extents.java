package io.cairn.plugin.local;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * Where a file's content lies on the disk, by linux/fiemap.h, and what of it no other file shares.
 *
 * <p>XFS tells it block by block. On btrfs an extent is shared, and is kept, as long as another
 * file needs any part of it. Two things btrfs does not tell: what no file shows any more of an
 * extent that was partly overwritten before the snapshot is freed with the rest and not counted (48
 * MiB were told of 60), and what it compressed is counted by its length before that.
 */
public final class Extents {
    /** linux/fs.h: {@code _IOWR('f', 11, struct fiemap)}. */
    private static final long FS_IOC_FIEMAP = 0xC020660BL;

    // struct fiemap
    static final long HEADER_BYTES = 32;
    private static final long START = 0;
    private static final long LENGTH = 8;
    private static final long FLAGS = 16;
    private static final long MAPPED = 20;
    private static final long COUNT = 24;
    private static final int SYNC = 1;
    private static final long TO_THE_END = -1;

    // struct fiemap_extent
    static final long EXTENT_BYTES = 56;
    static final long EXTENT_START = 0;
    static final long EXTENT_PHYSICAL = 8;
    static final long EXTENT_LENGTH = 16;
    static final long EXTENT_FLAGS = 40;
    static final int LAST = 1;
    private static final int SHARED = 0x2000;

    /** Few calls for a file in many pieces, each short enough to notice an interrupt soon. */
    private static final int BATCH = 512;

    private Extents() {}

    /** Whether the file system of a file tells its extents. */
    public static boolean told(Native os, Fd file) throws OsException {
        try {
            map(os, file, os.buffer(HEADER_BYTES), 0, 0);
            return true;
        } catch (OsException e) {
            if (e.isLacking()) {
                return false;
            }
            throw e;
        }
    }

    /** In how many pieces a file lies. */
    public static int count(Native os, Fd file) throws OsException {
        // Asked for none, the kernel says how many there would be.
        return map(os, file, os.buffer(HEADER_BYTES), 0, 0);
    }

    /** The bytes of a file that no other shares. */
    public static long unsharedBytes(Native os, Fd file) throws OsException, InterruptedException {
        MemorySegment map = os.buffer(HEADER_BYTES + BATCH * EXTENT_BYTES);
        long unshared = 0;
        long from = 0;
        while (true) {
            if (Thread.interrupted()) {
                throw new InterruptedException(
                        "interrupted while looking at %s".formatted(file.path()));
            }
            int mapped = map(os, file, map, from, BATCH);
            if (mapped == 0) {
                return unshared;
            }
            for (int i = 0; i < mapped; i++) {
                MemorySegment extent = map.asSlice(HEADER_BYTES + i * EXTENT_BYTES, EXTENT_BYTES);
                long bytes = extent.get(JAVA_LONG, EXTENT_LENGTH);
                int flags = extent.get(JAVA_INT, EXTENT_FLAGS);
                if ((flags & SHARED) == 0) {
                    unshared += bytes;
                }
                if ((flags & LAST) != 0) {
                    return unshared;
                }
                from = extent.get(JAVA_LONG, EXTENT_START) + bytes;
            }
        }
    }

    /** Has the kernel fill in extents from some byte on; how many it did. */
    static int map(Native os, Fd file, MemorySegment map, long from, int most) throws OsException {
        map.set(JAVA_LONG, START, from);
        map.set(JAVA_LONG, LENGTH, TO_THE_END);
        map.set(JAVA_INT, FLAGS, SYNC);
        map.set(JAVA_INT, COUNT, most);
        os.ioctl(file, FS_IOC_FIEMAP, map.address(), "look at the extents of");
        return map.get(JAVA_INT, MAPPED);
    }
}
