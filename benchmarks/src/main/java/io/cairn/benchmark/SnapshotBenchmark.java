package io.cairn.benchmark;

import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.spi.VolumeId;

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
import java.util.Deque;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;

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
        COMMITS_OF_DELETE
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

    /** Whether clients call over a JMX connector on loopback, each with a connection of its own. */
    @Param("false")
    public boolean jmx;

    private House open;
    private House.@Nullable Door door;
    private int iteration = -1;

    @Setup
    public void open() throws Exception {
        open = new House(storage, Path.of(house));
        door = jmx ? open.openDoor() : null;
    }

    @Setup(Level.Iteration)
    public void nextTurn() {
        iteration++;
    }

    private Turn turn() {
        return Turn.values()[iteration % Turn.values().length];
    }

    @TearDown
    public void close() throws Exception {
        open.close();
        BareDatabase.shutDown(Path.of(floor));
    }

    /** One thread: a client with a volume of its own, and as much for the floors. */
    @State(Scope.Thread)
    @SuppressWarnings("NullAway.Init") // JMH calls the set-up before all else
    public static class Client {
        private final Deque<Snapshot> snapshots = new ArrayDeque<>();
        private final Deque<ObjectName> beans = new ArrayDeque<>();
        private final Deque<String> files = new ArrayDeque<>();
        private final Deque<UUID> rows = new ArrayDeque<>();
        private SnapshotBenchmark benchmark;
        private VolumeId volume;
        private ObjectName volumeBean;
        private @Nullable JMXConnector connector;
        private @Nullable MBeanServerConnection connection;
        private @Nullable BareFiles bareFiles;
        private BareDatabase bareDatabase;
        private int count;

        @Setup
        public void open(SnapshotBenchmark of, ThreadParams thread) throws Exception {
            benchmark = of;
            int client = thread.getThreadIndex();
            String name = Seed.volumeName(client);
            volume = of.open.volumes().volume(House.BACKEND, name).orElseThrow().id();
            volumeBean =
                    new ObjectName(
                            "cairn:type=Volume,backend=%s,volume=%s"
                                    .formatted(House.BACKEND, name));
            if (of.door != null) {
                connector = of.door.connect();
                connection = connector.getMBeanServerConnection();
            }
            Path floor = Path.of(of.floor);
            if (of.storage != Storage.MEMORY) {
                Path folder = Files.createTempDirectory(floor, "bare");
                bareFiles = new BareFiles(of.storage, folder, Seed.image(folder.resolve("image")));
            }
            bareDatabase = new BareDatabase(floor, client);
        }

        @TearDown
        public void close() throws Exception {
            bareDatabase.close();
            if (bareFiles != null) {
                bareFiles.close();
            }
            if (connector != null) {
                connector.close();
            }
        }

        private Object create(String name) throws Exception {
            if (connection == null) {
                Snapshot snapshot =
                        benchmark.open.volumes().createSnapshot(volume, NewSnapshot.named(name));
                snapshots.add(snapshot);
                return snapshot;
            }
            ObjectName bean =
                    new ObjectName(
                            String.valueOf(invoke(connection, volumeBean, "createSnapshot", name)));
            beans.add(bean);
            return bean;
        }

        private Object delete() throws Exception {
            if (connection == null) {
                Snapshot snapshot = snapshots.remove();
                benchmark.open.volumes().deleteSnapshot(snapshot.id());
                return snapshot;
            }
            ObjectName bean = beans.remove();
            return String.valueOf(
                    invoke(connection, bean, "delete", bean.getKeyProperty("snapshot")));
        }

        private static @Nullable Object invoke(
                MBeanServerConnection connection, ObjectName bean, String operation, String name)
                throws Exception {
            return connection.invoke(
                    bean, operation, new Object[] {name}, new String[] {String.class.getName()});
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
            case CREATE -> client.create("bench-" + client.count++);
            case FILES_OF_CREATE -> client.createFile("bench-" + client.count++);
            case COMMITS_OF_CREATE -> client.createRow("bench-" + client.count++);
            case DELETE -> client.delete();
            case FILES_OF_DELETE -> client.deleteFile();
            case COMMITS_OF_DELETE -> client.bareDatabase.delete(client.rows.remove());
        };
    }
}
