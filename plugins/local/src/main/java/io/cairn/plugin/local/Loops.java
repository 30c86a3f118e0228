package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The kernel's loop devices, by the calls of linux/loop.h. Nothing is remembered: which device
 * shows a file, the kernel is asked.
 */
public final class Loops {
    /** What a device shows is counted in these; the kernel hides what is left of a file's end. */
    public static final int SECTOR = 512;

    /** How the kernel marks a file that has no name any more. */
    private static final String DELETED = " (deleted)";

    private static final String CONTROL = "/dev/loop-control";
    private static final String BACKING_FILE = "loop/backing_file";

    private static final long LOOP_CLR_FD = 0x4C01;
    private static final long LOOP_SET_STATUS64 = 0x4C04;
    private static final long LOOP_GET_STATUS64 = 0x4C05;
    private static final long LOOP_SET_CAPACITY = 0x4C07;
    private static final long LOOP_CONFIGURE = 0x4C0A;
    private static final long LOOP_CTL_GET_FREE = 0x4C82;

    // struct loop_info64
    private static final long INFO_BYTES = 232;
    private static final long DEVICE = 0;
    private static final long INODE = 8;
    private static final long OFFSET = 24;
    private static final long SIZE_LIMIT = 32;
    private static final long FLAGS = 52;
    private static final long FILE_NAME = 56;
    private static final int FILE_NAME_BYTES = 64;
    private static final int READ_ONLY = 1;
    private static final int DIRECT_IO = 16;

    // struct loop_config
    private static final long CONFIG_BYTES = 304;
    private static final long CONFIG_FD = 0;
    private static final long CONFIG_BLOCK_SIZE = 4;
    private static final long CONFIG_INFO = 8;

    /** Others take free devices too, and udev looks into new ones for a moment. */
    private static final int TRIES = 50;

    private static final long PAUSE_MILLIS = 20;

    private Loops() {}

    /**
     * A device that shows a file.
     *
     * @param file the path of what it showed when it was found, as the kernel tells it
     * @param whole whether it shows all of the file, and not only a part
     * @param reachable whether we may use it; if not, only its file's path speaks for it
     */
    public record Loop(
            String name, String file, boolean readOnly, boolean whole, boolean reachable) {
        public String device() {
            return "/dev/" + name;
        }
    }

    /** Whether this process may make loop devices. */
    public static boolean available(Native os) {
        try (Fd _ = os.open(CONTROL, Native.O_RDWR)) {
            return true;
        } catch (OsException _) {
            // The accessor of the capability is what says so.
            return false;
        }
    }

    /**
     * The devices that show a file, in the order of their numbers.
     *
     * @param hint what the file's path contains, to look at few devices; empty to look at all
     */
    public static List<Loop> of(Native os, Fd file, String hint) throws OsException, IOException {
        Stat sought = os.stat(file);
        List<Loop> found = new ArrayList<>();
        for (String name : Sysfs.loops()) {
            String first = shown(name);
            if (first.isEmpty() || !first.contains(hint)) {
                continue;
            }
            try (Fd device = os.open("/dev/" + name, Native.O_RDONLY)) {
                MemorySegment info = status(os, device);
                if (info.get(JAVA_LONG, DEVICE) == sought.device()
                        && info.get(JAVA_LONG, INODE) == sought.inode()) {
                    boolean whole =
                            info.get(JAVA_LONG, OFFSET) == 0
                                    && info.get(JAVA_LONG, SIZE_LIMIT) == 0;
                    boolean readOnly = (info.get(JAVA_INT, FLAGS) & READ_ONLY) != 0;
                    // While it is open here, that is what it shows.
                    found.add(new Loop(name, shown(name), readOnly, whole, true));
                }
            } catch (OsException e) {
                if (e.is(OsException.EACCES) || e.is(OsException.EPERM)) {
                    if (!hint.isEmpty()) {
                        found.add(new Loop(name, first, false, true, false));
                    }
                } else if (!e.is(OsException.ENXIO) && !e.is(OsException.ENOENT) && !isLost(e)) {
                    throw e;
                }
            }
        }
        return found;
    }

    /**
     * Whether nobody can ask any more which file a device shows, and never will: its file system is
     * one of FUSE whose server ended, or its file was removed from a server of NFS. It is not the
     * file that was sought, then, since that one could be asked.
     */
    private static boolean isLost(OsException e) {
        return e.is(OsException.ENOTCONN)
                || e.is(OsException.ECONNABORTED)
                || e.is(OsException.ESTALE);
    }

