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
        try (Pending<Optional<String>> reading = reading(name)) {
            return reading.get();
        }
    }

    /** The same, under way. */
    Pending<Optional<String>> reading(String name) throws OsException {
        return new Reading(cluster.io(), name);
    }

    /** Makes one; false if there is one of that name. */
    boolean create(String name, String text) throws OsException {
        try (Pending<Boolean> creating = creating(name, text)) {
            return creating.get();
        }
    }

    /** The same, under way. */
    Pending<Boolean> creating(String name, String text) throws OsException {
        return new Writing(cluster.io(), name, text, true);
    }

    /**
     * Gives one another text.
     *
     * @throws OsException NOT_FOUND if there is none
     */
    void replace(String name, String text) throws OsException {
        try (Pending<Boolean> replacing = replacing(name, text)) {
            boolean _ = replacing.get();
        }
    }

    /** The same, under way. */
    Pending<Boolean> replacing(String name, String text) throws OsException {
        return new Writing(cluster.io(), name, text, false);
    }

    private final class Reading extends Pending<Optional<String>> {
        private final String what;
        private final MemorySegment text;

        Reading(MemorySegment io, String name) throws OsException {
            super(library);
            what = "read " + cluster.address().of(name);
            text = arena().allocate(MOST_BYTES);
            sent(
                    library.call(
                            Function.RADOS_AIO_READ,
                            io,
                            arena().allocateFrom(name),
                            completion(),
                            text,
                            MOST_BYTES,
                            0L),
                    what);
        }

        @Override
        Optional<String> found(long length) throws OsException {
            if (length == -OsException.ENOENT) {
                return Optional.empty();
            }
            Cluster.check(length, what);
            return Optional.of(new String(text.asSlice(0, length).toArray(JAVA_BYTE), UTF_8));
        }
    }

    /** False if one was to be made and there is one. */
    private final class Writing extends Pending<Boolean> {
        private final String what;
        private final boolean create;
        private final MemorySegment steps;

        Writing(MemorySegment io, String name, String text, boolean create) throws OsException {
            super(library);
            this.what = (create ? "make " : "write ") + cluster.address().of(name);
            this.create = create;
            byte[] bytes = text.getBytes(UTF_8);
            MemorySegment buffer = arena().allocate(Math.max(1, bytes.length));
            MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, bytes.length);
            steps = library.address(Function.RADOS_CREATE_WRITE_OP);
            if (create) {
                library.call(Function.RADOS_WRITE_OP_CREATE, steps, EXCLUSIVE, MemorySegment.NULL);
            } else {
                library.call(Function.RADOS_WRITE_OP_ASSERT_EXISTS, steps);
            }
            library.call(Function.RADOS_WRITE_OP_WRITE_FULL, steps, buffer, (long) bytes.length);
            sent(
                    library.call(
                            Function.RADOS_AIO_WRITE_OP_OPERATE,
                            steps,
                            io,
                            completion(),
                            arena().allocateFrom(name),
                            MemorySegment.NULL,
                            0),
                    what);
        }

        @Override
        Boolean found(long result) throws OsException {
            if (create && result == -OsException.EEXIST) {
                return false;
            }
            Cluster.check(result, what);
            return true;
        }

        @Override
        void free() {
            library.call(Function.RADOS_RELEASE_WRITE_OP, steps);
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
