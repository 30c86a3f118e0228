package io.cairn.benchmark;

import org.jspecify.annotations.Nullable;
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

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Snapshots created and deleted, beside the floors of both on the same file system.
 *
 * <p>A machine is now slower and now faster, by more than what is to be seen here. So the
 * iterations of one run take turns: each is of another {@link Turn}, over and over, and neighbours
 * are compared. JMH's own summary mixes them; {@link Benchmarks} takes them apart, and prepares the
 * folders.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters and calls the set-up before all else
public class SnapshotBenchmark {
    /** What an iteration measures; the next iteration measures the next. */
    enum Turn {
        CREATE,
        FILES_OF_CREATE,
        COMMITS_OF_CREATE,
        DELETE,
        FILES_OF_DELETE,
        COMMITS_OF_DELETE,
        CREATE_AT_NONE,
        DELETE_AT_NONE,
        TOOL_OF_CREATE,
        TOOL_OF_DELETE;

        /**
         * The turns of a run.
         *
         * @param atNone whether it compares with what has no snapshots yet
         * @param tool whether it compares with the tool of a script
         */
        static List<Turn> of(boolean atNone, boolean tool) {
            return Arrays.stream(values())
                    .filter(turn -> atNone || !(turn == CREATE_AT_NONE || turn == DELETE_AT_NONE))
                    .filter(turn -> tool || !(turn == TOOL_OF_CREATE || turn == TOOL_OF_DELETE))
                    .toList();
        }
    }

    /** A {@link Storage}. */
    @Param("MEMORY")
    public Storage storage;

    /** A folder prepared by {@link Seed#house}. */
    @Param("")
    public String house;

    /** A folder prepared by {@link Seed#database}, on the same file system. */
    @Param("")
    public String floor;

    /** A folder as that of the house, with no snapshots; empty for runs without its turns. */
    @Param("")
    public String none;

    /** Whether clients call over a JMX connector on loopback, each with a connection of its own. */
    @Param("false")
    public boolean jmx;

    private House open;
    private @Nullable House openNone;
    private House.@Nullable Door door;
    private final AtomicInteger clients = new AtomicInteger();
    private int iteration = -1;

    /**
     * As many creations as it takes until the JVM has compiled them; see {@link JmhRuns} for how
     * many that are.
     */
    private static final int WARM_UP = 6_000;

    @Setup
    public void open() throws Exception {
        if (storage.pace() != Pace.MICROSECONDS) {
            warmUp();
        }
        open = new House(storage, Path.of(house));
        openNone = none.isEmpty() ? null : new House(storage, Path.of(none));
        door = jmx ? open.openDoor() : null;
    }

    /**
     * Has the JVM compile what is the daemon's, on storage that costs no time: what a run can do of
     * slower storage is too little for it.
     */
    private void warmUp() throws Exception {
        Path folder = Files.createTempDirectory(Path.of(floor), "warm");
        Seed.house(Storage.MEMORY, folder, 0);
        try (House warm = new House(Storage.MEMORY, folder);
                Hand hand = new VolumesHand(warm.volumes(), 0)) {
            for (int i = 0; i < WARM_UP; i++) {
                Object _ = hand.create("warm-" + i);
            }
            for (int i = 0; i < WARM_UP; i++) {
                Object _ = hand.delete();
            }
        }
    }

    @Setup(Level.Iteration)
    public void nextTurn() {
        iteration++;
    }

    private Turn turn() {
        List<Turn> turns = Turn.of(openNone != null, storage.tool().isPresent());
        return turns.get(iteration % turns.size());
    }

    private void enter() {
        int _ = clients.incrementAndGet();
    }

    /**
     * The last client closes what all of them used. A tear-down of this would come with the first
     * one: JMH waits for no other.
     */
    private void leave() throws Exception {
        if (clients.decrementAndGet() > 0) {
            return;
        }
        open.close();
        if (openNone != null) {
            openNone.close();
        }
        BareDatabase.shutDown(Path.of(floor));
    }

    /** One thread: a client with a volume of its own, and as much for the floors. */
    @State(Scope.Thread)
    @SuppressWarnings("NullAway.Init") // JMH calls the set-up before all else
    public static class Client {
        private final Deque<String> files = new ArrayDeque<>();
        private final Deque<UUID> rows = new ArrayDeque<>();
        private Hand hand;
        private @Nullable Hand handAtNone;
        private final Deque<String> toolFiles = new ArrayDeque<>();
        private @Nullable Bare bareFiles;
        private @Nullable Bare tool;
        private BareDatabase bareDatabase;
        private int count;

        @Setup
        public void open(SnapshotBenchmark of, ThreadParams thread) throws Exception {
            of.enter();
            int client = thread.getThreadIndex();
            hand =
                    of.door == null
                            ? new VolumesHand(of.open.volumes(), client)
                            : new JmxHand(of.door, client);
            handAtNone =
                    of.openNone == null ? null : new VolumesHand(of.openNone.volumes(), client);
            Path floor = Path.of(of.floor);
            Path bare = Files.isDirectory(House.bare(floor)) ? House.bare(floor) : floor;
            if (of.storage != Storage.MEMORY) {
                Path folder = Files.createTempDirectory(bare, "bare");
                bareFiles = Bare.of(of.storage, folder);
            }
            if (of.storage.tool().isPresent()) {
                tool = Bare.tool(of.storage, Files.createTempDirectory(bare, "tool"));
            }
            bareDatabase = new BareDatabase(floor, client);
        }

        @TearDown
        public void close(SnapshotBenchmark of) throws Exception {
            try {
                bareDatabase.close();
                if (bareFiles != null) {
                    bareFiles.close();
                }
                hand.close();
            } finally {
                of.leave();
            }
        }

        private Hand atNone() {
            return Objects.requireNonNull(handAtNone);
        }

        private Object createFile(String name) throws Exception {
            if (bareFiles == null) {
                return name;
            }
            files.add(name);
            return bareFiles.create(name);
        }

        private Object deleteFile() throws Exception {
            return bareFiles == null ? "" : bareFiles.delete(files.remove());
        }

        private Object createByTool(String name) throws Exception {
            toolFiles.add(name);
            return Objects.requireNonNull(tool).create(name);
        }

        private Object createRow(String name) throws SQLException {
            UUID row = bareDatabase.create(name);
            rows.add(row);
            return row;
        }
    }

    /**
     * One operation of the turn: what a turn of creations made, the turn of deletions takes away.
     */
    @Benchmark
    public Object operation(Client client) throws Exception {
        return switch (turn()) {
            case CREATE -> client.hand.create("bench-" + client.count++);
            case FILES_OF_CREATE -> client.createFile("bench-" + client.count++);
            case COMMITS_OF_CREATE -> client.createRow("bench-" + client.count++);
            case DELETE -> client.hand.delete();
            case FILES_OF_DELETE -> client.deleteFile();
            case COMMITS_OF_DELETE -> client.bareDatabase.delete(client.rows.remove());
            case CREATE_AT_NONE -> client.atNone().create("bench-" + client.count++);
            case DELETE_AT_NONE -> client.atNone().delete();
            case TOOL_OF_CREATE -> client.createByTool("bench-" + client.count++);
            case TOOL_OF_DELETE ->
                    Objects.requireNonNull(client.tool).delete(client.toolFiles.remove());
        };
    }
}