    /** The devices that show what is, or was, at a path, though it cannot be opened any more. */
    public static List<Loop> at(String path) throws IOException {
        List<Loop> found = new ArrayList<>();
        for (String name : Sysfs.loops()) {
            if (shown(name).equals(path)) {
                boolean readOnly = Sysfs.attribute(name, "ro").equals("1");
                found.add(new Loop(name, path, readOnly, true, true));
            }
        }
        return found;
    }

    /**
     * Takes a device away whose file is lost, and with it what was written to it since.
     *
     * @throws OsException IN_USE while anybody else has it open; the kernel then takes it away
     *     after the last of them
     */
    public static void abandon(Native os, Loop loop) throws OsException, IOException {
        try (Fd device = os.open(loop.device(), Native.O_RDONLY)) {
            if (!isStill(loop)) {
                return;
            }
            os.ioctl(device, LOOP_CLR_FD, 0, "detach");
            if (!isThere(os, device)) {
                return;
            }
        } catch (OsException e) {
            if (e.is(OsException.ENXIO)) {
                return;
            }
            throw e;
        }
        throw new OsException(
                IN_USE,
                "what %s showed is gone, and it is in use still, as by a mounted file system: see `lsblk %s` and `fuser %s`, and end that"
                        .formatted(loop.device(), loop.device(), loop.device()));
    }

