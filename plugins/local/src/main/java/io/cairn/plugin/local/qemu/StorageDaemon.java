package io.cairn.plugin.local.qemu;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.ConnectionId;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A process that has a target open and serves it. Each call connects to it anew and takes
 * milliseconds unless it says otherwise; calls of several threads wait for each other.
 *
 * <p>All calls fail with an {@link OsException} if QEMU refuses, which then changed nothing: IN_USE
 * where an export or another process stands against it, else FAULT or NO_SPACE. They fail with an
 * {@link IOException} if the process does not answer, or ends; the outcome is then unknown.
 */
public class StorageDaemon {
    /** The node that all exports show. */
    public static final String DISK = "disk";

    private final StorageDaemonProcess process;
    private final StorageDaemonFiles files;
    private final StorageDaemonMonitor monitor;
    private final StorageDaemonExports exports;

    public StorageDaemon(StorageDaemonProcess process) {
        this.process = process;
        this.files = process.files();
        this.monitor = new StorageDaemonMonitor(files);
        this.exports = new StorageDaemonExports(process, monitor);
    }

    /** Where it takes commands. */
    public StorageDaemonMonitor monitor() {
        return monitor;
    }

    /** The process by which it is known. */
    public StorageDaemonProcess process() {
        return process;
    }

    /** Whether it was started to only read. */
    public boolean readOnly() throws IOException {
        return process.readOnly();
    }

    public long pid() {
        return process.pid();
    }

    /**
     * Makes it larger. Nobody who is connected would see it, so it must not be exported.
     *
     * @throws OsException IN_USE if it is
     */
    public void grow(long sizeBytes) throws OsException, IOException, InterruptedException {
        monitor.talk(
                qmp -> {
                    qmp.execute("block_resize", Map.of("node-name", DISK, "size", sizeBytes));
                    return sizeBytes;
                });
    }

    /** As {@link StorageDaemonExports#nbd}. */
    public Map<String, String> exportNbd(ConnectionId id, boolean writable)
            throws OsException, IOException, InterruptedException {
        return exports.nbd(id, writable);
    }

    /** How clients reach what is exported for a connection; empty if nothing is. */
    public Optional<Map<String, String>> exportedNbd(ConnectionId id)
            throws OsException, IOException, InterruptedException {
        return exports.nbd(id);
    }

    /** Whether a connection may write; false if there is none. */
    public boolean isWritable(ConnectionId id)
            throws OsException, IOException, InterruptedException {
        return exports.find(id.toString()).map(ExportName::writable).orElse(false);
    }

    /** As {@link StorageDaemonExports#fuse}. */
    public Path exportFuse(boolean writable) throws OsException, IOException, InterruptedException {
        return exports.fuse(writable);
    }

    /** The file that shows the content; empty if none does. */
    public Optional<Path> exportedFuse() throws OsException, IOException, InterruptedException {
        return files.mounted()
                ? exports.find(ExportName.FUSE).map(_ -> files.fuse())
                : Optional.empty();
    }

    public void unexportFuse() throws OsException, IOException, InterruptedException {
        unexport(ExportName.FUSE);
    }

    /** All that is exported: connections, and {@link ExportName#FUSE}. */
    public Set<String> exports() throws OsException, IOException, InterruptedException {
        return exports.all().stream()
                .map(ExportName::shown)
                .collect(Collectors.toUnmodifiableSet());
    }

    public boolean anyWritable() throws OsException, IOException, InterruptedException {
        return exports.all().stream().anyMatch(ExportName::writable);
    }

    /** As {@link StorageDaemonExports#remove}. */
    public void unexport(String exportId) throws OsException, IOException, InterruptedException {
        exports.remove(exportId);
    }

    /** Whether it ends by itself within some seconds; waits for it. */
    public boolean ends() throws InterruptedException {
        return process.ends();
    }

    /**
     * Ends it, once all that was written is in the layers; waits, and kills it after 10 seconds.
     */
    public void stop() throws OsException, IOException, InterruptedException {
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
}
