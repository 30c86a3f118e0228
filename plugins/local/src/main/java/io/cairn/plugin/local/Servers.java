package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.NbdProgram.Order;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Target;

import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The processes that serve a backend's exports. They outlive the daemon, and are found again by
 * their pid files, {@code exports/TARGET.CONNECTION.pid}, and their command lines.
 */
public final class Servers {
    public static final String EXPORTS = "exports";

    private static final String CONNECTION_FILE = "[0-9a-f-]{36}\\.(pid|log)";

    private static final long START_SECONDS = 30;
    private static final long STOP_MILLIS = 10_000;
    private static final long PAUSE_MILLIS = 10;
    private static final int PORT_TRIES = 5;

    private final Path folder;
    private final Path shortFolder;
    private final boolean tcp;
    private final Optional<NbdProgram> kind;
    private final Optional<Path> program;

    /**
     * Those of one backend.
     *
     * @param backend the backend's folder
     * @param shortFolder where sockets go if the path of that is too long for them
     * @param tcp whether they listen on ports of the loopback interface instead
     * @param kind which program serves; empty if none can
     */
    public Servers(Path backend, Path shortFolder, boolean tcp, Optional<NbdProgram> kind) {
        this.folder = backend.resolve(EXPORTS);
        this.shortFolder = shortFolder;
        this.tcp = tcp;
        this.kind = kind;
        this.program = kind.flatMap(NbdProgram::installed);
    }

    /** Whether a program is installed that can serve. */
    public boolean available() {
        return program.isPresent();
    }

    /** Whether anything is there of exports that were made before. */
    public boolean anyLeft() {
        String[] files = folder.toFile().list();
        return files != null && files.length > 0;
    }

    /** Whether the target is exported at all; clears away what servers left that died. */
    public boolean anyFor(Target target) throws IOException {
        return !of(target).isEmpty();
    }

    /** The server of the target, if there is one, that would not see that it is larger. */
    public Optional<Server> notGrowing(Target target) throws IOException {
        return of(target).stream().filter(server -> !server.program().growing()).findFirst();
    }

    public boolean anyWriting(Target target) throws IOException {
        return of(target).stream().anyMatch(server -> !server.readOnly());
    }

    /** Whether any but the server of one connection lets its host write. */
    public boolean anyWriting(Target target, ConnectionId except) throws IOException {
        Set<ConnectionId> others = connections(target);
        others.remove(except);
        return of(target, others).stream().anyMatch(server -> !server.readOnly());
    }

    /** The server of a connection, if it serves. */
    public Optional<Server> serving(ConnectionId id, Target target) throws IOException {
        return byPidFile(pidFile(id, target)).filter(Server::answers);
    }

    /**
     * Starts a server, or returns the one that is there.
     *
     * @throws OsException CONFLICT if that one is read-only and shall not be, or the reverse
     */
    public Server start(ConnectionId id, Target target, String image, boolean readOnly)
            throws OsException, InterruptedException, IOException {
        Path pidFile = pidFile(id, target);
        Optional<Server> there = settled(pidFile);
        if (there.isPresent()) {
            if (there.get().readOnly() != readOnly) {
                throw new OsException(
                        CONFLICT,
                        "it is exported for connection %s already, %s"
                                .formatted(
                                        id,
                                        there.get().readOnly() ? "read-only" : "for writing too"));
            }
            return there.get();
        }
        // The servers would let both write.
        if (!readOnly && anyWriting(target)) {
            throw new OsException(
                    IN_USE, "another host may write to it; take that export back first");
        }
        stop(id, target);
        makeFolder(folder);
        String export = target.snapshot().map(Object::toString).orElse(target.volume().toString());
        for (int left = PORT_TRIES; ; left--) {
            Order order = new Order(image, export, readOnly, address(id), pidFile);
            String problem = run(order, logFile(pidFile));
            if (problem.isEmpty()) {
                break;
            }
            // Somebody took the port between our finding it free and the server's asking for it.
            boolean raced = tcp && problem.contains("Address already in use") && left > 1;
            if (!raced) {
                stop(id, target);
                throw refused(problem);
            }
        }
        return settled(pidFile)
                .orElseThrow(
                        () ->
                                new OsException(
                                        FAULT, "%s started and ended at once".formatted(program)));
    }

