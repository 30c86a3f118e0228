package io.cairn.daemon.jmx;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A file system whose disk can stop to answer, and answer again: ext4 on a loop device over a file
 * that qemu-storage-daemon shows by FUSE. Stopped, whoever waits for the disk cannot even be
 * killed, so that what was stopped always goes on: by {@link #resume}, by {@link #close}, and at
 * the latest by a watchman of its own, should this process be killed.
 */
final class HungDisk implements AutoCloseable {
    private static final long BYTES = 256L << 20;
    private static final List<String> PROGRAMS =
            List.of("qemu-storage-daemon", "losetup", "mkfs.ext4", "mount", "umount", "kill");

    private final Path folder;
    private final Path mountPoint;
    private final Process server;
    private final Freeze freeze;
    private String device = "";
    private boolean mounted;

    private HungDisk(Path folder) throws IOException {
        this.folder = folder;
        mountPoint = Files.createDirectory(folder.resolve("mounted"));
        Path disk = folder.resolve("disk");
        Path shown = folder.resolve("shown");
        try (RandomAccessFile sparse = new RandomAccessFile(disk.toFile(), "rw")) {
            sparse.setLength(BYTES);
        }
        Files.createFile(shown);
        server =
                new ProcessBuilder(
                                "qemu-storage-daemon",
                                "--blockdev",
                                "driver=file,node-name=file,filename=" + disk,
                                "--blockdev",
                                "driver=raw,node-name=disk,file=file",
                                "--export",
                                "type=fuse,id=disk,node-name=disk,writable=on,mountpoint=" + shown)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("server.log").toFile())
                        .start();
        freeze = new Freeze(server.pid());
    }

    /**
     * Makes and mounts one.
     *
     * @throws TestAbortedException if this machine cannot do it, saying why
     */
    static HungDisk create() throws IOException, InterruptedException {
        if (!System.getProperty("user.name").equals("root")) {
            throw new TestAbortedException("only root can mount a file system");
        }
        for (Path needed : List.of(Path.of("/dev/fuse"), Path.of("/dev/loop-control"))) {
            if (!Files.exists(needed)) {
                throw new TestAbortedException("this machine has no " + needed);
            }
        }
        for (String program : PROGRAMS) {
            if (!Freeze.installed(program)) {
                throw new TestAbortedException("there is no " + program);
            }
        }
        HungDisk made = new HungDisk(Files.createTempDirectory("cairn-hung-"));
        try {
            made.mount();
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
    Path path() {
        return mountPoint;
    }

    /** The disk answers no more. */
    void stop() throws IOException, InterruptedException {
        freeze.stop();
    }

    /** It answers again. */
    void resume() throws IOException, InterruptedException {
        freeze.resume();
    }

    @Override
    public void close() throws IOException {
        try {
            freeze.resume();
            if (mounted) {
                Freeze.run("umount", mountPoint.toString());
            }
            if (!device.isEmpty()) {
                Freeze.run("losetup", "-d", device);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while closing " + folder, e);
        } finally {
            server.destroy();
        }
        try {
            server.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while closing " + folder, e);
        }
        for (String each : List.of("mounted", "shown", "disk", "server.log")) {
            Files.deleteIfExists(folder.resolve(each));
        }
        Files.delete(folder);
    }

    private void mount() throws IOException, InterruptedException {
        Path shown = folder.resolve("shown");
        while (Files.size(shown) != BYTES) {
            if (!server.isAlive()) {
                throw new IOException(
                        "qemu-storage-daemon ended: "
                                + Files.readString(folder.resolve("server.log"), UTF_8));
            }
            Thread.sleep(10);
        }
        device = Freeze.run("losetup", "-f", "--show", shown.toString());
        Freeze.run("mkfs.ext4", "-q", "-b", "4096", device);
        Freeze.run("mount", "-t", "ext4", device, mountPoint.toString());
        mounted = true;
    }
}
