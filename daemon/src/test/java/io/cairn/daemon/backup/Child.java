package io.cairn.daemon.backup;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** A second process that makes backups, or restores one, until it is killed. */
final class Child implements AutoCloseable {
    private final Process process;

    private Child(Process process) {
        this.process = process;
    }

    /** Cuts snapshots and makes one backup after another. */
    static Child backing(Path state, Path backups, long first) throws IOException {
        return start("back", state, backups, Long.toString(first));
    }

    /** Restores two backups in turns. */
    static Child restoring(Path state, Path backups, String one, String two) throws IOException {
        return start("restore", state, backups, one, two);
    }

    private static Child start(String what, Path state, Path backups, String... more)
            throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx128m",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Child.class.getName(),
                                what,
                                state.toString(),
                                backups.toString()));
        command.addAll(List.of(more));
        return new Child(
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    BufferedReader output() {
        return process.inputReader();
    }

    void kill() {
        // By its handle, which leaves what it said to be read.
        process.toHandle().destroyForcibly();
        process.onExit().join();
    }

    /** What it said before it ended; a line that the kill cut short has no end mark. */
    List<String> rest() throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line = output().readLine(); line != null; line = output().readLine()) {
            if (line.endsWith(".")) {
                lines.add(line.substring(0, line.length() - 1));
            }
        }
        return lines;
    }

    @Override
    public void close() {
        kill();
    }

    private static void say(String line) {
        System.out.print(line + ".\n");
        System.out.flush();
    }

    public static void main(String[] arguments) throws Exception {
        Path state = Path.of(arguments[1]);
        Path backups = Path.of(arguments[2]);
        if (arguments[0].equals("restore")) {
            say("begun");
            for (int i = 3; ; i = 7 - i) {
                Estate.Restored restored = Estate.restore(state, backups, arguments[i]);
                say(
                        restored.status() == 0
                                ? "restored " + arguments[i]
                                : "failed: " + restored.err().strip());
            }
        }
        Estate estate = new Estate(state);
        long first = Long.parseLong(arguments[3]);
        Thread.ofPlatform()
                .start(
                        () -> {
                            try {
                                for (long number = first; ; number++) {
                                    estate.cut(number);
                                    say("cut " + number);
                                }
                            } catch (Exception e) {
                                say("failed: " + e);
                            }
                        });
        Backups made = estate.backups(backups, 3, InstantSource.system(), _ -> {});
        say("begun");
        while (true) {
            say("backup " + Estate.make(made).name());
        }
    }
}
