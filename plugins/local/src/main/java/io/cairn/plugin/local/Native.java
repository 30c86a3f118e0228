package io.cairn.plugin.local;

import static io.cairn.plugin.local.Syscalls.CLOSE;
import static io.cairn.plugin.local.Syscalls.COPY_FILE_RANGE;
import static io.cairn.plugin.local.Syscalls.ERRNO;
import static io.cairn.plugin.local.Syscalls.FCHMOD;
import static io.cairn.plugin.local.Syscalls.FCNTL;
import static io.cairn.plugin.local.Syscalls.FCNTL_AT;
import static io.cairn.plugin.local.Syscalls.FGETXATTR;
import static io.cairn.plugin.local.Syscalls.FLOCK;
import static io.cairn.plugin.local.Syscalls.FREMOVEXATTR;
import static io.cairn.plugin.local.Syscalls.FSETXATTR;
import static io.cairn.plugin.local.Syscalls.FSYNC;
import static io.cairn.plugin.local.Syscalls.FTRUNCATE;
import static io.cairn.plugin.local.Syscalls.FUTIMENS;
import static io.cairn.plugin.local.Syscalls.IOCTL;
import static io.cairn.plugin.local.Syscalls.LINKAT;
import static io.cairn.plugin.local.Syscalls.LSEEK;
import static io.cairn.plugin.local.Syscalls.MKDIRAT;
import static io.cairn.plugin.local.Syscalls.OPENAT;
import static io.cairn.plugin.local.Syscalls.PREAD;
import static io.cairn.plugin.local.Syscalls.PWRITE;
import static io.cairn.plugin.local.Syscalls.READLINKAT;
import static io.cairn.plugin.local.Syscalls.RENAMEAT2;
import static io.cairn.plugin.local.Syscalls.STATE;
import static io.cairn.plugin.local.Syscalls.STATX;
import static io.cairn.plugin.local.Syscalls.STRERROR;
import static io.cairn.plugin.local.Syscalls.SYMLINKAT;
import static io.cairn.plugin.local.Syscalls.UNLINKAT;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;

/**
 * The calls of Linux that the JDK does not offer, or offers only by path. One of these serves one
 * driver call, on its thread: closing it frees whatever was passed to the kernel.
 */
@SuppressWarnings("restricted") // calling the kernel is what this class is for
public final class Native implements AutoCloseable {
    // fcntl.h, the same on x86-64, aarch64 and riscv64
    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_CREAT = 0100;
    public static final int O_EXCL = 0200;
    public static final int SEEK_END = 2;
    public static final int SEEK_DATA = 3;
    public static final int SEEK_HOLE = 4;
    public static final int AT_REMOVEDIR = 0x200;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int XATTR_CREATE = 1;
    private static final int RENAME_NOREPLACE = 1;
    private static final int RENAME_EXCHANGE = 2;
    private static final int AT_SYMLINK_FOLLOW = 0x400;
    private static final int AT_FDCWD = -100;
    private static final int O_CLOEXEC = 02000000;

    /** linux/fs.h: {@code _IOW(0x94, 9, int)}. */
    private static final long FICLONE = 0x40049409L;

    /** bits/struct_stat.h keeps it: "leave this time as it is". */
    private static final long UTIME_OMIT = (1L << 30) - 2;

    /** More than links here have. */
    private static final long LINK_BYTES = 512;

    private static final String OPEN = "open";

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment state = arena.allocate(STATE);

    @Override
    public void close() {
        arena.close();
    }

    /** Memory for {@link #read} and {@link #write}, freed with this. */
    public MemorySegment buffer(long bytes) {
        return arena.allocate(bytes, JAVA_LONG.byteAlignment());
    }

    public Fd open(String path, int flags) throws OsException {
        return open(AT_FDCWD, path, path, flags, 0);
    }

    public Fd open(Fd folder, String name, int flags) throws OsException {
        return open(folder, name, flags, 0);
    }

