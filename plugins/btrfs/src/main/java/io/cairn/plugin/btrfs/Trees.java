package io.cairn.plugin.btrfs;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.lang.foreign.MemorySegment;

/**
 * What a file system keeps in its trees, by the call of linux/btrfs.h for {@code CAP_SYS_ADMIN}.
 */
final class Trees {
    /** {@code _IOWR(0x94, 17, struct btrfs_ioctl_search_args)}. */
    private static final long TREE_SEARCH = 0xD0009411L;

    // struct btrfs_ioctl_search_args: a btrfs_ioctl_search_key, and what is found
    private static final long SEARCH_BYTES = 4096;
    private static final long MIN_OBJECT = 8;
    private static final long MAX_OBJECT = 16;
    private static final long MIN_OFFSET = 24;
    private static final long MAX_OFFSET = 32;
    private static final long MAX_TRANSACTION = 48;
    private static final long MIN_TYPE = 56;
    private static final long MAX_TYPE = 60;
    private static final long ITEMS = 64;
    private static final long FOUND = 104;

    // struct btrfs_ioctl_search_header
    private static final long HEADER_BYTES = 32;
    private static final long HEADER_OFFSET = 16;
    private static final long HEADER_LENGTH = 28;

    private static final int MOST_ITEMS = 100;

    private Trees() {}

    /** Which items of one object, of one type, from an offset on. */
    record Range(long tree, long object, int type, long from) {}

    /** Is given each item. */
    interface Visitor {
        void visit(long offset, MemorySegment item);
    }

    /**
     * Goes through items, in the order of their offsets.
     *
     * @param folder any file of the file system
     * @throws OsException ENOENT if there is no such tree; UNSUPPORTED if this process may not look
     */
    static void search(Native os, Fd folder, Range range, Visitor visitor) throws OsException {
        MemorySegment search = os.buffer(SEARCH_BYTES);
        long from = range.from();
        while (true) {
            search.fill((byte) 0);
            search.set(JAVA_LONG, 0, range.tree());
            search.set(JAVA_LONG, MIN_OBJECT, range.object());
            search.set(JAVA_LONG, MAX_OBJECT, range.object());
            search.set(JAVA_LONG, MIN_OFFSET, from);
            search.set(JAVA_LONG, MAX_OFFSET, -1);
            search.set(JAVA_LONG, MAX_TRANSACTION, -1);
            search.set(JAVA_INT, MIN_TYPE, range.type());
            search.set(JAVA_INT, MAX_TYPE, range.type());
            search.set(JAVA_INT, ITEMS, MOST_ITEMS);
            os.ioctl(folder, TREE_SEARCH, search.address(), "look into the trees of");
            int found = search.get(JAVA_INT, ITEMS);
            if (found == 0) {
                return;
            }
            long at = FOUND;
            for (int i = 0; i < found; i++) {
                long offset = search.get(JAVA_LONG.withByteAlignment(1), at + HEADER_OFFSET);
                int length = search.get(JAVA_INT.withByteAlignment(1), at + HEADER_LENGTH);
                visitor.visit(offset, search.asSlice(at + HEADER_BYTES, length));
                at += HEADER_BYTES + length;
                from = offset + 1;
            }
        }
    }
}
