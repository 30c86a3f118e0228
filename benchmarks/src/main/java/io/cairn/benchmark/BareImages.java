package io.cairn.benchmark;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The floor of the RBD driver: librbd's call for a snapshot, and that for its end, of an image that
 * is opened for it, by a connection that stays.
 */
@SuppressWarnings("restricted") // calling Ceph's libraries is what this is for
final class BareImages implements Bare {
    private final Arena arena = Arena.ofShared();
    private final SymbolLookup symbols =
            SymbolLookup.libraryLookup("librados.so.2", Arena.global())
                    .or(SymbolLookup.libraryLookup("librbd.so.1", Arena.global()));
    private final MethodHandle open = find("rbd_open", ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    private final MethodHandle shut = find("rbd_close", ADDRESS);
    private final MethodHandle cut = find("rbd_snap_create", ADDRESS, ADDRESS);
    private final MethodHandle remove = find("rbd_snap_remove", ADDRESS, ADDRESS);
    private final MemorySegment out = arena.allocate(ADDRESS);
    private final MemorySegment rados;
    private final MemorySegment pool;
    private final MemorySegment image;

    private BareImages(Ceph ceph, String name) throws IOException {
        call(
                find("rados_create2", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG),
                out,
                text("ceph"),
                text("client." + ceph.user()),
                0L);
        rados = out.get(ADDRESS, 0);
        call(find("rados_conf_read_file", ADDRESS, ADDRESS), rados, text(ceph.conf()));
        call(find("rados_connect", ADDRESS), rados);
        call(find("rados_ioctx_create", ADDRESS, ADDRESS, ADDRESS), rados, text(ceph.pool()), out);
        pool = out.get(ADDRESS, 0);
        image = text(name);
        call(
                find("rbd_create", ADDRESS, ADDRESS, JAVA_LONG, ADDRESS),
                pool,
                image,
                House.VOLUME_BYTES,
                arena.allocate(JAVA_INT));
    }

    /** The folder's name is the image's. */
    static BareImages of(Path folder) throws IOException {
        return new BareImages(Ceph.here().orElseThrow(), folder.getFileName().toString());
    }

    @Override
    public int create(String name) throws IOException {
        return with(cut, name);
    }

    @Override
    public int delete(String name) throws IOException {
        return with(remove, name);
    }

    private int with(MethodHandle done, String name) throws IOException {
        call(open, pool, image, out, MemorySegment.NULL);
        MemorySegment opened = out.get(ADDRESS, 0);
        try (Arena its = Arena.ofConfined()) {
            return call(done, opened, its.allocateFrom(name));
        } finally {
            call(shut, opened);
        }
    }

    private MemorySegment text(String text) {
        return arena.allocateFrom(text);
    }

    private MethodHandle find(String name, ValueLayout... arguments) {
        return Linker.nativeLinker()
                .downcallHandle(
                        symbols.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static int call(MethodHandle handle, Object... arguments) throws IOException {
        int result;
        try {
            result = (int) handle.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        if (result < 0) {
            throw new IOException("a call of librbd failed with error " + -result);
        }
        return result;
    }

    @Override
    public void close() throws IOException {
        try {
            Linker.nativeLinker()
                    .downcallHandle(
                            symbols.findOrThrow("rados_ioctx_destroy"),
                            FunctionDescriptor.ofVoid(ADDRESS))
                    .invokeWithArguments(pool);
            Linker.nativeLinker()
                    .downcallHandle(
                            symbols.findOrThrow("rados_shutdown"),
                            FunctionDescriptor.ofVoid(ADDRESS))
                    .invokeWithArguments(rados);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            arena.close();
        }
    }
}
