package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
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
 * That a folder is one backend's of one daemon, by a file in it that says so and is locked for as
 * long as this is open.
 *
 * @param marker the file, open for writing
 */
public record Claim(Fd marker) implements AutoCloseable {
    /** The file's name. */
    public static final String MARKER = "cairn.backend";

    private static final int MARKER_BYTES = 4096;

    /**
     * What is in a folder that this backend may claim.
     *
     * @param inner the folder in it that is there once there are volumes
     * @param what the call, for messages
     * @throws DriverException if the folder is not there, or is surely not this backend's
     */
    public static Set<String> entries(Path path, String inner, BackendIdentity self, String what)
            throws DriverException {
        Set<String> entries = names(path, what);
        if (self.used() && !entries.contains(MARKER)) {
            throw notTheOneUsed(path, inner, self, what);
        }
        if (!entries.contains(MARKER) && !entries.isEmpty()) {
            throw new DriverException(
                    INVALID,
                    "cannot %s: the folder is not empty and not Cairn's; it holds %s. Name an empty one; what is to be adopted goes in once the backend is open"
                            .formatted(what, entries.iterator().next()));
        }
        return entries;
    }

    /**
     * Claims a folder.
     *
     * @param inner as in {@link #entries}
     * @param holdsVolumes whether it has that folder
     * @throws DriverException if it is another's, or open already
     */
    public static Claim take(
            Native os,
            Path path,
            Fd root,
            BackendIdentity self,
            String inner,
            boolean holdsVolumes,
            String what)
            throws OsException, DriverException {
        Fd marker = os.open(root, MARKER, Native.O_RDWR | Native.O_CREAT, 0600);
        try {
            lock(os, marker, what);
            claim(os, path, root, marker, self, inner, holdsVolumes, what);
            return new Claim(marker);
        } catch (OsException | DriverException | RuntimeException e) {
            marker.close();
            throw e;
        }
    }

    @Override
    public void close() {
        marker.close();
    }

    /**
     * Makes it another's. Writes the marker in place, since the lock that keeps others out is on
     * this very file.
     */
    public void handOver(Native os, BackendIdentity to) throws OsException {
        byte[] bytes = claimOf(to).getBytes(UTF_8);
        MemorySegment buffer = os.buffer(bytes.length);
        buffer.copyFrom(MemorySegment.ofArray(bytes));
        os.write(marker, buffer, bytes.length, 0);
        os.resize(marker, bytes.length);
        os.sync(marker);
    }

    private static Set<String> names(Path path, String what) throws DriverException {
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
            String inner,
            boolean holdsVolumes,
            String what)
            throws OsException, DriverException {
        String own = claimOf(self);
        MemorySegment buffer = os.buffer(MARKER_BYTES);
        int length = (int) os.read(marker, buffer, MARKER_BYTES, 0);
        String found =
                first(new String(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), UTF_8));
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
            throw notTheOneUsed(path, inner, self, what);
        }
        byte[] bytes = own.getBytes(UTF_8);
        buffer.copyFrom(MemorySegment.ofArray(bytes));
        os.resize(marker, 0);
        os.write(marker, buffer, bytes.length, 0);
        os.sync(marker);
        os.sync(root);
    }

    /** Nothing is changed: what is seen may be the folder below the file system that was meant. */
    private static DriverException notTheOneUsed(
            Path path, String inner, BackendIdentity self, String what) {
        return new DriverException(
                UNAVAILABLE,
                "cannot %s: the backend has had volumes, but this folder %s: is its file system mounted? To use this folder all the same and begin anew with what it holds, write into %s %s"
                        .formatted(
                                what,
                                Files.exists(path.resolve(inner))
                                        ? "holds volumes without saying whose"
                                        : "is empty of them",
                                path.resolve(MARKER),
                                lines(claimOf(self))));
    }

    private static String claimOf(BackendIdentity self) {
        return "daemon=%s\nbackend=%s\n".formatted(self.daemon(), self.backend());
    }

    /** A claim without what may follow it of a longer one that it was written over. */
    private static String first(String text) {
        int second = text.indexOf('\n', text.indexOf('\n') + 1);
        return second < 0 ? text : text.substring(0, second + 1);
    }

    private static String lines(String claim) {
        return "the lines '%s'".formatted(claim.strip().replace("\n", "' and '"));
    }

    private static String shown(String marker) {
        return marker.strip().replace("\n", " ");
    }
}