    /** For reading; null if there is nothing of that name. */
    public @Nullable Fd openIfThere(Fd folder, String name) throws OsException {
        // Most often it is asked of what is not there, and an exception costs more than the call.
        int fd = openAt(folder.number(), name, O_RDONLY, 0);
        if (fd < 0 && (int) ERRNO.get(state, 0L) == OsException.ENOENT) {
            return null;
        }
        String path = within(folder, name);
        return new Fd((int) check(fd, OPEN, path), path);
    }

    public Fd open(Fd folder, String name, int flags, int mode) throws OsException {
        return open(folder.number(), name, within(folder, name), flags, mode);
    }

    private Fd open(int folder, String name, String path, int flags, int mode) throws OsException {
        return new Fd((int) check(openAt(folder, name, flags, mode), OPEN, path), path);
    }

    private int openAt(int folder, String name, int flags, int mode) throws OsException {
        try {
            return (int)
                    OPENAT.invokeExact(
                            state, folder, arena.allocateFrom(name), flags | O_CLOEXEC, mode);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public static void close(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            int _ = (int) CLOSE.invokeExact(arena.allocate(STATE), fd);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Makes {@code to} share the whole content of {@code from}. */
    public void clone(Fd from, Fd to) throws OsException {
        ioctl(to, FICLONE, from.number(), "clone");
    }

    /**
     * Asks a device or a file for something of its own kind.
     *
     * @param argument a number, or the address of a {@link #buffer}
     * @param call what it does, for messages
     */
    public int ioctl(Fd file, long request, long argument, String call) throws OsException {
        try {
            int result = (int) IOCTL.invokeExact(state, file.number(), request, argument);
            return (int) check(result, call, file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Sets or asks for a property of an opening. */
    public int fcntl(Fd file, int command, int argument, String call) throws OsException {
        try {
            int result = (int) FCNTL.invokeExact(state, file.number(), command, argument);
            return (int) check(result, call, file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** The same where the argument is a structure. */
    public int fcntl(Fd file, int command, MemorySegment argument, String call) throws OsException {
        try {
            int result = (int) FCNTL_AT.invokeExact(state, file.number(), command, argument);
            return (int) check(result, call, file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public void flock(Fd file, int operation) throws OsException {
        try {
            check((int) FLOCK.invokeExact(state, file.number(), operation), "lock", file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public void sync(Fd file) throws OsException {
        try {
            check((int) FSYNC.invokeExact(state, file.number()), "sync", file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public void resize(Fd file, long bytes) throws OsException {
        try {
            check((int) FTRUNCATE.invokeExact(state, file.number(), bytes), "resize", file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public long seek(Fd file, long from, int whence) throws OsException {
        try {
            return check(
                    (long) LSEEK.invokeExact(state, file.number(), from, whence), "seek", file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public long size(Fd file) throws OsException {
        return seek(file, 0, SEEK_END);
    }

    public void setLabel(Fd file, Label label) throws OsException {
        setAttribute(file, Label.ATTRIBUTE, label.toBytes());
    }

    /** Sets an attribute, whatever it was. */
    public void setAttribute(Fd file, String name, byte[] value) throws OsException {
        setAttribute(file, name, value, 0);
    }

    /** Sets an attribute that is not there; false if it is. */
    public boolean makeAttribute(Fd file, String name, byte[] value) throws OsException {
        try {
            setAttribute(file, name, value, XATTR_CREATE);
            return true;
        } catch (OsException e) {
            if (e.is(OsException.EEXIST)) {
                return false;
            }
            throw e;
        }
    }

    private void setAttribute(Fd file, String name, byte[] value, int flags) throws OsException {
        try {
            int result =
                    (int)
                            FSETXATTR.invokeExact(
                                    state,
                                    file.number(),
                                    arena.allocateFrom(name),
                                    arena.allocateFrom(JAVA_BYTE, value),
                                    (long) value.length,
                                    flags);
            check(result, "label", file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public void removeLabel(Fd file) throws OsException {
        removeAttribute(file, Label.ATTRIBUTE);
    }

    /** Removes an attribute if it is there. */
    public void removeAttribute(Fd file, String name) throws OsException {
        try {
            int result =
                    (int) FREMOVEXATTR.invokeExact(state, file.number(), arena.allocateFrom(name));
            check(result, "remove the label of", file);
        } catch (OsException e) {
            if (!e.is(OsException.ENODATA)) {
                throw e;
            }
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** The file's label; an empty one if it has been lost, as by a copy without attributes. */
    public Label label(Fd file) throws OsException {
        return label(file, Label.ATTRIBUTE);
    }

    /** A label that an attribute of another name has. */
    public Label label(Fd file, String attribute) throws OsException {
        return Label.parse(attribute(file, attribute, Label.MAX_BYTES));
    }

    /** An attribute of at most so many bytes; empty if there is none, or a longer one. */
    public byte[] attribute(Fd file, String name, int mostBytes) throws OsException {
        MemorySegment value = arena.allocate(mostBytes);
        try {
            long length =
                    (long)
                            FGETXATTR.invokeExact(
                                    state,
                                    file.number(),
                                    arena.allocateFrom(name),
                                    value,
                                    value.byteSize());
            check(length, "read the label of", file);
            return value.asSlice(0, length).toArray(JAVA_BYTE);
        } catch (OsException e) {
            if (e.is(OsException.ENODATA) || e.is(OsException.ERANGE) || e.isLacking()) {
                return new byte[0];
            }
            throw e;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public void setModified(Fd file, Instant at) throws OsException {
        MemorySegment times = arena.allocate(JAVA_LONG, 4);
        times.setAtIndex(JAVA_LONG, 1, UTIME_OMIT);
        times.setAtIndex(JAVA_LONG, 2, at.getEpochSecond());
        times.setAtIndex(JAVA_LONG, 3, at.getNano());
        try {
            check((int) FUTIMENS.invokeExact(state, file.number(), times), "date", file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public void setMode(Fd file, int mode) throws OsException {
        try {
            check((int) FCHMOD.invokeExact(state, file.number(), mode), "protect", file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Gives an open file one more name, whatever its others lead to by now. */
    public void link(Fd file, Fd toFolder, String toName) throws OsException {
        try {
            int result =
                    (int)
                            LINKAT.invokeExact(
                                    state,
                                    AT_FDCWD,
                                    arena.allocateFrom("/proc/self/fd/" + file.number()),
                                    toFolder.number(),
                                    arena.allocateFrom(toName),
                                    AT_SYMLINK_FOLLOW);
            check(result, "link", within(toFolder, toName));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Renames within a folder, over whatever has the name. */
    public void rename(Fd folder, String name, String toName) throws OsException {
        rename(folder, name, folder, toName, 0);
    }

    /** Renames into another folder, over whatever has the name there. */
    public void rename(Fd folder, String name, Fd toFolder, String toName) throws OsException {
        rename(folder, name, toFolder, toName, 0);
    }

    /** Moves to another folder; fails with EEXIST if the name is taken there. */
    public void move(Fd folder, String name, Fd toFolder, String toName) throws OsException {
        rename(folder, name, toFolder, toName, RENAME_NOREPLACE);
    }

    /** Has two names of a folder change places, at once. */
    public void exchange(Fd folder, String name, String other) throws OsException {
        rename(folder, name, folder, other, RENAME_EXCHANGE);
    }

    /** Makes a symbolic link; false if the name is taken. */
    public boolean makeLink(Fd folder, String name, String target) throws OsException {
        try {
            int result =
                    (int)
                            SYMLINKAT.invokeExact(
                                    state,
                                    arena.allocateFrom(target),
                                    folder.number(),
                                    arena.allocateFrom(name));
            check(result, "link", within(folder, name));
            return true;
        } catch (OsException e) {
            if (e.is(OsException.EEXIST)) {
                return false;
            }
            throw e;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Where a symbolic link leads; empty if there is none of that name. */
    public String linked(Fd folder, String name) throws OsException {
        MemorySegment target = arena.allocate(LINK_BYTES);
        try {
            long length =
                    (long)
                            READLINKAT.invokeExact(
                                    state,
                                    folder.number(),
                                    arena.allocateFrom(name),
                                    target,
                                    target.byteSize());
            check(length, "read the link", within(folder, name));
            return new String(target.asSlice(0, length).toArray(JAVA_BYTE), UTF_8);
        } catch (OsException e) {
            if (e.is(OsException.ENOENT) || e.is(OsException.EINVAL)) {
                return "";
            }
            throw e;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private void rename(Fd folder, String name, Fd toFolder, String toName, int flags)
            throws OsException {
        try {
            int result =
                    (int)
                            RENAMEAT2.invokeExact(
                                    state,
                                    folder.number(),
                                    arena.allocateFrom(name),
                                    toFolder.number(),
                                    arena.allocateFrom(toName),
                                    flags);
            check(result, "rename", within(folder, name));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public Stat stat(Fd file) throws OsException {
        return stat(file.number(), "", file.path(), AT_EMPTY_PATH);
    }

    /** Of what has the name itself, should it be a symbolic link. */
    public Stat stat(Fd folder, String name) throws OsException {
        return stat(folder.number(), name, within(folder, name), AT_SYMLINK_NOFOLLOW);
    }

    private Stat stat(int folder, String name, String path, int flags) throws OsException {
        MemorySegment found = arena.allocate(Stat.BYTES, JAVA_LONG.byteAlignment());
        try {
            int result =
                    (int)
                            STATX.invokeExact(
                                    state,
                                    folder,
                                    arena.allocateFrom(name),
                                    flags,
                                    Stat.MASK,
                                    found);
            check(result, "look at", path);
            return Stat.read(found);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Removes a file or, with {@link #AT_REMOVEDIR}, an empty folder; false if it is not there. */
    public boolean remove(Fd folder, String name, int flags) throws OsException {
        try {
            int result =
                    (int)
                            UNLINKAT.invokeExact(
                                    state, folder.number(), arena.allocateFrom(name), flags);
            check(result, "remove", within(folder, name));
            return true;
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                return false;
            }
            throw e;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Makes a folder; false if the name is taken. */
    public boolean makeFolder(Fd folder, String name, int mode) throws OsException {
        try {
            int result =
                    (int)
                            MKDIRAT.invokeExact(
                                    state, folder.number(), arena.allocateFrom(name), mode);
            check(result, "make folder", within(folder, name));
            return true;
        } catch (OsException e) {
            if (e.is(OsException.EEXIST)) {
                return false;
            }
            throw e;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public long read(Fd file, MemorySegment into, long bytes, long at) throws OsException {
        try {
            return check(
                    (long) PREAD.invokeExact(state, file.number(), into, bytes, at), "read", file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    public long write(Fd file, MemorySegment from, long bytes, long at) throws OsException {
        try {
            return check(
                    (long) PWRITE.invokeExact(state, file.number(), from, bytes, at),
                    "write",
                    file);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Copies at most so many bytes at the same place of both files, inside the kernel. */
    public long copy(Fd from, Fd to, long at, long bytes) throws OsException {
        MemorySegment places = arena.allocate(JAVA_LONG, 2);
        places.setAtIndex(JAVA_LONG, 0, at);
        places.setAtIndex(JAVA_LONG, 1, at);
        try {
            long copied =
                    (long)
                            COPY_FILE_RANGE.invokeExact(
                                    state,
                                    from.number(),
                                    places.asSlice(0, JAVA_LONG),
                                    to.number(),
                                    places.asSlice(JAVA_LONG.byteSize(), JAVA_LONG),
                                    bytes,
                                    0);
            return check(copied, "copy to", to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private long check(long result, String call, Fd file) throws OsException {
        return check(result, call, file.path());
    }

    private long check(long result, String call, String path) throws OsException {
        if (result < 0) {
            int errno = (int) ERRNO.get(state, 0L);
            throw new OsException(errno, "%s %s: %s".formatted(call, path, text(errno)));
        }
        return result;
    }

    private String text(int errno) {
        try {
            MemorySegment text = (MemorySegment) STRERROR.invokeExact(state, errno);
            return text.reinterpret(256).getString(0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static String within(Fd folder, String name) {
        return folder.path() + "/" + name;
    }

    /** The handles declare Throwable; only what {@link #check} throws can come. */
    private static OsException failed(Throwable e) {
        return switch (e) {
            case OsException os -> os;
            case RuntimeException bug -> throw bug;
            case Error error -> throw error;
            default -> throw new AssertionError(e);
        };
    }
}
