package io.cairn.benchmark;

import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreOptions;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.ThreadParams;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.PreparedStatement;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One small durable change: by the state store, by HSQLDB alone, and by appending to a file. Its
 * iterations take turns as those of {@link SnapshotBenchmark} do.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters and calls the set-up before all else
public class JournalBenchmark {
    /** What an iteration measures; the next iteration measures the next. */
    enum Turn {
        STORE,
        DATABASE,
        APPEND
    }

    /** About what HSQLDB writes into its log for such a change. */
    private static final int RECORD_BYTES = 150;

    /** A folder prepared by {@link Seed#database}. */
    @Param("")
    public String house;

    /** Another one, on the same file system. */
    @Param("")
    public String floor;

    private StateStore store;
    private final AtomicInteger clients = new AtomicInteger();
    private int iteration = -1;

    @Setup
    public void open() throws Exception {
        store = StateStore.open(House.state(Path.of(house)), StoreOptions.DEFAULTS, House.schema());
    }

    @Setup(Level.Iteration)
    public void nextTurn() {
        iteration++;
    }

    private Turn turn() {
        return Turn.values()[iteration % Turn.values().length];
    }

    private void enter() {
        int _ = clients.incrementAndGet();
    }

    /** As of {@link SnapshotBenchmark}. */
    private void leave() throws Exception {
        if (clients.decrementAndGet() == 0) {
            store.close();
            BareDatabase.shutDown(Path.of(floor));
        }
    }

    /** One thread, with rows and a file of its own. */
    @State(Scope.Thread)
    @SuppressWarnings("NullAway.Init") // JMH calls the set-up before all else
    public static class Client {
        private final ByteBuffer bytes = ByteBuffer.allocateDirect(RECORD_BYTES);
        private StateStore store;
        private BareDatabase database;
        private FileChannel file;
        private String backend;

        @Setup
        public void open(JournalBenchmark of, ThreadParams thread) throws Exception {
            of.enter();
            store = of.store;
            int client = thread.getThreadIndex();
            backend = Seed.bareBackend(client);
            Path floor = Path.of(of.floor);
            database = new BareDatabase(floor, client);
            file =
                    FileChannel.open(
                            Files.createTempFile(floor, "append", ".log"),
                            StandardOpenOption.APPEND);
        }

        @TearDown
        public void close(JournalBenchmark of) throws Exception {
            try {
                database.close();
                file.close();
            } finally {
                of.leave();
            }
        }

        private int commit() throws Exception {
            return store.commit(
                    statements -> {
                        PreparedStatement update =
                                statements.prepare(
                                        "UPDATE backend_count SET snapshots = snapshots + ? WHERE"
                                                + " backend = ?");
                        update.setLong(1, 1);
                        update.setString(2, backend);
                        return update.executeUpdate();
                    });
        }

        private int append() throws Exception {
            int written = file.write(bytes.clear());
            file.force(false);
            return written;
        }
    }

    /** One change of the turn. */
    @Benchmark
    public int change(Client client) throws Exception {
        return switch (turn()) {
            case STORE -> client.commit();
            case DATABASE -> client.database.change();
            case APPEND -> client.append();
        };
    }
}
