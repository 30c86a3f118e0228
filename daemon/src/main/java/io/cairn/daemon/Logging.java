package io.cairn.daemon;

import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Points Logback at its file and its folder. */
final class Logging {
    private static final String FILE = "logback.configurationFile";

    private Logging() {}

    /** For a command of which nobody wants a log: prints warnings. As {@link #start} otherwise. */
    static void printWarnings() {
        if (System.getProperty(FILE) == null) {
            System.setProperty(FILE, "io/cairn/daemon/command-logback.xml");
        }
    }

    /**
     * Begins to log. No logger may have been made before, since Logback reads its file with the
     * first one.
     *
     * @param etc the configuration folder; its {@code logback.xml} is taken
     * @param home where {@code logback.xml} is taken from if the former has none
     * @param data the folder of the logs is made in it, for the daemon's user only
     */
    static void start(Path etc, Path home, Path data) throws IOException {
        Path own = etc.resolve("logback.xml");
        Path file = Files.exists(own) ? own : home.resolve("etc").resolve("logback.xml");
        Path logs = data.resolve("log");
        Files.createDirectories(
                logs,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        if (System.getProperty(FILE) == null) {
            System.setProperty(FILE, file.toString());
        }
        System.setProperty("cairn.log", logs.toString());
        // On the root only: the handler by which the store notices lost writes hangs on a logger
        // of its own.
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
        LoggerFactory.getLogger(Logging.class).debug("Logging by {} to {}", file, logs);
    }
}
