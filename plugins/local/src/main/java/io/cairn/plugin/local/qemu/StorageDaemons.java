package io.cairn.plugin.local.qemu;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.NbdProgram;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Servers;
import io.cairn.spi.Target;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The storage daemons of a backend: one process for each target that is in use, which outlives the
 * daemon. It is found again by its pid file and command line; nothing else is remembered. For any
 * number of threads, of which no two may call for the same target at once, but for what a driver
 * does in the background of a {@link StorageDaemon}.
 */
public final class StorageDaemons {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long START_SECONDS = 30;
    private static final int PORT_TRIES = 5;

    private final Path backend;
    private final Path shortFolder;
    private final ServingOptions options;
    private final Optional<Path> program;
    private final String abilities;

    /**
     * Those of one backend. Asks the program what it can.
     *
     * @param backend the backend's folder; made with the first of them if it is not there
     * @param shortFolder where sockets go if the path of that is too long for them
     */
    public StorageDaemons(Path backend, Path shortFolder, ServingOptions options) {
        this(backend, shortFolder, options, NbdProgram.QEMU.installed());
    }

    /** As the other, with a program that need not be where programs are. */
    public StorageDaemons(
            Path backend, Path shortFolder, ServingOptions options, Optional<Path> program) {
        this.backend = backend.toAbsolutePath();
        this.shortFolder = shortFolder;
        this.options = options;
        this.program = program;
        this.abilities = program.map(StorageDaemons::abilities).orElse("");
    }

    /** What the program says that it can; empty if it does not run. */
    private static String abilities(Path program) {
        return said(List.of(program.toString(), "--help"));
    }

