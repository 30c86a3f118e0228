package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.awaitility.Awaitility;
import org.jdbi.v3.core.JdbiException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;

/** What callers rely on while the machine does what it should. */
final class StateStoreTest {
    @TempDir private Path folder;
    private StateStore store;

    @BeforeEach
    void open() throws StoreException {
        store = Items.open(folder);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void whatWasCommittedIsThereAfterReopening() throws Exception {
        Items.add(store, 1, "one");

        store.close();
        store = Items.open(folder);

        assertThat(Items.ids(store)).containsExactly(1L);
    }

    @Test
    void aCommitReturnsWhatTheChangeFound() throws Exception {
        assertThat(store.commit(Items.adding(1, "one"))).isEqualTo(1);
    }

    @Test
    void aQuerySeesWhatWasCommittedBefore() throws Exception {
        Items.add(store, 7, "seven");

        assertThat(Items.ids(store)).containsExactly(7L);
    }

    @Test
    void aFailingStatementFailsItsChangeWithItsSqlState() throws Exception {
        Items.add(store, 1, "one");

        StoreException e =
                catchThrowableOfType(StoreException.class, () -> Items.add(store, 1, "again"));

        assertThat(e.kind()).isEqualTo(StoreException.Kind.FAILED);
        assertThat(e.sqlState()).isEqualTo("23505");
    }

    @Test
    void aRefusedChangeLeavesNothing() {
        StoreException e =
                catchThrowableOfType(
                        StoreException.class,
                        () ->
                                store.commit(
                                        statements -> {
                                            Items.adding(1, "one").apply(statements);
                                            throw new ChangeRefused("not today");
                                        }));

        assertThat(e.kind()).isEqualTo(StoreException.Kind.REFUSED);
        assertThat(e).hasMessage("not today").hasCauseInstanceOf(ChangeRefused.class);
        assertThat(Items.ids(store)).isEmpty();
    }

    @Test
    void aChangeWithABugFailsAlone() throws Exception {
        StoreException e =
                catchThrowableOfType(
                        StoreException.class,
                        () ->
                                store.commit(
                                        _ -> {
                                            throw new IllegalStateException("a bug");
                                        }));
        Items.add(store, 1, "one");

        assertThat(e.kind()).isEqualTo(StoreException.Kind.FAILED);
        assertThat(Items.ids(store)).containsExactly(1L);
    }

    @Test
    void aChangeThatCommitsAnotherIsRefusedInsteadOfWaitingForItself() {
        assertThatThrownBy(
                        () ->
                                store.commit(
                                        _ -> {
                                            try {
                                                return store.commit(Items.adding(1, "one"));
                                            } catch (StoreException e) {
                                                throw new ChangeRefused("inner", e);
                                            }
                                        }))
                .hasRootCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void changesThatWaitTogetherShareOneSync() throws Exception {
        long before = store.health().batches();

        List<Future<Integer>> done = whileOneIsHeld(LongStream.range(0, 100).boxed().toList());
        for (Future<Integer> future : done) {
            assertThat(future.get()).isEqualTo(1);
        }

        assertThat(store.health().batches() - before).isEqualTo(2);
        assertThat(Items.ids(store)).hasSize(100);
    }

    @Test
    void aBadChangeDoesNotHarmThoseThatShareItsTransaction() throws Exception {
        Items.add(store, 50, "was there before");

        List<Future<Integer>> done = whileOneIsHeld(LongStream.range(0, 100).boxed().toList());
        int failed = 0;
        for (Future<Integer> future : done) {
            try {
                future.get();
            } catch (ExecutionException e) {
                assertThat(e.getCause()).isInstanceOf(StoreException.class);
                failed++;
            }
        }

        assertThat(failed).isEqualTo(1);
        assertThat(Items.ids(store)).hasSize(100);
    }

    /** Adds these all at once, having them wait behind a change that takes its time. */
    private List<Future<Integer>> whileOneIsHeld(List<Long> ids) throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        List<Future<Integer>> done = new ArrayList<>();
        List<Thread> callers = new CopyOnWriteArrayList<>();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> held =
                    pool.submit(
                            () ->
                                    store.commit(
                                            _ -> {
                                                running.countDown();
                                                awaitUninterrupted(release);
                                                return 1;
                                            }));
            running.await();
            CountDownLatch asked = new CountDownLatch(ids.size());
            for (long id : ids) {
                done.add(
                        pool.submit(
                                () -> {
                                    callers.add(Thread.currentThread());
                                    asked.countDown();
                                    return store.commit(Items.adding(id, "item"));
                                }));
            }
            asked.await();
            // Each has asked once it is parked: it parks only to wait for its answer.
            Awaitility.await()
                    .until(
                            () ->
                                    callers.stream()
                                            .allMatch(c -> c.getState() == Thread.State.WAITING));
            release.countDown();
            held.get();
        }
        return done;
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        }
    }

    @Test
    void anInterruptedCallerStillLearnsWhatBecameOfItsChange() throws Exception {
        Thread.currentThread().interrupt();
        Items.add(store, 1, "one");

        assertThat(Thread.interrupted()).isTrue();
        assertThat(Items.ids(store)).containsExactly(1L);
    }

    @Test
    void anInterruptedReaderDoesNotHurtTheDatabase() throws Exception {
        for (int i = 0; i < 200; i++) {
            Items.add(store, i, "x".repeat(1000));
        }
        store.checkpoint();
        try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
            List<Future<List<Long>>> readers = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                readers.add(
                        pool.submit(
                                () -> {
                                    Thread.currentThread().interrupt();
                                    return Items.ids(store);
                                }));
            }
            for (Future<List<Long>> reader : readers) {
                assertThat(reader.get()).hasSize(200);
            }
        }

        Items.add(store, 1000, "after");

        assertThat(Items.ids(store)).hasSize(201);
    }

    @Test
    void queriesCannotWrite() {
        assertThatThrownBy(
                        () ->
                                store.reads()
                                        .useHandle(
                                                h -> h.execute("INSERT INTO item VALUES (1, 'x')")))
                .isInstanceOf(JdbiException.class);
    }

    @Test
    void moreReadersThanConnectionsTakeTurns() throws Exception {
        Items.add(store, 1, "one");
        List<Callable<List<Long>>> reads = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            reads.add(() -> Items.ids(store));
        }

        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<List<Long>> read : pool.invokeAll(reads)) {
                assertThat(read.get()).containsExactly(1L);
            }
        }
    }

    @Test
    void theSameQueryWithinItselfKeepsItsOwnRows() throws Exception {
        Items.add(store, 1, "one");
        Items.add(store, 2, "two");
        Set<String> pairs = new HashSet<>();
        String sql = "SELECT id FROM item ORDER BY id";

        store.reads()
                .useHandle(
                        h ->
                                h.createQuery(sql)
                                        .mapTo(Long.class)
                                        .forEach(
                                                outer ->
                                                        h.createQuery(sql)
                                                                .mapTo(Long.class)
                                                                .forEach(
                                                                        inner ->
                                                                                pairs.add(
                                                                                        outer + "-"
                                                                                                + inner))));

        assertThat(pairs).containsExactlyInAnyOrder("1-1", "1-2", "2-1", "2-2");
    }

    @Test
    void aQuerysOwnLimitDoesNotStayWithItsStatement() throws Exception {
        Items.add(store, 1, "one");
        Items.add(store, 2, "two");
        store.reads()
                .useHandle(
                        h ->
                                h.createQuery("SELECT id FROM item ORDER BY id")
                                        .setMaxRows(1)
                                        .mapTo(Long.class)
                                        .list());

        assertThat(Items.ids(store)).hasSize(2);
    }

    @Test
    void aCheckpointEmptiesTheLog() throws Exception {
        for (int i = 0; i < 100; i++) {
            Items.add(store, i, "item");
        }
        long before = store.health().logBytes();

        store.checkpoint();

        assertThat(store.health().logBytes()).isLessThan(before / 10);
        assertThat(Items.ids(store)).hasSize(100);
    }

    @Test
    void theLogIsKeptShort() throws Exception {
        for (int i = 0; i < 3000; i++) {
            int first = i;
            store.commit(
                    statements -> {
                        for (int k = 0; k < 5; k++) {
                            Items.adding(first * 5L + k, "x".repeat(1000)).apply(statements);
                        }
                        return 0;
                    });
        }

        assertThat(store.health().logBytes()).isLessThan(5L << 20);
        assertThat(Items.ids(store)).hasSize(15_000);
    }

    @Test
    void aBulkChangeThatHasTheDatabaseMakeItsOwnCheckpointIsNotLost() throws Exception {
        store.commit(
                statements -> {
                    for (int i = 0; i < 15_000; i++) {
                        Items.adding(i, "x".repeat(1500)).apply(statements);
                    }
                    return 0;
                });
        for (int i = 20_000; i < 20_050; i++) {
            Items.add(store, i, "after");
        }
        store.close();

        store = Items.open(folder);

        assertThat(Items.ids(store)).hasSize(15_050);
        assertThat(store.health().fences()).isZero();
    }

    @Test
    void aClosedStoreRefuses() {
        store.close();

        assertThatThrownBy(() -> Items.add(store, 1, "one"))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.CLOSED));
        assertThat(store.health().state()).isEqualTo(StoreHealth.State.CLOSED);
    }

    @Test
    void aFolderThatTheDatabaseCannotNameIsRefused(@TempDir Path other) {
        assertThatThrownBy(() -> Items.open(other.resolve("a;b")))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.UNFIT));
    }
}
