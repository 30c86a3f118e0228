package io.cairn.plugin.qcow2;

import static io.cairn.plugin.qcow2.Header.INT;
import static io.cairn.plugin.qcow2.Header.LONG;
import static io.cairn.spi.DriverException.Kind.INVALID;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * A layer to which nothing was written: a header, the tables that it needs, and no data, as
 * docs/interop/qcow2.txt of QEMU describes them (version 3, with the defaults of {@code qemu-img
 * create}). A run of that program takes longer than all else that a snapshot takes.
 */
final class EmptyLayer {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final int CLUSTER_BITS = 16;
    private static final long CLUSTER = 1L << CLUSTER_BITS;

    /** What an entry of the first table stands for: a cluster of entries, of a cluster each. */
    private static final long PER_ENTRY = CLUSTER / Long.BYTES * CLUSTER;

    /** {@code QCOW_MAX_L1_SIZE} of QEMU. */
    private static final long MOST_ENTRIES = (32L << 20) / Long.BYTES;

    /** That counters have 16 bits. */
    private static final int REFCOUNT_ORDER = 4;

    // The clusters of the file, one for each but the last.
    private static final long COUNTERS_TABLE = 1;
    private static final long COUNTERS = 2;
    private static final long FIRST_TABLE = 3;

    // Its one extension: what the file below is.
    private static final int FORMAT_TYPE = 0xe2792aca;
    private static final String FORMAT = "qcow2";
    private static final int FORMAT_ROOM = 8;
    private static final int EXTENSION_HEAD = 8;

    private EmptyLayer() {}

    /**
     * Writes one into an empty file; not durably. Until it is whole, the file is no qcow2 file.
     *
     * @param below the layer that it lies over, in the same folder
     * @throws OsException INVALID if there are no such large ones
     */
    static void write(Native os, Fd file, Optional<LayerId> below, long sizeBytes)
            throws OsException {
        long entries = Math.ceilDiv(sizeBytes, PER_ENTRY);
        if (entries > MOST_ENTRIES) {
            throw new OsException(
                    INVALID,
                    "%d bytes are too large for a qcow2 file, which has %d at most"
                            .formatted(sizeBytes, MOST_ENTRIES * PER_ENTRY));
        }
        long clusters = FIRST_TABLE + Math.max(1, Math.ceilDiv(entries * Long.BYTES, CLUSTER));
        os.resize(file, clusters * CLUSTER);

        MemorySegment table = os.buffer(Long.BYTES);
        table.set(LONG, 0, COUNTERS * CLUSTER);
        put(os, file, table, COUNTERS_TABLE * CLUSTER);

        MemorySegment counters = os.buffer(clusters * Short.BYTES);
        for (long i = 0; i < clusters; i++) {
            counters.setAtIndex(SHORT, i, (short) 1);
        }
        put(os, file, counters, COUNTERS * CLUSTER);

        put(os, file, header(os, below, sizeBytes, (int) entries), 0);
    }

    private static MemorySegment header(
            Native os, Optional<LayerId> below, long sizeBytes, int entries) {
        byte[] name = below.map(LayerId::file).orElse("").getBytes(US_ASCII);
        long extension = below.isPresent() ? EXTENSION_HEAD + FORMAT_ROOM : 0;
        // The end of extensions is one that says nothing.
        long nameAt = Header.LENGTH + extension + EXTENSION_HEAD;
        MemorySegment header = os.buffer(nameAt + name.length).fill((byte) 0);
        header.set(INT, 0, Header.MAGIC);
        header.set(INT, Integer.BYTES, Header.VERSION);
        header.set(INT, Header.CLUSTER_BITS_AT, CLUSTER_BITS);
        header.set(LONG, Header.SIZE_AT, sizeBytes);
        header.set(INT, Header.ENTRIES_AT, entries);
        header.set(LONG, Header.FIRST_TABLE_AT, FIRST_TABLE * CLUSTER);
        header.set(LONG, Header.COUNTERS_TABLE_AT, COUNTERS_TABLE * CLUSTER);
        header.set(INT, Header.COUNTERS_TABLE_CLUSTERS_AT, 1);
        header.set(INT, Header.REFCOUNT_ORDER_AT, REFCOUNT_ORDER);
        header.set(INT, Header.LENGTH_AT, Header.LENGTH);
        if (below.isPresent()) {
            header.set(LONG, Header.NAME_AT, nameAt);
            header.set(INT, Header.NAME_BYTES_AT, name.length);
            header.set(INT, Header.LENGTH, FORMAT_TYPE);
            header.set(INT, Header.LENGTH + Integer.BYTES, FORMAT.length());
            MemorySegment.copy(
                    FORMAT.getBytes(US_ASCII),
                    0,
                    header,
                    ValueLayout.JAVA_BYTE,
                    Header.LENGTH + EXTENSION_HEAD,
                    FORMAT.length());
            MemorySegment.copy(name, 0, header, ValueLayout.JAVA_BYTE, nameAt, name.length);
        }
        return header;
    }

    private static void put(Native os, Fd file, MemorySegment bytes, long at) throws OsException {
        long size = bytes.byteSize();
        for (long done = 0; done < size; ) {
            done += os.write(file, bytes.asSlice(done), size - done, at + done);
        }
    }
}
