package io.cairn.plugin.file;

import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Claim;
import io.cairn.plugin.local.Extents;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Leases;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Servers;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.DriverException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A backend's folder and what its file system can do. Immutable; used by any number of threads.
 *
 * @param clones whether files can share content here, even if the method is another
 * @param measurable whether it can be known what a file shares with others
 * @param ordered whether one sync of what was changed last makes all earlier changes durable too
 */
record Folder(
        BackendFolder base, Method method, boolean clones, boolean measurable, boolean ordered)
        implements AutoCloseable {
    private static final String PROBE = "probe";
    private static final String PROBE_COPY = "probe.copy";
    private static final String PROBE_LINK = "probe.link";

    static Folder open(Path path, BackendIdentity self, Method wanted) throws DriverException {
        return BackendFolder.open(path, self, (os, base) -> fit(os, base, wanted));
    }

    private static Folder fit(Native os, BackendFolder base, Method wanted)
            throws OsException, IOException {
        String type = Files.getFileStore(base.path()).type();
        if (type.startsWith("nfs")) {
            throw new OsException(
                    UNSUPPORTED,
                    "NFS does not say who has a file open, so that no volume could be deleted: use the driver qcow2 there, or XFS, btrfs or ext4");
        }
        Fd marker = base.claim().marker();
        boolean clones = clones(os, base.root(), marker);
        Method method = method(clones, wanted);
        boolean measurable = !clones || Extents.told(os, marker);
        // XFS writes all its changes to one log in the order they were made, and flushes the disk
        // before each part of it (fs/xfs/xfs_log_cil.c).
        boolean ordered = type.equals("xfs");
        return new Folder(base, method, clones, measurable, ordered);
    }

    Path path() {
        return base.path();
    }

    Fd root() {
        return base.root();
    }

    Fd volumes() {
        return base.volumes();
    }

    Fd snapshots() {
        return base.snapshots();
    }

    @Override
    public void close() {
        base.close();
    }

    /** Whether a name in the folder is the backend's own. */
    static boolean isOwn(String name) {
        return switch (name) {
            case Claim.MARKER,
                    BackendFolder.VOLUMES,
                    BackendFolder.SNAPSHOTS,
                    Servers.EXPORTS,
                    PROBE,
                    PROBE_COPY,
                    PROBE_LINK ->
                    true;
            default -> false;
        };
    }

    private static Method method(boolean clones, Method wanted) throws OsException {
        if (wanted == Method.REFLINK && !clones) {
            throw new OsException(
                    UNSUPPORTED,
                    "the file system of this folder cannot share content between files: set %s=copy, or use XFS or btrfs"
                            .formatted(FileDriverProvider.METHOD));
        }
        return clones && wanted != Method.COPY ? Method.REFLINK : Method.COPY;
    }

    /** Finds out by trying what the file system can do. */
    private static boolean clones(Native os, Fd root, Fd marker) throws OsException {
        clearProbes(os, root);
        try {
            return probe(os, root);
        } catch (OsException e) {
            if (e.told().kind() != NO_SPACE) {
                throw e;
            }
            return clonesWhenFull(os, marker);
        } finally {
            clearProbes(os, root);
        }
    }

    private static void clearProbes(Native os, Fd root) throws OsException {
        os.remove(root, PROBE, 0);
        os.remove(root, PROBE_COPY, 0);
        os.remove(root, PROBE_LINK, 0);
    }

    private static boolean probe(Native os, Fd root) throws OsException {
        int flags = Native.O_RDWR | Native.O_CREAT | Native.O_EXCL;
        try (Fd from = os.open(root, PROBE, flags, 0600);
                Fd to = os.open(root, PROBE_COPY, flags, 0600)) {
            os.write(from, os.buffer(4096), 4096, 0);
            require(
                    "extended attributes of %d bytes (on ext4, 4 KiB blocks)"
                            .formatted(Label.MAX_BYTES),
                    () -> os.setAttribute(from, Label.ATTRIBUTE, new byte[Label.MAX_BYTES]));
            require("hard links (or /proc is not mounted)", () -> os.link(from, root, PROBE_LINK));
            try {
                os.clone(from, to);
                return true;
            } catch (OsException e) {
                if (e.isLacking()) {
                    require("leases", () -> Leases.take(os, to));
                    return false;
                }
                throw e;
            }
        }
    }

    private static void require(String feature, Attempt attempt) throws OsException {
        try {
            attempt.run();
        } catch (OsException e) {
            if (e.is(OsException.EAGAIN)) {
                // A lease is not to be had while we write, where there are leases.
                return;
            }
            if (e.is(OsException.EIO) || e.is(OsException.EROFS) || e.is(OsException.EDQUOT)) {
                throw e;
            }
            OsException lacking =
                    new OsException(
                            UNSUPPORTED,
                            "this file system lacks %s: use XFS, btrfs or ext4 (%s)"
                                    .formatted(feature, e.getMessage()));
            lacking.initCause(e);
            throw lacking;
        }
    }

    /**
     * A file cannot be cloned onto itself, and a file system that can clone at all says so in other
     * words than one that cannot. This needs no space.
     */
    private static boolean clonesWhenFull(Native os, Fd marker) throws OsException {
        try {
            os.clone(marker, marker);
            return true;
        } catch (OsException e) {
            if (e.is(OsException.EINVAL)) {
                return true;
            }
            if (e.isLacking()) {
                return false;
            }
            throw e;
        }
    }

    private interface Attempt {
        void run() throws OsException;
    }
}
