package io.cairn.daemon.crash;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** The loop devices of this host, as the kernel itself lists them. */
final class Devices {
    private Devices() {}

    /** The devices of files below a folder, by those files. */
    static Map<Path, Path> below(Path folder) throws IOException {
        Map<Path, Path> devices = new TreeMap<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
            for (Path device : all) {
                try {
                    Path file =
                            Path.of(Files.readString(device.resolve("loop/backing_file")).strip());
                    if (file.startsWith(folder)) {
                        devices.put(file, Path.of("/dev").resolve(device.getFileName()));
                    }
                } catch (IOException e) {
                    // It shows no file, or another one by now.
                    if (!(e instanceof NoSuchFileException)
                            && Files.exists(device.resolve("loop/backing_file"))) {
                        throw e;
                    }
                }
            }
        }
        return devices;
    }

    /** Takes them away, as the end of the host would. */
    static void end(Path folder) throws IOException, InterruptedException {
        for (Path device : below(folder).values()) {
            int status =
                    new ProcessBuilder("losetup", "-d", device.toString())
                            .inheritIO()
                            .start()
                            .waitFor();
            if (status != 0) {
                throw new IOException("%s cannot be taken away".formatted(device));
            }
        }
    }
}
