package io.cairn.daemon.crash;

import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** A daemon of the distribution as a child process. Ends with its owner. */
final class DaemonProcess implements AutoCloseable {
    /** Far more than a start takes on a machine that is busy with other tests. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /**
     * For one that does not live long enough for the better of the two compilers to pay, which
     * takes two fifths of the processors' time of a start.
     */
    private static final Map<String, String> BRIEFLY =
            Map.of(
                    "CAIRN_WARM",
                    "no",
                    "CAIRN_JAVA_OPTS",
                    System.getenv().getOrDefault("CAIRN_JAVA_OPTS", "-XX:TieredStopAtLevel=1"));

    private final Process process;
    private final Path data;
    private final Path output;

    private DaemonProcess(Process process, Path data, Path output) {
        this.process = process;
        this.data = data;
        this.output = output;
    }

    /**
     * Starts one; it is not ready yet.
     *
     * @param output the file to which its standard output and error are appended
     */
    static DaemonProcess start(Path etc, Path data, Path output) throws IOException {
        // One that was killed leaves it behind.
        Files.deleteIfExists(address(data));
        return second(etc, data, output);
    }

    /** Starts one on a folder that another one is using. */
    static DaemonProcess second(Path etc, Path data, Path output) throws IOException {
        return of(distribution(), BRIEFLY, etc, data, output);
    }

    /**
     * Has the cache made that daemons start faster with, as an operator's do after the first time,
     * unless there is one: whoever starts hundreds waits half as long.
     */
    static void warm() throws IOException, InterruptedException {
        Path home = distribution();
        if (isWarm(home)) {
            return;
        }
        Process process =
                new ProcessBuilder(home.resolve("bin/cairnd").toString(), "warm")
                        .inheritIO()
                        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                        .start();
        if (process.waitFor() != 0) {
            throw new AssertionError("cairnd warm failed, with status " + process.exitValue());
        }
    }

    /** Whether there is a cache of what was built last. */
    private static boolean isWarm(Path home) throws IOException {
        Path cache = home.resolve("cache");
        if (!Files.isDirectory(cache)) {
            return false;
        }
        FileTime built = Files.getLastModifiedTime(home.resolve("lib"));
        try (Stream<Path> made = Files.list(cache)) {
            for (Path each : made.filter(one -> one.toString().endsWith(".aot")).toList()) {
                if (Files.getLastModifiedTime(each).compareTo(built) > 0) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The one that was built last, of the module whose folder this is, where nobody tells. */
    static Path distribution() throws IOException {
        String told = System.getProperty("cairn.dist");
        if (told != null) {
            return Path.of(told);
        }
        try (Stream<Path> built = Files.list(Path.of("target").toAbsolutePath())) {
            return built.filter(each -> Files.isExecutable(each.resolve("bin/cairnd")))
                    .findFirst()
                    .orElseThrow(
                            () -> new AssertionError("no distribution was built: mvn -Pvm verify"));
        }
    }

    /** Starts one of an installation, with more in its environment. */
    static DaemonProcess of(
            Path home, Map<String, String> environment, Path etc, Path data, Path output)
            throws IOException {
        List<String> command =
                List.of(
                        home.resolve("bin/cairnd").toString(),
                        "--etc",
                        etc.toString(),
                        "--data",
                        data.toString());
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.environment().putAll(environment);
        return new DaemonProcess(builder.start(), data, output);
    }

    /** Waits until clients can connect. */
    void awaitReady() throws IOException {
        await("a daemon that is ready")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> isReady() || !process.isAlive());
        if (!isReady()) {
            throw new AssertionError(
                    "the daemon ended with status %d:%n%s".formatted(exitStatus(), tail()));
        }
    }

    /** As the administrator. */
    JMXConnector connect(String password) throws IOException {
        return connect("admin", password);
    }

    @SuppressWarnings("BanJNDI") // the address is of this test's own child
    JMXConnector connect(String user, String password) throws IOException {
        JMXServiceURL url = new JMXServiceURL(Files.readString(address(data)).strip());
        return JMXConnectorFactory.connect(
                url, Map.of(JMXConnector.CREDENTIALS, new String[] {user, password}));
    }

    String password() throws IOException {
        return Files.readString(data.resolve("first-admin-password")).strip();
    }

    long pid() {
        return process.pid();
    }

    /** Waits for it to end, which it may not. */
    boolean endsWithin(Duration time) throws InterruptedException {
        return process.waitFor(time.toNanos(), TimeUnit.NANOSECONDS);
    }

    int exitStatus() {
        return process.exitValue();
    }

    void terminate() {
        process.destroy();
    }

    /** By SIGKILL; nothing of it runs when this returns. */
    void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** The same, and with it what it had begun of these programs, which it left no word to. */
    void kill(Set<String> programs) {
        List<ProcessHandle> begun =
                process.descendants().filter(each -> programs.contains(program(each))).toList();
        begun.forEach(each -> each.destroyForcibly());
        kill();
        begun.forEach(each -> each.onExit().join());
    }

    private static String program(ProcessHandle process) {
        return process.info()
                .command()
                .map(command -> Path.of(command).toFile().getName())
                .orElse("");
    }

    String tail() throws IOException {
        return tail(output);
    }

    /** What was said last by those that write to this file. */
    static String tail(Path output) throws IOException {
        List<String> lines = Files.readAllLines(output);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
    }

    @Override
    public void close() {
        kill();
    }

    boolean isReady() throws IOException {
        Path address = address(data);
        return Files.exists(address) && Files.readString(address).endsWith("\n");
    }

    private static Path address(Path data) {
        return data.resolve("jmx-address");
    }
}
