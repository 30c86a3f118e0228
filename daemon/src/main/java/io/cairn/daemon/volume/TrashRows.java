package io.cairn.daemon.volume;

import io.cairn.daemon.store.Statements;
import io.cairn.spi.VolumeId;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** The rows of what is in the trash: how they are read, and how they come and go. */
final class TrashRows {
    static final String SELECT =
            "SELECT id, kind, backend, pool, volume_id, volume_name, name, size_bytes, adopted_from,"
                    + " created_at, deleted_at, marked, told, going, since, ordinal FROM trash ";

    static final int ORDINAL = 16;

    private TrashRows() {}

    /**
     * @throws DamagedRowException if it cannot be read
     */
    static Trashed read(ResultSet row) throws SQLException {
        UUID id = row.getObject(1, UUID.class);
        try {
            return new Trashed(
                    id,
                    Rows.named(Deleted.Kind.values(), "kind", row.getString(2)),
                    Rows.name("backend", row.getString(3)),
                    row.getString(4),
                    new VolumeId(row.getObject(5, UUID.class)),
                    row.getString(6),
                    Rows.name("name", row.getString(7)),
                    Rows.size(row.getLong(8)),
                    row.getString(9),
                    Rows.instant(row.getLong(10)),
                    Rows.instant(row.getLong(11)),
                    Rows.instant(row.getLong(15)),
                    new Kept(row.getBoolean(12), row.getString(13)),
                    row.getBoolean(14));
        } catch (IllegalArgumentException e) {
            throw Rows.damaged("trash", id, row.getString(3), e);
        }
    }

    /** A volume that is about to be deleted, with what only its row knows. */
    static void insert(Statements statements, Volume volume, Instant at, TrashTime time, Kept kept)
            throws SQLException {
        PreparedStatement query =
                statements.prepare("SELECT adopted_from FROM volume WHERE id = ?");
        query.setObject(1, volume.id().value());
        String adoptedFrom;
        try (ResultSet found = query.executeQuery()) {
            adoptedFrom = found.next() ? found.getString(1) : "";
        }
        insert(statements, Trashed.of(volume, adoptedFrom, at, time.now(), kept), time);
    }

    static void insert(Statements statements, Trashed item, TrashTime time) throws SQLException {
        PreparedStatement insert =
                statements.prepare(
                        "INSERT INTO trash (ordinal, id, kind, backend, pool, volume_id, volume_name, name,"
                                + " size_bytes, adopted_from, created_at, deleted_at, marked, told, since, going) VALUES"
                                + " (NEXT VALUE FOR ordinal, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, FALSE)");
        insert.setObject(1, item.id());
        insert.setString(2, item.kind().name());
        insert.setString(3, item.backend());
        insert.setString(4, item.pool());
        insert.setObject(5, item.volume().value());
        insert.setString(6, item.volumeName());
        insert.setString(7, item.name());
        insert.setLong(8, item.sizeBytes());
        insert.setString(9, item.adoptedFrom());
        insert.setLong(10, Rows.nanos(item.createdAt()));
        insert.setLong(11, Rows.nanos(item.deletedAt()));
        insert.setBoolean(12, item.kept().marked());
        insert.setString(13, item.kept().told());
        insert.setLong(14, Rows.nanos(item.since()));
        insert.executeUpdate();
        count(statements, item.backend(), 1);
        time.write(statements);
    }

    /** Whether it is going already; empty if it is not in the trash. */
    static Optional<Boolean> going(Statements statements, UUID id) throws SQLException {
        PreparedStatement query = statements.prepare("SELECT going FROM trash WHERE id = ?");
        query.setObject(1, id);
        try (ResultSet found = query.executeQuery()) {
            return found.next() ? Optional.of(found.getBoolean(1)) : Optional.empty();
        }
    }

