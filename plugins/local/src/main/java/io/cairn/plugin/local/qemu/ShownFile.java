package io.cairn.plugin.local.qemu;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.OsException;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A file that shows what a storage daemon serves by NBD: by {@code nbdfuse} of libnbd, in a process
 * of its own that ends when the file is unmounted.
 *
 * <p>Storage daemons can show files themselves. But while one waits for a write, it reads the next
 * request into the same memory: of two writes at once, as loop devices make them, the first gets
 * the second's content. So it was seen with 7.2.
 */
public final class ShownFile {
    private static final String PROGRAM = "nbdfuse";
    private static final String MISSING = "there is no nbdfuse: install libnbd-bin";
    private static final Path DEVICE = Path.of("/dev/fuse");
    private static final long PATIENCE_MILLIS = 10_000;
    private static final long PAUSE_MILLIS = 5;

    private ShownFile() {}

    /** Whether this process may show files, and has what it needs for that. */
    public static boolean available() {
        return lack().isEmpty();
    }

    /** What is missing for that, and how it is had; empty if nothing is. */
    public static Optional<String> lack() {
        if (program().isEmpty()) {
            return Optional.of(MISSING);
        }
        return Files.isWritable(DEVICE)
                ? Optional.empty()
                : Optional.of("%s is not there for this user: `modprobe fuse`".formatted(DEVICE));
    }

    private static Optional<Path> program() {
        return Stream.of("/usr/bin", "/usr/local/bin", "/bin")
                .map(folder -> Path.of(folder, PROGRAM))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * Shows an export at {@link StorageDaemonFiles#fuse}, where nothing is shown yet.
     *
     * @param uri of the export
     */
    static void show(StorageDaemonFiles files, String uri, boolean writable)
            throws OsException, IOException, InterruptedException {
        try {
            Files.createFile(
                    files.fuse(),
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
        } catch (FileAlreadyExistsException _) {
            // Just what is needed.
        }
        Path program = program().orElseThrow(() -> new OsException(UNSUPPORTED, MISSING));
        // In a session of its own, or what ends the daemon at a terminal would end it too.
        List<String> command = new ArrayList<>(List.of("setsid", "--fork", program.toString()));
        if (!writable) {
            command.add("-r");
        }
        command.addAll(List.of(files.fuse().toString(), uri));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectInput(new File("/dev/null"))
                        .redirectErrorStream(true)
                        .redirectOutput(files.log().toFile());
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        try {
            int status = process.waitFor();
            if (status != 0) {
                throw new OsException(
                        FAULT, "setsid ended with %d: %s".formatted(status, said(files)));
            }
            awaitShown(files);
        } finally {
            Files.deleteIfExists(files.log());
        }
    }

    private static void awaitShown(StorageDaemonFiles files)
            throws OsException, IOException, InterruptedException {
        long begun = System.nanoTime();
        while (!files.mounted()) {
            String said = said(files);
            if (!said.isEmpty() || waited(begun) > PATIENCE_MILLIS) {
                throw new OsException(
                        FAULT,
                        "%s does not show %s%s"
                                .formatted(
                                        PROGRAM,
                                        files.fuse(),
                                        said.isEmpty() ? " in time" : ": " + said));
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private static String said(StorageDaemonFiles files) throws IOException {
        try {
            return Files.readString(files.log(), UTF_8).strip();
        } catch (NoSuchFileException _) {
            return "";
        }
    }

    private static long waited(long begun) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    }

    /** Waits until the processes are gone that showed it, and ends them if they stay. */
    public static void awaitEnd(Path file) throws OsException, InterruptedException {
        long begun = System.nanoTime();
        while (true) {
            List<ProcessHandle> left =
                    ProcessHandle.allProcesses().filter(each -> shows(each, file)).toList();
            if (left.isEmpty()) {
                return;
            }
            if (waited(begun) > 2 * PATIENCE_MILLIS) {
                throw new OsException(
                        FAULT, "process %d does not end".formatted(left.getFirst().pid()));
            }
            if (waited(begun) > PATIENCE_MILLIS) {
                left.forEach(ProcessHandle::destroyForcibly);
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private static boolean shows(ProcessHandle process, Path file) {
        return process.info().command().filter(command -> command.endsWith(PROGRAM)).isPresent()
                && process.info().arguments().stream()
                        .flatMap(Stream::of)
                        .anyMatch(file.toString()::equals);
    }
}
