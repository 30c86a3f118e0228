package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import com.fasterxml.jackson.databind.JsonNode;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException.Kind;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The commands of LVM, one at a time, as LVM itself would have them with its lock on the group. Who
 * makes several that belong together takes {@link #turn} before.
 */
final class Lvm implements AutoCloseable {
    static final String PROGRAM = "lvm";
    static final String LOCKER = "flock";

    private static final Duration DEADLINE = Duration.ofMinutes(1);

    /** {@code ECMD_PROCESSED} of LVM's commands. */
    private static final int SUCCESS = 1;

    /**
     * What each command is told of the configuration: no copy of the group's metadata is kept of
     * each change, since there is one on each of its devices.
     */
    private static final String CONFIGURATION = "backup{backup=0 archive=0}";

    /**
     * And each that changes something: nobody is asked to watch devices, which doubles the time of
     * an activation.
     */
    private static final String CHANGING = " activation{monitoring=0}";

    /** Words of LVM's errors and what they mean, which it has no codes for; the first that fits. */
    private static final Map<Kind, List<String>> MEANINGS =
            Map.of(
                    FAULT,
                    List.of("Manual intervention"),
                    CONFLICT,
                    List.of("already exists in volume group"),
                    NOT_FOUND,
                    List.of("not found in Volume group", "Failed to find logical volume"),
                    IN_USE,
                    List.of("in use", "is used by another device", "only while inactive"),
                    NO_SPACE,
                    List.of(
                            "nsufficient free space",
                            "nsufficient suitable",
                            "threshold",
                            "No space left",
                            "exceeds maximum metadata size",
                            "too large for circular buffer"),
                    INVALID,
                    List.of("too large", "too big", "exceeds limit", "Invalid argument for --"),
                    UNAVAILABLE,
                    List.of("olume group \"", "missing", "partial", "ransaction"),
                    UNSUPPORTED,
                    List.of("Permission denied", "not permitted", "not detected in your kernel"));

    private static final List<Kind> MEANING_ORDER =
            List.of(
                    FAULT,
                    CONFLICT,
                    NOT_FOUND,
                    IN_USE,
                    NO_SPACE,
                    INVALID,
                    UNAVAILABLE,
                    UNSUPPORTED);

    private final Path lvm;
    private final Path flock;
    private final Path lock;
    private volatile String configuration = CONFIGURATION;
    private final ReentrantLock turn = new ReentrantLock();
    private @Nullable Shell shell;
    private Mending mending = () -> {};

    /** Whether the program died since something was last put right. */
    private boolean died;

    /**
     * @param lock held locked by the program while it runs
     */
    Lvm(Path lvm, Path flock, Path lock) {
        this.lvm = lvm;
        this.flock = flock;
        this.lock = lock;
    }

    /** Has it look at some devices only, from now on. */
    void use(DeviceFilter filter) {
        configuration = filter.configuration() + " " + CONFIGURATION;
    }

    Path program() {
        return lvm;
    }

    /** Where a program is installed; daemons' paths often lack the folders of root's programs. */
    static Optional<Path> installed(String program) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin");
        return Stream.concat(Stream.of(path.split(":", -1)), Stream.of("/usr/sbin", "/sbin"))
                .filter(folder -> folder.startsWith("/"))
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** What is done with nothing of LVM's in between. */
    interface Work<T> {
        T run() throws OsException, InterruptedException, IOException;
    }

    /** What is to be put right once the program has died, and runs again. */
    interface Mending {
        void run() throws OsException, InterruptedException, IOException;
    }

    void afterDeath(Mending mending) {
        this.mending = mending;
    }

    <T> T turn(Work<T> work) throws OsException, InterruptedException, IOException {
        turn.lockInterruptibly();
        try {
            return work.run();
        } finally {
            turn.unlock();
        }
    }

    /** Puts right what a program left that died, if it did. */
    void ready() throws OsException, InterruptedException, IOException {
        Shell _ = turn(this::open);
    }

    /** Rows of a report, by their columns. */
    List<Map<String, String>> report(String command, String columns, String... words)
            throws OsException, InterruptedException, IOException {
        // Bytes without their unit, in JSON, as the profile has it.
        List<String> all = new ArrayList<>(List.of("-o", columns));
        all.addAll(List.of(words));
        List<Map<String, String>> rows = new ArrayList<>();
        for (JsonNode report : run(command, configuration, all).path("report")) {
            for (JsonNode table : report) {
                for (JsonNode row : table) {
                    Map<String, String> values = new HashMap<>();
                    row.properties()
                            .forEach(cell -> values.put(cell.getKey(), cell.getValue().asText()));
                    rows.add(values);
                }
            }
        }
        return rows;
    }

    /** A command that changes something. */
    void change(String command, List<String> words)
            throws OsException, InterruptedException, IOException {
        JsonNode _ = run(command, configuration + CHANGING, words);
    }

    private JsonNode run(String command, String configured, List<String> words)
            throws OsException, InterruptedException, IOException {
        return turn(
                () -> {
                    if (Thread.interrupted()) {
                        throw new InterruptedException("interrupted before " + command);
                    }
                    Shell open = open();
                    List<String> all = new ArrayList<>(List.of(command, "--config", configured));
                    all.addAll(words);
                    JsonNode answer = run(open, all);
                    if (status(answer) != SUCCESS) {
                        JsonNode log = open.run(List.of("lastlog"), DEADLINE);
                        throw failed(command, errors(log));
                    }
                    return answer;
                });
    }

    private JsonNode run(Shell shell, List<String> words)
            throws OsException, InterruptedException, IOException {
        try {
            return shell.run(words, DEADLINE);
        } catch (OsException e) {
            if (!shell.isAlive()) {
                // At once, since somebody may wait for a device that it left suspended.
                try {
                    Shell _ = open();
                } catch (OsException | IOException other) {
                    e.addSuppressed(other);
                }
            }
            throw e;
        }
    }

    private Shell open() throws OsException, InterruptedException, IOException {
        Shell there = shell;
        if (there == null || !there.isAlive()) {
            died |= there != null;
            there = Shell.start(flock, lvm, lock);
            shell = there;
        }
        if (died) {
            died = false;
            try {
                mending.run();
            } catch (OsException | InterruptedException | IOException | RuntimeException e) {
                died = true;
                throw e;
            }
        }
        return there;
    }

    private static int status(JsonNode answer) {
        int status = 0;
        for (JsonNode entry : answer.path("log")) {
            if (entry.path("log_type").asText().equals("status")) {
                status = entry.path("log_ret_code").asInt();
            }
        }
        return status;
    }

    private static String errors(JsonNode answer) {
        List<String> errors = new ArrayList<>();
        for (JsonNode entry : answer.path("log")) {
            if (entry.path("log_type").asText().equals("error")) {
                errors.add(entry.path("log_message").asText());
            }
        }
        return errors.isEmpty()
                ? "it does not say why"
                : errors.stream().distinct().collect(Collectors.joining("; "));
    }

    private static OsException failed(String command, String errors) {
        Kind kind =
                MEANING_ORDER.stream()
                        .filter(
                                each ->
                                        MEANINGS.getOrDefault(each, List.of()).stream()
                                                .anyMatch(errors::contains))
                        .findFirst()
                        .orElse(FAULT);
        return new OsException(kind, "%s failed: %s".formatted(command, errors));
    }

    /** For tests. */
    Optional<ProcessHandle> process() {
        return Optional.ofNullable(shell).flatMap(Shell::lvm);
    }

    @Override
    public void close() {
        Shell there = shell;
        if (there != null) {
            there.close();
        }
    }
}
