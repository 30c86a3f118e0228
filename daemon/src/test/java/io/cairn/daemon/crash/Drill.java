package io.cairn.daemon.crash;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.faulty.FaultyDriverProvider;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

/** The plugin that has the calls of a driver go wrong, in a daemon of its own, and who leads it. */
final class Drill {
    /** What a daemon ends with that a fault halts. */
    static final int HALTED = 86;

    private static final String PLUGIN = "io/cairn/plugin/faulty";

    private final Path plugins;
    private final Path folder;

    private Drill(Path plugins, Path folder) {
        this.plugins = plugins;
        this.folder = folder;
    }

    /**
     * Puts the plugin and a driver of the distribution into one folder.
     *
     * @param parent where the folder of plugins and that of the drill are made
     */
    static Drill of(Path distribution, String driver, Path parent) throws IOException {
        Path plugins = parent.resolve("plugins");
        Path jars = Files.createDirectories(plugins.resolve("drill"));
        try (Stream<Path> theirs = Files.list(distribution.resolve("plugins").resolve(driver))) {
            for (Path jar : theirs.toList()) {
                Files.copy(jar, jars.resolve(jar.getFileName()));
            }
        }
        put(jars.resolve("faulty.jar"));
        Path folder =
                Files.createDirectory(
                        parent.resolve("drill"),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
        return new Drill(plugins, folder);
    }

    /** As the build made it, or of its classes where they are in no jar yet. */
    private static void put(Path jar) throws IOException {
        Path code = code();
        if (Files.isRegularFile(code)) {
            Files.copy(code, jar);
            return;
        }
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Cairn-Spi-Version", "1");
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out, manifest);
                Stream<Path> classes = Files.list(code.resolve(PLUGIN))) {
            entries.putNextEntry(new ZipEntry("META-INF/services/io.cairn.spi.DriverProvider"));
            entries.write(FaultyDriverProvider.class.getName().getBytes(UTF_8));
            for (Path each : classes.toList()) {
                entries.putNextEntry(new ZipEntry(PLUGIN + "/" + each.getFileName()));
                Files.copy(each, entries);
            }
        }
    }

    private static Path code() {
        try {
            return Path.of(
                    FaultyDriverProvider.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The folder for {@code plugins.folder}. */
    Path plugins() {
        return plugins;
    }

    /** The settings of a backend whose driver is drilled, besides that driver's own. */
    String settings(String driver, long seed, long every, String kinds) {
        return """
               driver=faulty
               faulty.driver=%s
               faulty.folder=%s
               faulty.seed=%d
               faulty.every=%d
               faulty.kinds=%s
               faulty.late=PT0.3S
               """
                .formatted(driver, folder, seed, every, kinds);
    }

    /** Calls go wrong from now on. */
    void on() throws IOException {
        control("# on");
    }

    /** Hung calls go on, and calls still go wrong. */
    void release() throws IOException {
        control("release");
    }

    /** Hung calls go on, and no call begins to go wrong. */
    void off() throws IOException {
        control("off", "release");
    }

    /** Replaces all commands. */
    void control(String... commands) throws IOException {
        Path next = folder.resolve("control.next");
        Files.write(next, List.of(commands));
        Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rw-------"));
        Files.move(next, folder.resolve("control"), StandardCopyOption.ATOMIC_MOVE);
    }

    /** How many faults of each kind struck. */
    SortedMap<String, Long> faults() throws IOException {
        SortedMap<String, Long> faults = new TreeMap<>();
        Path log = folder.resolve("faults.log");
        if (Files.exists(log)) {
            for (String line : Files.readAllLines(log)) {
                if (line.startsWith("fault ")) {
                    faults.merge(line.split(" ", 7)[5], 1L, Long::sum);
                }
            }
        }
        return faults;
    }
}
