package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Logger;

/** Copies of a store that is changed meanwhile. */
final class LiveCopyTest {
    private static final int THREADS = 8;

    /** More than the database keeps in memory, so that it writes pages at any time. */
    private static final int ACCOUNTS = 60_000;

    private static final long SEED = Long.getLong("cairn.store.seed", System.nanoTime());
    private static final CopyWatch NONE = _ -> {};

    @TempDir private Path temp;

    /** Threads that add entries until it is closed. */
    private static final class Writers implements AutoCloseable {
        private final Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
        private final AtomicInteger count = new AtomicInteger();
        private final AtomicBoolean stop = new AtomicBoolean();
        private final List<Thread> threads = new ArrayList<>();
        private final List<Throwable> failures = new ArrayList<>();

        Writers(StateStore store, Random random, int accounts) {
            AtomicLong next = new AtomicLong(1);
            for (int i = 0; i < THREADS; i++) {
                Random own = new Random(random.nextLong());
                threads.add(
                        Thread.ofPlatform()
                                .start(
                                        () -> {
                                            try {
                                                while (!stop.get()) {
                                                    long id = next.getAndIncrement();
                                                    boolean _ =
                                                            store.commit(
                                                                    Books.adding(
                                                                            id,
                                                                            own.nextInt(accounts)));
                                                    acknowledged.add(id);
                                                    count.incrementAndGet();
                                                }
                                            } catch (StoreException | RuntimeException e) {
                                                synchronized (failures) {
                                                    failures.add(e);
                                                }
                                            }
                                        }));
            }
        }

        /** Returns once so many more were acknowledged. */
        void await(int more) {
            int until = count.get() + more;
            Awaitility.await()
                    .atMost(Duration.ofMinutes(2))
                    .pollInterval(Duration.ofMillis(2))
                    .until(
                            () -> {
                                synchronized (failures) {
                                    return count.get() >= until || !failures.isEmpty();
                                }
                            });
        }

