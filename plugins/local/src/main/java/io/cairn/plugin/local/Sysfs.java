package io.cairn.plugin.local;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the kernel tells of block devices, without their being opened. */
final class Sysfs {
    private static final Path DEVICES = Path.of("/sys/block");

    private Sysfs() {}

    /** The names of all loop devices, in the order of their numbers. */
    static List<String> loops() throws IOException {
        return list(DEVICES, "loop*").stream()
                .sorted(
                        (a, b) ->
                                a.length() == b.length() ? a.compareTo(b) : a.length() - b.length())
                .toList();
    }

    /** The names of a device's partitions. */
    static List<String> partitions(String name) throws IOException {
        return list(DEVICES.resolve(name), name + "p*");
    }

    private static List<String> list(Path folder, String glob) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, glob)) {
            stream.forEach(path -> names.add(path.toFile().getName()));
        } catch (NoSuchFileException _) {
            // No sysfs, or the device is gone; then nothing is attached there.
        }
        return names;
    }

    /** Empty if the device has none, as the file of a loop device that shows none. */
    static String attribute(String name, String attribute) throws IOException {
        try {
            return Files.readString(DEVICES.resolve(name).resolve(attribute)).strip();
        } catch (NoSuchFileException _) {
            return "";
        } catch (IOException e) {
            // The kernel's answer where the file was taken away while we were reading.
            if (String.valueOf(e.getMessage()).contains("No such device")) {
                return "";
            }
            throw e;
        }
    }
}
