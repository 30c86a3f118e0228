package io.cairn.benchmark;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** The floor of the btrfs driver: the kernel's call for a snapshot, and that for its end. */
final class BareSubvolumes implements Bare {
    // linux/btrfs.h
    private static final long SUBVOL_CREATE_V2 = 0x50009418L;
    private static final long SNAP_CREATE_V2 = 0x50009417L;
    private static final long SNAP_DESTROY = 0x5000940FL;
    private static final long ARGS_BYTES = 4096;
    private static final long FLAGS = 16;
    private static final long NAME = 8;
    private static final long NAME_V2 = 56;
    private static final long READ_ONLY = 2;

    private final Native os = new Native();
    private final MemorySegment arguments = os.buffer(ARGS_BYTES);
    private final Fd folder;
    private final Fd source;

    private BareSubvolumes(Fd folder, Fd source) {
        this.folder = folder;
        this.source = source;
    }

    /** In a folder where it makes a subvolume with an image. */
    static BareSubvolumes in(Path path) throws IOException {
        try (Native os = new Native()) {
            Fd folder = os.open(path.toString(), Native.O_RDONLY);
            MemorySegment arguments = os.buffer(ARGS_BYTES);
            name(arguments, NAME_V2, "source");
            os.ioctl(folder, SUBVOL_CREATE_V2, arguments.address(), "make a subvolume in");
            Path _ = Seed.image(path.resolve("source").resolve("image"));
            return new BareSubvolumes(folder, os.open(folder, "source", Native.O_RDONLY));
        } catch (OsException e) {
            throw new IOException(e);
        }
    }

    @Override
    public int create(String name) throws IOException {
        arguments.fill((byte) 0);
        arguments.set(JAVA_LONG, 0, source.number());
        arguments.set(JAVA_LONG, FLAGS, READ_ONLY);
        name(arguments, NAME_V2, name);
        try {
            return os.ioctl(folder, SNAP_CREATE_V2, arguments.address(), "snapshot in");
        } catch (OsException e) {
            throw new IOException(e);
        }
    }

    @Override
    public int delete(String name) throws IOException {
        arguments.fill((byte) 0);
        name(arguments, NAME, name);
        try {
            int result = os.ioctl(folder, SNAP_DESTROY, arguments.address(), "destroy in");
            os.sync(folder);
            return result;
        } catch (OsException e) {
            throw new IOException(e);
        }
    }

    @Override
    public void close() {
        source.close();
        folder.close();
        os.close();
    }

    private static void name(MemorySegment arguments, long at, String name) {
        byte[] bytes = name.getBytes(UTF_8);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, arguments, at, bytes.length);
    }
}
