package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.cairn.plugin.local.OsException;

import org.jspecify.annotations.Nullable;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One {@code lvm} that reads a command a line and answers each with one JSON object, as the
 * program's own D-Bus service has it ({@code lvmdbusd.profile} of the lvm2 packages). A command
 * costs less than half of what a process of its own does.
 *
 * <p>It outlives this process by the command that it is at, and holds a lock until then. It is
 * never killed: it may have devices suspended. Not safe for use by several threads at once.
 */
final class Shell implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What needs no quotes. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_+.\\-/=!:&#@,]+");

    /** {@code MAX_ARGS} of LVM's shell, which does not answer to more. */
    private static final int MOST_WORDS = 63;

    private static final Duration LATE = Duration.ofSeconds(1);
    private static final int LAST_WORDS = 20;

    private final Process process;
    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private final Deque<String> said = new ArrayDeque<>();

    /** The command that was not answered in time, if there is one. */
    private Optional<String> overdue = Optional.empty();

    /** Whether it will not answer any more. */
    private volatile boolean ended;

    /** An object, or that there will be no more. */
    private record Answer(@Nullable JsonNode json) {}

    private Shell(Process process) {
        this.process = process;
        Thread _ =
                Thread.ofPlatform()
                        .daemon()
                        .name("lvm-answers-" + process.pid())
                        .start(this::readAnswers);
        Thread _ =
                Thread.ofPlatform().daemon().name("lvm-says-" + process.pid()).start(this::listen);
    }

    /**
     * Starts one.
     *
     * @param lock the file that it holds locked while it runs
     */
    static Shell start(Path flock, Path lvm, Path lock) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                        flock.toString(),
                        // It keeps the lock; lvm closes whatever it is started with.
                        "--close",
                        "--timeout",
                        "10",
                        lock.toString(),
                        lvm.toString());
        Map<String, String> environment = builder.environment();
        // It keeps a history of commands there.
        environment.remove("HOME");
        environment.put("LC_ALL", "C");
        environment.put("TERM", "dumb");
        environment.put("LVM_REPORT_FD", "1");
        environment.put("LVM_OUT_FD", "2");
        environment.put("LVM_COMMAND_PROFILE", "lvmdbusd");
        environment.put("LVM_SUPPRESS_FD_WARNINGS", "1");
        return new Shell(builder.start());
    }

    private void readAnswers() {
        try (InputStream from = process.getInputStream();
                MappingIterator<JsonNode> found = JSON.readerFor(JsonNode.class).readValues(from)) {
            while (found.hasNextValue()) {
                answers.add(new Answer(found.nextValue()));
            }
        } catch (IOException | RuntimeException e) {
            note("its answer was not understood: " + e.getMessage());
        } finally {
            ended = true;
            answers.add(new Answer(null));
        }
    }

    private void listen() {
        try (BufferedReader from = process.errorReader(UTF_8)) {
            for (String line = from.readLine(); line != null; line = from.readLine()) {
                note(line.strip());
            }
        } catch (IOException e) {
            note(e.toString());
        }
    }

    private void note(String line) {
        synchronized (said) {
            if (said.size() == LAST_WORDS) {
                said.removeFirst();
            }
            said.addLast(line);
        }
    }

    /**
     * Has it run one command.
     *
     * @throws OsException UNAVAILABLE if it does not answer in time, or has ended; the command's
     *     outcome is unknown then. UNSUPPORTED if it is longer than LVM takes
     */
    JsonNode run(List<String> words, Duration deadline) throws OsException, InterruptedException {
        if (words.size() > MOST_WORDS) {
            throw new OsException(
                    UNSUPPORTED,
                    "LVM takes no more than %d words, and this %s has %d; remove tags that are not Cairn's"
                            .formatted(MOST_WORDS, words.getFirst(), words.size()));
        }
        String line = words.stream().map(Shell::quoted).collect(Collectors.joining(" "));
        checkIdle();
        try {
            process.getOutputStream().write((line + "\n").getBytes(UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw ended(e);
        }
        return answer(words.getFirst(), deadline);
    }

    /**
     * Waits also when interrupted, since a command cannot be taken back: until then nobody can tell
     * what became of it.
     */
    private JsonNode answer(String command, Duration deadline)
            throws OsException, InterruptedException {
        boolean interrupted = false;
        long until = System.nanoTime() + deadline.toNanos();
        try {
            while (true) {
                try {
                    long left = until - System.nanoTime();
                    Answer answer = answers.poll(left, TimeUnit.NANOSECONDS);
                    if (answer == null) {
                        giveUp(command);
                        throw hangs(command, deadline);
                    }
                    return json(answer);
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Has it end once it is done, and if it waits for us, at once: another takes its place then.
     */
    private void giveUp(String command) {
        overdue = Optional.of(command);
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            note(e.toString());
        }
    }

    private void checkIdle() throws OsException {
        if (overdue.isPresent()) {
            throw hangs(overdue.get(), LATE);
        }
    }

    private static OsException hangs(String command, Duration deadline) {
        return new OsException(
                UNAVAILABLE,
                "lvm does not end its %s, waited for %d s; see what it waits for, as with `dmsetup info` and the kernel's log"
                        .formatted(command, deadline.toSeconds()));
    }

    private JsonNode json(Answer answer) throws OsException {
        if (answer.json() == null) {
            // For whoever asks next, too.
            answers.add(answer);
            throw ended(null);
        }
        return answer.json();
    }

    private OsException ended(@Nullable Exception cause) {
        OsException ended =
                new OsException(UNAVAILABLE, "lvm has ended: %s".formatted(lastWords()));
        if (cause != null) {
            ended.initCause(cause);
        }
        return ended;
    }

    private String lastWords() {
        synchronized (said) {
            return said.isEmpty()
                    ? "it said nothing, as where one that was started before still runs"
                    : String.join("; ", said);
        }
    }

    boolean isAlive() {
        return !ended && process.isAlive();
    }

    /** For tests: lvm itself. */
    Optional<ProcessHandle> lvm() {
        return process.children().findFirst();
    }

    private static String quoted(String word) {
        if (PLAIN.matcher(word).matches()) {
            return word;
        }
        if (word.indexOf('\'') >= 0 || word.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("lvm cannot be given %s".formatted(word));
        }
        return "'" + word + "'";
    }

    /** Has it end by itself, once it has done what it is at. */
    @Override
    public void close() {
        try {
            process.getOutputStream().close();
            if (overdue.isEmpty()) {
                boolean _ = process.waitFor(LATE.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (IOException e) {
            note(e.toString());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
