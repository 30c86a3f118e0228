package io.cairn.daemon.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;

/**
 * What one database warns of. HSQLDB acknowledges commits that it failed to write; all it does is
 * to warn in its event log, which goes to a logger named after the database's unique name. So a
 * warning there means that nothing written since can be trusted. A copy of a database has the same
 * name: two of them open in one process are warned of each other's failures, unless {@link OwnName}
 * gives it another.
 */
final class EngineEvents extends Handler {
    /** Held, since the logging framework forgets loggers that nobody holds, with their handlers. */
    private final Logger logger;

    private final AtomicReference<Optional<String>> first = new AtomicReference<>(Optional.empty());

    private EngineEvents(Logger logger) {
        this.logger = logger;
    }

    /** Watches the database whose files begin with this path, from before it is opened. */
    static EngineEvents of(Path database) throws IOException {
        Logger logger = Logger.getLogger("hsqldb.db." + uniqueName(database));
        EngineEvents events = new EngineEvents(logger);
        events.setLevel(Level.WARNING);
        logger.setLevel(Level.INFO);
        logger.addHandler(events);
        return events;
    }

    private static String uniqueName(Path database) throws IOException {
        for (String extension : new String[] {".script", ".script.new"}) {
            Path script = database.resolveSibling(database.getFileName() + extension);
            if (Files.exists(script)) {
                try (Stream<String> lines = Files.lines(script)) {
                    Optional<String> line =
                            lines.limit(10)
                                    .filter(l -> l.startsWith(OwnName.STATEMENT))
                                    .findFirst();
                    if (line.isPresent()) {
                        return line.get().substring(OwnName.STATEMENT.length()).strip();
                    }
                }
            }
        }
        throw new IOException(
                "the database %s has no script file with its name in it".formatted(database));
    }

    /** What it warned of first; or that it could not be heard, which is as bad. */
    Optional<String> incident() {
        Optional<String> incident = first.get();
        if (incident.isPresent()) {
            return incident;
        }
        if (logger.isLoggable(Level.WARNING)) {
            for (Handler handler : logger.getHandlers()) {
                if (handler == this) {
                    return Optional.empty();
                }
            }
        }
        return Optional.of(
                "the logger %s no longer passes warnings on to Cairn: do not reconfigure it"
                        .formatted(logger.getName()));
    }

    @Override
    public void publish(LogRecord event) {
        if (event.getLevel().intValue() < Level.WARNING.intValue()) {
            return;
        }
        Throwable thrown = event.getThrown();
        String text =
                thrown == null
                        ? event.getMessage()
                        : event.getMessage() + " " + thrown.getMessage();
        first.compareAndSet(Optional.empty(), Optional.of(text));
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
    }
}
