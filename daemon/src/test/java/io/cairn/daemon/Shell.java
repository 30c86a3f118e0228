package io.cairn.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs what a user types, with a home folder of the test's own. */
final class Shell {
    /** The folder of the sources. */
    static final Path ROOT =
            Path.of(System.getProperty("cairn.dist")).resolve("../../..").normalize();

    private Shell() {}

    /** What it said, and its exit status. */
    record Outcome(int status, String out, String err) {}

    /** Runs commands to their end; the first one that fails ends them. */
    static Outcome run(Path home, Path folder, String commands, String input)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile(home, "shell", ".out");
        Path err = Files.createTempFile(home, "shell", ".err");
        Path in = Files.writeString(Files.createTempFile(home, "shell", ".in"), input);
        Process process =
                bash(home, folder, "set -eu\n" + commands)
                        .redirectInput(in.toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
        try {
            assertThat(process.waitFor(240, TimeUnit.SECONDS)).isTrue();
        } finally {
            stop(process);
        }
        return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    /** Commands that are not started yet. */
    static ProcessBuilder bash(Path home, Path folder, String commands) {
        ProcessBuilder builder =
                new ProcessBuilder("bash", "-c", commands).directory(folder.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("JAVA25_HOME", System.getProperty("java.home"));
        environment.put("CAIRN_WARM", "no");
        if (!folder.equals(ROOT)) {
            // jmxterm keeps a history there; a build would look for its repository.
            environment.put("JAVA_TOOL_OPTIONS", "-Duser.home=" + home);
        }
        return builder;
    }

    static void stop(Process process) throws InterruptedException {
        List<ProcessHandle> all = process.descendants().toList();
        process.destroy();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        all.forEach(ProcessHandle::destroyForcibly);
    }
}
