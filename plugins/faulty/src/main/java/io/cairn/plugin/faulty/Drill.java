package io.cairn.plugin.faulty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import io.cairn.spi.DriverException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The folder by which a drill is led: whoever leads it writes {@value #CONTROL}, and reads {@value
 * #LOG}. Only the daemon's user and root may be able to write to it. Safe for many threads.
 *
 * <p>The control file has one command on each line, and is read anew at each call; it is replaced
 * by renaming another one to it. Without it only the schedule holds.
 *
 * <pre>
 * off                        the schedule has nothing go wrong any more; armed faults stay
 * arm ID CALL KIND [COUNT]   the next call, or so many, go wrong so; each ID is used up once
 * release                    hung calls go on, and those to come do not hang
 * release NUMBER             the call goes on whose line in the log has this number
 * # anything                 nothing
 * </pre>
 *
 * <p>The log has a line for each time that the backend was opened, and for each fault, written when
 * it strikes: its number, from 1. From it a driver that is opened anew learns what was used up.
 */
final class Drill {
    static final String CONTROL = "control";
    static final String LOG = "faults.log";

    private static final String OPENED = "opened ";
    private static final String FAULT = "fault ";
    private static final String BY = " by=";
    private static final String SCHEDULE = "schedule";
    private static final Set<PosixFilePermission> OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private final Path folder;
    private final Schedule schedule;
    private final long life;
    private final Map<String, Long> used = new HashMap<>();

    /** Armed faults of calls that run now, and that have not struck. */
    private final Set<Fault> coming = new HashSet<>();

    private long faults;
    private long calls;

    /**
     * A fault that is to strike.
     *
     * @param by the id that it was armed by, or {@link #SCHEDULE}
     */
    record Fault(Kind kind, String call, String by, long number) {}

    private record Command(String word, List<String> arguments) {}

    private Drill(Path folder, Schedule schedule, List<String> log) {
        this.folder = folder;
        this.schedule = schedule;
        long lives = 1;
        for (String line : log) {
            if (line.startsWith(OPENED)) {
                lives++;
            } else if (line.startsWith(FAULT)) {
                faults++;
                int by = line.indexOf(BY) + BY.length();
                used.merge(line.substring(by).split(" ", 2)[0], 1L, Long::sum);
            }
        }
        this.life = lives;
    }

    /**
     * Goes on with the drill of a folder.
     *
     * @param driver the name of the driver that is drilled
     * @throws DriverException INVALID if others could lead it; UNAVAILABLE if it cannot be read
     */
    static Drill open(Path folder, Schedule schedule, String driver) throws DriverException {
        try {
            if (!Files.isDirectory(folder)) {
                throw invalid(
                        "%s, which %s names, is not there: make it, for the daemon's user alone"
                                .formatted(folder, FaultyDriverProvider.FOLDER));
            }
            check(folder);
            Path log = folder.resolve(LOG);
            if (Files.exists(log)) {
                check(log);
            }
            List<String> lines = Files.exists(log) ? Files.readAllLines(log) : List.of();
            Drill drill = new Drill(folder, schedule, lines);
            drill.commands();
            drill.write(
                    "%s%d seed=%d every=%d driver=%s"
                            .formatted(
                                    OPENED, drill.life, schedule.seed(), schedule.every(), driver));
            return drill;
        } catch (IOException e) {
            throw new DriverException(
                    DriverException.Kind.UNAVAILABLE,
                    "the drill's folder %s cannot be used: %s".formatted(folder, e),
                    e);
        }
    }

    /**
     * Says how the next call is to go wrong, if it is.
     *
     * @throws DriverException FAULT if the control file cannot be read or understood
     */
    synchronized Optional<Fault> next(Schedule.Signature signature) throws DriverException {
        calls++;
        List<Command> commands = commands();
        for (Command command : commands) {
            if (command.word().equals("arm") && isFor(command, signature)) {
                String id = command.arguments().getFirst();
                Fault fault = new Fault(kind(command), signature.call(), id, calls);
                coming.add(fault);
                return Optional.of(fault);
            }
        }
        if (commands.stream().anyMatch(command -> command.word().equals("off"))) {
            return Optional.empty();
        }
        return schedule.faultOf(life, calls, signature)
                .map(kind -> new Fault(kind, signature.call(), SCHEDULE, calls));
    }

    /** A call is over whose fault may not have struck, and then comes once more. */
    synchronized void over(Fault fault) {
        coming.remove(fault);
    }

    /**
     * Writes down that a fault strikes now.
     *
     * @param target what the call is about
     * @return its number
     */
    synchronized long strike(Fault fault, String target) {
        coming.remove(fault);
        used.merge(fault.by(), 1L, Long::sum);
        faults++;
        try {
            write(
                    "%s%d opened=%d call=%d %s %s seed=%d%s%s at=%s%s"
                            .formatted(
                                    FAULT,
                                    faults,
                                    life,
                                    fault.number(),
                                    fault.call(),
                                    fault.kind().word(),
                                    schedule.seed(),
                                    BY,
                                    fault.by(),
                                    Instant.now(),
                                    target.isEmpty() ? "" : " of=" + target));
        } catch (IOException e) {
            // A fault that nobody counts would be taken for one of the daemon's.
            throw new IllegalStateException("the drill cannot write its log", e);
        }
        return faults;
    }

    /** Whether a call that hangs is to go on. A control file that cannot be read releases none. */
    boolean isReleased(long number) {
        try {
            return commands().stream()
                    .filter(command -> command.word().equals("release"))
                    .anyMatch(
                            command ->
                                    command.arguments().isEmpty()
                                            || command.arguments()
                                                    .getFirst()
                                                    .equals(Long.toString(number)));
        } catch (DriverException _) {
            return false;
        }
    }

    private boolean isFor(Command command, Schedule.Signature signature) {
        List<String> arguments = command.arguments();
        long count = arguments.size() > 3 ? Long.parseLong(arguments.get(3)) : 1;
        String id = arguments.getFirst();
        long spent =
                used.getOrDefault(id, 0L)
                        + coming.stream().filter(fault -> fault.by().equals(id)).count();
        return arguments.get(1).equals(signature.call())
                && spent < count
                && kind(command).fits(signature.call(), signature.answer());
    }

    private static Kind kind(Command command) {
        return Kind.of(command.arguments().get(2)).orElseThrow();
    }

    private List<Command> commands() throws DriverException {
        Path control = folder.resolve(CONTROL);
        try {
            List<String> lines = Files.readAllLines(control);
            check(control);
            List<Command> commands = new ArrayList<>();
            for (String line : lines) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    commands.add(command(line));
                }
            }
            return commands;
        } catch (NoSuchFileException _) {
            return List.of();
        } catch (IOException | IllegalArgumentException e) {
            throw new DriverException(
                    DriverException.Kind.FAULT,
                    "the drill's %s cannot be read: %s".formatted(control, e.getMessage()),
                    e);
        }
    }

    private static Command command(String line) {
        List<String> words = List.of(line.strip().split(" +"));
        List<String> arguments = words.subList(1, words.size());
        boolean right =
                switch (words.getFirst()) {
                    case "off" -> arguments.isEmpty();
                    case "release" ->
                            arguments.isEmpty()
                                    || (arguments.size() == 1 && isNumber(arguments.getFirst()));
                    case "arm" ->
                            (arguments.size() == 3
                                            || (arguments.size() == 4
                                                    && isNumber(arguments.getLast())))
                                    && !arguments.getFirst().equals(SCHEDULE)
                                    && Spi.calls().contains(arguments.get(1))
                                    && Kind.of(arguments.get(2)).isPresent();
                    default -> false;
                };
        if (!right) {
            throw new IllegalArgumentException(
                    "'%s' is none of: off, release [NUMBER], arm ID CALL KIND [COUNT]"
                            .formatted(line));
        }
        return new Command(words.getFirst(), arguments);
    }

    private static boolean isNumber(String text) {
        return text.matches("[0-9]{1,18}");
    }

    /** At once with its end, so that no line is begun and not ended when the JVM is. */
    private void write(String line) throws IOException {
        Files.write(folder.resolve(LOG), (line + "\n").getBytes(UTF_8), CREATE, APPEND);
    }

    /** Refuses what somebody else could have written. */
    private static void check(Path path) throws DriverException, IOException {
        Object owner = Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        if (!owner.equals(0)
                && !owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
            throw invalid("%s belongs to another user: chown it".formatted(path));
        }
        Set<PosixFilePermission> more =
                Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
        if (more.stream().anyMatch(OTHERS::contains)) {
            throw invalid("%s can be written by others: chmod go-w it".formatted(path));
        }
    }

    private static DriverException invalid(String message) {
        return new DriverException(DriverException.Kind.INVALID, message);
    }
}
