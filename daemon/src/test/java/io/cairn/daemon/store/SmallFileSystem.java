package io.cairn.daemon.store;

import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file system of a few megabytes, gone when closed. */
public final class SmallFileSystem implements AutoCloseable {
    private final Path root;
    private final Path ballast;

    private SmallFileSystem(Path root) {
        this.root = root;
        this.ballast = root.resolve("ballast");
    }

    /** Mounts one, or has the test skipped where that is not allowed. */
    public static SmallFileSystem mount(Path where, int mebibytes) throws IOException {
        Files.createDirectories(where);
        Assumptions.assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=%dm".formatted(mebibytes), "cairn", where)
                        == 0,
                "mounting a tmpfs needs root");
        return new SmallFileSystem(where);
    }

    public Path root() {
        return root;
    }

    /** Leaves only so much free. */
    public void leave(long freeBytes) throws IOException {
        Files.deleteIfExists(ballast);
        long free = root.toFile().getUsableSpace();
        Files.write(ballast, new byte[Math.toIntExact(free - freeBytes)]);
    }

    public void makeRoom() throws IOException {
        Files.delete(ballast);
    }

    private static int run(Object... command) throws IOException {
        String[] words = new String[command.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = command[i].toString();
        }
        return new ProcessBuilder(words).inheritIO().start().onExit().join().exitValue();
    }

    @Override
    public void close() throws IOException {
        if (run("umount", root) != 0) {
            run("umount", "-l", root);
        }
    }
}
