package io.cairn.plugin.qcow2;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.ConnectionId;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A process that has a target open and serves it. Each call connects to it anew and takes
 * milliseconds unless it says otherwise; calls of several threads wait for each other.
 *
 * <p>All calls fail with an {@link OsException} if QEMU refuses, which then changed nothing: IN_USE
 * where an export, a job or another process stands against it, else FAULT or NO_SPACE. They fail
 * with an {@link IOException} if the process does not answer, or ends; the outcome is then unknown.
 */
final class StorageDaemon {
    /** Where docs/interop/qcow2.txt of QEMU has it in the header, in big-endian order. */
    private static final long SIZE_OFFSET = 24;

    private static final String NODE_NAME = "node-name";

    private final StorageDaemonProcess process;
    private final StorageDaemonFiles files;
    private final Path layers;
    private final StorageDaemonMonitor monitor;
    private final StorageDaemonExports exports;
    private final StorageDaemonJobs jobs;

    StorageDaemon(StorageDaemonProcess process, Path layers) {
        this.process = process;
        this.files = process.files();
        this.layers = layers;
        this.monitor = new StorageDaemonMonitor(files);
        this.exports = new StorageDaemonExports(process, monitor);
        this.jobs = new StorageDaemonJobs(monitor);
    }

    /** Whether it was started to only read. */
    boolean readOnly() throws IOException {
        return process.readOnly();
    }

    long pid() {
        return process.pid();
    }

    /** The layers that it has as they are now, the top first. */
    List<Path> chain() throws OsException, IOException, InterruptedException {
        return monitor.talk(qmp -> NodeGraph.of(qmp).chain().stream().map(this::file).toList());
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
        monitor.talk(
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

    /**
     * Makes it larger. Nobody who is connected would see it, so it must not be exported.
     *
     * @throws OsException IN_USE if it is
     */
    void grow(long sizeBytes) throws OsException, IOException, InterruptedException {
        monitor.talk(
                qmp -> {
                    qmp.execute("block_resize", Map.of(NODE_NAME, Node.DISK, "size", sizeBytes));
                    return sizeBytes;
                });
    }

    /** As {@link StorageDaemonExports#nbd}. */
    Map<String, String> exportNbd(ConnectionId id, boolean writable)
            throws OsException, IOException, InterruptedException {
        return exports.nbd(id, writable);
    }

    /** How clients reach what is exported for a connection; empty if nothing is. */
    Optional<Map<String, String>> exportedNbd(ConnectionId id)
            throws OsException, IOException, InterruptedException {
        return exports.nbd(id);
    }

    /** Whether a connection may write; false if there is none. */
    boolean isWritable(ConnectionId id) throws OsException, IOException, InterruptedException {
        return exports.find(id.toString()).map(ExportName::writable).orElse(false);
    }

    /** As {@link StorageDaemonExports#fuse}. */
    Path exportFuse(boolean writable) throws OsException, IOException, InterruptedException {
        return exports.fuse(writable);
    }

    /** The file that shows the content; empty if none does. */
    Optional<Path> exportedFuse() throws OsException, IOException, InterruptedException {
        return files.mounted()
                ? exports.find(ExportName.FUSE).map(_ -> files.fuse())
                : Optional.empty();
    }

    void unexportFuse() throws OsException, IOException, InterruptedException {
        unexport(ExportName.FUSE);
    }

    /** All that is exported: connections, and {@link ExportName#FUSE}. */
    Set<String> exports() throws OsException, IOException, InterruptedException {
        return exports.all().stream()
                .map(ExportName::shown)
                .collect(Collectors.toUnmodifiableSet());
    }

    boolean anyWritable() throws OsException, IOException, InterruptedException {
        return exports.all().stream().anyMatch(ExportName::writable);
    }

    /** As {@link StorageDaemonExports#remove}. */
    void unexport(String exportId) throws OsException, IOException, InterruptedException {
        exports.remove(exportId);
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

    /** Whether it ends by itself within some seconds; waits for it. */
    boolean ends() throws InterruptedException {
        return process.ends();
    }

    /**
     * Ends it, once all that was written is in the layers; waits, and kills it after 10 seconds.
     */
    void stop() throws OsException, IOException, InterruptedException {
        try (Qmp qmp = Qmp.connect(files.qmp())) {
            qmp.execute("quit", Map.of());
        } catch (ClosedByInterruptException e) {
            throw StorageDaemonMonitor.interrupted(e);
        } catch (QmpException | IOException _) {
            // It ended before it answered, or does not listen; then a signal may reach it.
            process.end();
        }
        process.awaitEnd();
        files.clear();
    }

    private Path file(LayerId layer) {
        return layers.resolve(layer.file());
    }
}
