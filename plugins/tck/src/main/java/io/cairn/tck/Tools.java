package io.cairn.tck;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.Serial;

/** The machine's programs, for tests. */
public final class Tools {
    private Tools() {}

    /**
     * Runs a program to its end.
     *
     * @throws Missing if it is not installed
     * @throws IOException if it fails, with what it said
     */
    public static void run(String... command) throws IOException, InterruptedException {
        String _ = said(command);
    }

    /** As {@link #run}; returns what it said. */
    public static String said(String... command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new Missing("cannot run %s; is it installed?".formatted(command[0]), e);
        }
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(
                    "%s failed with %d: %s"
                            .formatted(String.join(" ", command), status, output.strip()));
        }
        return output.strip();
    }

    /** That a program is not installed. */
    public static final class Missing extends IOException {
        @Serial private static final long serialVersionUID = 1;

        Missing(String message, IOException cause) {
            super(message, cause);
        }
    }
}