    /** How much of a backend is to go for good. */
    static int countGoing(Statements statements, String backend) throws SQLException {
        PreparedStatement query =
                statements.prepare("SELECT COUNT(*) FROM trash WHERE going = TRUE AND backend = ?");
        query.setString(1, backend);
        try (ResultSet found = query.executeQuery()) {
            boolean _ = found.next();
            return found.getInt(1);
        }
    }

    static void setGoing(Statements statements, UUID id) throws SQLException {
        PreparedStatement update = statements.prepare("UPDATE trash SET going = TRUE WHERE id = ?");
        update.setObject(1, id);
        update.executeUpdate();
    }

    /** It stays unless it was asked to go whatever becomes of a single attempt. */
    static void setStaying(Statements statements, UUID id) throws SQLException {
        PreparedStatement update =
                statements.prepare("UPDATE trash SET going = asked WHERE id = ?");
        update.setObject(1, id);
        update.executeUpdate();
    }

    static void setKept(Statements statements, UUID id, Kept kept) throws SQLException {
        PreparedStatement update =
                statements.prepare("UPDATE trash SET marked = ?, told = ? WHERE id = ?");
        update.setBoolean(1, kept.marked());
        update.setString(2, kept.told());
        update.setObject(3, id);
        update.executeUpdate();
    }

    /**
     * What a page of those that are to go was.
     *
     * @param last the place of its last
     * @param more how many of it nobody had asked to go before
     * @param end whether none comes after it
     */
    record Asked(long last, int more, boolean end) {}

    /** Has the next of a backend go, whatever becomes of a single attempt. */
    static Asked askAll(Statements statements, String backend, long afterOrdinal, int most)
            throws SQLException {
        PreparedStatement query =
                statements.prepare(
                        "SELECT ordinal FROM trash WHERE backend = ? AND ordinal > ?"
                                + " ORDER BY backend, ordinal LIMIT ?");
        query.setString(1, backend);
        query.setLong(2, afterOrdinal);
        query.setInt(3, most);
        long last = afterOrdinal;
        int found = 0;
        try (ResultSet rows = query.executeQuery()) {
            while (rows.next()) {
                last = rows.getLong(1);
                found++;
            }
        }
        PreparedStatement update =
                statements.prepare(
                        "UPDATE trash SET going = TRUE, asked = TRUE WHERE backend = ? AND ordinal > ?"
                                + " AND ordinal <= ? AND asked = FALSE");
        update.setString(1, backend);
        update.setLong(2, afterOrdinal);
        update.setLong(3, last);
        return new Asked(last, update.executeUpdate(), found < most);
    }

    /** Takes it out, if it is there. */
    static void remove(Statements statements, UUID id) throws SQLException {
        PreparedStatement query = statements.prepare("SELECT backend FROM trash WHERE id = ?");
        query.setObject(1, id);
        String backend;
        try (ResultSet found = query.executeQuery()) {
            if (!found.next()) {
                return;
            }
            backend = found.getString(1);
        }
        PreparedStatement delete = statements.prepare("DELETE FROM trash WHERE id = ?");
        delete.setObject(1, id);
        delete.executeUpdate();
        count(statements, backend, -1);
    }

    private static void count(Statements statements, String backend, int more) throws SQLException {
        PreparedStatement update =
                statements.prepare("UPDATE trash_count SET items = items + ? WHERE backend = ?");
        update.setLong(1, more);
        update.setString(2, backend);
        if (update.executeUpdate() == 0) {
            PreparedStatement insert =
                    statements.prepare("INSERT INTO trash_count (backend, items) VALUES (?, ?)");
            insert.setString(1, backend);
            insert.setLong(2, more);
            insert.executeUpdate();
        }
    }

    /** As {@link TrashJournal#distrust}. */
    static void distrust(Statements statements) throws SQLException {
        statements
                .prepare("UPDATE trash SET marked = TRUE, going = FALSE, asked = FALSE")
                .executeUpdate();
    }
}
