package io.cairn.plugin.file;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Leases;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;

/** Copies of a file's content that keep its holes, for file systems that cannot share it. */
final class Content {
    /** Long enough to be fast, short enough to notice an interrupt or a waiting writer soon. */
    private static final long CHUNK = 8L << 20;

    private static final int BUFFER = 1 << 20;

    private final Native os;
    private final Fd from;
    private final Fd to;
    private final boolean leased;

    /** Only where the kernel does not copy by itself. */
    private @Nullable MemorySegment buffer;

    private Content(Native os, Fd from, Fd to, boolean leased) {
        this.os = os;
        this.from = from;
        this.to = to;
        this.leased = leased;
    }

    /**
     * Fails unless nobody has the file open for writing; until it is closed, who opens it so waits.
     *
     * @throws OsException UNSUPPORTED if it is open for writing
     */
    static void holdStill(Native os, Fd file) throws OsException {
        try {
            Leases.take(os, file);
        } catch (OsException e) {
            if (e.is(OsException.EAGAIN)) {
                throw inUse(file);
            }
            throw e;
        }
        // What was written is in the page cache; a hole is told from data surely only on disk.
        os.sync(file);
    }

    /**
     * Copies everything.
     *
     * @param leased whether {@code from} is held still, to be checked as long as it is read
     * @param insideKernel whether the kernel copies by itself where it can; it shares instead where
     *     it can do that, which is not what a copy promises
     */
    static void copy(Native os, Fd from, Fd to, boolean leased, boolean insideKernel)
            throws OsException, InterruptedException {
        Content content = new Content(os, from, to, leased);
        if (!insideKernel) {
            content.buffer = os.buffer(BUFFER);
        }
        content.copy();
    }

    private void copy() throws OsException, InterruptedException {
        long size = os.size(from);
        os.resize(to, size);
        long at = nextData(0);
        while (at < size) {
            long end = os.seek(from, at, Native.SEEK_HOLE);
            while (at < end) {
                if (Thread.interrupted()) {
                    throw new InterruptedException(
                            "interrupted while copying to %s".formatted(to.path()));
                }
                if (leased && !Leases.holds(os, from)) {
                    throw inUse(from);
                }
                at += chunk(at, Math.min(CHUNK, end - at));
            }
            at = nextData(at);
        }
        if (leased && !Leases.holds(os, from)) {
            throw inUse(from);
        }
    }

    private long nextData(long from) throws OsException {
        try {
            return os.seek(this.from, from, Native.SEEK_DATA);
        } catch (OsException e) {
            if (e.is(OsException.ENXIO)) {
                return Long.MAX_VALUE;
            }
            throw e;
        }
    }

    private long chunk(long at, long bytes) throws OsException {
        MemorySegment buffer = this.buffer;
        if (buffer == null) {
            try {
                return whole(os.copy(from, to, at, bytes));
            } catch (OsException e) {
                if (!e.isLacking()) {
                    throw e;
                }
                buffer = os.buffer(BUFFER);
                this.buffer = buffer;
            }
        }
        long read = whole(os.read(from, buffer, Math.min(BUFFER, bytes), at));
        long written = 0;
        while (written < read) {
            written += os.write(to, buffer.asSlice(written), read - written, at + written);
        }
        return read;
    }

    private long whole(long bytes) throws OsException {
        if (bytes == 0) {
            throw new OsException(FAULT, "%s became shorter".formatted(from.path()));
        }
        return bytes;
    }

    private static OsException inUse(Fd file) {
        return new OsException(
                UNSUPPORTED,
                "%s is open for writing, and a copy of it would not be of one instant: close it, or use XFS or btrfs"
                        .formatted(file.path()));
    }
}
