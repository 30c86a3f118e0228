package io.cairn.plugin.rbd;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The content of an image or a snapshot, as a client of the cluster's own sees it. */
final class ImageChannel implements SeekableByteChannel {
    private static final MethodHandle OPEN =
            find(FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS), "rbd_open");
    private static final MethodHandle OPEN_READ_ONLY =
            find(
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
                    "rbd_open_read_only");
    private static final MethodHandle CLOSE =
            find(FunctionDescriptor.of(JAVA_INT, ADDRESS), "rbd_close");
    private static final MethodHandle SIZE =
            find(FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS), "rbd_get_size");
    private static final MethodHandle READ =
            find(
                    FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS),
                    "rbd_read");
    private static final MethodHandle WRITE =
            find(
                    FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS),
                    "rbd_write");
    private static final MethodHandle FLUSH =
            find(FunctionDescriptor.of(JAVA_INT, ADDRESS), "rbd_flush");

    private static final long AHEAD_BYTES = 1 << 20;

    private static final Map<Path, Cluster> CLUSTERS = new HashMap<>();

    private final MemorySegment image;
    private final boolean writable;
    private final long sizeBytes;

    /** Of snapshots, whose content stays, so that reading block by block takes no time for each. */
    private final boolean ahead;

    private byte[] read = {};
    private long readAt;
    private long position;
    private boolean closed;

    /**
     * @param location as the driver has it: {@code POOL/NAMESPACE/IMAGE}, maybe with {@code @SNAP}
     */
    ImageChannel(Path namespace, String location, boolean writable) throws IOException {
        this.writable = writable;
        this.ahead = location.contains("@");
        String[] words = location.substring(location.lastIndexOf('/') + 1).split("@", -1);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            check(
                    (int)
                            (writable ? OPEN : OPEN_READ_ONLY)
                                    .invokeWithArguments(
                                            cluster(namespace).io(),
                                            arena.allocateFrom(words[0]),
                                            out,
                                            words.length > 1
                                                    ? arena.allocateFrom(words[1])
                                                    : MemorySegment.NULL),
                    "open " + location);
            image = out.get(ADDRESS, 0);
            MemorySegment size = arena.allocate(JAVA_LONG);
            check((int) SIZE.invokeWithArguments(image, size), "measure " + location);
            sizeBytes = size.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @SuppressWarnings("restricted") // calling the library is what this is for
    private static MethodHandle find(FunctionDescriptor as, String name) {
        return Linker.nativeLinker()
                .downcallHandle(
                        SymbolLookup.libraryLookup("librbd.so.1", Arena.global()).findOrThrow(name),
                        as);
    }

    private static Cluster cluster(Path namespace) throws OsException, DriverException {
        synchronized (CLUSTERS) {
            Cluster cluster = CLUSTERS.get(namespace);
            if (cluster == null) {
                cluster =
                        LargeStack.call(
                                () -> Cluster.connect(Library.load(), OneNode.address(namespace)));
                CLUSTERS.put(namespace, cluster);
            }
            return cluster;
        }
    }

    /** Closes the connection to a namespace, or all to a cluster. */
    static void forget(Path folder) {
        synchronized (CLUSTERS) {
            CLUSTERS.entrySet()
                    .removeIf(
                            each -> {
                                boolean of = each.getKey().startsWith(folder);
                                if (of) {
                                    each.getValue().close();
                                }
                                return of;
                            });
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        checkOpen();
        long length = Math.min(into.remaining(), sizeBytes - position);
        if (length <= 0) {
            return into.hasRemaining() ? -1 : 0;
        }
        if (position < readAt || position >= readAt + read.length || !ahead) {
            read = read(ahead ? Math.min(AHEAD_BYTES, sizeBytes - position) : length);
            readAt = position;
        }
        int from = Math.toIntExact(position - readAt);
        int there = Math.min(into.remaining(), read.length - from);
        into.put(read, from, there);
        position += there;
        return there;
    }

    private byte[] read(long length) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(length);
            long found = (long) READ.invokeWithArguments(image, position, length, buffer);
            check(found, "read");
            return buffer.asSlice(0, found).toArray(JAVA_BYTE);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        checkOpen();
        if (!writable) {
            throw new NonWritableChannelException();
        }
        byte[] bytes = new byte[from.remaining()];
        from.get(bytes);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(1, bytes.length));
            MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, bytes.length);
            long written =
                    (long) WRITE.invokeWithArguments(image, position, (long) bytes.length, buffer);
            check(written, "write");
            position += written;
            return (int) written;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SeekableByteChannel position(long to) {
        position = to;
        return this;
    }

    @Override
    public long size() {
        return sizeBytes;
    }

    @Override
    public SeekableByteChannel truncate(long size) {
        throw new UnsupportedOperationException("images keep their size");
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            long flushed = writable ? (int) FLUSH.invokeWithArguments(image) : 0;
            check((int) CLOSE.invokeWithArguments(image), "close");
            check(flushed, "flush");
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private void checkOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    private static void check(long result, String what) throws IOException {
        if (result < 0) {
            throw new IOException("cannot %s: error %d".formatted(what, -result));
        }
    }

    private static IOException failed(Throwable e) {
        return e instanceof IOException already ? already : new IOException(e);
    }
}
