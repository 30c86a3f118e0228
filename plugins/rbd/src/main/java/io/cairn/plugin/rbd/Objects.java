package io.cairn.plugin.rbd;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.OsException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Small objects of text in the pool. A call returns once what it did is durable. */
final class Objects {
    /** More than any that Cairn writes. */
    private static final long MOST_BYTES = 16 << 10;

    private static final int EXCLUSIVE = 1;

    private final Cluster cluster;
    private final Library library;

    Objects(Cluster cluster) {
        this.cluster = cluster;
        this.library = cluster.library();
    }

    /** Empty if there is none of that name. */
    Optional<String> read(String name) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(MOST_BYTES);
            long length =
                    library.call(
                            Function.RADOS_READ,
                            cluster.io(),
                            arena.allocateFrom(name),
                            text,
                            MOST_BYTES,
                            0L);
            if (length == -OsException.ENOENT) {
                return Optional.empty();
            }
            Cluster.check(length, "read " + cluster.address().of(name));
            return Optional.of(new String(text.asSlice(0, length).toArray(JAVA_BYTE), UTF_8));
        }
    }

    /** Makes one; false if there is one of that name. */
    boolean create(String name, String text) throws OsException {
        long result = write(name, text, true);
        if (result == -OsException.EEXIST) {
            return false;
        }
        Cluster.check(result, "make " + cluster.address().of(name));
        return true;
    }

    /**
     * Gives one another text.
     *
     * @throws OsException NOT_FOUND if there is none
     */
    void replace(String name, String text) throws OsException {
        Cluster.check(write(name, text, false), "write " + cluster.address().of(name));
    }

    private long write(String name, String text, boolean create) {
        byte[] bytes = text.getBytes(UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(1, bytes.length));
            MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, bytes.length);
            MemorySegment steps = library.address(Function.RADOS_CREATE_WRITE_OP);
            try {
                if (create) {
                    library.call(
                            Function.RADOS_WRITE_OP_CREATE, steps, EXCLUSIVE, MemorySegment.NULL);
                } else {
                    library.call(Function.RADOS_WRITE_OP_ASSERT_EXISTS, steps);
                }
                library.call(
                        Function.RADOS_WRITE_OP_WRITE_FULL, steps, buffer, (long) bytes.length);
                return library.call(
                        Function.RADOS_WRITE_OP_OPERATE,
                        steps,
                        cluster.io(),
                        arena.allocateFrom(name),
                        MemorySegment.NULL,
                        0);
            } finally {
                library.call(Function.RADOS_RELEASE_WRITE_OP, steps);
            }
        }
    }

    /** Removes one; false if there is none. */
    boolean remove(String name) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            long result =
                    library.call(Function.RADOS_REMOVE, cluster.io(), arena.allocateFrom(name));
            if (result == -OsException.ENOENT) {
                return false;
            }
            Cluster.check(result, "remove " + cluster.address().of(name));
            return true;
        }
    }
}
