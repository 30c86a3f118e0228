package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.List;

/**
 * Two tables of which each change touches both, so that a copy in which the one is older than the
 * other is seen: an account says how many entries it has.
 */
final class Books {
    static final List<SchemaStep> SCHEMA =
            List.of(
                    new SchemaStep(
                            1,
                            "books",
                            """
                            CREATE CACHED TABLE account (
                                id INTEGER PRIMARY KEY,
                                entries INTEGER NOT NULL,
                                note VARCHAR(1000) NOT NULL
                            );
                            CREATE CACHED TABLE entry (
                                id BIGINT PRIMARY KEY,
                                account INTEGER NOT NULL,
                                note VARCHAR(1000) NOT NULL
                            );
                            CREATE INDEX entry_account ON entry (account);
                            CREATE MEMORY TABLE total (id INTEGER PRIMARY KEY, entries BIGINT NOT NULL);
                            INSERT INTO total VALUES (1, 0);
                            """));

    private static final StoreOptions OPTIONS = new StoreOptions(0, 0, 4, Duration.ofMillis(20));
    private static final String NOTE = "n".repeat(400);

    private Books() {}

    static StateStore open(Path folder) throws StoreException {
        return StateStore.open(folder, OPTIONS, SCHEMA);
    }

    /** Opens so many accounts, of half a kilobyte each. */
    static void fill(StateStore store, int accounts) throws StoreException {
        for (int first = 0; first < accounts; first += 2_000) {
            int from = first;
            int to = Math.min(accounts, first + 2_000);
            boolean _ =
                    store.commit(
                            statements -> {
                                PreparedStatement insert =
                                        statements.prepare("INSERT INTO account VALUES (?, 0, ?)");
                                for (int id = from; id < to; id++) {
                                    insert.setInt(1, id);
                                    insert.setString(2, NOTE);
                                    insert.executeUpdate();
                                }
                                return true;
                            });
        }
    }

    /** Adds an entry to an account. */
    static Change<Boolean> adding(long id, int account) {
        return statements -> {
            PreparedStatement insert = statements.prepare("INSERT INTO entry VALUES (?, ?, ?)");
            insert.setLong(1, id);
            insert.setInt(2, account);
            insert.setString(3, NOTE);
            insert.executeUpdate();
            PreparedStatement update =
                    statements.prepare("UPDATE account SET entries = entries + 1 WHERE id = ?");
            update.setInt(1, account);
            update.executeUpdate();
            return statements
                            .prepare("UPDATE total SET entries = entries + 1 WHERE id = 1")
                            .executeUpdate()
                    == 1;
        };
    }

    /** How many entries there are, as the books say. */
    static Change<Long> total() {
        return statements -> {
            try (ResultSet rows =
                    statements.prepare("SELECT entries FROM total WHERE id = 1").executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        };
    }

    /** That nothing is torn; returns the entries' ids. */
    static List<Long> check(StateStore store) {
        List<Long> ids = longs(store, "SELECT id FROM entry ORDER BY id");
        assertThat(longs(store, "SELECT entries FROM total")).containsExactly((long) ids.size());
        assertThat(longs(store, "SELECT SUM(entries) FROM account"))
                .containsExactly((long) ids.size());
        // Also of each by itself, and by the index.
        assertThat(
                        longs(
                                store,
                                "SELECT a.id FROM account a JOIN (SELECT account, COUNT(*) AS n FROM"
                                        + " entry GROUP BY account) e ON e.account = a.id WHERE"
                                        + " a.entries <> e.n"))
                .isEmpty();
        return ids;
    }

    private static List<Long> longs(StateStore store, String sql) {
        return store.reads().withHandle(h -> h.createQuery(sql).mapTo(Long.class).list());
    }
}
