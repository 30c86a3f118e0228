package io.cairn.tck;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What still uses the files in a folder: loop devices, and processes that name them. */
public final class LeftBehind {
    private LeftBehind() {}

    /** In words, as {@code leftBehind} of a driver's test class wants it. */
    public static List<String> in(Path storage) throws IOException {
        List<String> left = new ArrayList<>();
        try (DirectoryStream<Path> devices =
                Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
            for (Path device : devices) {
                String file = backing(device);
                if (file.startsWith(storage + "/")) {
                    left.add("%s of %s".formatted(device, file));
                }
            }
        }
        using(storage).forEach(process -> left.add("process " + process.info().commandLine()));
        return left;
    }

    /** Ends the processes, which a case that failed may have left. */
    public static void endProcesses(Path storage) {
        using(storage).forEach(ProcessHandle::destroyForcibly);
    }

    /** Whether any process names this on its command line. */
    public static boolean named(String text) {
        return ProcessHandle.allProcesses()
                .anyMatch(process -> process.info().commandLine().orElse("").contains(text));
    }

    private static Stream<ProcessHandle> using(Path storage) {
        return ProcessHandle.allProcesses()
                .filter(process -> !process.equals(ProcessHandle.current()))
                .filter(
                        process ->
                                process.info()
                                        .commandLine()
                                        .filter(line -> line.contains(storage + "/"))
                                        .isPresent());
    }

    /** The file that a device shows; empty for none. Others attach and detach meanwhile. */
    private static String backing(Path device) throws IOException {
        Path backing = device.resolve("loop/backing_file");
        @Nullable IOException last = null;
        for (int tries = 0; tries < 10 && Files.exists(backing); tries++) {
            try {
                return Files.readString(backing).strip();
            } catch (IOException e) {
                // Taken away since, and perhaps another's already.
                last = e;
            }
        }
        if (last != null && Files.exists(backing)) {
            throw last;
        }
        return "";
    }
}
