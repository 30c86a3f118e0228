package io.cairn.benchmark;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.UUID;

/**
 * The floor of what the state store asks for a snapshot: one connection of plain JDBC to an HSQLDB
 * with the same tables, rows and settings, which prepares every statement once, makes the same two
 * transactions and looks at nothing. For one thread.
 */
final class BareDatabase implements AutoCloseable {
    private final Connection connection;
    private final UUID volume;
    private final String backend;
    private final PreparedStatement begin;
    private final PreparedStatement end;
    private final PreparedStatement insert;
    private final PreparedStatement delete;
    private final PreparedStatement countOfVolume;
    private final PreparedStatement countOfBackend;
    private final PreparedStatement countOfPool;

    /**
     * @param folder of a {@link Seed#database}
     * @param client whose rows are changed, from 0
     */
    BareDatabase(Path folder, int client) throws SQLException {
        connection = connect(folder);
        connection.setAutoCommit(false);
        volume = Seed.bareVolume(client);
        backend = Seed.bareBackend(client);
        begin =
                connection.prepareStatement(
                        "INSERT INTO intent (volume_id, kind, begun_at, snapshot_id, name,"
                                + " description, labels) VALUES (?, ?, ?, ?, ?, '', '')");
        end = connection.prepareStatement("DELETE FROM intent WHERE volume_id = ?");
        insert =
                connection.prepareStatement(
                        "INSERT INTO snapshot (ordinal, id, backend, volume_id, name, description,"
                                + " labels, size_bytes, created_at, location) VALUES (NEXT VALUE"
                                + " FOR ordinal, ?, ?, ?, ?, '', '', ?, ?, ?)");
        delete = connection.prepareStatement("DELETE FROM snapshot WHERE id = ?");
        countOfVolume =
                connection.prepareStatement(
                        "UPDATE volume SET snapshot_count = snapshot_count + ? WHERE id = ?");
        countOfBackend =
                connection.prepareStatement(
                        "UPDATE backend_count SET snapshots = snapshots + ? WHERE backend = ?");
        countOfPool =
                connection.prepareStatement(
                        "UPDATE pool_count SET snapshots = snapshots + ? WHERE backend = ? AND pool"
                                + " = 'default'");
    }

    private static Connection connect(Path folder) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:hsqldb:file:%s/database/state;ifexists=true;hsqldb.lock_file=false"
                        .formatted(House.state(folder)),
                "SA",
                "");
    }

    /** Both transactions of a creation. */
    UUID create(String name) throws SQLException {
        UUID id = UUID.randomUUID();
        begin("CREATE_SNAPSHOT", id, name);
        connection.commit();
        insert.setObject(1, id);
        insert.setString(2, backend);
        insert.setObject(3, volume);
        insert.setString(4, name);
        insert.setLong(5, House.VOLUME_BYTES);
        insert.setLong(6, System.nanoTime());
        insert.setString(7, "/srv/cairn/volumes/%s/%s.snap".formatted(volume, id));
        insert.executeUpdate();
        count(1);
        end.setObject(1, volume);
        end.executeUpdate();
        connection.commit();
        return id;
    }

    /** Both transactions of a deletion. */
    UUID delete(UUID id) throws SQLException {
        begin("DELETE_SNAPSHOT", id, null);
        connection.commit();
        delete.setObject(1, id);
        delete.executeUpdate();
        count(-1);
        end.setObject(1, volume);
        end.executeUpdate();
        connection.commit();
        return id;
    }

    /** One change of one row, by itself. */
    int change() throws SQLException {
        int changed = changeBackend(1);
        connection.commit();
        return changed;
    }

    private void begin(String kind, UUID id, @Nullable String name) throws SQLException {
        begin.setObject(1, volume);
        begin.setString(2, kind);
        begin.setLong(3, System.nanoTime());
        begin.setObject(4, id);
        if (name == null) {
            begin.setNull(5, Types.VARCHAR);
        } else {
            begin.setString(5, name);
        }
        begin.executeUpdate();
    }

    private void count(int more) throws SQLException {
        countOfVolume.setLong(1, more);
        countOfVolume.setObject(2, volume);
        countOfVolume.executeUpdate();
        countOfPool.setLong(1, more);
        countOfPool.setString(2, backend);
        countOfPool.executeUpdate();
        int _ = changeBackend(more);
    }

    private int changeBackend(int more) throws SQLException {
        countOfBackend.setLong(1, more);
        countOfBackend.setString(2, backend);
        return countOfBackend.executeUpdate();
    }

    /** Ends the whole database in order, for all connections. */
    static void shutDown(Path folder) throws SQLException {
        try (Connection connection = connect(folder);
                Statement statement = connection.createStatement()) {
            statement.execute("SHUTDOWN");
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
