package io.cairn.daemon.crash;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The processes besides the daemon that work on a backend, some of which outlive it, and what they
 * have mounted there; as the kernel lists them.
 */
final class Helpers {
    private static final String SERVER = "qemu-storage-daemon";
    private static final String SHOWER = "nbdfuse";
    private static final Set<String> PROGRAMS = Set.of(SERVER, SHOWER, "qemu-img");
    private static final Path MOUNTS = Path.of("/proc/self/mounts");

    private Helpers() {}

    /**
     * @throws TestAbortedException if one of them is missing
     */
    static void checkInstalled() {
        for (String program : PROGRAMS) {
            if (!Files.isExecutable(Path.of("/usr/bin", program))) {
                throw new TestAbortedException("there is no " + program);
            }
        }
    }

    private record Helper(long pid, List<String> command) {
        String program() {
            return Path.of(command.getFirst()).toFile().getName();
        }
    }

    /** The processes that serve volumes, by the volumes' ids. */
    static Map<String, Long> serving(Path backend) throws IOException {
        Path exports = backend.resolve(Chains.EXPORTS);
        Map<String, Long> serving = new TreeMap<>();
        for (Helper helper : of(backend)) {
            for (String argument : helper.command()) {
                Path file = Path.of(argument);
                if (helper.program().equals(SERVER)
                        && argument.endsWith(Chains.PID)
                        && exports.equals(file.getParent())) {
                    String name = file.toFile().getName();
                    serving.put(
                            name.substring(0, name.length() - Chains.PID.length()), helper.pid());
                }
            }
        }
        return serving;
    }

    /** What runs: each program with the file of {@code exports} that it was given. */
    static List<String> running(Path backend) throws IOException {
        Path exports = backend.resolve(Chains.EXPORTS);
        return of(backend).stream().map(helper -> text(helper, exports)).sorted().toList();
    }

    /** What is to run while just these volumes are attached. */
    static List<String> wanted(Path backend, Collection<String> volumes) {
        Path exports = backend.resolve(Chains.EXPORTS);
        return volumes.stream()
                .flatMap(
                        id ->
                                Stream.of(
                                        SERVER + " " + exports.resolve(id + Chains.PID),
                                        SHOWER + " " + exports.resolve(id + Chains.SHOWN)))
                .sorted()
                .toList();
    }

    private static String text(Helper helper, Path exports) {
        return helper.command().stream()
                .filter(each -> each.endsWith(Chains.PID) || each.endsWith(Chains.SHOWN))
                .filter(each -> exports.equals(Path.of(each).getParent()))
                .findFirst()
                .map(each -> helper.program() + " " + each)
                .orElse(String.join(" ", helper.command()));
    }

    /** Where something is mounted in a backend's folder. */
    static Set<Path> mounted(Path backend) throws IOException {
        Set<Path> mounted = new TreeSet<>();
        for (String line : Files.readAllLines(MOUNTS)) {
            Path point = Path.of(line.split(" ", 3)[1]);
            if (point.startsWith(backend) && !point.equals(backend)) {
                mounted.add(point);
            }
        }
        return mounted;
    }

    /** By SIGKILL; it is gone when this returns. */
    static void kill(long pid) {
        ProcessHandle.of(pid)
                .ifPresent(
                        process -> {
                            boolean _ = process.destroyForcibly();
                            process.onExit().join();
                        });
    }

    /** Ends them all, and the devices, as the end of the host would. */
    static void end(Path backend) throws IOException, InterruptedException {
        Devices.end(backend);
        for (List<Helper> left = of(backend); !left.isEmpty(); left = of(backend)) {
            for (Helper helper : left) {
                kill(helper.pid());
            }
        }
        for (Path point : mounted(backend)) {
            int status =
                    new ProcessBuilder("umount", "--lazy", point.toString())
                            .inheritIO()
                            .start()
                            .waitFor();
            if (status != 0) {
                throw new IOException("%s cannot be unmounted".formatted(point));
            }
        }
    }

    private static List<Helper> of(Path backend) throws IOException {
        List<Helper> helpers = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : all) {
                List<String> command = command(process);
                Helper helper = new Helper(Long.parseLong(process.toFile().getName()), command);
                if (command.stream().anyMatch(each -> each.contains(backend + "/"))
                        && PROGRAMS.contains(helper.program())) {
                    helpers.add(helper);
                }
            }
        }
        return helpers;
    }

    /** Empty if it has ended. */
    private static List<String> command(Path process) {
        try {
            // Those of others need not be text.
            String all = Files.readString(process.resolve("cmdline"), ISO_8859_1);
            return List.of(all.split("\0", -1));
        } catch (IOException _) {
            return List.of();
        }
    }
}