    /**
     * Makes a device of a file, opened as the device is to be used.
     *
     * @param sectorBytes what the device reads and writes at least; always the same for a file, or
     *     what was partitioned with others could not be read any more
     */
    public static Loop attach(Native os, Fd file, boolean readOnly, int sectorBytes)
            throws OsException, InterruptedException, IOException {
        // Older kernels take the size that they know already: none of a file shown by FUSE whose
        // attributes nobody has asked for. With 6.1 the device was empty then.
        Stat _ = os.stat(file);
        for (int left = TRIES; ; left--) {
            String name;
            try (Fd control = os.open(CONTROL, Native.O_RDWR)) {
                name = "loop" + os.ioctl(control, LOOP_CTL_GET_FREE, 0, "find a free device by");
            }
            int access = readOnly ? Native.O_RDONLY : Native.O_RDWR;
            try (Fd device = os.open("/dev/" + name, access)) {
                MemorySegment config = os.buffer(CONFIG_BYTES);
                config.set(JAVA_INT, CONFIG_FD, file.number());
                // Always, or the kernel would take the file system's block size for a file that
                // shares content, and the volume would have other sectors after its first snapshot.
                config.set(JAVA_INT, CONFIG_BLOCK_SIZE, sectorBytes);
                MemorySegment info = config.asSlice(CONFIG_INFO, INFO_BYTES);
                info.set(JAVA_INT, FLAGS, DIRECT_IO | (readOnly ? READ_ONLY : 0));
                byte[] path = file.path().getBytes(UTF_8);
                byte[] fits = Arrays.copyOf(path, Math.min(path.length, FILE_NAME_BYTES - 1));
                MemorySegment.copy(MemorySegment.ofArray(fits), 0, info, FILE_NAME, fits.length);
                os.ioctl(device, LOOP_CONFIGURE, config.address(), "attach " + file.path() + " by");
                return new Loop(name, shown(name), readOnly, true, true);
            } catch (OsException e) {
                boolean taken = e.is(OsException.EBUSY) || e.is(OsException.ENOENT);
                if (!taken || left == 1) {
                    throw e;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    /**
     * Takes a device away once all that was written to it is durable.
     *
     * @throws OsException IN_USE while anybody else has it open; it then stays
     */
    public static void detach(Native os, Loop loop)
            throws OsException, InterruptedException, IOException {
        for (int left = TRIES; ; left--) {
            try (Fd device = os.open(loop.device(), Native.O_RDONLY | Native.O_EXCL)) {
                if (!isStill(loop)) {
                    return;
                }
                os.sync(device);
                MemorySegment before = status(os, device);
                os.ioctl(device, LOOP_CLR_FD, 0, "detach");
                if (!isThere(os, device)) {
                    break;
                }
                // Where others have the device open, the kernel only promises to remove it after
                // the last of them, and says that all went well. We take that promise back.
                os.ioctl(device, LOOP_SET_STATUS64, before.address(), "keep");
            } catch (OsException e) {
                if (e.is(OsException.ENXIO)) {
                    return;
                }
                if (!e.is(OsException.EBUSY)) {
                    throw e;
                }
                left = 1;
            }
            if (left == 1) {
                throw new OsException(
                        IN_USE,
                        "%s is in use, as by a mounted file system; see `lsblk %s` and `fuser %s`"
                                .formatted(loop.device(), loop.device(), loop.device()));
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        awaitRelease(loop);
    }

    /**
     * Nobody can open the device any more, but it lets go of its file at the last close only: a
     * process that any thread of ours has just started holds it too until it runs its own program,
     * and until then a file system could not be unmounted.
     */
    private static void awaitRelease(Loop loop) throws InterruptedException, IOException {
        for (int left = TRIES; left > 0 && isStill(loop); left--) {
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    /**
     * Whether a device shows the file still that it was found by. Somebody may have taken it away
     * since, and made one of another file that has its number; who has it open keeps it as it is.
     */
    private static boolean isStill(Loop loop) throws IOException {
        return shown(loop.name()).equals(loop.file());
    }

    /** The path of what a device shows, or showed when that was removed; empty if nothing. */
    private static String shown(String name) throws IOException {
        String path = Sysfs.attribute(name, BACKING_FILE);
        return path.endsWith(DELETED) ? path.substring(0, path.length() - DELETED.length()) : path;
    }

    private static boolean isThere(Native os, Fd device) throws OsException {
        try {
            status(os, device);
            return true;
        } catch (OsException e) {
            if (e.is(OsException.ENXIO)) {
                return false;
            }
            throw e;
        }
    }

    /**
     * Whether a file that has devices may get this size.
     *
     * @throws OsException INVALID if the devices of a file would not show all of it at that size
     */
    public static void checkSize(List<Loop> loops, long sizeBytes, int sectorBytes)
            throws OsException {
        if (!loops.isEmpty() && sizeBytes % sectorBytes != 0) {
            throw new OsException(
                    INVALID,
                    "it is attached as %s, so its size must be a multiple of %d bytes; %d is none"
                            .formatted(loops.getFirst().device(), sectorBytes, sizeBytes));
        }
    }

    /** Makes the new size of a file durable, and has its devices see it. */
    public static void settle(Native os, Fd file, List<Loop> loops) throws OsException {
        try {
            os.sync(file);
            // Also if it had the size already, for a call that was killed may have stopped here.
            for (Loop loop : loops) {
                if (loop.reachable()) {
                    grow(os, loop);
                }
            }
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /** Lets a device see that its file has become larger. */
    public static void grow(Native os, Loop loop) throws OsException {
        try (Fd device =
                os.open(loop.device(), loop.readOnly() ? Native.O_RDONLY : Native.O_RDWR)) {
            os.ioctl(device, LOOP_SET_CAPACITY, 0, "grow");
        }
    }

    /** What the kernel says that a device has. */
    public static long sizeBytes(Loop loop) throws OsException, IOException {
        String sectors = Sysfs.attribute(loop.name(), "size");
        if (sectors.isEmpty()) {
            throw new OsException(FAULT, "%s vanished".formatted(loop.device()));
        }
        return Long.parseLong(sectors) * SECTOR;
    }

    /**
     * Brings what was written to a file's devices into the file. What was acknowledged there may
     * still lie in the device's own cache, which no clone of the file sees.
     */
    public static void flush(Native os, Fd file, String hint) throws OsException, IOException {
        // The usual case, and it costs no more than a look.
        if (!Leases.mayBeWritten(os, file)) {
            return;
        }
        List<Loop> loops = of(os, file, hint);
        for (Loop loop : loops.isEmpty() ? of(os, file, "") : loops) {
            if (loop.readOnly()) {
                continue;
            }
            if (!loop.reachable()) {
                throw new OsException(
                        UNSUPPORTED,
                        "%s is attached as %s, whose cache this user may not flush; detach it, or let the daemon's user use the device"
                                .formatted(file.path(), loop.device()));
            }
            flush(os, loop);
        }
    }

    /** Brings what was written to a device, and to its partitions, into its file. */
    public static void flush(Native os, Loop loop) throws OsException, IOException {
        flush(os, loop.device());
        // Partitions have caches of their own.
        for (String part : Sysfs.partitions(loop.name())) {
            flush(os, "/dev/" + part);
        }
    }

    private static void flush(Native os, String path) throws OsException {
        try (Fd device = os.open(path, Native.O_RDONLY)) {
            os.sync(device);
        } catch (OsException e) {
            // Detached since, which flushed it.
            if (!e.is(OsException.ENXIO) && !e.is(OsException.ENOENT)) {
                throw e;
            }
        }
    }

    private static MemorySegment status(Native os, Fd device) throws OsException {
        MemorySegment info = os.buffer(INFO_BYTES);
        os.ioctl(device, LOOP_GET_STATUS64, info.address(), "look at");
        return info;
    }
}
