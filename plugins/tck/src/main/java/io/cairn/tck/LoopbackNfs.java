package io.cairn.tck;

import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A file system that this machine serves to itself by NFS 4.2. Made on the first disk of the
 * virtual machine of {@code etc/testbeds/vm-run}, and only there, since a machine's NFS server is
 * one for all.
 */
public final class LoopbackNfs implements TestFileSystem {
    private static final String HOST = "127.0.0.1";

    private final Path folder;
    private final Path served;
    private final Path mounted;
    private final Deque<Undoing> undoing = new ArrayDeque<>();

    /** A step back. */
    private interface Undoing {
        void run() throws IOException, InterruptedException;
    }

    private LoopbackNfs(Path folder) {
        this.folder = folder;
        this.served = folder.resolve("served");
        this.mounted = folder.resolve("mounted");
    }

    /**
     * Makes one.
     *
     * @param kind what the server keeps it on
     * @throws TestAbortedException if this is no virtual machine with a disk
     */
    public static LoopbackNfs create(LoopFileSystem.Kind kind)
            throws IOException, InterruptedException {
        String disk = System.getenv("VM_DISK_0");
        if (disk == null) {
            throw new TestAbortedException(
                    "only for a virtual machine with a disk; see etc/testbeds/run-tests");
        }
        LoopbackNfs made = new LoopbackNfs(Files.createTempDirectory("cairn-nfs-"));
        try {
            made.start(kind, Path.of(disk));
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

    private void start(LoopFileSystem.Kind kind, Path disk)
            throws IOException, InterruptedException {
        Files.createDirectory(served);
        Files.createDirectory(mounted);
        Tools.run("wipefs", "--all", disk.toString());
        kind.make(disk);
        mount(served, disk.toString());
        // What the server keeps of its clients; it accepts no overlay for that.
        Path state = Path.of("/var/lib/nfs");
        mount(state, "tmpfs", "-t", "tmpfs");
        Files.createDirectory(state.resolve("v4recovery"));
        Files.createFile(state.resolve("etab"));
        Files.createFile(state.resolve("rmtab"));
        mount(Path.of("/proc/fs/nfsd"), "nfsd", "-t", "nfsd");

        String export = "%s:%s".formatted(HOST, served);
        Tools.run("exportfs", "-o", "rw,no_root_squash,fsid=0,insecure", export);
        undoing.push(() -> Tools.run("exportfs", "-u", export));
        // It tells the kernel's server what is exported.
        Process answering =
                new ProcessBuilder("rpc.mountd", "--foreground", "--no-nfs-version", "3")
                        .inheritIO()
                        .start();
        undoing.push(
                () -> {
                    answering.destroy();
                    int _ = answering.waitFor();
                });
        Tools.run(
                "rpc.nfsd",
                "--no-nfs-version",
                "3",
                "--nfs-version",
                "4.2",
                // At first nobody opens anything, for clients of before would be first; there were
                // none, and less the kernel does not take.
                "--grace-time",
                "10",
                "4");
        undoing.push(() -> Tools.run("rpc.nfsd", "0"));
        mount(mounted, HOST + ":/", "-t", "nfs4", "-o", "vers=4.2");
    }

    private void mount(Path point, String what, String... options)
            throws IOException, InterruptedException {
        String[] command = new String[options.length + 3];
        command[0] = "mount";
        System.arraycopy(options, 0, command, 1, options.length);
        command[command.length - 2] = what;
        command[command.length - 1] = point.toString();
        Tools.run(command);
        // Lazily, since a failed test may have left something open.
        undoing.push(() -> Tools.run("umount", "--lazy", point.toString()));
    }

    @Override
    public Path path() {
        return mounted;
    }

    @Override
    public void flush() throws IOException, InterruptedException {
        Tools.run("sync", "-f", mounted.toString());
        Tools.run("sync", "-f", served.toString());
    }

    @Override
    public void close() throws IOException {
        @Nullable IOException failure = null;
        while (!undoing.isEmpty()) {
            try {
                undoing.pop().run();
            } catch (IOException e) {
                failure = failure == null ? e : failure;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while unmounting " + mounted, e);
            }
        }
        if (failure != null) {
            throw failure;
        }
        Files.deleteIfExists(mounted);
        Files.deleteIfExists(served);
        Files.deleteIfExists(folder);
    }
}
