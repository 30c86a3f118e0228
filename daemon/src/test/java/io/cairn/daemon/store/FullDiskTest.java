package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.awaitility.Awaitility;
import org.hsqldb.jdbc.JDBCDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;

/** What becomes of the state when its file system is full, on one that really is. */
final class FullDiskTest {
    private static final String TEXT = "x".repeat(500);

    @TempDir private Path temp;
    private SmallFileSystem disk;
    private Path folder;

    @BeforeEach
    void mount() throws IOException {
        disk = SmallFileSystem.mount(temp.resolve("disk"), 8);
        folder = disk.root().resolve("state");
    }

    @AfterEach
    void unmount() throws IOException {
        if (disk != null) {
            disk.close();
        }
    }

    @Test
    void nothingAcknowledgedIsLostOnAFullDisk() throws Exception {
        List<Long> acknowledged = new ArrayList<>();
        try (StateStore store = Items.open(folder)) {
            disk.leave(200_000);
            StoreException e = fill(store, acknowledged);
            assertThat(e.kind()).isEqualTo(StoreException.Kind.FENCED);
        }
        disk.makeRoom();

        try (StateStore store = Items.open(folder)) {
            assertThat(Items.ids(store)).isEqualTo(acknowledged);
        }
        assertThat(acknowledged).isNotEmpty();
    }

    @Test
    void withoutTheFenceTheDatabaseLosesWhatItAcknowledged() throws Exception {
        Items.open(folder).close();
        Path database = folder.resolve("database/state");
        String url = "jdbc:hsqldb:file:" + database;
        int acknowledged;
        try (Connection connection = JDBCDriver.getConnection(url, EngineSettings.forUrl());
                Statement statement = connection.createStatement()) {
            disk.leave(200_000);
            acknowledged = fill(connection);
            statement.execute("SHUTDOWN IMMEDIATELY");
        }
        disk.makeRoom();

        new LogTail(Engine.logOf(database)).cut(OptionalLong.empty());
        try (Connection connection = JDBCDriver.getConnection(url, EngineSettings.forUrl());
                Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM item")) {
            count.next();
            int there = count.getInt(1);
            statement.execute("SHUTDOWN");
            assertThat(there).isLessThan(acknowledged);
        }
    }

    /** Adds in the plain way until the database says that it cannot, which it does late. */
    private static int fill(Connection connection) throws SQLException {
        int acknowledged = 0;
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO item VALUES (?, ?)")) {
            for (int id = 1; id <= 5000; id++) {
                insert.setLong(1, id);
                insert.setString(2, TEXT);
                try {
                    insert.executeUpdate();
                } catch (SQLException _) {
                    return acknowledged;
                }
                acknowledged++;
            }
        }
        return acknowledged;
    }

    @Test
    void aFencedStoreReopensItselfWhenThereIsRoom() throws Exception {
        List<Long> acknowledged = new ArrayList<>();
        AtomicReference<List<Long>> seenByListener = new AtomicReference<>();
        StoreOptions options = new StoreOptions(0, 0, 4, Duration.ofMillis(50));
        try (StateStore store = StateStore.open(folder, options, Items.SCHEMA)) {
            store.onReopened(() -> seenByListener.set(Items.ids(store)));
            disk.leave(200_000);
            fill(store, acknowledged);
            assertThat(refusal(store).kind()).isEqualTo(StoreException.Kind.FENCED);

            disk.makeRoom();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> store.health().state() == StoreHealth.State.OPEN);

            assertThat(seenByListener.get()).isEqualTo(acknowledged);
            Items.add(store, 1_000_000, TEXT);
            acknowledged.add(1_000_000L);
            assertThat(Items.ids(store)).isEqualTo(acknowledged);
            assertThat(store.health().fences()).isPositive();
            assertThat(store.health().reopenings()).isPositive();
        }
        try (StateStore store = Items.open(folder)) {
            assertThat(Items.ids(store)).isEqualTo(acknowledged);
        }
    }

    @Test
    void newWorkIsRefusedBeforeTheDiskIsFullAndRunningWorkIsNot() throws Exception {
        StoreOptions options = new StoreOptions(2 << 20, 1 << 20, 4, Duration.ofMillis(50));
        try (StateStore store = StateStore.open(folder, options, Items.SCHEMA)) {
            disk.leave((3 << 20) / 2);

            StoreException e = refusal(store);
            store.commit(Urgency.COMPLETING, Items.adding(1, "ending"));

            assertThat(e.kind()).isEqualTo(StoreException.Kind.FULL);
            assertThat(store.health().state()).isEqualTo(StoreHealth.State.FULL);
            assertThat(Items.ids(store)).containsExactly(1L);
            disk.leave(1 << 19);
            StoreException last =
                    catchThrowableOfType(
                            StoreException.class,
                            () -> store.commit(Urgency.COMPLETING, Items.adding(2, "too late")));
            assertThat(last.kind()).isEqualTo(StoreException.Kind.FULL);

            disk.makeRoom();
            Items.add(store, 3, "there is room again");
            assertThat(store.health().state()).isEqualTo(StoreHealth.State.OPEN);
            assertThat(store.health().fences()).isZero();
        }
    }

    private static StoreException refusal(StateStore store) {
        return catchThrowableOfType(
                StoreException.class, () -> Items.add(store, 2_000_000, "refused"));
    }

    /** Adds until it is refused. */
    private static StoreException fill(StateStore store, List<Long> acknowledged) {
        for (long id = 1; ; id++) {
            try {
                Items.add(store, id, TEXT);
            } catch (StoreException e) {
                return e;
            }
            acknowledged.add(id);
        }
    }
}
