package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.access.Audit;
import io.cairn.daemon.access.Callers;
import io.cairn.daemon.access.Role;
import io.cairn.daemon.backup.BackupPolicy;
import io.cairn.daemon.backup.Backups;
import io.cairn.daemon.config.ConfigReader;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.driver.BackendDoor;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.Plugins;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.transfer.Transfers;
import io.cairn.daemon.volume.Filter;
import io.cairn.daemon.volume.NewConnection;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.daemon.volume.Volumes;
import io.cairn.plugin.file.FileDriverProvider;
import io.cairn.plugin.qcow2.Qcow2DriverProvider;
import io.cairn.spi.Driver;
import io.cairn.spi.Inventory;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.opentest4j.TestAbortedException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import javax.management.Attribute;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * Backends that really hang, beside one that does not: what clients see of it, and what becomes of
 * what was begun.
 */
@Tag("thorough")
@Isolated("it stops processes for seconds, and counts threads")
@Timeout(300)
final class HungBackendTest {
    private static final UUID DAEMON = UUID.fromString("3f5f3b5e-0000-4000-8000-00000000000b");
    private static final ObjectName HUNG = BeanNames.backend("hung");
    private static final ObjectName WELL = BeanNames.backend("well");
    private static final int THREADS = 4;
    private static final int VOLUMES = 6;

    /** Far more than the deadline of five seconds, and far less than for ever. */
    private static final long IN_TIME_SECONDS = 60;

    private static final Duration LONG = Duration.ofSeconds(90);
    private static final Duration OPENING = Duration.ofSeconds(30);

    @TempDir private Path home;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Deque<AutoCloseable> thawing = new ArrayDeque<>();
    private final Deque<AutoCloseable> storage = new ArrayDeque<>();
    private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
    private final MBeanServer server = House.newServer();

    @SuppressWarnings("NullAway.Init") // by start
    private Volumes volumes;

    @SuppressWarnings("NullAway.Init") // by start
    private Backends backends;

    @BeforeEach
    void layOut() throws Exception {
        Files.createDirectories(home.resolve("etc/backends"));
        Files.writeString(home.resolve("etc/cairn.properties"), "stats.every=PT0.5S\n");
        write("well", "driver=file\ndirectory=%s\n".formatted(folder("well")));
    }

