package io.cairn.daemon.store;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A second process that uses a store, for the tests that need one to refuse or to kill. */
final class Child implements AutoCloseable {
    private final Process process;

    private Child(Process process) {
        this.process = process;
    }

    static Child start(Path folder, long firstId) throws IOException {
        return new Child(
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx128m",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Child.class.getName(),
                                folder.toString(),
                                Long.toString(firstId))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start());
    }

    long pid() {
        return process.pid();
    }

    BufferedReader output() {
        return process.inputReader();
    }

    void kill() {
        // By its handle, which leaves what it said to be read.
        process.toHandle().destroyForcibly();
        process.onExit().join();
    }

    @Override
    public void close() {
        kill();
    }

    /** What the child said before it ended: the ids whose adding it was told is done. */
    List<Long> acknowledged() throws IOException {
        List<Long> ids = new ArrayList<>();
        for (String line = output().readLine(); line != null; line = output().readLine()) {
            // A line that the kill cut short has no end mark.
            if (line.startsWith("added ") && line.endsWith(".")) {
                ids.add(Long.parseLong(line.substring(6, line.length() - 1)));
            }
        }
        return ids;
    }

    /** Opens the store and adds items from several threads until it is killed. */
    public static void main(String[] args) throws Exception {
        long first = Long.parseLong(args[1]);
        StateStore store;
        try {
            store = Items.open(Path.of(args[0]));
        } catch (StoreException e) {
            System.out.println(e.kind() + ": " + e.getMessage());
            return;
        }
        System.out.println("open");
        for (int thread = 0; thread < 4; thread++) {
            long start = first + thread;
            Thread.ofPlatform()
                    .start(
                            () -> {
                                try {
                                    for (long id = start; ; id += 4) {
                                        store.commit(Items.addingPair(id));
                                        String line = "added " + id + ".\n";
                                        System.out.print(line);
                                        System.out.flush();
                                    }
                                } catch (StoreException e) {
                                    System.out.println(e.getMessage());
                                }
                            });
        }
    }
}
