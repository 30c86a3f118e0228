package io.cairn.plugin.local.qemu;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.cairn.plugin.local.NbdProgram;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Server;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A process that has a target open, with what its own command line tells of it. */
public record StorageDaemonProcess(long pid, StorageDaemonFiles files, List<String> commandLine) {
    static final String BLOCKDEV = "--blockdev";
    static final String OBJECT = "--object";
    static final String TLS = "tls-creds-x509";

    private static final long PATIENCE_MILLIS = 10_000;
    private static final long PAUSE_MILLIS = 10;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The one whose pid file is there; empty if there is none, or it is dead. */
    static Optional<StorageDaemonProcess> byPidFile(StorageDaemonFiles files) throws IOException {
        try {
            return of(Long.parseLong(Files.readString(files.pid(), UTF_8).strip()), files);
        } catch (NoSuchFileException | NumberFormatException _) {
            // There is none, or it is not written yet.
            return Optional.empty();
        }
    }

    /** All of a target, also those that have not come so far as to write their pid files. */
    static List<StorageDaemonProcess> all(StorageDaemonFiles files) throws IOException {
        List<StorageDaemonProcess> found = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : stream) {
                of(Long.parseLong(process.toFile().getName()), files).ifPresent(found::add);
            }
        }
        return found;
    }

    private static Optional<StorageDaemonProcess> of(long pid, StorageDaemonFiles files) {
        List<String> commandLine = Server.commandLine(pid);
        return NbdProgram.QEMU.isServing(commandLine, files.pid())
                ? Optional.of(new StorageDaemonProcess(pid, files, commandLine))
                : Optional.empty();
    }

    boolean alive() {
        return of(pid, files).isPresent();
    }

    /** Whether it was started to only read. */
    boolean readOnly() throws IOException {
        for (int i = 0; i + 1 < commandLine.size(); i++) {
            if (commandLine.get(i).equals(BLOCKDEV)) {
                JsonNode options = JSON.readTree(commandLine.get(i + 1));
                if (options.path("node-name").asText().equals(StorageDaemon.DISK)) {
                    return options.path("read-only").asBoolean();
                }
            }
        }
        throw new IOException("process %d has no disk".formatted(pid));
    }

    /** Where it serves NBD. */
    SocketAddress address() {
        return NbdProgram.QEMU.address(commandLine);
    }

    /** Whether its clients of NBD must encrypt. */
    boolean tls() {
        return commandLine.stream().anyMatch(each -> each.startsWith(TLS + ","));
    }

    /** Waits at most 10 seconds; whether it is gone. */
    boolean ends() throws InterruptedException {
        long begun = System.nanoTime();
        while (alive()) {
            if (TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun) > PATIENCE_MILLIS) {
                return false;
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        return true;
    }

    /** Waits until it is gone; kills it if it takes longer than 10 seconds. */
    void awaitEnd() throws OsException, InterruptedException {
        awaitEnd(false);
    }

    /**
     * @param asked whether a signal asks it to, again and again: it sleeps on if one comes between
     *     its last look at whether any did and its sleep
     */
    private void awaitEnd(boolean asked) throws OsException, InterruptedException {
        long begun = System.nanoTime();
        while (alive()) {
            long waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
            if (waited > 2 * PATIENCE_MILLIS) {
                throw files.fault("does not end; it is process %d".formatted(pid));
            }
            if (waited > PATIENCE_MILLIS) {
                ProcessHandle.of(pid).ifPresent(process -> process.destroyForcibly());
            } else if (asked) {
                ProcessHandle.of(pid).ifPresent(process -> process.destroy());
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    /** Ends it in the way that has it write what it still holds. */
    void end() throws OsException, InterruptedException {
        awaitEnd(true);
    }
}
