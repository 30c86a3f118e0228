package io.cairn.daemon;

import io.cairn.daemon.access.UserCommand;
import io.cairn.daemon.backup.RestoreCommand;
import io.cairn.daemon.config.ConfigException;
import io.cairn.daemon.config.ConfigReader;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.config.DaemonConfig;
import io.cairn.daemon.store.StoreException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** The commands of {@code cairnd}. */
public final class Main {
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    /** EX_CONFIG of sysexits.h, on which a service manager does not try again. */
    private static final int CONFIGURATION = 78;

    private Main() {}

    public static void main(String[] words) throws InterruptedException {
        // Before the first use of each: Guice generates classes by means that Java 25 warns of, and
        // the log manager and the platform's MBean server are made once.
        System.setProperty("java.util.logging.manager", LastingHandlers.class.getName());
        System.setProperty("guice_bytecode_gen_option", "DISABLED");
        System.setProperty(
                "javax.management.builder.initial", "io.cairn.daemon.jmx.CairnMBeanServerBuilder");
        try {
            int status = run(List.of(words));
            if (status != 0) {
                System.exit(status);
            }
        } catch (ConfigException e) {
            System.err.println("cairnd: the configuration is wrong:");
            e.problems().forEach(problem -> System.err.println("  " + problem));
            System.exit(CONFIGURATION);
        } catch (StoreException | IOException | IllegalArgumentException e) {
            System.err.println("cairnd: " + e.getMessage());
            System.exit(FAILED);
        }
    }

    private static int run(List<String> words)
            throws ConfigException, StoreException, IOException, InterruptedException {
        Arguments arguments;
        try {
            Path home = Path.of(System.getProperty("cairn.home", "."));
            arguments = Arguments.parse(words, home.toAbsolutePath().normalize());
        } catch (IllegalArgumentException e) {
            System.err.println("cairnd: " + e.getMessage() + "; see cairnd --help");
            return USAGE;
        }
        return switch (arguments.command()) {
            case "run", "warm" -> serve(arguments);
            case "user" ->
                    new UserCommand(
                                    configuration(arguments).daemon().jmx().usersFile(),
                                    System.in,
                                    System.out,
                                    System.err)
                            .run(arguments.rest());
            case "restore-state" -> restore(arguments);
            case "version" -> {
                System.out.println("Cairn " + version());
                yield 0;
            }
            default -> {
                System.err.printf(
                        "cairnd: there is no command %s; see cairnd --help%n", arguments.command());
                yield USAGE;
            }
        };
    }

    private static int restore(Arguments arguments) throws ConfigException, IOException {
        Logging.printWarnings();
        DaemonConfig config = configuration(arguments).daemon();
        return new RestoreCommand(
                        Daemon.stateFolder(config),
                        config.backups().folder(),
                        Daemon.SCHEMA,
                        Identity.there(config.dataFolder()),
                        System.out,
                        System.err)
                .run(arguments.rest());
    }

    private static int serve(Arguments arguments)
            throws ConfigException, StoreException, IOException, InterruptedException {
        Configuration configuration = configuration(arguments);
        Logging.start(arguments.etc(), arguments.home(), configuration.daemon().dataFolder());
        Logger log = LoggerFactory.getLogger(Main.class);
        Daemon daemon;
        try {
            daemon = Daemon.start(configuration, version());
        } catch (StoreException | IOException e) {
            log.error("Cairn cannot start: {}", e.getMessage());
            throw e;
        }
        LastingHandlers.keep();
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .name("cairn-stop")
                                .unstarted(
                                        () -> {
                                            log.info("Cairn stops");
                                            daemon.close();
                                            log.info("Cairn has stopped");
                                            stopped.countDown();
                                        }));
        if (arguments.command().equals("warm")) {
            // The launch script wanted no more than what the JVM has learned by now.
            System.exit(0);
        }
        Warmup.begin();
        stopped.await();
        return 0;
    }

    private static Configuration configuration(Arguments arguments) throws ConfigException {
        return ConfigReader.read(arguments.etc(), arguments.home(), arguments.overrides());
    }

    private static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "(not packaged)" : version;
    }
}
