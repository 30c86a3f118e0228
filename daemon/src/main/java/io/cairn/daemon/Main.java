package io.cairn.daemon;

import io.cairn.daemon.config.ConfigException;
import io.cairn.daemon.config.ConfigReader;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.PluginReport;
import io.cairn.daemon.driver.Plugins;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;

/** Starts and stops the daemon. */
public final class Main {
    private static final int USAGE = 2;

    /** EX_CONFIG of sysexits.h, on which a service manager does not try again. */
    private static final int CONFIGURATION = 78;

    private Main() {}

    public static void main(String[] words) throws IOException, InterruptedException {
        Arguments arguments;
        try {
            Path home = Path.of(System.getProperty("cairn.home", "."));
            arguments = Arguments.parse(List.of(words), home.toAbsolutePath().normalize());
        } catch (IllegalArgumentException e) {
            System.err.println("cairnd: " + e.getMessage() + "; see cairnd --help");
            System.exit(USAGE);
            return;
        }
        switch (arguments.command()) {
            case "run", "warm" -> {
                try {
                    run(arguments);
                } catch (ConfigException e) {
                    System.err.println("cairnd: the configuration is wrong:");
                    e.problems().forEach(problem -> System.err.println("  " + problem));
                    System.exit(CONFIGURATION);
                }
            }
            case "version" -> System.out.println("Cairn " + version());
            default -> {
                System.err.printf(
                        "cairnd: there is no command %s; see cairnd --help%n", arguments.command());
                System.exit(USAGE);
            }
        }
    }

    private static void run(Arguments arguments)
            throws ConfigException, IOException, InterruptedException {
        Configuration configuration =
                ConfigReader.read(arguments.etc(), arguments.home(), arguments.overrides());
        Logging.start(arguments.etc(), arguments.home(), configuration.daemon().dataFolder());
        Logger log = LoggerFactory.getLogger(Main.class);
        Plugins plugins = Plugins.load(configuration.daemon().pluginsFolder());
        for (PluginReport report : plugins.reports()) {
            log.atLevel(report.loaded() ? Level.INFO : Level.ERROR)
                    .log("Plugin {}: {}", report.folder(), report.message());
        }
        List<String> problems = Backends.problems(configuration.backends(), plugins);
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        Backends backends = Backends.open(UUID.randomUUID(), plugins, configuration);
        CountDownLatch stop = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .name("cairn-stop")
                                .unstarted(
                                        () -> {
                                            log.info("Cairn stops");
                                            backends.close(configuration.daemon().stopDeadline());
                                            log.info("Cairn has stopped");
                                            stop.countDown();
                                        }));
        log.info("Cairn {} is ready", version());
        if (arguments.command().equals("warm")) {
            // The launch script wanted no more than what the JVM has learned by now.
            System.exit(0);
        }
        Warmup.begin();
        stop.await();
    }

    private static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "(not packaged)" : version;
    }
}
