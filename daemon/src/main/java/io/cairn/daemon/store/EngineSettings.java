package io.cairn.daemon.store;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * The settings without which HSQLDB is not safe here. On an existing database it ignores most of
 * those in the URL, so they are set by statements and read back.
 */
final class EngineSettings {
    /**
     * @param property as INFORMATION_SCHEMA.SYSTEM_PROPERTIES names it
     * @param statement what sets it; empty if only the URL can
     */
    record Setting(String property, String value, String statement) {}

    private static final List<Setting> SETTINGS =
            List.of(
                    // Readers never wait for the committing thread, nor it for them.
                    new Setting("hsqldb.tx", "MVCC", "SET DATABASE TRANSACTION CONTROL MVCC"),
                    // A commit returns after its sync, not half a second before.
                    new Setting("hsqldb.write_delay_millis", "0", "SET FILES WRITE DELAY FALSE"),
                    new Setting("hsqldb.log_data", "true", "SET FILES LOG TRUE"),
                    // Replaying a log of 220,000 rows takes 29 s.
                    new Setting("hsqldb.log_size", "16", "SET FILES LOG SIZE 16"),
                    // Warnings go to java.util.logging, where EngineEvents hears them.
                    new Setting("hsqldb.extlog", "2", "SET DATABASE EXTERNAL EVENT LOG LEVEL 2"),
                    // A FileChannel is closed for all by an interrupt of one reading thread.
                    new Setting("hsqldb.nio_data_file", "false", "SET FILES NIO FALSE"),
                    // At most so many rows, and so many KiB, of the big tables in memory.
                    new Setting("hsqldb.cache_rows", "50000", "SET FILES CACHE ROWS 50000"),
                    new Setting("hsqldb.cache_size", "16384", "SET FILES CACHE SIZE 16384"),
                    new Setting("hsqldb.lock_file", "false", ""),
                    new Setting("files_readonly", "false", ""),
                    new Setting("readonly", "false", ""));

    private EngineSettings() {}

    static Properties forUrl() {
        Properties properties = new Properties();
        properties.setProperty("user", "SA");
        properties.setProperty("password", "");
        properties.setProperty("hsqldb.lock_file", "false");
        // Else one bad line of the log drops all that follow it, and the log itself.
        properties.setProperty("hsqldb.full_log_replay", "true");
        return properties;
    }

    /**
     * Sets what is not as it must be.
     *
     * @return whether anything was set
     * @throws StoreException UNFIT if a setting does not hold
     */
    static boolean apply(Connection connection) throws SQLException, StoreException {
        List<Setting> wrong = differing(connection);
        if (wrong.isEmpty()) {
            return false;
        }
        try (Statement statement = connection.createStatement()) {
            for (Setting setting : wrong) {
                if (!setting.statement().isEmpty()) {
                    statement.execute(setting.statement());
                }
            }
        }
        check(connection);
        return true;
    }

    static void check(Connection connection) throws SQLException, StoreException {
        List<Setting> wrong = differing(connection);
        if (!wrong.isEmpty()) {
            throw new StoreException(
                    StoreException.Kind.UNFIT,
                    "the state's database does not keep the settings that make it safe: %s; was it opened with another program?"
                            .formatted(wrong.stream().map(Setting::property).toList()));
        }
    }

    private static List<Setting> differing(Connection connection) throws SQLException {
        Map<String, String> actual = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery(
                                "SELECT property_name, property_value FROM INFORMATION_SCHEMA.SYSTEM_PROPERTIES")) {
            while (rows.next()) {
                actual.put(rows.getString(1), rows.getString(2));
            }
        }
        List<Setting> differing = new ArrayList<>();
        for (Setting setting : SETTINGS) {
            if (!setting.value().equals(actual.get(setting.property()))) {
                differing.add(setting);
            }
        }
        return differing;
    }
}