    @AfterEach
    void end() throws Exception {
        Exception first = null;
        clients.shutdownNow();
        // What hangs goes on first, or nothing else would end.
        for (Deque<AutoCloseable> each : List.of(thawing, parts, storage)) {
            while (!each.isEmpty()) {
                try {
                    each.pop().close();
                } catch (Exception e) {
                    if (first == null) {
                        first = e;
                    } else {
                        first.addSuppressed(e);
                    }
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }

    @Test
    void aFileSystemThatNeverAnswersCostsNobodyElseAnythingAndIsFinishedOnceItDoes()
            throws Exception {
        HungDisk disk = onHungDisk();
        start();
        List<String> names = makeVolumes();
        disk.stop();

        for (Future<Object> each : cutAll(names)) {
            assertUnavailable(each);
        }

        await().atMost(LONG).until(() -> get(HUNG, "BreakerOpenedCount").equals(1L));
        assertThat(get(HUNG, "BreakerStateCode")).isIn(2, 3);
        assertThat((String) get(HUNG, "BreakerReason")).contains("calls have not come back");
        assertThat((String) get(BeanNames.DAEMON, "StateReason"))
                .contains("backend hung does not answer, and no work is given to it");
        int begun = ((Long) get(HUNG, "UnfinishedCount")).intValue();
        assertThat(begun).isBetween(1, VOLUMES);
        workOnTheOther();
        List<Future<Object>> asked = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            String name = "new-" + i;
            asked.add(client(() -> invoke(HUNG, "createVolume", name, "1MiB")));
        }
        for (Future<Object> each : asked) {
            assertThat(assertUnavailable(each)).contains("no work is given to it since");
        }
        assertThat(threads()).isLessThanOrEqualTo(THREADS);
        readAll();
        assertThat(get(HUNG, "UnfinishedCount")).isEqualTo((long) begun);

        disk.resume();

        awaitAllDone();
    }

    @Test
    void aServerOfAnExportThatIsStoppedHoldsUpItsVolumeAloneAndIsFinishedOnceItGoesOn()
            throws Exception {
        for (String program : List.of("qemu-storage-daemon", "qemu-img")) {
            if (!Freeze.installed(program)) {
                throw new TestAbortedException("there is no " + program);
            }
        }
        hung("driver=qcow2\ndirectory=%s\n".formatted(folder("hung")));
        start();
        List<String> names = makeVolumes();
        Volume exported = volumes.volume("hung", names.getFirst()).orElseThrow();
        var connection =
                volumes.connections()
                        .connect(
                                Target.of(exported.id()),
                                new NewConnection(
                                        "elsewhere", false, Optional.of("nbd"), Map.of()));
        Freeze freeze = new Freeze(serverOf(home.resolve("hung")));
        thawing.push(freeze::resume);
        freeze.stop();

        assertUnavailable(client(() -> invoke(volume(names.getFirst()), "createSnapshot", "s")));

        assertThat(get(HUNG, "UnfinishedCount")).isEqualTo(1L);
        workOnTheOther();
        for (String name : names.subList(1, VOLUMES)) {
            Object _ =
                    client(() -> invoke(volume(name), "createSnapshot", "s"))
                            .get(IN_TIME_SECONDS, TimeUnit.SECONDS);
        }
        for (int i = 0; i < 5; i++) {
            assertUnavailable(
                    client(() -> invoke(volume(names.getFirst()), "createSnapshot", "s")));
        }
        assertThat(get(HUNG, "BreakerState")).isEqualTo("closed");
        assertThat(get(HUNG, "BreakerOpenedCount")).isEqualTo(0L);
        assertThat(threads()).isLessThanOrEqualTo(THREADS);
        readAll();

        freeze.resume();

        awaitAllDone();
        volumes.connections().disconnect(connection.id());
    }

    @Test
    void aStopEndsWhileABackendHangsAndTheNextStartFinishesWhatWasBegun() throws Exception {
        HungDisk disk = onHungDisk();
        start();
        List<String> names = makeVolumes();
        disk.stop();
        List<Future<Object>> asked = cutAll(names);
        await().until(() -> get(HUNG, "RunningCallCount").equals(THREADS));

        Future<?> stop =
                client(
                        () -> {
                            stop();
                            return true;
                        });

        assertThat(stop.get(IN_TIME_SECONDS, TimeUnit.SECONDS)).isEqualTo(true);
        for (Future<Object> each : asked) {
            assertUnavailable(each);
        }
        disk.resume();
        await().atMost(LONG).until(() -> threads() == 0);
        // As the end of the process does with what a stop left behind.
        backends.close(LONG);
        start();
        awaitAllDone();
    }

    private HungDisk onHungDisk() throws Exception {
        HungDisk disk = HungDisk.create();
        storage.push(disk);
        thawing.push(disk::resume);
        Path folder = disk.path().resolve("images");
        Files.createDirectory(folder);
        hung("driver=file\ndirectory=%s\n".formatted(folder));
        return disk;
    }

    private List<String> makeVolumes() throws Exception {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < VOLUMES; i++) {
            names.add("db" + i);
            Object _ = invoke(HUNG, "createVolume", "db" + i, "1MiB");
        }
        Object _ = invoke(WELL, "createVolume", "db", "1MiB");
        return names;
    }

    private List<Future<Object>> cutAll(List<String> names) {
        return names.stream()
                .map(name -> client(() -> invoke(volume(name), "createSnapshot", "s")))
                .toList();
    }

    private Future<Object> client(Callable<Object> call) {
        return clients.submit(call);
    }

    /** Returns the message. */
    private static String assertUnavailable(Future<Object> asked) throws Exception {
        try {
            Object done = asked.get(IN_TIME_SECONDS, TimeUnit.SECONDS);
            throw new AssertionError("it was done: " + done);
        } catch (ExecutionException e) {
            Throwable failure = Objects.requireNonNull(e.getCause());
            assertThat(failure).hasMessageStartingWith("UNAVAILABLE: ");
            return String.valueOf(failure.getMessage());
        }
    }

    private void workOnTheOther() throws Exception {
        ObjectName volume = BeanNames.volume("well", "db");
        for (int i = 0; i < 5; i++) {
            String cut =
                    (String)
                            client(() -> invoke(volume, "createSnapshot", "s"))
                                    .get(IN_TIME_SECONDS, TimeUnit.SECONDS);
            Object _ =
                    client(() -> invoke(new ObjectName(cut), "delete", "s"))
                            .get(IN_TIME_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** Every attribute of both backends and of the daemon, and the lists. */
    private void readAll() throws Exception {
        for (ObjectName name : List.of(HUNG, WELL, BeanNames.DAEMON)) {
            String[] attributes =
                    Arrays.stream(server.getMBeanInfo(name).getAttributes())
                            .map(MBeanAttributeInfo::getName)
                            .toArray(String[]::new);
            List<Attribute> read =
                    clients.submit(() -> server.getAttributes(name, attributes).asList())
                            .get(IN_TIME_SECONDS, TimeUnit.SECONDS);
            assertThat(read).hasSize(attributes.length);
        }
        assertThat(volumes.volumes(Filter.ALL, 100, "").items()).hasSize(VOLUMES + 1);
    }

    /** What is recorded is what is there, with nothing unfinished. */
    private void awaitAllDone() throws Exception {
        await().atMost(LONG).until(() -> get(HUNG, "UnfinishedCount").equals(0L));
        await().atMost(LONG).until(() -> get(HUNG, "BreakerState").equals("closed"));
        assertThat(get(HUNG, "OverdueCallCount")).isEqualTo(0);
        Inventory there = backends.find("hung").orElseThrow().call(Driver::inventory);
        List<Volume> known =
                volumes.volumes(Filter.ALL, 100, "").items().stream()
                        .filter(each -> each.backend().equals("hung"))
                        .toList();
        assertThat(known).hasSize(VOLUMES);
        assertThat(there.volumes().stream().map(each -> each.id()))
                .containsExactlyInAnyOrderElementsOf(known.stream().map(Volume::id).toList());
        assertThat(there.snapshots().stream().map(each -> each.id()))
                .containsExactlyInAnyOrderElementsOf(
                        volumes.snapshots(Filter.ALL, 100, "").items().stream()
                                .filter(each -> each.backend().equals("hung"))
                                .map(Snapshot::id)
                                .toList());
        for (Volume each : known) {
            Object _ = invoke(BeanNames.volume(each), "createSnapshot", "after");
        }
    }

    /** How many threads the backend that hangs has. */
    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("cairn-hung-\\d+"))
                .count();
    }

    /** The one process that serves what is on a backend. */
    private static long serverOf(Path backend) {
        List<Long> servers =
                ProcessHandle.allProcesses()
                        .filter(
                                each ->
                                        each.info()
                                                .commandLine()
                                                .filter(line -> line.contains(backend.toString()))
                                                .filter(
                                                        line ->
                                                                line.contains(
                                                                        "qemu-storage-daemon"))
                                                .isPresent())
                        .map(ProcessHandle::pid)
                        .toList();
        assertThat(servers).hasSize(1);
        return servers.getFirst();
    }

    private static ObjectName volume(String name) {
        return BeanNames.volume("hung", name);
    }

    private Object get(ObjectName name, String attribute) throws Exception {
        return server.getAttribute(name, attribute);
    }

    private Object invoke(ObjectName name, String operation, String... arguments) throws Exception {
        String[] types = new String[arguments.length];
        Arrays.fill(types, String.class.getName());
        return server.invoke(name, operation, arguments, types);
    }

    private void hung(String text) throws Exception {
        write("hung", text + "threads=%d%ndeadline=PT5S%nbreaker.failures=3%n".formatted(THREADS));
    }

    private Path folder(String name) throws Exception {
        return Files.createDirectories(home.resolve(name));
    }

    private void write(String name, String text) throws Exception {
        Files.writeString(home.resolve("etc/backends/%s.properties".formatted(name)), text);
    }

    private void stop() throws Exception {
        while (!parts.isEmpty()) {
            parts.pop().close();
        }
    }

    private void start() throws Exception {
        Configuration configuration = ConfigReader.read(home.resolve("etc"));
        List<SchemaStep> schema =
                SchemaStep.together(List.of(Volumes.schema(), KeyValues.schema()));
        StateStore store = StateStore.open(home.resolve("state"), StoreOptions.DEFAULTS, schema);
        parts.push(store);
        backends =
                Backends.open(
                        DAEMON,
                        Volumes.usedBackends(store),
                        Volumes.holdingBackends(store),
                        Plugins.of(new FileDriverProvider(), new Qcow2DriverProvider()),
                        configuration);
        parts.push(() -> backends.close(Duration.ofSeconds(1)));
        Metrics metrics = new Metrics();
        volumes = new Volumes(store, backends, metrics);
        KeyValues values = new KeyValues(store);
        parts.push(() -> volumes.stop(Duration.ofSeconds(1)));
        volumes.start(LONG);
        parts.push(
                ManagementBeans.start(
                        server,
                        new ManagementBeans.About("test", Instant.now(), List.of()),
                        volumes,
                        values,
                        new Transfers(volumes, values, backends, home.resolve("transfer")),
                        new Checks(volumes, backends),
                        new Backups(
                                store,
                                schema,
                                new BackupPolicy(home.resolve("backups"), Duration.ZERO, 1, 0),
                                DAEMON),
                        backends,
                        new BackendDoor(
                                backends, configuration, volumes::everUsed, volumes::holding),
                        metrics,
                        store::health,
                        new Callers(Role.ADMIN, new Audit()),
                        QueryLimits.DEFAULT));
        await().atMost(OPENING).until(() -> (Long) get(HUNG, "TotalBytes") > 0);
        await().atMost(OPENING).until(() -> (Long) get(WELL, "TotalBytes") > 0);
    }
}
