package io.cairn.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The script that starts the daemon, with a JVM that only says how it was called. */
@Timeout(60)
final class StartScriptTest {
    private @TempDir Path home;

    @BeforeEach
    void install() throws IOException {
        Path java = home.resolve("java");
        Files.createDirectories(java.resolve("bin"));
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(
                Files.createDirectories(home.resolve("lib")).resolve("cairn.jar"), "none");
        Files.writeString(java.resolve("release"), "JAVA_VERSION=\"25\"\n");
        script(java.resolve("bin/java"), "#!/bin/sh\necho \"$@\"\n");
        script(home.resolve("bin/java25"), "#!/bin/sh\necho '%s'\n".formatted(java));
        script(home.resolve("bin/cairnd"), Files.readString(Path.of("..", "etc", "bin", "cairnd")));
    }

    private static void script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private String cairnd(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(home.resolve("bin/cairnd").toString()));
        command.addAll(Arrays.asList(words));
        Path out = home.resolve("out");
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(out.toFile())
                        .start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return Files.readString(out).strip();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--data warm",
                "--data help",
                "--etc version --set jmx.port=0",
                "--set user --data x",
            })
    void theValueOfAnOptionIsNoCommand(String words) throws Exception {
        assertThat(cairnd(words.split(" ", -1)))
                .contains("-Dcairn.warm=")
                .endsWith("io.cairn.daemon.Main " + words);
    }

    @Test
    void aRestoreMakesNoCache() throws Exception {
        assertThat(cairnd("restore-state", "state-2026-12-01T13-05-11Z"))
                .doesNotContain("-Dcairn.warm=")
                .endsWith("io.cairn.daemon.Main restore-state state-2026-12-01T13-05-11Z");
    }

    @Test
    void aCommandAfterOptionsIsOne() throws Exception {
        assertThat(cairnd("--etc", "x", "version"))
                .doesNotContain("-Dcairn.warm=")
                .endsWith("io.cairn.daemon.Main --etc x version");
        assertThat(cairnd("--data", "x", "--help")).startsWith("usage: cairnd");
    }
}
