package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;

/** What raises the fence, and what is behind it. */
final class FenceTest {
    @TempDir private Path temp;
    private StateStore store;
    private Logger events;

    @BeforeEach
    void open() throws Exception {
        store =
                StateStore.open(
                        temp.resolve("one"),
                        new StoreOptions(0, 0, 2, Duration.ofMillis(200)),
                        Items.SCHEMA);
        events = Logger.getLogger("hsqldb.db." + name(store));
        Items.add(store, 1, "before");
    }

    @AfterEach
    void close() {
        store.close();
    }

    private static String name(StateStore store) {
        return store.reads()
                .withHandle(h -> h.createQuery("CALL DATABASE_NAME()").mapTo(String.class).one());
    }

    @Test
    void whatTheDatabaseIsCalledIsNoMatterOfTheTimeItWasMade() throws Exception {
        // HSQLDB's own names begin with its own and go on with the millisecond.
        assertThat(name(store)).matches("C[0-9A-F]{15}");
        try (StateStore other = Items.open(temp.resolve("other"))) {
            assertThat(name(other)).matches("C[0-9A-F]{15}").isNotEqualTo(name(store));
        }
    }

    @Test
    void aWarningOfTheDatabaseDuringACommitIsNotAcknowledged() {
        StoreException e = addWhileTheDatabaseWarns();

        assertThat(e.kind()).isEqualTo(StoreException.Kind.FENCED);
        assertThat(e.kind().outcomeKnown()).isFalse();
        assertThat(e).hasMessageContaining("it smells of smoke");
    }

    @Test
    void afterReopeningOnlyWhatWasAcknowledgedIsThere() throws Exception {
        addWhileTheDatabaseWarns();
        awaitOpen();

        assertThat(Items.ids(store)).containsExactly(1L);
        Items.add(store, 3, "after");
        assertThat(Items.ids(store)).containsExactly(1L, 3L);
    }

    @Test
    void closingAFencedStoreKeepsOnlyWhatWasAcknowledged() throws Exception {
        addWhileTheDatabaseWarns();
        store.close();

        store = Items.open(temp.resolve("one"));

        assertThat(Items.ids(store)).containsExactly(1L);
    }

    @Test
    void copiesOfAFencedFolderKeepOnlyWhatWasAcknowledged() throws Exception {
        addWhileTheDatabaseWarns();
        RecoveryTest.copy(temp.resolve("one"), temp.resolve("copy"));
        store.close();

        try (StateStore copy = Items.open(temp.resolve("copy"))) {
            assertThat(Items.ids(copy)).containsExactly(1L);
        }
    }

    @Test
    void readersOutliveReopening() throws Exception {
        for (int i = 0; i < 5; i++) {
            addWhileTheDatabaseWarns();
            awaitOpen();
            assertThat(Items.ids(store)).containsExactly(1L);
        }
        assertThat(store.health().reopenings()).isEqualTo(5);
    }

    @Test
    void anotherStoreInTheSameProcessIsNotFenced() throws Exception {
        try (StateStore other = Items.open(temp.resolve("other"))) {
            addWhileTheDatabaseWarns();
            Items.add(other, 1, "unharmed");

            assertThat(other.health().fences()).isZero();
        }
    }

    @Test
    void aLoggerThatNoLongerPassesWarningsOnRaisesTheFence() {
        events.setLevel(Level.OFF);

        StoreException e =
                catchThrowableOfType(StoreException.class, () -> Items.add(store, 2, "unheard"));

        assertThat(e.kind()).isEqualTo(StoreException.Kind.FENCED);
        assertThat(e).hasMessageContaining(events.getName());
    }

    @Test
    void aLogThatDoesNotGrowRaisesTheFence() throws Exception {
        // The database goes on writing to the file that has no name any more.
        Path log = temp.resolve("one/database/state.log");
        Files.move(log, log.resolveSibling("elsewhere"));
        Files.copy(log.resolveSibling("elsewhere"), log);

        StoreException e =
                catchThrowableOfType(StoreException.class, () -> Items.add(store, 2, "elsewhere"));

        assertThat(e.kind()).isEqualTo(StoreException.Kind.FENCED);
        assertThat(e).hasMessageContaining("did not grow");
    }

    @Test
    void aChangeThatOnlyReadsDoesNotRaiseTheFence() throws Exception {
        int found =
                store.commit(
                        statements -> {
                            try (var rows =
                                    statements
                                            .prepare("SELECT COUNT(*) FROM item")
                                            .executeQuery()) {
                                rows.next();
                                return rows.getInt(1);
                            }
                        });

        assertThat(found).isEqualTo(1);
        assertThat(store.health().fences()).isZero();
    }

    private StoreException addWhileTheDatabaseWarns() {
        return catchThrowableOfType(
                StoreException.class,
                () ->
                        store.commit(
                                statements -> {
                                    events.warning("it smells of smoke");
                                    return Items.adding(2, "in doubt").apply(statements);
                                }));
    }

    private void awaitOpen() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> store.health().state() == StoreHealth.State.OPEN);
    }
}
