package io.cairn.daemon.keyvalue;

import io.cairn.daemon.store.Change;
import io.cairn.daemon.store.ChangeRefused;
import io.cairn.daemon.store.Statements;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Keeps values that are not there yet; made by {@link KeyValues#adding}. */
public final class Adding implements Change<Boolean> {
    private final SortedMap<String, String> values;
    private volatile int added;

    Adding(SortedMap<String, String> values) {
        this.values = new TreeMap<>(values);
    }

    @Override
    public Boolean apply(Statements statements) throws SQLException, ChangeRefused {
        int fresh = 0;
        for (Map.Entry<String, String> each : values.entrySet()) {
            PreparedStatement query =
                    statements.prepare("SELECT item_value FROM key_value WHERE item_key = ?");
            query.setString(1, each.getKey());
            try (ResultSet there = query.executeQuery()) {
                if (there.next()) {
                    if (!there.getString(1).equals(each.getValue())) {
                        throw new ChangeRefused(
                                "the key %s has got another value meanwhile, and nothing was changed: try again"
                                        .formatted(each.getKey()));
                    }
                    continue;
                }
            }
            PreparedStatement insert =
                    statements.prepare(
                            "INSERT INTO key_value (item_key, item_value) VALUES (?, ?)");
            insert.setString(1, each.getKey());
            insert.setString(2, each.getValue());
            insert.executeUpdate();
            fresh++;
        }
        // Set, not added to, since a change may be made more than once.
        added = fresh;
        return true;
    }

    int added() {
        return added;
    }
}
