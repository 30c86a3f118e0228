package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.FAULT;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/** What is where in the header of a qcow2 file, as docs/interop/qcow2.txt of QEMU has it. */
final class Header {
    static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    static final int MAGIC = 0x514649fb;
    static final int VERSION = 3;

    /** Where the name of the file begins that it lies over, and how long that is. */
    static final long NAME_AT = 8;

    static final long NAME_BYTES_AT = 16;
    static final long CLUSTER_BITS_AT = 20;
    static final long SIZE_AT = 24;
    static final long ENTRIES_AT = 36;
    static final long FIRST_TABLE_AT = 40;
    static final long COUNTERS_TABLE_AT = 48;
    static final long COUNTERS_TABLE_CLUSTERS_AT = 56;
    static final long REFCOUNT_ORDER_AT = 96;
    static final long LENGTH_AT = 100;

    /** Of version 3. */
    static final int LENGTH = 104;

    /** What all versions have. */
    private static final int LEAST_BYTES = 72;

    private static final int MOST_NAME_BYTES = 1023;

    private Header() {}

    /** Whether a file has one. */
    static boolean isWhole(Native os, Fd file) throws OsException {
        MemorySegment header = os.buffer(LEAST_BYTES);
        return os.read(file, header, LEAST_BYTES, 0) == LEAST_BYTES && header.get(INT, 0) == MAGIC;
    }

    /**
     * Reads one of a layer.
     *
     * @throws OsException FAULT if the file has none, or lies over what is no layer
     */
    static Layers.Head read(Native os, Fd file) throws OsException {
        MemorySegment header = os.buffer(LEAST_BYTES);
        long length = os.read(file, header, LEAST_BYTES, 0);
        if (length < LEAST_BYTES || header.get(INT, 0) != MAGIC) {
            throw new OsException(FAULT, "%s is no qcow2 file".formatted(file.path()));
        }
        int nameBytes = header.get(INT, NAME_BYTES_AT);
        if (nameBytes == 0) {
            return new Layers.Head(header.get(LONG, SIZE_AT), Optional.empty());
        }
        if (nameBytes < 0 || nameBytes > MOST_NAME_BYTES) {
            throw new OsException(FAULT, "the head of %s is damaged".formatted(file.path()));
        }
        MemorySegment name = os.buffer(nameBytes);
        long read = os.read(file, name, nameBytes, header.get(LONG, NAME_AT));
        String text = new String(name.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE), UTF_8);
        Optional<LayerId> below = LayerId.ofFile(text);
        if (below.isEmpty()) {
            throw new OsException(
                    FAULT, "%s lies over '%s', which is no layer".formatted(file.path(), text));
        }
        return new Layers.Head(header.get(LONG, SIZE_AT), below);
    }
}
