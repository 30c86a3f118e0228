package io.cairn.plugin.local;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;

/**
 * What a file is, by {@code struct statx} of linux/stat.h, which is the same on every machine.
 *
 * @param device as the loop driver tells it, {@code huge_encode_dev} of linux/kdev_t.h
 * @param links how many names the file has
 * @param takenBytes what it takes of the disk, holes left out
 */
public record Stat(long device, long inode, int type, long links, long sizeBytes, long takenBytes) {
    public static final long BYTES = 256;

    /** STATX_BASIC_STATS. */
    public static final int MASK = 0x7ff;

    /** What st_blocks counts in, whatever the file system's own blocks are. */
    private static final long BLOCK = 512;

    private static final int TYPE = 0170000;
    private static final int REGULAR = 0100000;
    private static final int LINK = 0120000;

    public static Stat read(MemorySegment statx) {
        long major = statx.get(JAVA_INT, 136);
        long minor = statx.get(JAVA_INT, 140);
        return new Stat(
                (minor & 0xff) | (major << 8) | ((minor & ~0xffL) << 12),
                statx.get(JAVA_LONG, 32),
                statx.get(JAVA_SHORT, 28) & TYPE,
                statx.get(JAVA_INT, 16),
                statx.get(JAVA_LONG, 40),
                statx.get(JAVA_LONG, 48) * BLOCK);
    }

    public boolean regular() {
        return type == REGULAR;
    }

    public boolean symbolicLink() {
        return type == LINK;
    }

    public boolean sameFile(Stat other) {
        return device == other.device && inode == other.inode;
    }
}
