package io.cairn.plugin.qcow2;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The locks by which qemu's programs tell each other how they use a file, over NFS too: a byte for
 * each kind of access, block/file-posix.c of QEMU says which.
 */
final class ImageLocks {
    /** {@code RAW_LOCK_PERM_BASE} and the bit of {@code BLK_PERM_WRITE}. */
    private static final long WRITES = 101;

    // fcntl.h, the same on x86-64, aarch64 and riscv64
    private static final int F_OFD_GETLK = 36;
    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;

    // struct flock
    private static final long BYTES = 32;
    private static final long TYPE = 0;
    private static final long START = 8;
    private static final long LENGTH = 16;

    private ImageLocks() {}

    /** Whether any of qemu's programs has a file open for writing. */
    static boolean written(Native os, Fd file) throws OsException {
        MemorySegment lock = os.buffer(BYTES);
        lock.fill((byte) 0);
        lock.set(ValueLayout.JAVA_SHORT, TYPE, F_WRLCK);
        lock.set(ValueLayout.JAVA_LONG, START, WRITES);
        lock.set(ValueLayout.JAVA_LONG, LENGTH, 1);
        os.fcntl(file, F_OFD_GETLK, lock, "look for locks of");
        return lock.get(ValueLayout.JAVA_SHORT, TYPE) != F_UNLCK;
    }
}
