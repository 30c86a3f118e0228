package io.cairn.benchmark;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A volume group for the LVM driver on the scratch disk of a throw-away virtual machine, {@code
 * VM_DISK_0}: a thin pool that is the driver's own, one for what it is compared with, and room for
 * the state. All are in one group, since LVM writes down the whole group for each change.
 */
final class ThinGroup {
    static final String NAME = "cairn-bench";

    /** The driver's. */
    static final String POOL = "cairn";

    /** For {@link ThinTool}. */
    static final String BARE = "bare";

    private static final String STATE = "state";
    private static final Path CONTROL = Path.of("/dev/mapper/control");

    /** What is run here and by the driver; in the same packages are the others. */
    private static final List<String> PROGRAMS = List.of("lvcreate", "thin_ls", "mkfs.ext4");

    private ThinGroup() {}

    private static Optional<Path> scratch() {
        return Optional.ofNullable(System.getenv("VM_DISK_0")).map(Path::of);
    }

    /** The disk that the group lies on. */
    static Path disk() {
        return scratch().orElseThrow();
    }

    /** Whether there is such a disk, and LVM in the kernel and beside it. */
    static boolean possible() {
        if (scratch().isEmpty() || !PROGRAMS.stream().allMatch(ThinGroup::installed)) {
            return false;
        }
        try (FileChannel control =
                FileChannel.open(CONTROL, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return control.isOpen();
        } catch (IOException _) {
            return false;
        }
    }

    private static boolean installed(String program) {
        return Stream.of("/usr/sbin", "/sbin", "/usr/bin")
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /** Makes it, in place of what an earlier run may have left of it, and returns the state's. */
    static Path make() throws IOException {
        if (Files.exists(Path.of("/dev", NAME))) {
            remove();
        }
        run("vgcreate", "-y", "--metadatasize", "64m", NAME, disk().toString());
        for (String pool : List.of(POOL, BARE)) {
            run(
                    "lvcreate",
                    "-y",
                    "--type",
                    "thin-pool",
                    "-L",
                    "1g",
                    "-c",
                    "64k",
                    "--poolmetadatasize",
                    "64m",
                    "-n",
                    pool,
                    NAME);
        }
        run("lvcreate", "-y", "-L", "512m", "-n", STATE, NAME);
        return Path.of("/dev", NAME, STATE);
    }

    /** Takes it away, with all that is in it. */
    static void remove() throws IOException {
        run("vgremove", "-ff", "-y", NAME);
        run("pvremove", "-y", disk().toString());
    }

    private static void run(String program, String... arguments) throws IOException {
        int _ = Tool.run(program, List.of(arguments));
    }
}
