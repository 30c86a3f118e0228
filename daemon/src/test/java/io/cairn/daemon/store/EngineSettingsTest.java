package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.hsqldb.jdbc.JDBCDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;

/** The settings that HSQLDB must have, and that a database brings along otherwise. */
final class EngineSettingsTest {
    @TempDir private Path folder;

    @Test
    void settingsThatAnotherProgramChangedAreSetAgain() throws Exception {
        Items.open(folder).close();
        try (Connection connection =
                        JDBCDriver.getConnection(
                                "jdbc:hsqldb:file:" + folder.resolve("database/state"),
                                EngineSettings.forUrl());
                Statement statement = connection.createStatement()) {
            statement.execute("SET FILES WRITE DELAY 10");
            statement.execute("SET DATABASE EXTERNAL EVENT LOG LEVEL 0");
            statement.execute("SET DATABASE TRANSACTION CONTROL LOCKS");
            statement.execute("SHUTDOWN");
        }

        try (StateStore store = Items.open(folder)) {
            assertThat(property(store, "hsqldb.write_delay_millis")).isEqualTo("0");
            assertThat(property(store, "hsqldb.extlog")).isEqualTo("2");
            assertThat(property(store, "hsqldb.tx")).isEqualTo("MVCC");
        }
    }

    @Test
    void everySettingHolds() throws Exception {
        try (StateStore store = Items.open(folder)) {
            assertThat(property(store, "hsqldb.write_delay_millis")).isEqualTo("0");
            assertThat(property(store, "hsqldb.log_size")).isEqualTo("16");
            assertThat(property(store, "hsqldb.tx")).isEqualTo("MVCC");
            assertThat(property(store, "hsqldb.extlog")).isEqualTo("2");
            assertThat(property(store, "hsqldb.lock_file")).isEqualTo("false");
            assertThat(property(store, "hsqldb.nio_data_file")).isEqualTo("false");
        }
        assertThat(System.getProperty("hsqldb.reconfig_logging")).isEqualTo("false");
    }

    @Test
    void aDatabaseWhoseSettingsDoNotHoldIsRefused() throws Exception {
        Items.open(folder).close();
        Path properties = folder.resolve("database/state.properties");
        Files.writeString(properties, Files.readString(properties) + "readonly=true\n");

        StoreException e =
                catchThrowableOfType(StoreException.class, () -> Items.open(folder).close());

        assertThat(e.kind()).isEqualTo(StoreException.Kind.UNFIT);
        assertThat(e).hasMessageContaining("readonly");
    }

    @Test
    void aCommitIsInTheLogWhenItReturns() throws Exception {
        try (StateStore store = Items.open(folder)) {
            Items.add(store, 4711, "here");

            assertThat(Files.readString(folder.resolve("database/state.log")))
                    .endsWith("INSERT INTO ITEM VALUES(4711,'here')\nCOMMIT\n");
        }
    }

    private static String property(StateStore store, String name) {
        return store.reads()
                .withHandle(
                        h ->
                                h.createQuery(
                                                "SELECT property_value FROM INFORMATION_SCHEMA.SYSTEM_PROPERTIES WHERE property_name = :name")
                                        .bind("name", name)
                                        .mapTo(String.class)
                                        .one());
    }
}
