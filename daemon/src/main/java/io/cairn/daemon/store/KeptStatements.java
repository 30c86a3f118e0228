package io.cairn.daemon.store;

import org.jdbi.v3.core.statement.DefaultStatementBuilder;
import org.jdbi.v3.core.statement.StatementContext;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;

/**
 * The prepared statements of one connection that are not in use just now. Jdbi prepares every
 * statement anew, which takes HSQLDB longer than to look up a row by its key.
 */
final class KeptStatements extends DefaultStatementBuilder {
    /** The daemon has a few dozen queries; more would be texts with values in them. */
    private static final int MOST = 200;

    private final Map<String, PreparedStatement> idle = new HashMap<>();

    @Override
    public PreparedStatement create(Connection connection, String sql, StatementContext context)
            throws SQLException {
        if (!context.isReturningGeneratedKeys()) {
            PreparedStatement kept;
            synchronized (idle) {
                kept = idle.remove(sql);
            }
            if (kept != null) {
                return kept;
            }
        }
        return super.create(connection, sql, context);
    }

    @Override
    public void close(Connection connection, String sql, Statement statement) throws SQLException {
        if (statement instanceof PreparedStatement prepared && asPrepared(prepared)) {
            synchronized (idle) {
                if (idle.size() < MOST && idle.putIfAbsent(sql, prepared) == null) {
                    return;
                }
            }
        }
        statement.close();
    }

    /** Whether the query that used it left no limit of its own on it. */
    private static boolean asPrepared(PreparedStatement statement) throws SQLException {
        return !statement.isClosed()
                && statement.getMaxRows() == 0
                && statement.getFetchSize() == 0
                && statement.getQueryTimeout() == 0;
    }
}
