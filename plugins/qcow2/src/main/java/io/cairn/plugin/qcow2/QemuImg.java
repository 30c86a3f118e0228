package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException.Kind;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Runs {@code qemu-img}: without a shell, in the C locale, and no longer than a deadline. */
final class QemuImg {
    static final String PROGRAM = "qemu-img";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern LOCKED = Pattern.compile("Failed to get .* lock");
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    private static final Duration END = Duration.ofSeconds(10);

    private final Path program;

    QemuImg(Path program) {
        this.program = program;
    }

    /** Where it is installed, as the path of programs has it. */
    static Optional<Path> installed() {
        return Stream.of(
                        Optional.ofNullable(System.getenv("PATH"))
                                .orElse("/usr/bin:/bin")
                                .split(":", -1))
                .filter(folder -> folder.startsWith("/"))
                .map(folder -> Path.of(folder, PROGRAM))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * A part of an image.
     *
     * @param depth in which layer it is, the topmost being 0
     * @param written whether any layer has it at all
     * @param data whether it may be anything but zeroes
     */
    record Part(long offsetBytes, long lengthBytes, int depth, boolean written, boolean data) {}

    /**
     * Goes through an image and all that it lies over, which nobody writes to.
     *
     * @param parts is given each in its order, until it says that it is enough
     */
    void map(Path file, long fromByte, Predicate<Part> parts)
            throws OsException, InterruptedException, IOException {
        Process process =
                start(
                        List.of(
                                "map",
                                "--output=json",
                                "-U",
                                "-f",
                                "qcow2",
                                "--start-offset=" + fromByte,
                                file.toString()));
        CompletableFuture<String> said = errors(process);
        try (MappingIterator<JsonNode> found =
                JSON.readerFor(JsonNode.class).readValues(process.getInputStream())) {
            while (found.hasNextValue()) {
                JsonNode part = found.nextValue();
                boolean more =
                        parts.test(
                                new Part(
                                        part.path("start").asLong(),
                                        part.path("length").asLong(),
                                        part.path("depth").asInt(),
                                        part.path("present").asBoolean(),
                                        !part.path("zero").asBoolean()));
                if (!more) {
                    return;
                }
            }
            check("map", process.waitFor(), said.join());
        } catch (JsonProcessingException e) {
            process.destroyForcibly();
            check("map", process.waitFor(), said.join());
            throw e;
        } finally {
            end(process);
        }
    }

    /** Makes a layer larger that nobody has open. */
    void resize(Path file, long sizeBytes) throws OsException, InterruptedException, IOException {
        run(List.of("resize", "-q", "-f", "qcow2", file.toString(), Long.toString(sizeBytes)));
    }

    /**
     * Begins to write what a layer holds into the one below it, where it stays hidden by the layer,
     * which is not emptied. What the layer reads as does not change, also after a kill.
     */
    Process commit(Path file) throws IOException {
        return start(List.of("commit", "-p", "-d", "-f", "qcow2", file.toString()));
    }

    /** Writes what an image and all that it lies over read as into another one. */
    void convert(Path from, Path to) throws OsException, InterruptedException, IOException {
        Process process =
                start(
                        List.of(
                                "convert",
                                "-q",
                                "-f",
                                "qcow2",
                                "-O",
                                "qcow2",
                                from.toString(),
                                to.toString()));
        try {
            CompletableFuture<String> said = errors(process);
            // As long as it takes, which is as much as there is to copy.
            check("convert", process.waitFor(), said.join());
        } finally {
            end(process);
        }
    }

    /**
     * Ends those that work in a folder for a daemon that is gone: they hold locks, and none waits.
     */
    static void endOrphans(Path layers) throws InterruptedException {
        List<ProcessHandle> orphans =
                ProcessHandle.allProcesses().filter(process -> isOrphan(process, layers)).toList();
        for (ProcessHandle orphan : orphans) {
            if (orphan.destroyForcibly()) {
                try {
                    ProcessHandle _ = orphan.onExit().get(END.toSeconds(), TimeUnit.SECONDS);
                } catch (ExecutionException | TimeoutException e) {
                    throw new IllegalStateException(
                            "process %d does not end".formatted(orphan.pid()), e);
                }
            }
        }
    }

    private static boolean isOrphan(ProcessHandle process, Path layers) {
        return process.info().command().filter(command -> command.endsWith(PROGRAM)).isPresent()
                && process.info().arguments().stream()
                        .flatMap(Stream::of)
                        .anyMatch(argument -> argument.startsWith(layers + "/"));
    }

    private Process start(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("LC_ALL", "C");
        builder.redirectOutput(ProcessBuilder.Redirect.PIPE);
        Process process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    private void run(List<String> arguments) throws OsException, InterruptedException, IOException {
        Process process = start(arguments);
        try {
            CompletableFuture<String> said = errors(process);
            if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
                throw new OsException(
                        FAULT,
                        "%s %s did not end within %d s, as where the storage hangs"
                                .formatted(PROGRAM, arguments.getFirst(), DEADLINE.toSeconds()));
            }
            check(arguments.getFirst(), process.exitValue(), said.join());
        } finally {
            end(process);
        }
    }

    /** What a process writes to its standard error, once it has ended. */
    static CompletableFuture<String> errors(Process process) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return new String(process.getErrorStream().readAllBytes(), UTF_8).strip();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                task -> {
                    Thread _ = Thread.ofVirtual().start(task);
                });
    }

    /**
     * @throws OsException in the program's own words if it failed
     */
    static void check(String what, int status, String said) throws OsException {
        if (status == 0) {
            return;
        }
        throw new OsException(
                kind(said), "%s %s ended with %d: %s".formatted(PROGRAM, what, status, said));
    }

    /** Whether another of qemu's programs has a file open in a way that forbids what was asked. */
    static boolean isLocked(String said) {
        return LOCKED.matcher(said).find();
    }

    /** What its words mean, which it has no codes for. */
    private static Kind kind(String said) {
        if (said.contains("No space left") || said.contains("quota exceeded")) {
            return NO_SPACE;
        }
        if (said.contains("exceeds maximum")
                || said.contains("too large")
                || said.contains("too big")) {
            return INVALID;
        }
        if (said.contains("Permission denied")) {
            return UNSUPPORTED;
        }
        return isLocked(said) ? IN_USE : FAULT;
    }

    /** Ends one that may still run, and waits until it is gone. */
    static void end(Process process) throws InterruptedException {
        if (process.isAlive()) {
            process.destroyForcibly();
            boolean _ = process.waitFor(END.toSeconds(), TimeUnit.SECONDS);
        }
    }
}
