package io.cairn.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a script would do instead: btrfs's own tool, a process for each snapshot. */
final class Tool implements Bare {
    private final Path folder;

    private Tool(Path folder) {
        this.folder = folder;
    }

    static Tool in(Path folder) throws IOException {
        run("subvolume", "create", folder.resolve("source").toString());
        Path _ = Seed.image(folder.resolve("source").resolve("image"));
        return new Tool(folder);
    }

    @Override
    public int create(String name) throws IOException {
        return run(
                "subvolume",
                "snapshot",
                "-r",
                folder.resolve("source").toString(),
                folder.resolve(name).toString());
    }

    /** Durably. */
    @Override
    public int delete(String name) throws IOException {
        return run("subvolume", "delete", "--commit-after", folder.resolve(name).toString());
    }

    @Override
    public void close() {
        // There is nothing open.
    }

    /** Whether it is installed. */
    static boolean installed() {
        return Files.isExecutable(Path.of("/usr/bin/btrfs"))
                || Files.isExecutable(Path.of("/sbin/btrfs"));
    }

    private static int run(String... arguments) throws IOException {
        return run("btrfs", List.of(arguments));
    }

    /** Runs a program, and says 0, since it fails otherwise. */
    static int run(String program, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(arguments);
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        try {
            int status = process.waitFor();
            if (status != 0) {
                throw new IOException(
                        "%s ended with %d".formatted(String.join(" ", command), status));
            }
            return status;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
