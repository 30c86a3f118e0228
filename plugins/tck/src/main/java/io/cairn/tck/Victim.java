package io.cairn.tck;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.Driver;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * A JVM that opens a driver and makes the calls of a {@link Life}, one after another, until it is
 * killed. Before each call it writes the call's number, so that who kills it knows which call it
 * was in.
 */
final class Victim implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Past the slow first calls of a JVM and into any of those that follow. */
    private static final int CALLS_BEFORE = 120;

    private final Process process;
    private final BufferedReader output;

    private Victim(Process process) {
        this.process = process;
        this.output = process.inputReader(UTF_8);
    }

    static Victim start(Class<?> testClass, Path storage, long seed) throws IOException {
        // Surefire's own class path is a jar of its own that names the real one.
        String classPath =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        classPath,
                        Victim.class.getName(),
                        testClass.getName(),
                        storage.toString(),
                        Long.toString(seed));
        return new Victim(
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    /** Kills it in or shortly after some call, and returns the number of the last one it began. */
    int killDuringCall(Random random) throws IOException, InterruptedException {
        int target = random.nextInt(CALLS_BEFORE);
        int begun = -1;
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            begun = Integer.parseInt(line);
            if (begun == target) {
                // The instant of death is what the seed chooses; nothing waits for this.
                long until = System.nanoTime() + random.nextLong(2_000_000);
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
                // Not by the process itself, which would close the pipe and lose the last lines.
                process.toHandle().destroyForcibly();
            }
        }
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new IOException("the victim does not die");
        }
        if (begun < target) {
            throw new IOException(
                    "the victim ended by itself at call %d of %d; see its error output"
                            .formatted(begun, target));
        }
        return begun;
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        process.onExit().join();
        output.close();
    }

    /** Takes the test class, the storage and the seed. */
    public static void main(String[] arguments) throws Exception {
        Constructor<?> constructor = Class.forName(arguments[0]).getDeclaredConstructor();
        constructor.setAccessible(true);
        DriverFixture fixture = (DriverFixture) constructor.newInstance();
        fixture.storage = Path.of(arguments[1]);
        Life life = new Life(fixture, Long.parseLong(arguments[2]));
        try (Driver driver = fixture.open(DriverFixture.SELF)) {
            for (int i = 0; ; i++) {
                System.out.println(i);
                life.call(driver, i);
            }
        }
    }
}
