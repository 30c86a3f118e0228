package io.cairn.plugin.qcow2;

import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.qemu.QmpException;
import io.cairn.plugin.local.qemu.StorageDaemon;
import io.cairn.plugin.local.qemu.StorageDaemonProcess;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** One that has a chain of layers open, and may go on in another or move content between them. */
final class LayeredDaemon extends StorageDaemon {
    /** Where docs/interop/qcow2.txt of QEMU has it in the header, in big-endian order. */
    private static final long SIZE_OFFSET = 24;

    private static final String NODE_NAME = "node-name";

    private final Path layers;
    private final StorageDaemonJobs jobs;

    LayeredDaemon(StorageDaemonProcess process, Path layers) {
        super(process);
        this.layers = layers;
        this.jobs = new StorageDaemonJobs(monitor());
    }

    /** The layers that it has as they are now, the top first. */
    List<Path> chain() throws OsException, IOException, InterruptedException {
        return monitor().talk(qmp -> NodeGraph.of(qmp).chain().stream().map(this::file).toList());
    }

    /** Whether it writes to this layer, or reads from it first. */
    boolean isTop(Path layer) throws OsException, IOException, InterruptedException {
        return chain().getFirst().equals(layer);
    }

    /**
     * Goes on in another layer, and leaves the one that it wrote to as it is. What clients had
     * acknowledged before is in the old one. It may be repeated.
     *
     * @param overlay an empty layer, of at least the size, whose header names the top one now
     * @throws OsException IN_USE if a job stands against it; dismiss it first
     */
    void cut(Path overlay) throws OsException, IOException, InterruptedException {
        Node node = Node.of(overlay);
        monitor()
                .talk(
                        qmp -> {
                            NodeGraph graph = NodeGraph.of(qmp);
                            Node top = Node.of(graph.chain().getFirst());
                            if (top.equals(node)) {
                                return node;
                            }
                            if (!graph.has(node)) {
                                qmp.execute("blockdev-add", node.options(overlay, null, false));
                            }
                            try {
                                qmp.execute(
                                        "blockdev-snapshot",
                                        Map.of("node", top.name(), "overlay", node.name()));
                            } catch (QmpException e) {
                                qmp.execute("blockdev-del", Map.of(NODE_NAME, node.name()));
                                throw e;
                            }
                            return node;
                        });
    }

    /** The size that clients see which connect now. */
    long sizeBytes() throws OsException, IOException, InterruptedException {
        Path top = chain().getFirst();
        ByteBuffer size = ByteBuffer.allocate(Long.BYTES);
        try (FileChannel file = FileChannel.open(top)) {
            while (size.hasRemaining()) {
                if (file.read(size, SIZE_OFFSET + size.position()) < 0) {
                    throw new EOFException(top + " has no header");
                }
            }
        }
        return size.flip().getLong();
    }

    /** As {@link StorageDaemonJobs#commit}. */
    void commit(int upper, int count, String name, String job)
            throws OsException, IOException, InterruptedException {
        jobs.commit(upper, count, name, job);
    }

    /** As {@link StorageDaemonJobs#all}. */
    List<Job> jobs() throws OsException, IOException, InterruptedException {
        return jobs.all();
    }

    /** As {@link StorageDaemonJobs#concluded}. */
    boolean concluded(String job) throws OsException, IOException, InterruptedException {
        return jobs.concluded(job);
    }

    /** As {@link StorageDaemonJobs#dismiss}. */
    void dismiss(String job) throws OsException, IOException, InterruptedException {
        jobs.dismiss(job);
    }

    private Path file(LayerId layer) {
        return layers.resolve(layer.file());
    }
}
