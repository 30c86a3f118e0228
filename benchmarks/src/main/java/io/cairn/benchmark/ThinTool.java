package io.cairn.benchmark;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Snapshots of a thin volume by LVM's commands, a process for each. */
final class ThinTool implements Bare {
    /** As the driver has it. */
    private static final List<String> NO_MORE_THAN_ASKED =
            List.of("--config", "activation{monitoring=0} backup{backup=0 archive=0}");

    private final String source;
    private final boolean durable;

    private ThinTool(String source, boolean durable) {
        this.source = source;
        this.durable = durable;
    }

    /** The floor of the LVM driver: a durable snapshot that cannot be written, and not active. */
    static ThinTool durable(Path folder) throws IOException {
        return made(folder, true);
    }

    /** What a script does, with LVM's defaults. */
    static ThinTool plain(Path folder) throws IOException {
        return made(folder, false);
    }

    /** The folder's name is the volume's. */
    private static ThinTool made(Path folder, boolean durable) throws IOException {
        String source = folder.getFileName().toString();
        int _ =
                Tool.run(
                        "lvcreate",
                        List.of(
                                "-an",
                                "-ky",
                                "-V",
                                House.VOLUME_BYTES + "b",
                                "--thinpool",
                                ThinGroup.BARE,
                                "-n",
                                source,
                                ThinGroup.NAME));
        return new ThinTool(source, durable);
    }

    @Override
    public int create(String name) throws IOException {
        List<String> words = new ArrayList<>(List.of("-s", "-n", snapshot(name)));
        if (durable) {
            words.addAll(List.of("-pr", "-an", "-ky"));
        }
        words.add(full(source));
        return run("lvcreate", words);
    }

    @Override
    public int delete(String name) throws IOException {
        return run("lvremove", new ArrayList<>(List.of("-y", full(snapshot(name)))));
    }

    private int run(String command, List<String> words) throws IOException {
        if (!durable) {
            return Tool.run(command, words);
        }
        words.addAll(NO_MORE_THAN_ASKED);
        int status = Tool.run(command, words);
        try (FileChannel disk = FileChannel.open(ThinGroup.disk(), StandardOpenOption.READ)) {
            disk.force(true);
        }
        return status;
    }

    private String snapshot(String name) {
        return source + "-" + name;
    }

    private static String full(String volume) {
        return ThinGroup.NAME + "/" + volume;
    }

    @Override
    public void close() {
        // There is nothing open.
    }
}
