package io.cairn.daemon.store;

import org.hsqldb.DatabaseManager;
import org.hsqldb.jdbc.JDBCDriver;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * One open HSQLDB database, with the one connection that changes it. Believes nothing: after every
 * commit it looks whether HSQLDB warned of anything and whether the log has grown. For use by one
 * thread, except for {@link #connect} and {@link #logBytes}.
 */
final class Engine {
    static {
        // Else HSQLDB puts its own configuration in place of the logging of the whole process.
        System.setProperty("hsqldb.reconfig_logging", "false");
    }

    /** HSQLDB's code for "in use", when its own checkpoint runs already. */
    private static final int ACCESS_IS_DENIED = -457;

    private final Path database;
    private final File log;
    private final EngineEvents events;
    private final Connection connection;
    private final Statements statements;
    private long goodBytes;

    private Engine(Path database, EngineEvents events, Connection connection) {
        this.database = database;
        this.log = logOf(database).toFile();
        this.events = events;
        this.connection = connection;
        this.statements = new Statements(connection);
    }

    static Path logOf(Path database) {
        return database.resolveSibling(database.getFileName() + ".log");
    }

    /** Makes a database, closed again when this returns. */
    static void create(Path database) throws SQLException, StoreException {
        try (Connection connection = connect(database, true);
                Statement statement = connection.createStatement()) {
            EngineSettings.apply(connection);
            statement.execute(OwnName.STATEMENT + OwnName.choose());
            statement.execute(
                    "CREATE MEMORY TABLE store_proof (id INTEGER PRIMARY KEY, proved_at TIMESTAMP NOT NULL)");
            statement.execute("INSERT INTO store_proof VALUES (1, LOCALTIMESTAMP)");
            statement.execute(
                    "CREATE MEMORY TABLE schema_step (number INTEGER PRIMARY KEY, name VARCHAR(200) NOT NULL, sha256 CHAR(64) NOT NULL, applied_at TIMESTAMP NOT NULL)");
            statement.execute("SHUTDOWN");
        }
    }

    /** Opens a database that exists and whose log ends with a whole commit. */
    static Engine open(Path database)
            throws IOException, SQLException, StoreException, EngineFault {
        if (DatabaseManager.getDatabaseURIs().contains("file:" + database)) {
            // Opening it would give the same broken one again.
            throw new EngineFault(
                    "the database %s is still open in this process".formatted(database));
        }
        EngineEvents events = EngineEvents.of(database);
        Engine engine = null;
        try {
            Connection connection = connect(database, false);
            engine = new Engine(database, events, connection);
            boolean changed = EngineSettings.apply(connection);
            connection.setAutoCommit(false);
            engine.believe();
            if (changed) {
                engine.checkpoint();
            } else {
                engine.arm();
            }
            return engine;
        } catch (SQLException | StoreException | EngineFault | RuntimeException e) {
            if (engine == null) {
                events.close();
            } else {
                engine.abandon(e);
            }
            throw e;
        }
    }

    private static Connection connect(Path database, boolean create) throws SQLException {
        var properties = EngineSettings.forUrl();
        if (!create) {
            properties.setProperty("ifexists", "true");
        }
        Connection connection =
                JDBCDriver.getConnection("jdbc:hsqldb:file:" + database, properties);
        if (connection == null) {
            throw new SQLException("HSQLDB does not take the path " + database);
        }
        return connection;
    }

    /** Another connection, for reading only. */
    Connection connectReader() throws SQLException {
        Connection reader = connect(database, false);
        reader.setReadOnly(true);
        return reader;
    }

    Path database() {
        return database;
    }

    Statements statements() {
        return statements;
    }

    Connection connection() {
        return connection;
    }

    /** How much of the log is known to be written and synced; negative if that is not known. */
    long goodBytes() {
        return goodBytes;
    }

    long logBytes() {
        return log.length();
    }

    /**
     * Commits what the statements did; on stable storage when it returns.
     *
     * @throws EngineFault if that is in doubt
     */
    void commit() throws EngineFault {
        commitAndBelieve();
        long length = log.length();
        if (length == goodBytes) {
            // Perhaps there was nothing to write. Perhaps the log is not written any more.
            prove();
        } else if (length < goodBytes) {
            // HSQLDB made a checkpoint of its own in between. Make one that was watched.
            checkpoint();
        } else {
            goodBytes = length;
        }
    }

    void rollback() throws EngineFault {
        try {
            connection.rollback();
        } catch (SQLException e) {
            throw new EngineFault("the database could not roll back: " + e.getMessage(), e);
        }
        believe();
    }

    /**
     * Writes all changed data to the database's files and begins a new log.
     *
     * @throws EngineFault if that failed
     */
    void checkpoint() throws EngineFault {
        goodBytes = -1;
        try (Statement statement = connection.createStatement()) {
            for (int tries = 1; ; tries++) {
                try {
                    statement.execute("CHECKPOINT");
                    break;
                } catch (SQLException e) {
                    if (e.getErrorCode() != ACCESS_IS_DENIED || tries == 100) {
                        throw e;
                    }
                    Thread.sleep(100);
                }
            }
        } catch (SQLException e) {
            throw new EngineFault("the database made no checkpoint: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EngineFault("interrupted while waiting for a checkpoint", e);
        }
        believe();
        arm();
    }

    /**
     * With its first commit after a checkpoint HSQLDB replaces the file that says that there is a
     * log to be replayed, without syncing the folder: a power failure could undo that and have the
     * log deleted. So that commit is made here, and the folder synced, before any other.
     */
    private void arm() throws EngineFault {
        goodBytes = log.length();
        prove();
        try (FileChannel folder =
                FileChannel.open(database.resolveSibling("."), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException e) {
            throw new EngineFault(
                    "the folder of the database could not be synced: " + e.getMessage(), e);
        }
    }

    private void prove() throws EngineFault {
        try {
            statements
                    .prepare("UPDATE store_proof SET proved_at = LOCALTIMESTAMP WHERE id = 1")
                    .executeUpdate();
        } catch (SQLException e) {
            throw new EngineFault("the database could not write: " + e.getMessage(), e);
        }
        commitAndBelieve();
        long length = log.length();
        if (length <= goodBytes) {
            throw new EngineFault(
                    "the database acknowledged a commit but its log %s did not grow"
                            .formatted(log));
        }
        goodBytes = length;
    }

    private void commitAndBelieve() throws EngineFault {
        try {
            connection.commit();
        } catch (SQLException e) {
            throw new EngineFault("the database could not commit: " + e.getMessage(), e);
        }
        believe();
    }

    private void believe() throws EngineFault {
        Optional<String> incident = events.incident();
        if (incident.isPresent()) {
            throw new EngineFault("the database warned: " + incident.get());
        }
    }

    /** Closes in order, so that the next opening has no log to replay. */
    void close() throws EngineFault {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SHUTDOWN");
            believe();
        } catch (SQLException e) {
            throw new EngineFault("the database did not close in order: " + e.getMessage(), e);
        } finally {
            events.close();
        }
    }

    /** Closes without writing more than HSQLDB cannot be kept from writing. */
    void abandon(Exception reason) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SHUTDOWN IMMEDIATELY");
        } catch (SQLException e) {
            reason.addSuppressed(e);
        } finally {
            events.close();
        }
    }
}
