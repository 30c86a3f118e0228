package io.cairn.daemon.store;

import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.List;

/** One table to try the store on. */
final class Items {
    static final List<SchemaStep> SCHEMA =
            List.of(
                    new SchemaStep(
                            1,
                            "items",
                            """
                            -- What the tests put in.
                            CREATE CACHED TABLE item (
                                id BIGINT PRIMARY KEY,
                                name VARCHAR(2000) NOT NULL
                            );
                            CREATE INDEX item_name ON item (name);
                            """));

    static final StoreOptions OPTIONS = new StoreOptions(0, 0, 4, Duration.ofMillis(20));

    private Items() {}

    static StateStore open(Path folder) throws StoreException {
        return StateStore.open(folder, OPTIONS, SCHEMA);
    }

    static Change<Integer> adding(long id, String name) {
        return statements -> {
            PreparedStatement insert = statements.prepare("INSERT INTO item VALUES (?, ?)");
            insert.setLong(1, id);
            insert.setString(2, name);
            return insert.executeUpdate();
        };
    }

    /** Two rows that belong together, so that a half of a change can be seen. */
    static Change<Integer> addingPair(long id) {
        return statements ->
                adding(id, "first").apply(statements) + adding(-id, "second").apply(statements);
    }

    static void add(StateStore store, long id, String name) throws StoreException {
        store.commit(adding(id, name));
    }

    static List<Long> ids(StateStore store) {
        return store.reads()
                .withHandle(
                        handle ->
                                handle.createQuery("SELECT id FROM item ORDER BY id")
                                        .mapTo(Long.class)
                                        .list());
    }
}
