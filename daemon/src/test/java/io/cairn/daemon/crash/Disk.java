package io.cairn.daemon.crash;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.tck.LoopFileSystem;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/**
 * The file system that a daemon keeps its state and its images on, which can lose its power.
 *
 * <p>It lies in a file of another file system, an XFS one. What its page cache holds is not in that
 * file until the kernel writes it there, and a reflink of the file is one instant of it: just what
 * a machine that loses its power at that instant finds on its disk afterwards, if the disk keeps
 * what it was given.
 */
final class Disk implements AutoCloseable {
    private static final long OUTER_BYTES = 4L << 30;
    private static final long INNER_BYTES = 512L << 20;

    private final LoopFileSystem outer;
    private final LoopFileSystem.Kind kind;
    private final Path file;
    private final Path atOneInstant;
    private final Path mountPoint;
    private boolean mounted;

    private Disk(LoopFileSystem outer, LoopFileSystem.Kind kind) {
        this.outer = outer;
        this.kind = kind;
        this.file = outer.path().resolve("disk");
        this.atOneInstant = outer.path().resolve("disk.copy");
        // Short, for the paths of sockets on it.
        this.mountPoint = outer.path().resolve("fs");
    }

    /**
     * Makes an empty one.
     *
     * @throws org.opentest4j.TestAbortedException if this machine cannot do it, saying why
     */
    static Disk create(LoopFileSystem.Kind kind) throws IOException, InterruptedException {
        Disk disk = new Disk(LoopFileSystem.create(LoopFileSystem.Kind.XFS, OUTER_BYTES), kind);
        try {
            disk.make();
            return disk;
        } catch (IOException | InterruptedException | RuntimeException e) {
            try {
                disk.close();
            } catch (IOException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    /** Where it is mounted. */
    Path path() {
        return mountPoint;
    }

    /** Keeps what it holds at one instant during the call, for {@link #losePower}. */
    void freeze() throws IOException, InterruptedException {
        run("cp", "--reflink=always", file.toString(), atOneInstant.toString());
    }

    /** Goes back to that instant, as after a start of the machine. Nothing may be open on it. */
    void losePower() throws IOException, InterruptedException {
        run("umount", mountPoint.toString());
        mounted = false;
        Files.move(atOneInstant, file, StandardCopyOption.REPLACE_EXISTING);
        mount();
    }

    @Override
    public void close() throws IOException {
        try {
            if (mounted) {
                // Lazily, since a failed test may have left something open.
                run("umount", "--lazy", mountPoint.toString());
                mounted = false;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while unmounting " + mountPoint, e);
        } finally {
            outer.close();
        }
    }

    private void make() throws IOException, InterruptedException {
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(INNER_BYTES);
        }
        switch (kind) {
            case XFS -> run("mkfs.xfs", "-q", "-m", "reflink=1", file.toString());
            case BTRFS -> run("mkfs.btrfs", "-q", file.toString());
            case EXT4 -> run("mkfs.ext4", "-q", file.toString());
        }
        Files.createDirectory(mountPoint);
        mount();
    }

    private void mount() throws IOException, InterruptedException {
        String type = kind.name().toLowerCase(Locale.ROOT);
        run("mount", "-o", "loop", "-t", type, file.toString(), mountPoint.toString());
        mounted = true;
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(
                    "%s failed with %d: %s"
                            .formatted(String.join(" ", command), status, output.strip()));
        }
    }
}
