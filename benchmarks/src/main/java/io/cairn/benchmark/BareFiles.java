package io.cairn.benchmark;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** The floor of the file driver, by the fewest calls of the kernel. */
@SuppressWarnings("restricted") // bare calls of the kernel are what this measures
final class BareFiles implements Bare {
    // fcntl.h, the same on x86-64, aarch64 and riscv64
    private static final int O_RDONLY = 0;
    private static final int O_RDWR = 2;
    private static final int O_CREAT = 0100;
    private static final int O_EXCL = 0200;

    /** linux/fs.h: {@code _IOW(0x94, 9, int)}. */
    private static final long FICLONE = 0x40049409L;

    private static final MethodHandle OPEN = find("open", 2, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle OPENAT =
            find("openat", 3, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle CLOSE = find("close", -1, JAVA_INT, JAVA_INT);
    private static final MethodHandle IOCTL =
            find("ioctl", 2, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle COPY =
            find(
                    "copy_file_range",
                    -1,
                    JAVA_LONG,
                    JAVA_INT,
                    ADDRESS,
                    JAVA_INT,
                    ADDRESS,
                    JAVA_LONG,
                    JAVA_INT);
    private static final MethodHandle FSYNC = find("fsync", -1, JAVA_INT, JAVA_INT);
    private static final MethodHandle RENAMEAT =
            find("renameat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle UNLINKAT =
            find("unlinkat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);

    private final Arena arena = Arena.ofShared();
    private final Storage storage;
    private final int folder;
    private final int source;
    private final MemorySegment temporary;
    private final MemorySegment from;
    private final MemorySegment to;

    /**
     * @param folder where copies go
     * @param source the image, whose first {@link Seed#CONTENT_BYTES} have content
     */
    BareFiles(Storage storage, Path folder, Path source) throws IOException {
        this.storage = storage;
        this.folder = open(folder);
        this.source = open(source);
        this.temporary = arena.allocateFrom(source.getFileName() + ".new");
        this.from = arena.allocate(JAVA_LONG);
        this.to = arena.allocate(JAVA_LONG);
    }

    @Override
    public int create(String name) throws IOException {
        try (Arena call = Arena.ofConfined()) {
            int file =
                    check(
                            (int)
                                    OPENAT.invokeExact(
                                            folder, temporary, O_RDWR | O_CREAT | O_EXCL, 0400),
                            "open");
            fill(file);
            // On XFS the sync of the folder covers what was done before it.
            if (storage != Storage.XFS) {
                check((int) FSYNC.invokeExact(file), "sync");
            }
            check((int) CLOSE.invokeExact(file), "close");
            MemorySegment lasting = call.allocateFrom(name);
            check((int) RENAMEAT.invokeExact(folder, temporary, folder, lasting), "rename");
            return check((int) FSYNC.invokeExact(folder), "sync folder");
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private void fill(int file) throws Throwable {
        if (storage != Storage.FOLDER) {
            check((int) IOCTL.invokeExact(file, FICLONE, source), "clone");
            return;
        }
        from.set(JAVA_LONG, 0, 0);
        to.set(JAVA_LONG, 0, 0);
        long copied = (long) COPY.invokeExact(source, from, file, to, (long) Seed.CONTENT_BYTES, 0);
        if (copied != Seed.CONTENT_BYTES) {
            throw new IOException("copied %d bytes".formatted(copied));
        }
    }

    @Override
    public int delete(String name) throws IOException {
        try (Arena call = Arena.ofConfined()) {
            check((int) UNLINKAT.invokeExact(folder, call.allocateFrom(name), 0), "remove");
            return check((int) FSYNC.invokeExact(folder), "sync folder");
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            check((int) CLOSE.invokeExact(source), "close");
            check((int) CLOSE.invokeExact(folder), "close");
        } catch (Throwable e) {
            throw failed(e);
        } finally {
            arena.close();
        }
    }

    private static int open(Path path) throws IOException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment name = call.allocateFrom(path.toString());
            return check((int) OPEN.invokeExact(name, O_RDONLY, 0), "open " + path);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private static int check(int result, String call) throws IOException {
        if (result < 0) {
            throw new IOException("the kernel refused to %s".formatted(call));
        }
        return result;
    }

    private static IOException failed(Throwable e) {
        return switch (e) {
            case IOException io -> io;
            case RuntimeException bug -> throw bug;
            case Error error -> throw error;
            default -> throw new AssertionError(e);
        };
    }

    private static MethodHandle find(
            String name, int firstVariadic, ValueLayout result, ValueLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(result, arguments),
                firstVariadic < 0
                        ? new Linker.Option[0]
                        : new Linker.Option[] {Linker.Option.firstVariadicArg(firstVariadic)});
    }
}
