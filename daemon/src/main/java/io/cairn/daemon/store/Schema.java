package io.cairn.daemon.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** The numbered steps that a database has had, beside those that this program needs. */
final class Schema {
    private record Applied(int number, String name, String sha256) {}

    private final List<SchemaStep> steps;

    Schema(List<SchemaStep> steps) {
        for (int i = 1; i < steps.size(); i++) {
            if (steps.get(i).number() <= steps.get(i - 1).number()) {
                throw new IllegalArgumentException(
                        "schema step %d stands after step %d"
                                .formatted(steps.get(i).number(), steps.get(i - 1).number()));
            }
        }
        this.steps = List.copyOf(steps);
    }

    /**
     * The steps that this database still needs.
     *
     * @throws StoreException UNFIT if it has had others than this program knows
     */
    List<SchemaStep> missing(Connection connection) throws SQLException, StoreException {
        List<Applied> applied = applied(connection);
        if (applied.size() > steps.size()) {
            throw new StoreException(
                    StoreException.Kind.UNFIT,
                    "the state has schema step %d (%s), and this program knows only %d steps: it was used by a newer Cairn; run that one, or restore the state's folder from before the upgrade"
                            .formatted(
                                    applied.getLast().number(),
                                    applied.getLast().name(),
                                    steps.size()));
        }
        for (int i = 0; i < applied.size(); i++) {
            Applied had = applied.get(i);
            SchemaStep step = steps.get(i);
            if (had.number() != step.number() || !had.sha256().equals(step.sha256())) {
                throw new StoreException(
                        StoreException.Kind.UNFIT,
                        "schema step %d (%s) of the state is not step %d (%s) of this program: the text of a step was changed after it was applied; run the Cairn that made this state"
                                .formatted(had.number(), had.name(), step.number(), step.name()));
            }
        }
        return steps.subList(applied.size(), steps.size());
    }

    private static List<Applied> applied(Connection connection) throws SQLException {
        List<Applied> applied = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery(
                                "SELECT number, name, sha256 FROM schema_step ORDER BY number")) {
            while (rows.next()) {
                applied.add(new Applied(rows.getInt(1), rows.getString(2), rows.getString(3)));
            }
        }
        return applied;
    }

    static void apply(SchemaStep step, Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                PreparedStatement record =
                        connection.prepareStatement(
                                "INSERT INTO schema_step VALUES (?, ?, ?, LOCALTIMESTAMP)")) {
            for (String sql : step.statements()) {
                statement.execute(sql);
            }
            record.setInt(1, step.number());
            record.setString(2, step.name());
            record.setString(3, step.sha256());
            record.executeUpdate();
        }
        connection.commit();
    }
}
