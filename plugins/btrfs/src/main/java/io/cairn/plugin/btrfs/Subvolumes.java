package io.cairn.plugin.btrfs;

import static io.cairn.spi.DriverException.Kind.IN_USE;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/** The calls of linux/btrfs.h about subvolumes. */
final class Subvolumes {
    /** {@code _IOW(0x94, 14, struct btrfs_ioctl_vol_args_v2)} and its neighbours. */
    private static final long SUBVOL_CREATE_V2 = 0x50009418L;

    private static final long SNAP_CREATE_V2 = 0x50009417L;
    private static final long SNAP_DESTROY = 0x5000940FL;

    /** {@code _IOR(0x94, 24, __u64)} and {@code _IOW(0x94, 22, __u64)}. */
    private static final long START_SYNC = 0x80089418L;

    private static final long WAIT_SYNC = 0x40089416L;

    /** {@code _IOW(0x94, 26, __u64)}. */
    private static final long SUBVOL_SETFLAGS = 0x4008941AL;

    /** {@code _IOR(0x94, 60, struct btrfs_ioctl_get_subvol_info_args)}. */
    private static final long GET_SUBVOL_INFO = 0x81F8943CL;

    // linux/btrfs_tree.h
    private static final long ROOT_TREE = 1;
    private static final long ORPHANS = -5;
    private static final int ORPHAN = 48;

    // struct btrfs_ioctl_vol_args and btrfs_ioctl_vol_args_v2
    private static final long ARGS_BYTES = 4096;
    private static final long FD = 0;
    private static final long NAME = 8;
    private static final long FLAGS = 16;
    private static final long NAME_V2 = 56;
    private static final long READ_ONLY = 1L << 1;

    // struct btrfs_ioctl_get_subvol_info_args
    private static final long INFO_BYTES = 504;
    private static final long TREE_ID = 0;
    private static final long GENERATION = 280;
    private static final long UUID_AT = 296;
    private static final long PARENT_UUID = 312;
    private static final long RECEIVED_UUID = 328;
    private static final long CREATED_SECONDS = 392;
    private static final long CREATED_NANOS = 400;

    private Subvolumes() {}

    /** Makes an empty subvolume, which the file system may commit only later. */
    static void create(Native os, Fd folder, String name) throws OsException {
        MemorySegment arguments = os.buffer(ARGS_BYTES);
        name(arguments, NAME_V2, name);
        os.ioctl(
                folder,
                SUBVOL_CREATE_V2,
                arguments.address(),
                "make subvolume %s in".formatted(name));
    }

    /**
     * Makes a subvolume with all that another holds at this instant, and commits the file system.
     */
    static void snapshot(Native os, Fd subvolume, Fd folder, String name, boolean readOnly)
            throws OsException {
        MemorySegment arguments = os.buffer(ARGS_BYTES);
        arguments.set(JAVA_LONG, FD, subvolume.number());
        arguments.set(JAVA_LONG, FLAGS, readOnly ? READ_ONLY : 0);
        name(arguments, NAME_V2, name);
        os.ioctl(
                folder,
                SNAP_CREATE_V2,
                arguments.address(),
                "snapshot %s as %s in".formatted(subvolume.path(), name));
    }

    /**
     * Commits the file system, with all changes of names and attributes before, and waits for it.
     * What is written to files and still in caches is left there.
     *
     * @param folder any of the file system's
     */
    static void commit(Native os, Fd folder) throws OsException {
        MemorySegment transaction = os.buffer(Long.BYTES);
        os.ioctl(folder, START_SYNC, transaction.address(), "begin a commit of");
        os.ioctl(folder, WAIT_SYNC, transaction.address(), "wait for a commit of");
    }

    /** Has nothing in a subvolume change any more. */
    static void protect(Native os, Fd subvolume) throws OsException {
        setFlags(os, subvolume, READ_ONLY);
    }

    private static void setFlags(Native os, Fd subvolume, long flags) throws OsException {
        MemorySegment buffer = os.buffer(Long.BYTES);
        buffer.set(JAVA_LONG, 0, flags);
        os.ioctl(subvolume, SUBVOL_SETFLAGS, buffer.address(), "protect subvolume");
    }

