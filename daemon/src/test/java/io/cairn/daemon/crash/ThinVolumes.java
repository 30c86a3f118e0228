package io.cairn.daemon.crash;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A volume group of LVM with one thin pool, on the scratch disk of a virtual machine ({@code
 * VM_DISK_0}). Its devices are those that the kernel itself lists.
 */
final class ThinVolumes {
    static final String GROUP = "cairn-crash";
    static final String POOL = "pool";

    /** Where its devices lie while they are active, each by its volume's name. */
    static final Path DEVICES = Path.of("/dev", GROUP);

    static final long EXTENT_BYTES = 128L << 10;

    /** Begins the name of a volume. */
    static final String VOLUME = "cairn-v-";

    /** Begins the name of a snapshot. */
    static final String SNAPSHOT = "cairn-s-";

    /** Held by the program that runs a daemon's commands as long as that runs. */
    private static final String LOCK = "/run/lock/cairn-lvm:%s:%s:running".formatted(GROUP, POOL);

    private static final String COLUMNS = "lv_name,lv_size,lv_tags";

    private ThinVolumes() {}

    /** One of them, active or not. */
    record Thin(long sizeBytes, Set<String> tags) {}

    static void make() throws IOException {
        String disk = System.getenv("VM_DISK_0");
        if (disk == null) {
            throw new IllegalStateException("there is no scratch disk VM_DISK_0; run in the VM");
        }
        run("vgcreate", "-y", "-s", EXTENT_BYTES + "b", "--metadatasize", "32m", GROUP, disk);
        List<String> pool = new ArrayList<>(List.of("lvcreate", "--type", "thin-pool"));
        pool.addAll(List.of("-L", "1g", "-c", "64k", "--poolmetadatasize", "16m"));
        pool.addAll(List.of("-n", POOL, GROUP));
        run(pool.toArray(String[]::new));
    }

    static void remove() throws IOException {
        run("vgremove", "-ff", "-y", GROUP);
    }

    /** All that are in the group besides the pool, by their names. */
    static Map<String, Thin> all() throws IOException {
        Map<String, Thin> all = new TreeMap<>();
        String said =
                run(
                        "lvs",
                        "--noheadings",
                        "--units",
                        "b",
                        "--nosuffix",
                        "--separator",
                        "|",
                        "-o",
                        COLUMNS,
                        "-S",
                        "lv_name!=" + POOL,
                        GROUP);
        for (String line : said.lines().toList()) {
            String[] cells = line.strip().split("\\|", -1);
            Set<String> tags = new TreeSet<>(List.of(cells[2].split(",", -1)));
            tags.remove("");
            all.put(cells[0], new Thin(Long.parseLong(cells[1]), tags));
        }
        return all;
    }

    /** The devices of those that are active; there are others of the pool itself. */
    static Set<Path> devices() throws IOException {
        Set<Path> devices = new TreeSet<>();
        String begin = GROUP.replace("-", "--") + "-";
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/sys/block"), "dm-*")) {
            for (Path device : all) {
                try {
                    String name = Files.readString(device.resolve("dm/name")).strip();
                    if (name.startsWith(begin) && !name.startsWith(begin + POOL)) {
                        devices.add(
                                DEVICES.resolve(name.substring(begin.length()).replace("--", "-")));
                    }
                } catch (IOException _) {
                    // It is gone meanwhile; of one that is going the kernel says EINVAL.
                }
            }
        }
        return devices;
    }

    static void activate(Collection<String> names) throws IOException {
        change(names, "lvchange", "-ay", "-K");
    }

    static void deactivate(Collection<String> names) throws IOException {
        change(names, "lvchange", "-an");
    }

    private static void change(Collection<String> names, String... words) throws IOException {
        if (!names.isEmpty()) {
            List<String> command = new ArrayList<>(List.of(words));
            names.forEach(name -> command.add(GROUP + "/" + name));
            run(command.toArray(String[]::new));
        }
    }

    /** Wakes what a killed command left suspended, the pool before those that wait for it. */
    static void resume() throws IOException {
        String begin = GROUP.replace("-", "--") + "-";
        List<String> asleep = new ArrayList<>();
        for (String line :
                run("dmsetup", "info", "-c", "--noheadings", "-o", "name,suspended")
                        .lines()
                        .toList()) {
            String[] cells = line.strip().split(":", -1);
            if (cells[0].startsWith(begin) && cells[1].equals("Suspended")) {
                asleep.add(cells[0].startsWith(begin + POOL) ? 0 : asleep.size(), cells[0]);
            }
        }
        for (String device : asleep) {
            run("dmsetup", "resume", "--noudevsync", device);
        }
    }

    /** Waits for the command that a daemon had begun which was killed. */
    static void awaitEnd() throws IOException {
        run("flock", "--timeout", "60", LOCK, "true");
    }

    /** Runs a program, and returns what it printed. */
    private static String run(String... command) throws IOException {
        Path errors = Files.createTempFile("cairn-crash-", ".err");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.to(errors.toFile()));
            // What the tests' own JVM has open is no news.
            builder.environment().put("LVM_SUPPRESS_FD_WARNINGS", "1");
            Process process = builder.start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), UTF_8);
            int status = process.onExit().join().exitValue();
            if (status != 0) {
                throw new IOException(
                        "%s ended with %d: %s"
                                .formatted(
                                        String.join(" ", command),
                                        status,
                                        Files.readString(errors).strip()));
            }
            return said;
        } finally {
            Files.delete(errors);
        }
    }
}
