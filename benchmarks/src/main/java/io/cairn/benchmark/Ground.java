package io.cairn.benchmark;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A new and empty folder on storage of one kind; gone when closed. File systems are made on loop
 * devices, which takes root and their mkfs.
 */
final class Ground implements AutoCloseable {
    /** More than any benchmark writes; the file is sparse. */
    private static final long DISK_BYTES = 12L << 30;

    private final Path folder;
    private final boolean mounted;

    /** For Ctrl-C, when nothing is closed. */
    private final Thread unmounting;

    private Ground(Path folder, boolean mounted) {
        this.folder = folder;
        this.mounted = mounted;
        unmounting = Thread.ofPlatform().name("unmount").unstarted(this::unmountLater);
        if (mounted) {
            Runtime.getRuntime().addShutdownHook(unmounting);
        }
    }

    /** Once nobody uses it any more: what is measured may still be ending. */
    private void unmountLater() {
        try {
            int _ = run("umount", "-l", folder.toString());
        } catch (IOException | InterruptedException e) {
            System.err.printf("bench: %s is still mounted: %s%n", folder, e);
        }
    }

    /** Whether this machine and user can have storage of this kind. */
    static boolean possible(Storage storage) throws IOException, InterruptedException {
        return switch (storage) {
            case XFS, BTRFS, SUBVOLUMES ->
                    System.getProperty("user.name").equals("root")
                            && run("sh", "-c", "command -v mkfs." + storage.fileSystem()) == 0;
            case FOLDER, MEMORY -> true;
        };
    }

    /** Makes one, in place of what an earlier run may have left of it. */
    static Ground make(Storage storage, Path work) throws IOException, InterruptedException {
        Path folder = Files.createDirectories(work.resolve(storage.label()));
        return switch (storage) {
            case XFS, BTRFS, SUBVOLUMES -> mounted(storage, work, folder);
            case FOLDER, MEMORY -> {
                require("rm", "-rf", folder.toString());
                yield new Ground(Files.createDirectories(folder), false);
            }
        };
    }

    private static Ground mounted(Storage storage, Path work, Path folder)
            throws IOException, InterruptedException {
        // Of a run that was killed.
        int _ = run("umount", folder.toString());
        Path disk = work.resolve(storage.label() + ".disk");
        Files.deleteIfExists(disk);
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        require("mkfs." + storage.fileSystem(), "-q", disk.toString());
        require("mount", "-o", "loop", disk.toString(), folder.toString());
        return new Ground(folder, true);
    }

    Path folder() {
        return folder;
    }

    /** Waits until what was prepared is on disk, so that its writing delays nothing measured. */
    void settle() throws IOException, InterruptedException {
        require("sync", "-f", folder.toString());
        // And what the file below a loop device still has in memory.
        require("sync", "-f", folder.resolveSibling(".").toString());
    }

    @Override
    public void close() throws IOException {
        try {
            if (mounted) {
                require("umount", folder.toString());
                boolean _ = Runtime.getRuntime().removeShutdownHook(unmounting);
                Files.deleteIfExists(folder.resolveSibling(folder.getFileName() + ".disk"));
            }
            require("rm", "-rf", folder.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while taking away " + folder, e);
        }
    }

    private static void require(String... command) throws IOException, InterruptedException {
        int status = run(command);
        if (status != 0) {
            throw new IOException(
                    "%s failed with status %d".formatted(String.join(" ", command), status));
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IOException("%s does not end".formatted(String.join(" ", command)));
        }
        return process.exitValue();
    }
}
