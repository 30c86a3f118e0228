package io.cairn.plugin.rbd;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.cairn.plugin.local.OsException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A request for one object that is under way while others are made. For the thread that made it,
 * which closes it: that waits for its end, since Ceph uses its memory until then.
 *
 * @param <T> what it finds out
 */
abstract class Pending<T> implements AutoCloseable {
    private final Library library;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment completion;
    private boolean sent;

    Pending(Library library) throws OsException {
        this.library = library;
        MemorySegment out = arena.allocate(ADDRESS);
        long result =
                library.call(
                        Function.RADOS_AIO_CREATE_COMPLETION2,
                        MemorySegment.NULL,
                        MemorySegment.NULL,
                        out);
        if (result < 0) {
            arena.close();
            throw Errors.failed(result, "begin a request");
        }
        completion = out.get(ADDRESS, 0);
    }

    /** Memory that stays until it has ended. */
    Arena arena() {
        return arena;
    }

    /** What the call takes that sends it. */
    MemorySegment completion() {
        return completion;
    }

    /** Notes what the call returned that sent it. */
    void sent(long result, String what) throws OsException {
        sent = result >= 0;
        if (!sent) {
            close();
            Cluster.check(result, what);
        }
    }

    /** Waits for its end. */
    T get() throws OsException {
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException("the request is closed");
        }
        long _ = library.call(Function.RADOS_AIO_WAIT_FOR_COMPLETE, completion);
        return found(library.call(Function.RADOS_AIO_GET_RETURN_VALUE, completion));
    }

    /**
     * @param result as of the call that waits
     */
    abstract T found(long result) throws OsException;

    /** Frees what of Ceph's the call took. */
    void free() {}

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            if (sent) {
                long _ = library.call(Function.RADOS_AIO_WAIT_FOR_COMPLETE, completion);
            }
            library.call(Function.RADOS_AIO_RELEASE, completion);
            free();
            arena.close();
        }
    }
}
