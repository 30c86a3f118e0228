package io.cairn.daemon.config;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.config.DaemonConfig.Jmx;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads a configuration folder strictly, and changes nothing. */
public final class ConfigReader {
    private static final String SUFFIX = ".properties";
    private static final String BACKENDS = "backends";

    /** The names that MBeans have, since a backend's is part of theirs. */
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

    private final List<String> problems = new ArrayList<>();
    private final Path etc;
    private final Path home;

    private ConfigReader(Path etc, Path home) {
        this.etc = etc.toAbsolutePath().normalize();
        this.home = home.toAbsolutePath().normalize();
    }

    /** Reads {@code etc} of the installation it lies in. */
    public static Configuration read(Path etcFolder) throws ConfigException {
        Path etc = etcFolder.toAbsolutePath().normalize();
        Path home = etc.getParent();
        return read(etc, home == null ? etc : home, Map.of());
    }

    /**
     * Reads {@code cairn.properties} and {@code backends/*.properties}.
     *
     * @param etc the configuration folder
     * @param home the folder that relative paths are resolved against
     * @param overrides values from the command line, taken instead of those of {@code
     *     cairn.properties}
     * @throws ConfigException with every problem of every file
     */
    public static Configuration read(Path etc, Path home, Map<String, String> overrides)
            throws ConfigException {
        ConfigReader reader = new ConfigReader(etc, home);
        Configuration configuration = reader.all(overrides);
        if (!reader.problems.isEmpty()) {
            throw new ConfigException(reader.problems);
        }
        return configuration;
    }

    /** Whether a text can name a backend, so that its file can be asked for. */
    public static boolean validName(String text) {
        return NAME.matcher(text).matches();
    }

    /** Whether {@code backends/NAME.properties} is there. */
    public static boolean describes(Path etc, String name) {
        return validName(name) && Files.exists(backendFile(etc, name));
    }

    /**
     * Reads {@code backends/NAME.properties} alone, as {@link #read} would.
     *
     * @param name a valid one
     * @throws ConfigException with every problem of it, and of who may change it
     */
    public static BackendConfig readBackend(Path etc, String name) throws ConfigException {
        if (!validName(name)) {
            throw new IllegalArgumentException("'%s' cannot name a backend".formatted(name));
        }
        ConfigReader reader = new ConfigReader(etc, etc);
        Path file = backendFile(reader.etc, name);
        for (Path folder : List.of(reader.etc, reader.etc.resolve(BACKENDS))) {
            Ownership.writableByOthers(folder).ifPresent(reader.problems::add);
        }
        BackendConfig config = reader.backend(file);
        if (!reader.problems.isEmpty()) {
            throw new ConfigException(reader.problems);
        }
        return config;
    }

    private static Path backendFile(Path etc, String name) {
        return etc.resolve(BACKENDS).resolve(name + SUFFIX);
    }

    private Configuration all(Map<String, String> overrides) {
        if (Files.isDirectory(etc)) {
            Ownership.writableByOthers(etc).ifPresent(problems::add);
        }
        PropertyFile file =
                new PropertyFile(
                        "cairn.properties", etc.resolve("cairn.properties"), overrides, problems);
        DaemonConfig daemon = daemon(file, home);
        file.refuseOthers();
        for (Path folder : List.of(daemon.dataFolder(), daemon.pluginsFolder())) {
            if (Files.exists(folder) && !Files.isDirectory(folder)) {
                problems.add("%s is not a folder".formatted(folder));
            } else if (Files.exists(folder)) {
                Ownership.writableByOthers(folder).ifPresent(problems::add);
            }
        }
        return new Configuration(Optional.of(etc), daemon, backends());
    }

    static DaemonConfig daemon(PropertyFile file, Path home) {
        Path data = file.path("data.folder", "data", home);
        return new DaemonConfig(
                data,
                file.path("plugins.folder", "plugins", home),
                file.duration("start.wait", "PT5S"),
                file.duration("stop.deadline", "PT30S"),
                file.duration("stats.every", "PT10S"),
                file.duration("check.every", "PT24H"),
                file.duration("deleted.keep", "P7D"),
                file.path("transfer.folder", "transfer", data),
                new DaemonConfig.Backups(
                        file.path("backup.folder", "backups", data),
                        file.time("backup.every", "PT24H"),
                        file.integer("backup.keep", 7, 1, 10_000)),
                file.sizeBytes("store.minFree", "64MiB"),
                new Jmx(
                        file.text("jmx.host", "127.0.0.1"),
                        file.integer("jmx.port", 7091, 0, 65_535),
                        file.text("jmx.advertisedHost"),
                        file.flag("jmx.authentication", true),
                        file.among("jmx.inProcessRole", Role.READER),
                        file.path("jmx.users.file", "users", data),
                        file.integer("jmx.visible.max", 200, 0, 100_000)));
    }

    private List<BackendConfig> backends() {
        Path folder = etc.resolve(BACKENDS);
        if (!Files.exists(folder)) {
            return List.of();
        }
        Ownership.writableByOthers(folder).ifPresent(problems::add);
        List<BackendConfig> backends = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
            for (Path file : files) {
                backends.add(backend(file));
            }
        } catch (IOException e) {
            problems.add("%s cannot be read: %s".formatted(folder, e));
        }
        backends.sort(Comparator.comparing(BackendConfig::name));
        return backends;
    }

    private BackendConfig backend(Path path) {
        String fileName = String.valueOf(path.getFileName());
        String name = fileName.substring(0, fileName.length() - SUFFIX.length());
        PropertyFile file = new PropertyFile("backends/" + fileName, path, Map.of(), problems);
        if (!validName(name)) {
            file.problem(
                    "",
                    ("'%s' cannot name a backend: rename the file with lower-case letters, digits"
                                    + " and . _ - only, at most 63, a letter or digit first")
                            .formatted(name));
        }
        String driver = file.text("driver", "");
        if (driver.isEmpty()) {
            file.problem("driver", "it is missing: name the driver, such as driver=file");
        }
        return new BackendConfig(
                name,
                driver,
                file.text("description", ""),
                file.integer("threads", 16, 1, 256),
                file.duration("deadline", "PT5M"),
                file.integer("breaker.failures", BackendConfig.BREAKER_FAILURES, 0, 1_000),
                new PoolLimits(
                        file.decimal(
                                "overcommit.ratio", PoolLimits.LEAST_RATIO, PoolLimits.MOST_RATIO),
                        file.reserve("reserve", "0")),
                new TrashPolicy(
                        file.time("trash.keep", "PT0S"),
                        file.reserve("trash.minFree", TrashPolicy.MIN_FREE)),
                file.others());
    }
}
