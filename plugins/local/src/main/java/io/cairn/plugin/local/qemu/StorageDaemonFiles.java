package io.cairn.plugin.local.qemu;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.ExportOptions;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Server;
import io.cairn.plugin.local.Servers;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.File;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What a storage daemon has in the file system besides what it opens. Sockets are in a shorter
 * folder if their paths would not fit; their names are ids that are unique by themselves.
 */
public record StorageDaemonFiles(Path folder, Path shortFolder, Target target) {
    static final String PID = ".pid";
    static final String LOG = ".log";

    private static final String FUSE = ".fuse";
    private static final String NBD = ".nbd";
    private static final String QMP = ".qmp";

    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final int MOUNT_POINT = 4;
    private static final long UNMOUNT_SECONDS = 10;

    public static StorageDaemonFiles of(Path backend, Path shortFolder, Target target) {
        return new StorageDaemonFiles(backend.resolve(Servers.EXPORTS), shortFolder, target);
    }

    /**
     * Removes the sockets on which nobody listens and that have no pid file, as of processes that
     * ended, and took that with them, when the daemon was killed. Those of another host, on a file
     * system that it shares, have one. What lies in the short folder, where others' may just be
     * starting, stays until its target is used again.
     */
    static void clearDead(Path backend) throws IOException {
        Path folder = backend.resolve(Servers.EXPORTS);
        List<String> names = Entries.names(folder);
        for (String name : names) {
            int dot = name.indexOf('.');
            if ((name.endsWith(NBD) || name.endsWith(QMP))
                    && names.stream().noneMatch(each -> each.endsWith(name.substring(0, dot) + PID))
                    && isDead(folder.resolve(name))) {
                Files.deleteIfExists(folder.resolve(name));
            }
        }
    }

