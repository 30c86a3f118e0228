package io.cairn.daemon.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;

/**
 * The statements of the committing thread's connection. Each text is prepared once and then used
 * for ever, since preparing costs as much as a quarter of a commit: so put values into parameters,
 * never into the text. For use on the committing thread only, within {@link Change#apply}.
 */
public final class Statements {
    private final Connection connection;
    private final Map<String, PreparedStatement> prepared = new HashMap<>();

    Statements(Connection connection) {
        this.connection = connection;
    }

    /**
     * The statement with this text. Parameters keep the values of its last use: set all of them. Do
     * not close it, and do not use it again before its last result set is read.
     */
    public PreparedStatement prepare(String sql) throws SQLException {
        PreparedStatement statement = prepared.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            prepared.put(sql, statement);
        }
        return statement;
    }
}