        @Override
        public void close() {
            stop.set(true);
            for (Thread thread : threads) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new AssertionError("interrupted before the writers had ended", e);
                }
            }
            assertThat(failures).isEmpty();
        }
    }

    @Test
    void aCopyMadeWhileEightThreadsCommitHoldsWhatWasAcknowledgedAndNothingTorn() throws Exception {
        System.out.printf("LiveCopyTest: -Dcairn.store.seed=%d%n", SEED);
        Random random = new Random(SEED);
        try (StateStore store = Books.open(temp.resolve("live"))) {
            Books.fill(store, ACCOUNTS);
            int changedMeanwhile = 0;
            try (Writers writers = new Writers(store, random, ACCOUNTS)) {
                for (int round = 0; round < 2; round++) {
                    writers.await(random.nextInt(1_000));
                    Set<Long> before = Set.copyOf(writers.acknowledged);
                    Path copy = temp.resolve("copy-" + round);
                    int many = round == 0 ? 1_600 : 0;
                    Files.createDirectories(files(copy));

                    Optional<Long> total =
                            store.copyTo(
                                    files(copy),
                                    // Pages change before, between and behind the pieces; in the
                                    // first round so many that some are written for sure.
                                    _ -> writers.await(many + random.nextInt(500)),
                                    Books.total());

                    assertThat(total).isPresent();
                    if (Files.exists(files(copy).resolve("state.backup"))) {
                        changedMeanwhile++;
                    }
                    try (StateStore opened = StateStore.openCopy(copy, Books.SCHEMA)) {
                        List<Long> ids = Books.check(opened);
                        assertThat(opened.health().repairs()).isEmpty();
                        assertThat(Set.copyOf(ids)).containsAll(before);
                        assertThat((long) ids.size()).isEqualTo(total.get());
                        assertThat(opened.readAll()).isGreaterThan(ACCOUNTS + total.get());
                    }
                }
            }
            // Else the copies were of files that lay still, and this proved little.
            assertThat(changedMeanwhile).isPositive();
            assertThat(store.health().fences()).isZero();
            assertThat(Books.check(store)).hasSize(store.commit(Books.total()).intValue());
        }
    }

    @Test
    void withoutTheFirstPageOfTheEndTheDatabaseTakesPagesOfLaterForGood() throws Exception {
        Random random = new Random(SEED);
        System.out.printf("LiveCopyTest: -Dcairn.store.seed=%d%n", SEED);
        try (StateStore store = Books.open(temp.resolve("live"))) {
            Books.fill(store, ACCOUNTS);
            Path copy = temp.resolve("copy");
            Files.createDirectories(files(copy));
            byte[] first = new byte[512];
            AtomicInteger pieces = new AtomicInteger();
            List<Writers> writing = new ArrayList<>();
            Optional<Long> total =
                    store.copyTo(
                            files(copy),
                            _ -> {
                                if (pieces.getAndIncrement() == 1) {
                                    // Nothing was changed until now.
                                    read(files(copy).resolve("state.data"), first);
                                    writing.add(new Writers(store, random, ACCOUNTS));
                                    writing.getFirst().await(4_000);
                                }
                            },
                            Books.total());
            writing.getFirst().close();
            assertThat(total).isPresent();
            assertThat(files(copy).resolve("state.backup")).exists();
            // As a plain copy from the beginning to the end would have it.
            try (FileChannel data =
                    FileChannel.open(files(copy).resolve("state.data"), StandardOpenOption.WRITE)) {
                data.write(ByteBuffer.wrap(first), 0);
            }

            assertThatThrownBy(
                            () -> {
                                try (StateStore opened = StateStore.openCopy(copy, Books.SCHEMA)) {
                                    Books.check(opened);
                                }
                            })
                    .isNotNull();
            assertThat(store.health().fences()).isZero();
        }
    }

    private static void read(Path file, byte[] into) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            assertThat(channel.read(ByteBuffer.wrap(into))).isEqualTo(into.length);
        }
    }

    @Test
    void aCopyIsGivenUpWhereMoreIsChangedThanTheLogMayHold() throws Exception {
        try (StateStore store = Books.open(temp.resolve("live"))) {
            Books.fill(store, 10);
            Path copy = temp.resolve("copy");
            Files.createDirectories(files(copy));
            AtomicInteger pieces = new AtomicInteger();

            Optional<Long> total =
                    store.copyTo(
                            files(copy),
                            _ -> {
                                if (pieces.getAndIncrement() == 0) {
                                    fillLog(store);
                                }
                            },
                            Books.total());

            assertThat(total).isEmpty();
            assertThat(store.health().fences()).isZero();
            // Checkpoints are as ever again.
            assertThat(store.health().logBytes()).isLessThan(2L << 20);
            Path again = temp.resolve("again");
            Files.createDirectories(files(again));
            assertThat(store.copyTo(files(again), NONE, Books.total())).contains(30_000L);
        }
    }

    private static void fillLog(StateStore store) throws IOException {
        try {
            for (int from = 0; from < 30_000; from += 1_000) {
                int first = from;
                boolean _ =
                        store.commit(
                                statements -> {
                                    for (int id = first; id < first + 1_000; id++) {
                                        boolean _ = Books.adding(id, id % 10).apply(statements);
                                    }
                                    return true;
                                });
            }
        } catch (StoreException e) {
            throw new IOException(e);
        }
    }

    @Test
    void aCopyThatIsEndedLeavesTheStoreAsItWas() throws Exception {
        try (StateStore store = Books.open(temp.resolve("live"))) {
            Books.fill(store, 10);
            Path copy = temp.resolve("copy");
            Files.createDirectories(files(copy));

            assertThatThrownBy(
                            () ->
                                    store.copyTo(
                                            files(copy),
                                            _ -> {
                                                throw new IOException("enough");
                                            },
                                            Books.total()))
                    .isInstanceOf(IOException.class)
                    .hasMessage("enough");

            assertThat(store.commit(Books.adding(1, 1))).isTrue();
            assertThat(Books.check(store)).containsExactly(1L);
        }
    }

    @Test
    void aFencedStoreIsNotCopied() throws Exception {
        StoreOptions options = new StoreOptions(0, 0, 2, Duration.ofMinutes(10));
        try (StateStore store = StateStore.open(temp.resolve("live"), options, Books.SCHEMA)) {
            Logger events = Logger.getLogger("hsqldb.db." + name(store));
            StoreException fence =
                    catchThrowableOfType(
                            StoreException.class,
                            () ->
                                    store.commit(
                                            statements -> {
                                                events.warning("it smells of smoke");
                                                return Books.total().apply(statements);
                                            }));
            assertThat(fence.kind()).isEqualTo(StoreException.Kind.FENCED);
            Path copy = temp.resolve("copy");
            Files.createDirectories(files(copy));

            StoreException e =
                    catchThrowableOfType(
                            StoreException.class,
                            () -> store.copyTo(files(copy), NONE, Books.total()));

            assertThat(e.kind()).isEqualTo(StoreException.Kind.FENCED);
            assertThat(files(copy)).isEmptyDirectory();
        }
    }

    @Test
    void whatACopyWarnsOfDoesNotFenceTheStore() throws Exception {
        try (StateStore store = Books.open(temp.resolve("live"))) {
            Books.fill(store, 10);
            Path copy = temp.resolve("copy");
            Files.createDirectories(files(copy));
            assertThat(store.copyTo(files(copy), NONE, Books.total())).contains(0L);
            Path plain = temp.resolve("plain");
            RecoveryTest.copy(copy, plain);

            try (StateStore opened = StateStore.openCopy(copy, Books.SCHEMA)) {
                assertThat(name(opened)).isNotEqualTo(name(store));
                Logger.getLogger("hsqldb.db." + name(opened)).warning("the copy is damaged");
                assertThat(store.commit(Books.adding(1, 1))).isTrue();
            }
            // The control: opened as it is, its warnings are the store's too.
            try (StateStore opened = Books.open(plain)) {
                Logger.getLogger("hsqldb.db." + name(opened)).warning("the copy is damaged");
                assertThatThrownBy(() -> store.commit(Books.adding(2, 1)))
                        .hasMessageContaining("the copy is damaged");
            }
        }
    }

    private static String name(StateStore store) {
        return store.reads()
                .withHandle(h -> h.createQuery("CALL DATABASE_NAME()").mapTo(String.class).one());
    }

    private static Path files(Path copy) {
        return copy.resolve("database");
    }
}
