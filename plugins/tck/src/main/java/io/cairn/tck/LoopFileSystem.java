package io.cairn.tck;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.Serial;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A fresh file system in a sparse file, mounted through a loop device for as long as this is open.
 * For tests; needs root, loop devices and the tools of the file system. Not for several threads.
 */
public final class LoopFileSystem implements AutoCloseable {
    /** The least that XFS accepts. */
    public static final long LEAST_BYTES = 320L << 20;

    private final Kind kind;
    private final Path folder;
    private final Path mountPoint;
    private boolean mounted;

    /** A kind of file system. */
    public enum Kind {
        XFS("mkfs.xfs -q -m reflink=1"),
        BTRFS("mkfs.btrfs -q"),
        /** With the block size that larger ones get by themselves. */
        EXT4("mkfs.ext4 -q -b 4096");

        private final String make;

        Kind(String make) {
            this.make = make;
        }
    }

    private LoopFileSystem(Kind kind, Path folder) {
        this.kind = kind;
        this.folder = folder;
        this.mountPoint = folder.resolve("mounted");
    }

    /**
     * Makes and mounts one.
     *
     * @param sizeBytes of the sparse file that holds it; for XFS at least {@link #LEAST_BYTES}
     * @throws TestAbortedException if this machine cannot do it, saying why
     */
    public static LoopFileSystem create(Kind kind, long sizeBytes)
            throws IOException, InterruptedException {
        if (!System.getProperty("user.name").equals("root")) {
            throw new TestAbortedException("only root can mount a file system");
        }
        if (!Files.exists(Path.of("/dev/loop-control"))) {
            throw new TestAbortedException("this machine has no loop devices");
        }
        LoopFileSystem made = new LoopFileSystem(kind, Files.createTempDirectory("cairn-loop-"));
        try {
            made.make(sizeBytes);
            made.mountFirst();
            return made;
        } catch (IOException | InterruptedException | RuntimeException e) {
            try {
                made.close();
            } catch (IOException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    /** Where it is mounted. */
    public Path path() {
        return mountPoint;
    }

    /** Mounts it anew with other options, such as {@code ro}. */
    public void remount(String options) throws IOException, InterruptedException {
        run("mount", "-o", "remount," + options, mountPoint.toString());
    }

    /** Writes everything to the disk, after which its free space is what it says. */
    public void flush() throws IOException, InterruptedException {
        run("sync", "-f", mountPoint.toString());
    }

    /**
     * Loses what was not made durable, as a loss of power would, and mounts it anew. XFS alone, and
     * only while nothing in it is open.
     */
    public void losePower() throws IOException, InterruptedException {
        failDevice();
        mountAnew();
    }

    /** From now on every access to it is an error of the device. XFS alone. */
    public void failDevice() throws IOException, InterruptedException {
        run("xfs_io", "-x", "-c", "shutdown", mountPoint.toString());
    }

    /** Has it find itself damaged, upon which it makes itself read-only. Ext4 alone. */
    public void becomeReadOnly() throws IOException, InterruptedException {
        remount("errors=remount-ro");
        Path device = Path.of(said("findmnt", "-n", "-o", "SOURCE", mountPoint.toString()));
        Files.writeString(
                Path.of("/sys/fs/ext4/%s/trigger_fs_error".formatted(device.getFileName())),
                "an error that a test asked for");
    }

    /** Unmounts and mounts it, as only is possible while nothing in it is open. */
    public void mountAnew() throws IOException, InterruptedException {
        run("umount", mountPoint.toString());
        mounted = false;
        mount();
    }

    /**
     * Unmounts it and removes all trace. What is still open in it keeps living until it is closed.
     */
    @Override
    public void close() throws IOException {
        if (mounted) {
            // Lazily, since a failed test may have left something open; the loop device goes with
            // the mount, which made it.
            try {
                run("umount", "--lazy", mountPoint.toString());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while unmounting " + mountPoint, e);
            }
            mounted = false;
        }
        Files.deleteIfExists(mountPoint);
        Files.deleteIfExists(folder.resolve("disk"));
        Files.deleteIfExists(folder);
    }

    private void make(long sizeBytes) throws IOException, InterruptedException {
        Path disk = folder.resolve("disk");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
        List<String> make = new ArrayList<>(List.of(kind.make.split(" ", -1)));
        make.add(disk.toString());
        try {
            run(make.toArray(String[]::new));
        } catch (MissingTool e) {
            throw new TestAbortedException(e.getMessage(), e);
        }
        Files.createDirectory(mountPoint);
    }

    private void mountFirst() throws InterruptedException {
        try {
            mount();
        } catch (IOException e) {
            throw new TestAbortedException("cannot mount %s: %s".formatted(kind, e), e);
        }
    }

    private void mount() throws IOException, InterruptedException {
        run(
                "mount",
                "-o",
                "loop",
                "-t",
                kind.name().toLowerCase(Locale.ROOT),
                folder.resolve("disk").toString(),
                mountPoint.toString());
        mounted = true;
    }

    private static void run(String... command) throws IOException, InterruptedException {
        String _ = said(command);
    }

    private static String said(String... command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new MissingTool("cannot run %s; is it installed?".formatted(command[0]), e);
        }
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(
                    "%s failed with %d: %s"
                            .formatted(String.join(" ", command), status, output.strip()));
        }
        return output.strip();
    }

    private static final class MissingTool extends IOException {
        @Serial private static final long serialVersionUID = 1;

        MissingTool(String message, IOException cause) {
            super(message, cause);
        }
    }
}
