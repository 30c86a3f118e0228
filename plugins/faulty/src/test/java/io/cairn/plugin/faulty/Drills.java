package io.cairn.plugin.faulty;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** Leads drills, as whoever drills does. */
final class Drills {
    static final String NAME = "drill";

    private Drills() {}

    /** Makes the folder of a drill in another one. */
    static Path folder(Path parent) throws IOException {
        return Files.createDirectory(
                parent.resolve(NAME),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /** Replaces the control file. */
    static void control(Path folder, String... commands) throws IOException {
        Path next = folder.resolve("control.next");
        Files.write(next, List.of(commands));
        Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rw-------"));
        Files.move(next, folder.resolve(Drill.CONTROL), StandardCopyOption.ATOMIC_MOVE);
    }

    /** What the log says of faults. */
    static List<String> faults(Path folder) throws IOException {
        return Files.readAllLines(folder.resolve(Drill.LOG)).stream()
                .filter(line -> line.startsWith("fault "))
                .toList();
    }
}
