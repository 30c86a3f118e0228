package io.cairn.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Unpacks the archive that users get, and starts it as they do: by a link, from elsewhere. */
@Timeout(120)
final class LaunchIT {
    @TempDir private static Path unpacked;
    @TempDir private static Path elsewhere;
    private static Path cairnd;
    private static Path home;

    private record Outcome(int status, String out, String err) {}

    @BeforeAll
    static void unpack() throws Exception {
        String archive = System.getProperty("cairn.dist") + ".tar.gz";
        assertThat(run(unpacked, "tar", "-xzf", archive).status()).isZero();
        try (Stream<Path> top = Files.list(unpacked)) {
            home = top.toList().getFirst();
        }
        Path link =
                Files.createSymbolicLink(elsewhere.resolve("first"), home.resolve("bin/cairnd"));
        cairnd = Files.createSymbolicLink(elsewhere.resolve("cairnd"), link.getFileName());
    }

    @Test
    void theArchiveHasOneFolderWithEverything() {
        assertThat(unpacked).isDirectoryContaining("glob:**/cairn-*");
        assertThat(home.resolve("bin/cairnd")).isExecutable();
        assertThat(home.resolve("bin/java25")).isExecutable();
        assertThat(home.resolve("etc/cairn.properties")).isRegularFile();
        assertThat(home.resolve("etc/logback.xml")).isRegularFile();
        for (String driver : new String[] {"file", "btrfs", "qcow2", "lvm", "rbd"}) {
            assertThat(home.resolve("etc/backends/%s.properties.example".formatted(driver)))
                    .isRegularFile();
            assertThat(home.resolve("plugins").resolve(driver))
                    .isDirectoryContaining("glob:**/cairn-plugin-*.jar")
                    .isDirectoryContaining("glob:**/cairn-local-*.jar");
        }
        assertThat(home.resolve("lib")).isDirectoryContaining("glob:**/cairn-daemon-*.jar");
        assertThat(home.resolve("LICENSE")).isRegularFile();
    }

    @Test
    void noTestLibraryAndNoPluginIsAmongTheDaemonsOwn() throws IOException {
        try (Stream<Path> jars = Files.list(home.resolve("lib"))) {
            assertThat(jars.map(jar -> String.valueOf(jar.getFileName())))
                    .noneMatch(
                            name ->
                                    name.matches(
                                            "(junit|assertj|cairn-plugin|cairn-local|cairn-tck).*"));
        }
    }

    @Test
    void helpIsPrinted() throws Exception {
        Outcome help = cairnd("--help");

        assertThat(help.status()).isZero();
        assertThat(help.out()).startsWith("usage: cairnd").contains("--etc DIR");
    }

    @Test
    void theVersionIsPrinted() throws Exception {
        Outcome version = cairnd("version");

        assertThat(version.err()).isEmpty();
        assertThat(version.out()).matches("Cairn [0-9]+\\.[0-9]+\\.[0-9]+\\S*\n");
    }

    @Test
    void wrongUsageIsStatus2() throws Exception {
        Outcome wrong = cairnd("--colour", "blue");

        assertThat(wrong.status()).isEqualTo(2);
        assertThat(wrong.err())
                .isEqualTo("cairnd: there is no option --colour; see cairnd --help\n");
    }

    @Test
    void aWrongConfigurationIsStatus78WithEveryProblem(@TempDir Path work) throws Exception {
        Path etc = Files.createDirectory(work.resolve("my etc"));
        Files.createDirectory(etc.resolve("backends"));
        Files.writeString(etc.resolve("cairn.properties"), "jmx.prot=1\nstop.deadline=soon\n");
        Files.writeString(etc.resolve("backends/b.properties"), "thread=1\n");

        Outcome wrong = cairnd("--etc", etc.toString(), "--data", work.resolve("data").toString());

        assertThat(wrong.status()).isEqualTo(78);
        assertThat(wrong.err())
                .contains("cairn.properties: jmx.prot: unknown; did you mean 'jmx.port'?")
                .contains("cairn.properties: stop.deadline: 'soon' is not")
                .contains("backends/b.properties: driver: it is missing");
        assertThat(work.resolve("data")).doesNotExist();
    }

    /**
     * Each with the jars of its own plugin and nothing else, as no test inside one JVM has them.
     */
    @Test
    void theShippedDriversOpenTheirBackends(@TempDir Path work) throws Exception {
        Path etc = Files.createDirectory(work.resolve("etc"));
        Files.createDirectory(etc.resolve("backends"));
        Files.writeString(etc.resolve("cairn.properties"), "jmx.port=0\n");
        for (String driver : new String[] {"file", "qcow2"}) {
            Path folder = Files.createDirectory(work.resolve(driver + "-volumes"));
            Files.writeString(
                    etc.resolve("backends/%s.properties".formatted(driver)),
                    "driver=%s\ndirectory=%s\n".formatted(driver, folder));
        }
        Path log = work.resolve("out");
        ProcessBuilder builder =
                new ProcessBuilder(
                                cairnd.toString(),
                                "--etc",
                                etc.toString(),
                                "--data",
                                work.resolve("data").toString())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile());
        builder.environment().put("CAIRN_WARM", "no");
        Process daemon = builder.start();
        try {
            await().atMost(60, TimeUnit.SECONDS)
                    .untilAsserted(
                            () ->
                                    assertThat(Files.readString(log))
                                            .contains("Backend file is up: driver file")
                                            .contains("Backend qcow2 is up: driver qcow2"));
        } finally {
            daemon.destroy();
            assertThat(daemon.waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void withoutAJdk25ItIsSaidWhatToInstall() throws Exception {
        Path bare = Files.createDirectory(elsewhere.resolve("bare"));
        // The script's own look-up, in a root where there is no JDK to be found.
        Path script = home.resolve("bin/java25");
        String found =
                Files.readString(script)
                        .replace("/usr/lib/jvm", bare.toString())
                        .replace("/usr/java", bare.toString())
                        .replace("/opt", bare.toString());
        Path changed = Files.writeString(bare.resolve("java25"), found);
        Outcome none =
                run(elsewhere, "env", "-i", "PATH=/bin", "HOME=" + bare, "/bin/sh", changed + "");

        assertThat(none.status()).isEqualTo(1);
        assertThat(none.err()).contains("Cairn needs a JDK 25", "JAVA25_HOME");
    }

    private static Outcome cairnd(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(cairnd.toString()));
        command.addAll(List.of(words));
        return run(elsewhere, command.toArray(String[]::new));
    }

    private static Outcome run(Path folder, String... command)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile("launch", ".out");
        Path err = Files.createTempFile("launch", ".err");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .directory(folder.toFile())
                            .redirectOutput(out.toFile())
                            .redirectError(err.toFile());
            builder.environment().put("CAIRN_WARM", "no");
            Process process = builder.start();
            try {
                assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            } finally {
                process.destroyForcibly();
            }
            return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }
}
