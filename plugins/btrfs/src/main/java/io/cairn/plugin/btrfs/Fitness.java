package io.cairn.plugin.btrfs;

import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Claim;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Servers;
import io.cairn.spi.DriverException;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds out whether a backend's folder is fit for this driver. */
final class Fitness {
    private static final String PROBE = "probe";
    private static final String PROBE_COPY = "probe.copy";
    private static final String BTRFS = "btrfs";

    /** linux/fs.h: {@code _IOR('f', 1, long)}, which gives an int. */
    private static final long GETFLAGS = 0x80086601L;

    /** linux/fs.h: FS_NOCOW_FL. */
    private static final int NOCOW = 0x00800000;

    private Fitness() {}

    /**
     * Whether a folder is on btrfs, before anything in it is changed.
     *
     * @throws DriverException UNSUPPORTED if it is not
     */
    static void checkKind(Path path) throws DriverException {
        try {
            String kind = Files.getFileStore(path).type();
            if (!kind.equals(BTRFS)) {
                throw new DriverException(
                        UNSUPPORTED,
                        "%s is on %s, and this driver needs btrfs; on %s, take driver=file"
                                .formatted(path, kind, kind));
            }
        } catch (IOException _) {
            // It is not there, or cannot be read, of which opening it tells.
        }
    }

    static BackendFolder check(Native os, BackendFolder folder) throws OsException {
        probe(os, folder.root());
        return folder;
    }

    /** By trying, whether this user may do what the driver does. */
    private static void probe(Native os, Fd root) throws OsException {
        try {
            clear(os, root);
            Subvolumes.create(os, root, PROBE);
            try (Fd probe = os.open(root, PROBE, Native.O_RDONLY)) {
                checkChecksums(os, probe);
                Subvolumes.snapshot(os, probe, root, PROBE_COPY, true);
            }
            clear(os, root);
        } catch (OsException e) {
            clearIfPossible(os, root);
            if (e.told().kind() == NO_SPACE) {
                // Of what is full, things can still be read and deleted.
                return;
            }
            if (e.is(OsException.EPERM) || e.is(OsException.EACCES)) {
                OsException lacking =
                        new OsException(
                                UNSUPPORTED,
                                "this user may not remove subvolumes: run the daemon as root, or mount the file system with the option user_subvol_rm_allowed (%s)"
                                        .formatted(e.getMessage()));
                lacking.initCause(e);
                throw lacking;
            }
            throw e;
        }
    }

    /** Whether new files have checksums, without which nobody would notice that they decay. */
    private static void checkChecksums(Native os, Fd subvolume) throws OsException {
        int create = Native.O_RDWR | Native.O_CREAT;
        try (Fd file = os.open(subvolume, Lookup.IMAGE, create, 0600)) {
            MemorySegment flags = os.buffer(Long.BYTES);
            os.ioctl(file, GETFLAGS, flags.address(), "look at the flags of");
            if ((flags.get(JAVA_INT, 0) & NOCOW) != 0) {
                throw new OsException(
                        UNSUPPORTED,
                        "new files have no checksums here, as on a btrfs that is mounted with nodatacow: mount it without");
            }
        }
    }

    /** Whether a name in the folder is the backend's own. */
    static boolean isOwn(String name) {
        return switch (name) {
            case Claim.MARKER,
                    BackendFolder.VOLUMES,
                    BackendFolder.SNAPSHOTS,
                    Servers.EXPORTS,
                    PROBE,
                    PROBE_COPY ->
                    true;
            default -> false;
        };
    }

    private static void clearIfPossible(Native os, Fd root) {
        try {
            clear(os, root);
        } catch (OsException _) {
            // Why is told already; the next opening tries again.
        }
    }

    private static void clear(Native os, Fd root) throws OsException {
        Subvolumes.tryToDestroy(os, root, PROBE_COPY);
        Subvolumes.tryToDestroy(os, root, PROBE);
    }
}
