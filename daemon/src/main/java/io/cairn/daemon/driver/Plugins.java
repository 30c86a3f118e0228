package io.cairn.daemon.driver;

import io.cairn.daemon.config.BackendConfig;
import io.cairn.daemon.config.Ownership;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Option;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.Serial;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.regex.Pattern;

/**
 * The drivers that the plugin folder brings. Each folder in it is one plugin: the jars it needs,
 * seen by nobody else. A plugin sees the JDK, {@code io.cairn.spi} and itself, and nothing of the
 * daemon. Safe for many threads.
 */
public final class Plugins {
    /** The manifest entry with the {@link DriverProvider#SPI_VERSION} a plugin was built for. */
    private static final String VERSION = "Cairn-Spi-Version";

    private static final String SERVICE = "META-INF/services/" + DriverProvider.class.getName();
    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,63}");
    private static final Logger LOG = LoggerFactory.getLogger(Plugins.class);

    private static final ClassLoader SPI_ONLY =
            new ClassLoader("cairn-spi", ClassLoader.getPlatformClassLoader()) {
                @Override
                protected Class<?> findClass(String name) throws ClassNotFoundException {
                    if (name.startsWith("io.cairn.spi.")) {
                        return DriverProvider.class.getClassLoader().loadClass(name);
                    }
                    throw new ClassNotFoundException(name);
                }
            };

    private final SortedMap<String, Loaded> drivers = new TreeMap<>();
    private final List<URLClassLoader> loaders = new ArrayList<>();
    private final List<PluginReport> reports = new ArrayList<>();

    /** A driver, what it says of itself (asked once), and the folder it came from. */
    private record Loaded(DriverProvider provider, DriverInfo info, String folder) {}

    private Plugins() {}

    /** Loads what can be loaded, in the order of the folders' names; the reports tell the rest. */
    public static Plugins load(Path folder) {
        Plugins plugins = new Plugins();
        Set<Path> found = new TreeSet<>();
        try (DirectoryStream<Path> entries =
                Files.newDirectoryStream(folder, entry -> Files.isDirectory(entry))) {
            entries.forEach(found::add);
        } catch (IOException e) {
            plugins.reports.add(
                    new PluginReport(
                            String.valueOf(folder.getFileName()),
                            false,
                            "the plugin folder %s cannot be read: %s".formatted(folder, e)));
        }
        found.forEach(plugins::plugin);
        return plugins;
    }

    /** Drivers that are on the class path already, for a program that embeds the daemon's parts. */
    public static Plugins of(DriverProvider... providers) {
        Plugins plugins = new Plugins();
        for (DriverProvider provider : providers) {
            plugins.drivers.put(
                    provider.name(), new Loaded(provider, provider.info(), "class path"));
        }
        return plugins;
    }

    public Optional<DriverProvider> provider(String name) {
        return Optional.ofNullable(drivers.get(name)).map(Loaded::provider);
    }

    /** What a driver says of itself. */
    public Optional<DriverInfo> info(String name) {
        return Optional.ofNullable(drivers.get(name)).map(Loaded::info);
    }

    /** The words of the drivers that are there, in order. */
    public Set<String> names() {
        return new TreeSet<>(drivers.keySet());
    }

    /** Every driver that can be used, by its word. */
    public List<LoadedDriver> drivers() {
        return drivers.entrySet().stream()
                .map(
                        driver ->
                                new LoadedDriver(
                                        driver.getKey(),
                                        driver.getValue().info(),
                                        driver.getValue().folder()))
                .toList();
    }

    /** What became of each plugin folder, in the order of their names. */
    public List<PluginReport> reports() {
        return List.copyOf(reports);
    }

    /** Lets go of the plugins' jars. Called when no driver is open any more. */
    public void close() {
        for (URLClassLoader loader : loaders) {
            try {
                loader.close();
            } catch (IOException e) {
                LOG.warn("Plugin {}: its jars could not be closed", loader.getName(), e);
            }
        }
    }

    private void plugin(Path folder) {
        String name = String.valueOf(folder.getFileName());
        try {
            List<Loaded> brought = load(folder, name);
            brought.forEach(driver -> drivers.put(driver.provider().name(), driver));
            List<String> words = new ArrayList<>();
            for (Loaded driver : brought) {
                words.add(
                        "%s %s (%s)"
                                .formatted(
                                        driver.provider().name(),
                                        driver.info().version(),
                                        driver.info().description()));
            }
            reports.add(new PluginReport(name, true, String.join(", ", words)));
        } catch (RefusedException e) {
            reports.add(new PluginReport(name, false, String.valueOf(e.getMessage())));
        }
    }

    private List<Loaded> load(Path folder, String name) throws RefusedException {
        List<Path> jars = jars(folder);
        for (Path file : jars) {
            Optional<String> problem = Ownership.writableByOthers(file);
            if (problem.isPresent()) {
                throw new RefusedException(problem.get());
            }
        }
        checkVersion(jars);
        URLClassLoader loader = loader(name, jars);
        try {
            List<Loaded> brought = providers(loader, name);
            loaders.add(loader);
            return brought;
        } catch (RefusedException e) {
            try {
                loader.close();
            } catch (IOException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    private static List<Path> jars(Path folder) throws RefusedException {
        Set<Path> jars = new TreeSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.jar")) {
            files.forEach(jars::add);
        } catch (IOException e) {
            throw new RefusedException("it cannot be read: " + e);
        }
        if (jars.isEmpty()) {
            throw new RefusedException(
                    "there is no jar in %s: put the plugin's jars there, or remove the folder"
                            .formatted(folder));
        }
        return List.copyOf(jars);
    }

    private static void checkVersion(List<Path> jars) throws RefusedException {
        boolean found = false;
        for (Path path : jars) {
            try (JarFile jar = new JarFile(path.toFile())) {
                if (jar.getEntry(SERVICE) == null) {
                    continue;
                }
                found = true;
                Manifest manifest = jar.getManifest();
                String built =
                        manifest == null ? null : manifest.getMainAttributes().getValue(VERSION);
                String ours = String.valueOf(DriverProvider.SPI_VERSION);
                if (!ours.equals(built)) {
                    throw new RefusedException(
                            ("%s is built for SPI version %s, and this daemon has %s: install the"
                                            + " plugin's build for this version of Cairn")
                                    .formatted(
                                            path.getFileName(),
                                            built == null ? "unknown (no " + VERSION + ")" : built,
                                            ours));
                }
            } catch (IOException e) {
                throw new RefusedException(
                        "%s is no jar that can be read (%s): install it again"
                                .formatted(path.getFileName(), e.getMessage()));
            }
        }
        if (!found) {
            throw new RefusedException(
                    "no jar in it has %s: this is not a driver plugin".formatted(SERVICE));
        }
    }

    private static URLClassLoader loader(String name, List<Path> jars) throws RefusedException {
        try {
            URL[] urls = new URL[jars.size()];
            for (int i = 0; i < urls.length; i++) {
                urls[i] = jars.get(i).toUri().toURL();
            }
            return new URLClassLoader(name, urls, SPI_ONLY);
        } catch (IOException e) {
            throw new RefusedException("its jars cannot be named as URLs: " + e);
        }
    }

    private List<Loaded> providers(URLClassLoader loader, String folder) throws RefusedException {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            SortedMap<String, Loaded> brought = new TreeMap<>();
            for (DriverProvider provider : ServiceLoader.load(DriverProvider.class, loader)) {
                if (!loader.equals(provider.getClass().getClassLoader())) {
                    continue;
                }
                Loaded driver = new Loaded(provider, provider.info(), folder);
                check(driver);
                if (brought.put(provider.name(), driver) != null) {
                    throw new RefusedException(
                            "it brings two drivers '%s'".formatted(provider.name()));
                }
            }
            if (brought.isEmpty()) {
                throw new RefusedException("%s names no driver".formatted(SERVICE));
            }
            return List.copyOf(brought.values());
        } catch (ServiceConfigurationError | LinkageError | RuntimeException e) {
            LOG.debug("Plugin {} cannot be loaded", folder, e);
            throw new RefusedException(
                    "its driver cannot be loaded: %s%s"
                            .formatted(
                                    e.getMessage() == null ? e : e.getMessage(),
                                    e.getCause() == null ? "" : " (" + e.getCause() + ")"));
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private void check(Loaded driver) throws RefusedException {
        String name = driver.provider().name();
        if (!NAME.matcher(name).matches()) {
            throw new RefusedException(
                    "its driver is named '%s': only lower-case letters, digits and dashes may be"
                            .formatted(name));
        }
        Loaded other = drivers.get(name);
        if (other != null) {
            throw new RefusedException(
                    "plugin %s already brings a driver '%s': remove one of the two"
                            .formatted(other.folder(), name));
        }
        for (Option option : driver.info().options()) {
            if (BackendConfig.KEYS.contains(option.name())) {
                throw new RefusedException(
                        "driver %s declares the setting '%s', which is the daemon's own"
                                .formatted(name, option.name()));
            }
        }
    }

    /** Why a plugin is not used, as its report says it. */
    private static final class RefusedException extends Exception {
        @Serial private static final long serialVersionUID = 1;

        RefusedException(String message) {
            super(message);
        }
    }
}
