package io.cairn.plugin.file;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.DriverException;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/**
 * A backend's folder, claimed, locked and found fit. Immutable; used by any number of threads.
 *
 * <p>Its inner folders are held open: should the file system be taken away from under the path,
 * nothing is looked for, or made, on the one below.
 *
 * @param clones whether files can share content here, even if the method is another
 * @param measurable whether it can be known what a file shares with others
 * @param ordered whether one sync of what was changed last makes all earlier changes durable too
 */
record Folder(
        Path path,
        Fd root,
        Fd marker,
        Fd volumes,
        Fd snapshots,
        Method method,
        boolean clones,
        boolean measurable,
        boolean ordered)
        implements AutoCloseable {
    static final String MARKER = "cairn.backend";
    static final String VOLUMES = "volumes";
    static final String SNAPSHOTS = "snapshots";
    private static final String PROBE = "probe";
    private static final String PROBE_COPY = "probe.copy";
    private static final String PROBE_LINK = "probe.link";
    private static final int MARKER_BYTES = 4096;

    static Folder open(Path path, BackendIdentity self, Method wanted) throws DriverException {
        String what = "open backend '%s' in %s".formatted(self.backend(), path);
        Set<String> entries = entries(path, what);
        if (self.used() && !entries.contains(MARKER)) {
            throw notTheOneUsed(path, self, what);
        }
        if (!entries.contains(MARKER) && !entries.isEmpty()) {
            throw new DriverException(
                    INVALID,
                    "cannot %s: the folder is not empty and not Cairn's; it holds %s. Name an empty one; what is to be adopted goes in once the backend is open"
                            .formatted(what, entries.iterator().next()));
        }
        try (Native os = new Native()) {
            Fd root = os.open(path.toString(), Native.O_RDONLY);
            try {
                Fd marker = os.open(root, MARKER, Native.O_RDWR | Native.O_CREAT, 0600);
                try {
                    lock(os, marker, what);
                    claim(os, path, root, marker, self, entries.contains(VOLUMES), what);
                    return whole(os, path, root, marker, wanted);
                } catch (OsException | DriverException | IOException | RuntimeException e) {
                    marker.close();
                    throw e;
                }
            } catch (OsException | DriverException | IOException | RuntimeException e) {
                root.close();
                throw e;
            }
        } catch (OsException e) {
            throw e.during(what);
        } catch (IOException e) {
            throw new DriverException(UNAVAILABLE, "cannot %s: %s".formatted(what, e), e);
        }
    }

    @Override
    public void close() {
        snapshots.close();
        volumes.close();
        marker.close();
        root.close();
    }

    /** Whether a name in the folder is the backend's own. */
    static boolean isOwn(String name) {
        return switch (name) {
            case MARKER, VOLUMES, SNAPSHOTS, Servers.EXPORTS, PROBE, PROBE_COPY, PROBE_LINK -> true;
            default -> false;
        };
    }

    /**
     * Tells a missing volume from a missing folder.
     *
     * @throws OsException UNAVAILABLE if the path no longer leads to what was opened
     */
    void checkStillThere() throws OsException {
        try (Native os = new Native();
                Fd now = os.open(path.resolve(VOLUMES).toString(), Native.O_RDONLY)) {
            if (os.stat(now).sameFile(os.stat(volumes))) {
                return;
            }
        } catch (OsException e) {
            if (!e.is(OsException.ENOENT) && !e.is(OsException.ENOTDIR)) {
                throw e;
            }
        }
        throw new OsException(
                UNAVAILABLE,
                "%s is no longer the folder that was opened: put it back or mount it again, and if it is still refused then, restart the daemon"
                        .formatted(path));
    }

    /** Writes the marker in place, since the lock that keeps others out is on this very file. */
    void handOver(Native os, BackendIdentity to) throws OsException {
        checkStillThere();
        byte[] bytes = claimOf(to).getBytes(UTF_8);
        MemorySegment buffer = os.buffer(bytes.length);
        buffer.copyFrom(MemorySegment.ofArray(bytes));
        os.write(marker, buffer, bytes.length, 0);
        os.resize(marker, bytes.length);
        os.sync(marker);
    }

    private static Set<String> entries(Path path, String what) throws DriverException {
        Set<String> entries = new TreeSet<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(path)) {
            for (Path entry : stream) {
                entries.add(entry.toFile().getName());
            }
        } catch (NoSuchFileException e) {
            throw new DriverException(
                    UNAVAILABLE,
                    "cannot %s: there is no such folder; make it, or mount the file system that has it"
                            .formatted(what),
                    e);
        } catch (NotDirectoryException e) {
            throw new DriverException(
                    INVALID, "cannot %s: that is not a folder".formatted(what), e);
        } catch (IOException e) {
            throw new DriverException(
                    UNSUPPORTED,
                    "cannot %s: it cannot be read: %s; the daemon's user must own it"
                            .formatted(what, e),
                    e);
        }
        entries.remove("lost+found");
        return entries;
    }

    private static void lock(Native os, Fd marker, String what)
            throws OsException, DriverException {
        try {
            // Not FileChannel.lock: such a lock is lost when anything in the process closes the
            // file.
            Leases.lock(os, marker);
        } catch (OsException e) {
            if (e.is(OsException.EAGAIN)) {
                throw new DriverException(
                        UNAVAILABLE,
                        "cannot %s: it is open already, here or in another process; stop that one first"
                                .formatted(what),
                        e);
            }
            throw e;
        }
    }

    private static void claim(
            Native os,
            Path path,
            Fd root,
            Fd marker,
            BackendIdentity self,
            boolean holdsVolumes,
            String what)
            throws OsException, DriverException {
        String own = claimOf(self);
        MemorySegment buffer = os.buffer(MARKER_BYTES);
        int length = (int) os.read(marker, buffer, MARKER_BYTES, 0);
        String found = new String(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), UTF_8);
        if (found.equals(own)) {
            return;
        }
        boolean whole = found.startsWith("daemon=") && found.endsWith("\n");
        if (whole) {
            throw new DriverException(
                    CONFLICT,
                    "cannot %s: it belongs to another backend (%s); this one is %s. Name another folder, or have the daemon that it belongs to hand it over to this one"
                            .formatted(what, shown(found), shown(own)));
        }
        if (holdsVolumes) {
            throw new DriverException(
                    CONFLICT,
                    "cannot %s: it holds volumes but %s does not say whose; if they are this backend's, write into it %s"
                            .formatted(what, marker.path(), lines(own)));
        }
        if (self.used()) {
            throw notTheOneUsed(path, self, what);
        }
        byte[] bytes = own.getBytes(UTF_8);
        buffer.copyFrom(MemorySegment.ofArray(bytes));
        os.resize(marker, 0);
        os.write(marker, buffer, bytes.length, 0);
        os.sync(marker);
        os.sync(root);
    }

    /** Nothing is changed: what is seen may be the folder below the file system that was meant. */
    private static DriverException notTheOneUsed(Path path, BackendIdentity self, String what) {
        return new DriverException(
                UNAVAILABLE,
                "cannot %s: the backend has had volumes, but this folder %s: is its file system mounted? To use this folder all the same and begin anew with what it holds, write into %s %s"
                        .formatted(
                                what,
                                Files.exists(path.resolve(VOLUMES))
                                        ? "holds volumes without saying whose"
                                        : "is empty of them",
                                path.resolve(MARKER),
                                lines(claimOf(self))));
    }

    private static String claimOf(BackendIdentity self) {
        return "daemon=%s\nbackend=%s\n".formatted(self.daemon(), self.backend());
    }

    private static Folder whole(Native os, Path path, Fd root, Fd marker, Method wanted)
            throws OsException, IOException {
        boolean made = os.makeFolder(root, VOLUMES, 0700);
        made |= os.makeFolder(root, SNAPSHOTS, 0700);
        if (made) {
            os.sync(root);
        }
        boolean clones = clones(os, root, marker);
        Method method = method(clones, wanted);
        boolean measurable = !clones || Extents.told(os, marker);
        Fd volumes = os.open(root, VOLUMES, Native.O_RDONLY);
        try {
            // XFS writes all its changes to one log in the order they were made, and flushes the
            // disk before each part of it (fs/xfs/xfs_log_cil.c).
            boolean ordered = Files.getFileStore(path).type().equals("xfs");
            Fd snapshots = os.open(root, SNAPSHOTS, Native.O_RDONLY);
            return new Folder(
                    path, root, marker, volumes, snapshots, method, clones, measurable, ordered);
        } catch (OsException | IOException | RuntimeException e) {
            volumes.close();
            throw e;
        }
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

    private static String lines(String claim) {
        return "the lines '%s'".formatted(claim.strip().replace("\n", "' and '"));
    }

    private static String shown(String marker) {
        return marker.strip().replace("\n", " ");
    }

    private interface Attempt {
        void run() throws OsException;
    }
}
