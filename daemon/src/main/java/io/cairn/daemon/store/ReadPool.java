package io.cairn.daemon.store;

import org.jdbi.v3.core.ConnectionFactory;
import org.jspecify.annotations.Nullable;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A few connections for reading that outlive the database behind them: while it is reopened,
 * readers wait. Each keeps its prepared statements. In one process there is no network to time out
 * and no session to validate, which is most of what a pooling library is for.
 */
final class ReadPool implements ConnectionFactory {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final int size;
    private final Semaphore free;
    private final ConcurrentLinkedDeque<Connection> idle = new ConcurrentLinkedDeque<>();
    private final Map<Connection, KeptStatements> open = new ConcurrentHashMap<>();
    private volatile @Nullable String shut = "it has not been opened yet";

    ReadPool(int size) {
        this.size = size;
        this.free = new Semaphore(0);
    }

    /** Lets readers in. */
    void open(Engine engine) throws SQLException {
        idle.clear();
        free.drainPermits();
        for (int i = 0; i < size; i++) {
            Connection connection = engine.connectReader();
            open.put(connection, new KeptStatements());
            idle.addFirst(connection);
        }
        shut = null;
        free.release(size);
    }

    /**
     * Keeps readers waiting, or out, and waits for those that are within. A query that does not end
     * in time has its connection closed under it.
     */
    void suspend(Duration patience) {
        int returned = 0;
        long deadline = System.nanoTime() + patience.toNanos();
        boolean interrupted = false;
        while (returned < open.size()) {
            try {
                if (!free.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    break;
                }
                returned++;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        idle.clear();
        open.clear();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Turns waiting and later readers away with this reason until it is opened again. */
    void shut(String reason) {
        shut = reason;
    }

    @Override
    public Connection openConnection() throws SQLException {
        try {
            if (!free.tryAcquire()) {
                String reason = shut;
                if (reason != null
                        || !free.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new SQLTransientConnectionException(
                            "the state cannot be read: "
                                    + (reason != null
                                            ? reason
                                            : "no connection became free within %d s"
                                                    .formatted(PATIENCE.toSeconds())));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLTransientConnectionException("interrupted while waiting to read", e);
        }
        Connection connection = idle.pollFirst();
        if (connection == null) {
            throw new SQLTransientConnectionException("the state is being closed");
        }
        return connection;
    }

    @Override
    public void closeConnection(Connection connection) throws SQLException {
        if (!open.containsKey(connection)) {
            return;
        }
        try {
            if (!connection.getAutoCommit()) {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        } finally {
            idle.addFirst(connection);
            free.release();
        }
    }

    KeptStatements statements(Connection connection) {
        KeptStatements kept = open.get(connection);
        return kept == null ? new KeptStatements() : kept;
    }
}
