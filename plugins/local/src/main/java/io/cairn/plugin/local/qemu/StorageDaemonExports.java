package io.cairn.plugin.local.qemu;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import com.fasterxml.jackson.databind.JsonNode;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.plugin.local.NbdProgram;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Server;
import io.cairn.spi.ConnectionId;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What a storage daemon shows of its target, and to whom. All of it lies over {@link
 * StorageDaemon#DISK}, and goes along when that goes over to another node. Fails as {@link
 * StorageDaemon} does.
 */
final class StorageDaemonExports {
    private static final String ID = "id";
    private static final String TYPE = "type";
    private static final String WRITABLE = "writable";

    private final StorageDaemonProcess process;
    private final StorageDaemonFiles files;
    private final StorageDaemonMonitor monitor;

    StorageDaemonExports(StorageDaemonProcess process, StorageDaemonMonitor monitor) {
        this.process = process;
        this.files = process.files();
        this.monitor = monitor;
    }

    /**
     * Exports it by NBD. It may be repeated.
     *
     * @return how clients reach it
     * @throws OsException CONFLICT if it is exported for the connection already and for the reverse
     */
    Map<String, String> nbd(ConnectionId id, boolean writable)
            throws OsException, IOException, InterruptedException {
        export(
                ExportName.nbd(id, writable),
                Map.of(TYPE, "nbd", "name", id.toString(), WRITABLE, writable));
        return info(id, writable);
    }

    /** How clients reach what is exported for a connection; empty if nothing is. */
    Optional<Map<String, String>> nbd(ConnectionId id)
            throws OsException, IOException, InterruptedException {
        return find(id.toString()).map(name -> info(id, name.writable()));
    }

    /**
     * Shows it as a file, of which a loop device can be made. It may be repeated.
     *
     * @throws OsException CONFLICT if it is shown already and for the reverse; UNSUPPORTED if
     *     clients of NBD must encrypt, for the one that shows it has no certificate
     */
    Path fuse(boolean writable) throws OsException, IOException, InterruptedException {
        if (process.tls()) {
            throw new OsException(
                    UNSUPPORTED,
                    "what is attached is read by NBD without encryption: set %s to %s, or %s to unix"
                            .formatted(
                                    ServingOptions.TLS, ServingOptions.NO_TLS, ExportOptions.NBD));
        }
        export(
                ExportName.fuse(writable),
                Map.of(TYPE, "nbd", "name", ExportName.FUSE, WRITABLE, writable));
        if (!files.mounted()) {
            try {
                ShownFile.show(
                        files,
                        Objects.requireNonNull(server(ExportName.FUSE, writable).info().get("uri")),
                        writable);
            } catch (OsException | IOException | InterruptedException | RuntimeException e) {
                try {
                    files.clearFuse();
                    remove(ExportName.FUSE);
                } catch (OsException | IOException | InterruptedException second) {
                    e.addSuppressed(second);
                }
                throw e;
            }
        }
        return files.fuse();
    }

    /**
     * Takes an export back and cuts its clients off. It may be repeated.
     *
     * @param exportId one of {@link StorageDaemon#exports}
     */
    void remove(String exportId) throws OsException, IOException, InterruptedException {
        if (exportId.equals(ExportName.FUSE)) {
            // First, for what it still has is written through the export.
            files.clearFuse();
            ShownFile.awaitEnd(files.fuse());
        }
        monitor.talk(
                qmp -> {
                    Optional<ExportName> name = find(qmp, exportId);
                    if (name.isPresent()) {
                        String id = name.get().toString();
                        try {
                            qmp.execute("block-export-del", Map.of(ID, id, "mode", "hard"));
                        } catch (QmpException e) {
                            // It may be on its way already.
                            if (!isShuttingDown(qmp, id)) {
                                throw e;
                            }
                        }
                        monitor.await(
                                "take back export " + id, () -> find(qmp, exportId).isEmpty());
                    }
                    return exportId;
                });
    }

    private void export(ExportName name, Map<String, Object> kind)
            throws OsException, IOException, InterruptedException {
        monitor.talk(
                qmp -> {
                    Optional<ExportName> there = find(qmp, name.shown());
                    if (there.isPresent()) {
                        if (there.get().writable() != name.writable()) {
                            throw new OsException(
                                    CONFLICT,
                                    "it is exported as %s already, %s"
                                            .formatted(
                                                    name.shown(),
                                                    there.get().writable()
                                                            ? "for writing too"
                                                            : "read-only"));
                        }
                        return name;
                    }
                    Map<String, Object> arguments = new HashMap<>(kind);
                    arguments.put(ID, name.toString());
                    arguments.put("node-name", StorageDaemon.DISK);
                    qmp.execute("block-export-add", arguments);
                    return name;
                });
    }

    private Map<String, String> info(ConnectionId id, boolean writable) {
        Server server = server(id.toString(), writable);
        if (!process.tls()) {
            return server.info();
        }
        Map<String, String> info = new HashMap<>(server.info());
        info.put("tls", "required");
        info.computeIfPresent("uri", (_, uri) -> uri.replaceFirst("^nbd", "nbds"));
        return Map.copyOf(info);
    }

    private Server server(String name, boolean writable) {
        return new Server(process.pid(), NbdProgram.QEMU, name, !writable, process.address());
    }

    /** The one that is called so outside. */
    Optional<ExportName> find(String shown) throws OsException, IOException, InterruptedException {
        return monitor.talk(qmp -> find(qmp, shown));
    }

    static Optional<ExportName> find(Qmp qmp, String shown) throws QmpException, IOException {
        return names(qmp).stream().filter(name -> name.shown().equals(shown)).findFirst();
    }

    List<ExportName> all() throws OsException, IOException, InterruptedException {
        return monitor.talk(StorageDaemonExports::names);
    }

    private static List<ExportName> names(Qmp qmp) throws QmpException, IOException {
        List<ExportName> names = new ArrayList<>();
        for (JsonNode export : qmp.execute("query-block-exports", Map.of())) {
            ExportName.parse(export.path(ID).asText()).ifPresent(names::add);
        }
        return names;
    }

    private static boolean isShuttingDown(Qmp qmp, String id) throws QmpException, IOException {
        for (JsonNode export : qmp.execute("query-block-exports", Map.of())) {
            if (export.path(ID).asText().equals(id)) {
                return export.path("shutting-down").asBoolean();
            }
        }
        return true;
    }
}
