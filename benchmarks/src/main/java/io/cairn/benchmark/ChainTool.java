package io.cairn.benchmark;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Snapshots of a qcow2 file by {@code qemu-img}, a process for each. */
final class ChainTool implements Bare {
    private static final String PROGRAM = "qemu-img";
    private static final String SOURCE = "source.qcow2";

    private final Path folder;
    private final boolean inner;

    private ChainTool(Path folder, boolean inner) {
        this.folder = folder;
        this.inner = inner;
    }

    /** The floor of the qcow2 driver: a durable empty file above the one that is kept. */
    static ChainTool overlays(Path folder) throws IOException {
        return made(folder, false);
    }

    /** What a script does: snapshots inside the file, which is to be used by nobody. */
    static ChainTool inner(Path folder) throws IOException {
        return made(folder, true);
    }

    private static ChainTool made(Path folder, boolean inner) throws IOException {
        int _ =
                Tool.run(
                        PROGRAM,
                        List.of(
                                "create",
                                "-q",
                                "-f",
                                "qcow2",
                                folder.resolve(SOURCE).toString(),
                                Long.toString(House.VOLUME_BYTES)));
        return new ChainTool(folder, inner);
    }

    /** Whether it is installed. */
    static boolean installed() {
        return Files.isExecutable(Path.of("/usr/bin", PROGRAM));
    }

    @Override
    public int create(String name) throws IOException {
        if (inner) {
            int status =
                    Tool.run(
                            PROGRAM,
                            List.of("snapshot", "-c", name, folder.resolve(SOURCE).toString()));
            sync(folder.resolve(SOURCE), StandardOpenOption.WRITE);
            return status;
        }
        Path file = folder.resolve(name);
        int status =
                Tool.run(
                        PROGRAM,
                        List.of(
                                "create",
                                "-q",
                                "-f",
                                "qcow2",
                                "-u",
                                "-F",
                                "qcow2",
                                "-b",
                                SOURCE,
                                file.toString(),
                                Long.toString(House.VOLUME_BYTES)));
        sync(file, StandardOpenOption.WRITE);
        sync(folder, StandardOpenOption.READ);
        return status;
    }

    @Override
    public int delete(String name) throws IOException {
        if (inner) {
            int status =
                    Tool.run(
                            PROGRAM,
                            List.of("snapshot", "-d", name, folder.resolve(SOURCE).toString()));
            sync(folder.resolve(SOURCE), StandardOpenOption.WRITE);
            return status;
        }
        Files.delete(folder.resolve(name));
        sync(folder, StandardOpenOption.READ);
        return 0;
    }

    private static void sync(Path path, StandardOpenOption access) throws IOException {
        try (FileChannel channel = FileChannel.open(path, access)) {
            channel.force(true);
        }
    }

    @Override
    public void close() {
        // There is nothing open.
    }
}