    /** All that a command says that ends by itself; empty if it does not run, or too long. */
    private static String said(List<String> command) {
        Process process;
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectInput(new File("/dev/null"));
            builder.environment().put("LC_ALL", "C");
            process = builder.start();
        } catch (IOException _) {
            return "";
        }
        CompletableFuture<Process> slow =
                process.onExit().orTimeout(START_SECONDS, TimeUnit.SECONDS);
        slow.exceptionally(
                _ -> {
                    process.destroyForcibly();
                    return process;
                });
        try {
            return new String(process.getInputStream().readAllBytes(), UTF_8);
        } catch (IOException _) {
            return "";
        } finally {
            process.destroyForcibly();
        }
    }

    /** Whether the program is installed, and serves NBD. */
    public boolean available() {
        return abilities.contains("[type=]nbd");
    }

    /**
     * What is missing for serving what a driver of QEMU's opens, and how it is had; empty if
     * nothing is. Runs the program.
     *
     * @param node what that driver cannot open, as it refuses at once
     * @param module the package that it comes in
     */
    public Optional<String> lack(Map<String, Object> node, String module) throws IOException {
        if (program.isEmpty() || !available()) {
            return Optional.of(
                    "there is no %s that serves NBD: install qemu-system-common"
                            .formatted(NbdProgram.QEMU.program()));
        }
        String said =
                said(List.of(program.get().toString(), StorageDaemonProcess.BLOCKDEV, json(node)));
        return said.contains("Unknown driver")
                ? Optional.of(
                        "%s has no driver '%s': install %s"
                                .formatted(NbdProgram.QEMU.program(), node.get("driver"), module))
                : Optional.empty();
    }

    /** Removes what those left that ended when nobody looked; for when none is being started. */
    public void clearDead() throws IOException {
        StorageDaemonFiles.clearDead(backend);
    }

    /** The one of a target, if it runs; clears away what one left that died. */
    public Optional<StorageDaemon> of(Target target) throws IOException {
        StorageDaemonFiles files = files(target);
        Optional<StorageDaemonProcess> process = StorageDaemonProcess.byPidFile(files);
        if (process.isEmpty() && files.anyLeft() && StorageDaemonProcess.all(files).isEmpty()) {
            files.clear();
        }
        return process.map(StorageDaemon::new);
    }

    /** As {@link #of}, but changes nothing; for who does not keep others from starting one. */
    public Optional<StorageDaemon> look(Target target) throws IOException {
        return StorageDaemonProcess.byPidFile(files(target)).map(StorageDaemon::new);
    }

    /** Where a target is shown as a file while it is attached. */
    public Path shown(Target target) {
        return files(target).fuse();
    }

    /** The targets of all that run. */
    public Set<Target> running() throws IOException {
        Set<Target> running = new HashSet<>();
        for (String name : Entries.names(backend.resolve(Servers.EXPORTS))) {
            Optional<Target> target = StorageDaemonFiles.target(name);
            if (target.isPresent()
                    && StorageDaemonProcess.byPidFile(files(target.get())).isPresent()) {
                running.add(target.get());
            }
        }
        return running;
    }

    /**
     * Starts the one of a target that has none. It runs with all of it open, or not at all.
     *
     * @throws OsException IN_USE if another process uses it so that this cannot; UNSUPPORTED if the
     *     program is missing or paths are too long
     */
    public StorageDaemon start(Target target, Opening opening)
            throws OsException, IOException, InterruptedException {
        if (program.isEmpty()) {
            throw new OsException(
                    UNSUPPORTED, "there is no %s: install it".formatted(NbdProgram.QEMU.program()));
        }
        StorageDaemonFiles files = files(target);
        files.makeFolders();
        // One that nobody waited for, since the daemon was killed while it started.
        endAll(files);
        files.clear();
        try {
            for (int left = PORT_TRIES; ; left--) {
                String problem = run(command(files, opening), files.log());
                if (problem.isEmpty()) {
                    break;
                }
                // Somebody took the port between our finding it free and its asking for it.
                boolean raced =
                        options.tcp() && problem.contains("Address already in use") && left > 1;
                if (!raced) {
                    throw new OsException(QmpException.kind(problem), problem);
                }
            }
            return StorageDaemonProcess.byPidFile(files)
                    .map(StorageDaemon::new)
                    .orElseThrow(() -> files.fault("started and ended at once"));
        } catch (OsException | IOException | InterruptedException | RuntimeException e) {
            undo(files, e);
            throw e;
        }
    }

    /** Waits also when interrupted, since one that is half in the background cannot be ended. */
    private static boolean ends(Process process) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        boolean interrupted = false;
        boolean ended = false;
        while (!ended && System.nanoTime() < until) {
            try {
                ended = process.waitFor(until - System.nanoTime(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            throw new InterruptedException("interrupted while a storage daemon started");
        }
        return ended;
    }

    /** Until there is none, for one that goes to the background may have become another. */
    private static void endAll(StorageDaemonFiles files)
            throws OsException, IOException, InterruptedException {
        List<StorageDaemonProcess> left = StorageDaemonProcess.all(files);
        while (!left.isEmpty()) {
            for (StorageDaemonProcess each : left) {
                each.end();
            }
            left = StorageDaemonProcess.all(files);
        }
    }

    private static void undo(StorageDaemonFiles files, Exception because) {
        boolean interrupted = because instanceof InterruptedException;
        try {
            endAll(files);
            files.clear();
        } catch (InterruptedException e) {
            interrupted = true;
            because.addSuppressed(e);
        } catch (OsException | IOException e) {
            because.addSuppressed(e);
        }
        if (interrupted && !(because instanceof InterruptedException)) {
            Thread.currentThread().interrupt();
        }
    }

    private StorageDaemonFiles files(Target target) {
        return StorageDaemonFiles.of(backend, shortFolder, target);
    }

    private List<String> command(StorageDaemonFiles files, Opening opening)
            throws OsException, IOException {
        List<String> command = new ArrayList<>();
        command.add(program.orElseThrow().toString());
        for (String object : opening.objects()) {
            command.add(StorageDaemonProcess.OBJECT);
            command.add(object);
        }
        for (Map<String, Object> node : opening.nodes()) {
            command.add(StorageDaemonProcess.BLOCKDEV);
            command.add(json(node));
        }
        String tls = "";
        if (options.tcp() && options.tlsFolder().isPresent()) {
            command.add(StorageDaemonProcess.OBJECT);
            command.add(
                    StorageDaemonProcess.TLS
                            + ",id=tls,endpoint=server,verify-peer=on,dir="
                            + quoted(options.tlsFolder().get()));
            tls = ",tls-creds=tls";
        }
        // In this order, for what listens is found in the command line as Servers has it.
        command.add("--nbd-server");
        command.add(
                options.tcp()
                        ? "addr.type=inet" + tls + ",addr.host=127.0.0.1,addr.port=" + freePort()
                        : "addr.type=unix,addr.path=" + quoted(files.nbd()));
        command.addAll(
                List.of(
                        "--chardev",
                        "socket,id=qmp,server=on,wait=off,path=" + quoted(files.qmp()),
                        "--monitor",
                        "chardev=qmp",
                        "--daemonize",
                        "--pidfile",
                        files.pid().toString()));
        return command;
    }

    private static String json(Map<String, Object> options) throws JsonProcessingException {
        return JSON.writeValueAsString(options);
    }

    private static String quoted(Path path) {
        return path.toString().replace(",", ",,");
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket()) {
            InetSocketAddress any = NbdProgram.loopback("0");
            free.bind(any);
            return free.getLocalPort();
        }
    }

    /** Runs the program until it is in the background; what it says if it fails. */
    private static String run(List<String> command, Path log)
            throws OsException, InterruptedException, IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectInput(new File("/dev/null"))
                        .redirectErrorStream(true)
                        // Not a pipe, which who stays in the background would keep open.
                        .redirectOutput(log.toFile());
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        try {
            if (!ends(process)) {
                throw new OsException(
                        FAULT,
                        "%s does not start within %d seconds"
                                .formatted(command.getFirst(), START_SECONDS));
            }
            return process.exitValue() == 0
                    ? ""
                    : "%s ended with %d: %s"
                            .formatted(
                                    command.getFirst(),
                                    process.exitValue(),
                                    Files.readString(log, UTF_8).strip());
        } finally {
            process.destroyForcibly();
            Files.deleteIfExists(log);
        }
    }
}
