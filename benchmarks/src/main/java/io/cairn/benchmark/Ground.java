package io.cairn.benchmark;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A new and empty folder on storage of one kind; gone when closed. File systems are made on loop
 * devices, which takes root and their mkfs; that for LVM is beside the pools in their group.
 */
final class Ground implements AutoCloseable {
    /** More than any benchmark writes; the file is sparse. */
    private static final long DISK_BYTES = 12L << 30;

    private final Storage storage;
    private final Path folder;
    private final Path mountPoint;
    private final boolean mounted;

    /** For Ctrl-C, when nothing is closed. */
    private final Thread unmounting;

    private Ground(Storage storage, Path folder, Path mountPoint, boolean mounted) {
        this.storage = storage;
        this.folder = folder;
        this.mountPoint = mountPoint;
        this.mounted = mounted;
        unmounting = Thread.ofPlatform().name("unmount").unstarted(this::unmountLater);
        if (mounted) {
            Runtime.getRuntime().addShutdownHook(unmounting);
        }
    }

    /** Once nobody uses it any more: what is measured may still be ending. */
    private void unmountLater() {
        try {
            int _ = run("umount", "-l", mountPoint.toString());
        } catch (IOException | InterruptedException e) {
            System.err.printf("bench: %s is still mounted: %s%n", mountPoint, e);
        }
    }

    /** Whether this machine and user can have storage of this kind. */
    static boolean possible(Storage storage) throws IOException, InterruptedException {
        return switch (storage) {
            case XFS, BTRFS, SUBVOLUMES, CHAINS ->
                    System.getProperty("user.name").equals("root")
                            && run("sh", "-c", "command -v mkfs." + storage.fileSystem()) == 0;
            case THIN -> ThinGroup.possible();
            case IMAGES -> Ceph.possible() && possible(Storage.CHAINS);
            case FOLDER, MEMORY -> true;
        };
    }

    /** Makes one, in place of what an earlier run may have left of it. */
    static Ground make(Storage storage, Path work) throws IOException, InterruptedException {
        Path folder = Files.createDirectories(work.resolve(storage.label()));
        return switch (storage) {
            case XFS, BTRFS, CHAINS, IMAGES -> mounted(storage, work, folder, folder);
            // Each snapshot there commits the file system, and would the state with it.
            case SUBVOLUMES ->
                    mounted(
                            storage,
                            work,
                            folder,
                            Files.createDirectories(work.resolve(storage.label() + ".images")));
            case THIN -> {
                // Of a run that was killed.
                int _ = run("umount", folder.toString());
                String disk = ThinGroup.make().toString();
                require("mkfs." + storage.fileSystem(), "-q", disk);
                require("mount", disk, folder.toString());
                yield new Ground(storage, folder, folder, true);
            }
            case FOLDER, MEMORY -> {
                require("rm", "-rf", folder.toString());
                yield new Ground(storage, Files.createDirectories(folder), folder, false);
            }
        };
    }

    private static Ground mounted(Storage storage, Path work, Path folder, Path mountPoint)
            throws IOException, InterruptedException {
        // Of a run that was killed.
        int _ = run("umount", mountPoint.toString());
        if (!mountPoint.equals(folder)) {
            require("rm", "-rf", folder.toString());
            Files.createDirectories(folder);
        }
        Path disk = work.resolve(storage.label() + ".disk");
        Files.deleteIfExists(disk);
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        require("mkfs." + storage.fileSystem(), "-q", disk.toString());
        require("mount", "-o", "loop", disk.toString(), mountPoint.toString());
        return new Ground(storage, folder, mountPoint, true);
    }

    Path folder() {
        return folder;
    }

    /** Has a folder lead to the file system that is measured, if it is not on that one itself. */
    void lead(Path path) throws IOException {
        if (!mountPoint.equals(folder)) {
            Path name = Path.of(folder.relativize(path).toString().replace('/', '-'));
            Files.createSymbolicLink(path, Files.createDirectories(mountPoint.resolve(name)));
        }
    }

    /** Waits until what was prepared is on disk, so that its writing delays nothing measured. */
    void settle() throws IOException, InterruptedException {
        require("sync", "-f", mountPoint.toString());
        // And what the file below a loop device still has in memory.
        require("sync", "-f", folder.resolveSibling(".").toString());
    }

    @Override
    public void close() throws IOException {
        try {
            if (mounted) {
                require("umount", mountPoint.toString());
                boolean _ = Runtime.getRuntime().removeShutdownHook(unmounting);
                Files.deleteIfExists(folder.resolveSibling(folder.getFileName() + ".disk"));
            }
            if (storage == Storage.THIN) {
                ThinGroup.remove();
            }
            require("rm", "-rf", folder.toString(), mountPoint.toString());
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
