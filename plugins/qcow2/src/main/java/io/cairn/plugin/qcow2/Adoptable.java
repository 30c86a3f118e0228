package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Candidates;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Leases;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Which images of others could be volumes: those that stand alone, whole, without snapshots of
 * their own. Of their content only the head is read, as docs/interop/qcow2.txt of QEMU describes
 * it.
 *
 * @param root the backend's folder, in which they lie
 * @param leases whether the file system tells who has a file open for writing, as NFS does not;
 *     programs of QEMU's are seen on any
 */
record Adoptable(Fd root, boolean leases) implements Candidates.Form {
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int MAGIC = 0x514649fb;
    private static final int VERSION = 4;
    private static final int BACKING_BYTES = 16;
    private static final int SIZE = 24;
    private static final int ENCRYPTION = 32;
    private static final int SNAPSHOTS = 60;
    private static final int INCOMPATIBLE_FEATURES = 72;
    private static final int HEAD_BYTES = 80;

    /** Version 2, of before 2014, has no features and a head that is shorter. */
    private static final int VERSION_WITH_FEATURES = 3;

    private static final long DIRTY = 1;
    private static final long CORRUPT = 2;
    private static final long EXTERNAL_DATA = 4;

    /** How clusters are compressed, and that parts of them may be there; of QEMU 5.1 and 5.2. */
    private static final long HARMLESS = 8 | 16;

    @Override
    public long sizeBytes(Native os, Fd file) throws OsException {
        MemorySegment head = os.buffer(HEAD_BYTES);
        head.fill((byte) 0);
        long length = os.read(file, head, HEAD_BYTES, 0);
        if (length < INCOMPATIBLE_FEATURES || head.get(INT, 0) != MAGIC) {
            throw unfit(
                    "it is no qcow2 image, and volumes are: convert it with `qemu-img convert -O qcow2`");
        }
        if (head.get(INT, BACKING_BYTES) != 0) {
            throw unfit(
                    "it lies over another image; write it into one with `qemu-img convert -O qcow2`");
        }
        if (head.get(INT, SNAPSHOTS) != 0) {
            throw unfit(
                    "it has snapshots of its own inside; see `qemu-img snapshot -l`, and delete them or convert the one that counts");
        }
        if (head.get(INT, ENCRYPTION) != 0) {
            throw unfit("it is encrypted, and Cairn has no key");
        }
        int version = head.get(INT, VERSION);
        long features = version < VERSION_WITH_FEATURES ? 0 : head.get(LONG, INCOMPATIBLE_FEATURES);
        if ((features & EXTERNAL_DATA) != 0) {
            throw unfit(
                    "its data is in another file; write it into one with `qemu-img convert -O qcow2`");
        }
        if ((features & (DIRTY | CORRUPT)) != 0) {
            throw unfit(
                    "it is damaged, or was not closed: see `qemu-img check`, and mend it with `-r all`");
        }
        if (version < VERSION_WITH_FEATURES - 1
                || version > VERSION_WITH_FEATURES
                || (features & ~HARMLESS) != 0) {
            throw unfit(
                    "it is of version %d with features %#x, of which Cairn knows nothing: convert it with `qemu-img convert -O qcow2`"
                            .formatted(version, features));
        }
        long sizeBytes = head.get(LONG, SIZE);
        if (sizeBytes <= 0 || sizeBytes % Layers.SECTOR != 0) {
            throw unfit(
                    "its %d bytes are no whole sectors of %d bytes: make it larger with `qemu-img resize`"
                            .formatted(sizeBytes, Layers.SECTOR));
        }
        return sizeBytes;
    }

    private static OsException unfit(String why) {
        return new OsException(UNSUPPORTED, why);
    }

    @Override
    public String use(Native os, String name, Fd file) throws OsException {
        try {
            os.open(root, name, Native.O_RDWR).close();
        } catch (OsException e) {
            if (e.is(OsException.EACCES) || e.is(OsException.EPERM)) {
                return "the daemon's user may not write to it";
            }
            throw e;
        }
        return use(os, file);
    }

    /** The same of one that is open already, whatever it is called now. */
    String use(Native os, Fd file) throws OsException {
        if (ImageLocks.written(os, file)) {
            return "a program of QEMU's has it open for writing; see `fuser` for which";
        }
        return leases && Leases.staysWritten(os, file)
                ? "it is open for writing, or not the daemon's user's"
                : "";
    }

    @Override
    public String end() {
        return ".qcow2";
    }
}
