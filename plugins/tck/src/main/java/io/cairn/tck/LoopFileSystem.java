package io.cairn.tck;

import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A fresh file system in a sparse file, mounted through a loop device for as long as this is open.
 * For tests; needs root, loop devices and the tools of the file system. Not for several threads.
 */
public final class LoopFileSystem implements TestFileSystem {
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

        /** Makes one of that kind in a file or on a disk. */
        void make(Path where) throws IOException, InterruptedException {
            List<String> command = new ArrayList<>(List.of(make.split(" ", -1)));
            command.add(where.toString());
            Tools.run(command.toArray(String[]::new));
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

    @Override
    public Path path() {
        return mountPoint;
    }

    /** Mounts it anew with other options, such as {@code ro}. */
    public void remount(String options) throws IOException, InterruptedException {
        Tools.run("mount", "-o", "remount," + options, mountPoint.toString());
    }

    @Override
    public void flush() throws IOException, InterruptedException {
        Tools.run("sync", "-f", mountPoint.toString());
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
        Tools.run("xfs_io", "-x", "-c", "shutdown", mountPoint.toString());
    }

    /** Has it find itself damaged, upon which it makes itself read-only. Ext4 alone. */
    public void becomeReadOnly() throws IOException, InterruptedException {
        remount("errors=remount-ro");
        Path device = Path.of(Tools.said("findmnt", "-n", "-o", "SOURCE", mountPoint.toString()));
        Files.writeString(
                Path.of("/sys/fs/ext4/%s/trigger_fs_error".formatted(device.getFileName())),
                "an error that a test asked for");
    }

    /** Unmounts and mounts it, as only is possible while nothing in it is open. */
    public void mountAnew() throws IOException, InterruptedException {
        Tools.run("umount", mountPoint.toString());
        mounted = false;
        mount();
    }

    @Override
    public void close() throws IOException {
        if (mounted) {
            // Lazily, since a failed test may have left something open; the loop device goes with
            // the mount, which made it.
            try {
                Tools.run("umount", "--lazy", mountPoint.toString());
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
        try {
            kind.make(disk);
        } catch (Tools.Missing e) {
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
        Tools.run(
                "mount",
                "-o",
                "loop",
                "-t",
                kind.name().toLowerCase(Locale.ROOT),
                folder.resolve("disk").toString(),
                mountPoint.toString());
        mounted = true;
    }
}
