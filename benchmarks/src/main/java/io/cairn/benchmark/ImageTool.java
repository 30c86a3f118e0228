package io.cairn.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a script would do on Ceph: its own tool, a process for each snapshot. */
final class ImageTool implements Bare {
    private final Ceph ceph;
    private final String image;

    private ImageTool(Ceph ceph, String image) {
        this.ceph = ceph;
        this.image = image;
    }

    /** The folder's name is the image's. */
    static ImageTool of(Path folder) throws IOException {
        Ceph ceph = Ceph.here().orElseThrow();
        ImageTool tool = new ImageTool(ceph, ceph.pool() + "/" + folder.getFileName());
        int _ = tool.run("create", "--size", House.VOLUME_BYTES + "B", tool.image);
        return tool;
    }

    @Override
    public int create(String name) throws IOException {
        return run("snap", "create", "--no-progress", image + "@" + name);
    }

    @Override
    public int delete(String name) throws IOException {
        return run("snap", "rm", "--no-progress", image + "@" + name);
    }

    private int run(String... words) throws IOException {
        List<String> all = new ArrayList<>(ceph.words());
        all.addAll(List.of(words));
        return Tool.run(Ceph.TOOL, all);
    }

    @Override
    public void close() {
        // There is nothing open.
    }
}
