package io.cairn.daemon.jmx;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Stops a process, and lets it go on: at the latest two minutes later, whatever becomes of this.
 */
final class Freeze {
    private final long pid;
    private @Nullable Process watchman;

    Freeze(long pid) {
        this.pid = pid;
    }

    void stop() throws IOException, InterruptedException {
        watchman =
                new ProcessBuilder("sh", "-c", "sleep 120 && kill -CONT " + pid)
                        .inheritIO()
                        .start();
        run("kill", "-STOP", String.valueOf(pid));
    }

    void resume() throws IOException, InterruptedException {
        Process watching = watchman;
        if (watching == null) {
            return;
        }
        run("kill", "-CONT", String.valueOf(pid));
        watching.descendants().forEach(ProcessHandle::destroy);
        watching.destroy();
        watchman = null;
    }

    static boolean installed(String program) {
        return Stream.of("/usr/bin", "/bin", "/usr/sbin", "/sbin")
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /** Returns what it said. */
    static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(
                    "%s failed with %d: %s".formatted(String.join(" ", command), status, output));
        }
        return output;
    }
}
