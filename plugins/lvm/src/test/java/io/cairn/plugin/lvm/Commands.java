package io.cairn.plugin.lvm;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.List;

/** Tools that tests run beside the driver. */
final class Commands {
    private Commands() {}

    /** Runs one, and returns what it says. */
    static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).describedAs("%s: %s", List.of(command), said).isZero();
        return said.strip();
    }
}