    private static boolean isDead(Path socket) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            // It would wait for a turn.
            channel.configureBlocking(false);
            boolean _ = channel.connect(UnixDomainSocketAddress.of(socket));
            return false;
        } catch (ConnectException _) {
            return true;
        } catch (SocketException _) {
            // Others wait there, or it is gone.
            return false;
        }
    }

    /** The target of a pid file's name; empty if it is another file. */
    static Optional<Target> target(String name) {
        if (!name.endsWith(PID)) {
            return Optional.empty();
        }
        String[] ids = name.substring(0, name.length() - PID.length()).split("\\.", -1);
        try {
            VolumeId volume = VolumeId.parse(ids[0]);
            return switch (ids.length) {
                case 1 -> Optional.of(Target.of(volume));
                case 2 -> Optional.of(Target.of(volume, SnapshotId.parse(ids[1])));
                default -> Optional.empty();
            };
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    public Path pid() {
        return named(PID);
    }

    /** Where it says why it does not start. */
    public Path log() {
        return named(LOG);
    }

    /** A file that shows the content while it is exported by FUSE. */
    public Path fuse() {
        return named(FUSE);
    }

    /**
     * Where it takes commands.
     *
     * @throws OsException UNSUPPORTED if no path is short enough
     */
    public Path qmp() throws OsException {
        return socket(QMP);
    }

    /**
     * Where it serves NBD, unless by TCP.
     *
     * @throws OsException UNSUPPORTED if no path is short enough
     */
    public Path nbd() throws OsException {
        return socket(NBD);
    }

    private Path named(String end) {
        String ids =
                target.snapshot()
                        .map(snapshot -> target.volume() + "." + snapshot)
                        .orElseGet(() -> target.volume().toString());
        return folder.resolve(ids + end);
    }

    private Path socket(String end) throws OsException {
        for (Path place : List.of(folder, shortFolder)) {
            Path path = socket(place, end);
            if (path.toString().getBytes(UTF_8).length <= Server.SOCKET_PATH_BYTES) {
                return path;
            }
        }
        throw new OsException(
                UNSUPPORTED,
                "the paths of %s and %s are too long for a socket; set %s to a shorter one"
                        .formatted(folder, shortFolder, ExportOptions.DIRECTORY));
    }

    private Path socket(Path place, String end) {
        String id = target.snapshot().map(Object::toString).orElse(target.volume().toString());
        return place.resolve(id + end);
    }

    /** Makes the folders that only our user may enter, for only he may connect. */
    public void makeFolders() throws OsException, IOException {
        FileAttribute<?> ours =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        for (Path path : List.of(folder, Optional.ofNullable(qmp().getParent()).orElse(folder))) {
            try {
                Path above = path.getParent();
                if (above != null) {
                    Files.createDirectories(above, ours);
                }
                Files.createDirectory(path, ours);
            } catch (FileAlreadyExistsException e) {
                if (!PosixFilePermissions.toString(Files.getPosixFilePermissions(path))
                        .endsWith("------")) {
                    OsException open =
                            new OsException(
                                    CONFLICT,
                                    "others may enter %s, where the sockets of exports are to be; run `chmod 700 %s`"
                                            .formatted(path, path));
                    open.initCause(e);
                    throw open;
                }
            }
        }
    }

    /** Whether anything is there. */
    boolean anyLeft() throws IOException {
        // Not whether it is readable: a mount point whose server is gone is not.
        return Files.exists(pid(), LinkOption.NOFOLLOW_LINKS)
                || Files.exists(log(), LinkOption.NOFOLLOW_LINKS)
                || Files.exists(socket(folder, QMP), LinkOption.NOFOLLOW_LINKS)
                || Files.exists(socket(shortFolder, QMP), LinkOption.NOFOLLOW_LINKS)
                || Files.exists(socket(folder, NBD), LinkOption.NOFOLLOW_LINKS)
                || Files.exists(socket(shortFolder, NBD), LinkOption.NOFOLLOW_LINKS)
                || fuse().toFile().exists()
                || mounted();
    }

    /** Removes all of it, once the process is gone. */
    void clear() throws IOException {
        clearFuse();
        for (Path place : List.of(folder, shortFolder)) {
            Files.deleteIfExists(socket(place, NBD));
            Files.deleteIfExists(socket(place, QMP));
        }
        Files.deleteIfExists(log());
        // Last, for it is what leads here again if this is cut off.
        Files.deleteIfExists(pid());
    }

    /**
     * Removes what the content was shown at; unmounts what a process left that was killed. Devices
     * of it are taken away before, for they could not be told from others any more; those that
     * somebody has open go once he closes them.
     */
    void clearFuse() throws IOException {
        if (mounted()) {
            abandonDevices();
        }
        for (List<String> command :
                List.of(
                        List.of("umount", "-l"),
                        List.of("fusermount3", "-u", "-z"),
                        List.of("fusermount", "-u", "-z"))) {
            if (!mounted()) {
                break;
            }
            unmount(command);
        }
        Files.deleteIfExists(fuse());
    }

    private void abandonDevices() throws IOException {
        try (Native os = new Native()) {
            for (Loops.Loop loop : Loops.at(fuse().toString())) {
                Loops.abandon(os, loop);
            }
        } catch (OsException e) {
            if (e.told().kind() != IN_USE) {
                throw new IOException(e);
            }
        }
    }

    /** Whether the content is shown, or was by a process that is gone. */
    boolean mounted() throws IOException {
        // Names of others need not be text.
        String sought = new String(fuse().toString().getBytes(UTF_8), ISO_8859_1);
        for (String line : Files.readAllLines(MOUNTS, ISO_8859_1)) {
            String[] fields = line.split(" ", MOUNT_POINT + 2);
            if (fields.length > MOUNT_POINT && unescaped(fields[MOUNT_POINT]).equals(sought)) {
                return true;
            }
        }
        return false;
    }

    private void unmount(List<String> command) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(new ArrayList<>(command))
                        .redirectInput(new File("/dev/null"))
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.command().add(fuse().toString());
        Process process;
        try {
            process = builder.start();
        } catch (IOException _) {
            // Not installed; the next may be, and if none is, the file cannot be deleted.
            return;
        }
        try {
            boolean _ = process.waitFor(UNMOUNT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
        }
    }

    /** The kernel writes blanks, tabs, line ends and backslashes as three octal digits. */
    private static String unescaped(String field) {
        return field.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }

    /** A failure that names the target's process. */
    OsException fault(String what) {
        return new OsException(FAULT, "the storage daemon of %s %s".formatted(target, what));
    }
}