    /** Ends the server of a connection, and removes what it may have left. */
    public void stop(ConnectionId id, Target target)
            throws OsException, InterruptedException, IOException {
        Path pidFile = pidFile(id, target);
        if (!Files.isDirectory(folder)) {
            return;
        }
        Optional<SocketAddress> address = Optional.empty();
        // Again until there is none, for one that just goes into the background forks meanwhile.
        for (List<Server> found = processes(pidFile);
                !found.isEmpty();
                found = processes(pidFile)) {
            for (Server server : found) {
                address = Optional.of(server.address());
                end(server, pidFile);
            }
        }
        remove(pidFile, id);
        if (address.orElse(null) instanceof UnixDomainSocketAddress unix) {
            Files.deleteIfExists(unix.getPath());
        }
    }

    /** Waits for a server that is there, and may be just starting, until it serves or is gone. */
    private Optional<Server> settled(Path pidFile) throws InterruptedException, IOException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_MILLIS);
        while (!processes(pidFile).isEmpty() && System.nanoTime() < until) {
            Optional<Server> server = byPidFile(pidFile).filter(Server::answers);
            if (server.isPresent()) {
                return server;
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        return Optional.empty();
    }

    /** Runs the program until it serves in the background; what it says if it does not. */
    private String run(Order order, Path log)
            throws OsException, InterruptedException, IOException {
        List<String> command = new ArrayList<>(kind.orElseThrow().launcher());
        command.add(program.orElseThrow().toString());
        command.addAll(kind.orElseThrow().arguments(order));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectInput(new File("/dev/null"))
                        .redirectErrorStream(true)
                        // Not a pipe, which who stays in the background would keep open.
                        .redirectOutput(log.toFile());
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        try {
            if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
                throw new OsException(
                        FAULT,
                        "%s does not start to serve within %d seconds"
                                .formatted(command.getFirst(), START_SECONDS));
            }
            if (process.exitValue() == 0) {
                return "";
            }
            String said = Files.readString(log, UTF_8).strip();
            return "%s ended with %d: %s".formatted(command.getFirst(), process.exitValue(), said);
        } finally {
            Process _ =
                    process.destroyForcibly()
                            .onExit()
                            .completeOnTimeout(process, STOP_MILLIS, TimeUnit.MILLISECONDS)
                            .join();
            Files.deleteIfExists(log);
        }
    }

    private static OsException refused(String problem) {
        // QEMU's words for a file that another server has and does not share.
        boolean locked = problem.contains("Failed to get");
        return new OsException(
                locked ? IN_USE : FAULT,
                locked ? "it is exported to another host already: " + problem : problem);
    }

    private List<Server> of(Target target) throws IOException {
        return of(target, connections(target));
    }

    private List<Server> of(Target target, Set<ConnectionId> ids) throws IOException {
        List<Server> servers = new ArrayList<>();
        for (ConnectionId id : ids) {
            Path pidFile = pidFile(id, target);
            List<Server> found =
                    Files.exists(logFile(pidFile))
                            ? processes(pidFile)
                            : byPidFile(pidFile).stream().toList();
            servers.addAll(found);
            if (found.isEmpty()) {
                remove(pidFile, id);
            }
        }
        return servers;
    }

    /** Those of servers, and of attempts to start one that nobody finished. */
    private Set<ConnectionId> connections(Target target) throws IOException {
        Set<ConnectionId> ids = new HashSet<>();
        String prefix = prefix(target);
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, prefix + "*")) {
            for (Path file : stream) {
                String name = file.toFile().getName().substring(prefix.length());
                if (name.matches(CONNECTION_FILE)) {
                    ids.add(ConnectionId.parse(name.substring(0, name.indexOf('.'))));
                }
            }
        } catch (NoSuchFileException _) {
            // Nothing was ever exported here.
        }
        return ids;
    }

    private Optional<Server> byPidFile(Path pidFile) throws IOException {
        try {
            return server(Long.parseLong(Files.readString(pidFile).strip()), pidFile);
        } catch (NoSuchFileException | NumberFormatException _) {
            // There is none, or it is not written yet.
            return Optional.empty();
        }
    }

    /** Also those that have not come so far as to write their pid files. */
    private List<Server> processes(Path pidFile) throws IOException {
        List<Server> found = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : stream) {
                server(Long.parseLong(process.toFile().getName()), pidFile).ifPresent(found::add);
            }
        }
        return found;
    }

    private static Optional<Server> server(long pid, Path pidFile) {
        List<String> commandLine = Server.commandLine(pid);
        for (NbdProgram kind : NbdProgram.values()) {
            if (kind.isServing(commandLine, pidFile)) {
                return Optional.of(
                        new Server(
                                pid,
                                kind,
                                pidFile.toFile().getName().split("\\.", -1)[0],
                                kind.readOnly(commandLine),
                                kind.address(commandLine)));
            }
        }
        return Optional.empty();
    }

    private static void end(Server server, Path pidFile) throws OsException, InterruptedException {
        Optional<ProcessHandle> process = ProcessHandle.of(server.pid());
        long begun = System.nanoTime();
        while (process.isPresent() && server(server.pid(), pidFile).isPresent()) {
            long waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
            if (waited > 2 * STOP_MILLIS) {
                throw new OsException(
                        FAULT,
                        "the server of the export, process %d, does not end"
                                .formatted(server.pid()));
            } else if (waited > STOP_MILLIS) {
                boolean _ = process.get().destroyForcibly();
            } else {
                // Again and again, since qemu-storage-daemon sleeps on if the signal comes between
                // its last look at whether one did and its sleep.
                boolean _ = process.get().destroy();
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private void remove(Path pidFile, ConnectionId id) throws IOException {
        Files.deleteIfExists(pidFile);
        Files.deleteIfExists(logFile(pidFile));
        Files.deleteIfExists(folder.resolve(id + ".sock"));
        Files.deleteIfExists(shortFolder.resolve(id + ".sock"));
    }

    private SocketAddress address(ConnectionId id) throws OsException, IOException {
        if (tcp) {
            try (ServerSocket free = new ServerSocket()) {
                free.bind(NbdProgram.loopback("0"));
                return NbdProgram.loopback(Integer.toString(free.getLocalPort()));
            }
        }
        for (Path place : List.of(folder, shortFolder)) {
            Path socket = place.resolve(id + ".sock");
            if (socket.toString().getBytes(UTF_8).length <= Server.SOCKET_PATH_BYTES) {
                makeFolder(place);
                return UnixDomainSocketAddress.of(socket);
            }
        }
        throw new OsException(
                UNSUPPORTED,
                "the paths of %s and %s are too long for a socket; set %s to a shorter one"
                        .formatted(folder, shortFolder, ExportOptions.DIRECTORY));
    }

    /** Nobody but the daemon's user may connect, so nobody else may enter. */
    private static void makeFolder(Path path) throws OsException, IOException {
        try {
            Files.createDirectory(
                    path,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        } catch (FileAlreadyExistsException e) {
            if (!PosixFilePermissions.toString(Files.getPosixFilePermissions(path))
                    .endsWith("------")) {
                OsException open =
                        new OsException(
                                UNSUPPORTED,
                                "others can enter %s; `chmod 700 %s`".formatted(path, path));
                open.initCause(e);
                throw open;
            }
        }
    }

    private Path pidFile(ConnectionId id, Target target) {
        return folder.resolve(prefix(target) + id + ".pid");
    }

    /** What a server says while it starts; it is there no longer once that is over. */
    private static Path logFile(Path pidFile) {
        return Path.of(pidFile.toString().replaceFirst("pid$", "log"));
    }

    private static String prefix(Target target) {
        return target.snapshot().map(Object::toString).orElse(target.volume().toString()) + ".";
    }
}