    /**
     * Takes a subvolume away with all that it holds, for good once its folder is synced; its space
     * comes back afterwards. False if it is not there.
     *
     * @throws OsException IN_USE if the kernel keeps it
     */
    static boolean destroy(Native os, Fd folder, String name) throws OsException {
        try {
            return tryToDestroy(os, folder, name);
        } catch (OsException e) {
            if (!e.is(OsException.EPERM)) {
                throw e;
            }
            // That this user may remove subvolumes was seen when the backend was opened.
            OsException kept =
                    new OsException(
                            IN_USE,
                            "the kernel keeps subvolume %s/%s: it is being sent by `btrfs send`, or has a swap file in use"
                                    .formatted(folder.path(), name));
            kept.initCause(e);
            throw kept;
        }
    }

    /** As {@link #destroy}, with EPERM as the kernel gives it. */
    static boolean tryToDestroy(Native os, Fd folder, String name) throws OsException {
        try {
            destroyOnce(os, folder, name);
            return true;
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                return false;
            }
            if (!e.is(OsException.EROFS)) {
                throw e;
            }
            // Without privileges, what is read-only cannot be removed, but its owner can change
            // that.
            try (Fd subvolume = os.open(folder, name, Native.O_RDONLY)) {
                setFlags(os, subvolume, 0);
            } catch (OsException _) {
                throw e;
            }
            destroyOnce(os, folder, name);
            return true;
        }
    }

    private static void destroyOnce(Native os, Fd folder, String name) throws OsException {
        MemorySegment arguments = os.buffer(ARGS_BYTES);
        name(arguments, NAME, name);
        os.ioctl(
                folder,
                SNAP_DESTROY,
                arguments.address(),
                "remove subvolume %s from".formatted(name));
    }

    /**
     * How many subvolumes of a file system were deleted and are not given back yet: each is an
     * orphan in its tree of roots.
     *
     * @param folder any of the file system's
     * @throws OsException UNSUPPORTED if this process may not look ({@code CAP_SYS_ADMIN})
     */
    static long deleted(Native os, Fd folder) throws OsException {
        AtomicLong count = new AtomicLong();
        Trees.search(
                os,
                folder,
                new Trees.Range(ROOT_TREE, ORPHANS, ORPHAN, 0),
                (_, _) -> count.incrementAndGet());
        return count.get();
    }

    /** When a subvolume, or a snapshot of one, was made. */
    static Instant created(Native os, Fd subvolume) throws OsException {
        MemorySegment info = os.buffer(INFO_BYTES);
        os.ioctl(subvolume, GET_SUBVOL_INFO, info.address(), "look at subvolume");
        return Instant.ofEpochSecond(
                info.get(JAVA_LONG, CREATED_SECONDS), info.get(JAVA_INT, CREATED_NANOS));
    }

    /**
     * What btrfs knows of a subvolume: as of `btrfs subvolume show`. What it was received from is
     * there only where it was, and what it takes only where there are {@link Quotas}.
     */
    static Map<String, String> info(Native os, Fd subvolume) throws OsException {
        MemorySegment info = os.buffer(INFO_BYTES);
        os.ioctl(subvolume, GET_SUBVOL_INFO, info.address(), "look at subvolume");
        Map<String, String> found = new HashMap<>();
        found.put("subvolume-id", Long.toString(info.get(JAVA_LONG, TREE_ID)));
        found.put("generation", Long.toString(info.get(JAVA_LONG, GENERATION)));
        found.put("uuid", uuid(info, UUID_AT).toString());
        putUuid(found, "parent-uuid", uuid(info, PARENT_UUID));
        putUuid(found, "received-uuid", uuid(info, RECEIVED_UUID));
        found.putAll(Quotas.of(os, subvolume, info.get(JAVA_LONG, TREE_ID)));
        return found;
    }

    private static void putUuid(Map<String, String> found, String word, UUID uuid) {
        if (uuid.getMostSignificantBits() != 0 || uuid.getLeastSignificantBits() != 0) {
            found.put(word, uuid.toString());
        }
    }

    private static UUID uuid(MemorySegment info, long at) {
        ValueLayout.OfLong half = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
        return new UUID(info.get(half, at), info.get(half, at + Long.BYTES));
    }

    private static void name(MemorySegment arguments, long at, String name) {
        byte[] bytes = name.getBytes(UTF_8);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, arguments, at, bytes.length);
    }
}
