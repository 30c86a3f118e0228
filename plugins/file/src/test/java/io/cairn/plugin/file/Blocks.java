package io.cairn.plugin.file;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** What a file takes of the disk, which its size does not say. */
final class Blocks {
    private Blocks() {}

    static long bytes(Path file) {
        try {
            Process stat =
                    new ProcessBuilder("stat", "-c", "%b", file.toString())
                            .redirectErrorStream(true)
                            .start();
            String blocks = new String(stat.getInputStream().readAllBytes(), US_ASCII).strip();
            stat.waitFor(); // or a case looking for processes left behind finds this one
            return 512 * Long.parseLong(blocks);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
