package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Audit;
import io.cairn.daemon.access.Callers;
import io.cairn.daemon.access.Role;
import io.cairn.daemon.backup.BackupPolicy;
import io.cairn.daemon.backup.Backups;
import io.cairn.daemon.config.BackendConfig;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.config.DaemonConfig;
import io.cairn.daemon.config.PoolLimits;
import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.driver.BackendDoor;
import io.cairn.daemon.driver.BackendState;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.BreakerStatus;
import io.cairn.daemon.driver.LaneLoad;
import io.cairn.daemon.driver.PluginReport;
import io.cairn.daemon.driver.Plugins;
import io.cairn.daemon.driver.Pools;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.transfer.Transfers;
import io.cairn.daemon.volume.Volumes;
import io.cairn.plugin.file.FileDriverProvider;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;
import io.cairn.spi.Mark;
import io.cairn.spi.PoolStats;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javax.management.MBeanServer;
import javax.management.MBeanServerDelegate;
import javax.management.ObjectName;

/**
 * The MBeans of a daemon with a real state store and a real backend, and another that is down, in
 * an MBean server of their own and a new folder.
 */
final class House implements AutoCloseable {
    static final ObjectName FAST = BeanNames.backend("fast");
    static final String GIB = "1GiB";
    private static final UUID DAEMON = UUID.fromString("3f5f3b5e-0000-4000-8000-000000000002");
    private static final UUID MANY = UUID.fromString("3f5f3b5e-0000-4000-8000-000000000003");

    private static final List<SchemaStep> SCHEMA =
            SchemaStep.together(List.of(Volumes.schema(), KeyValues.schema()));

    final Volumes volumes;
    final KeyValues keyValues;
    final Backups stateBackups;
    final MBeanServer server;
    private final Path folder;
    private final boolean kept;
    private final StateStore store;
    private final Backends backends;
    private final ManagementBeans beans;

    House() throws Exception {
        this(Role.ADMIN, new QueryLimits(50, 1_000));
    }

    House(Role inProcess, QueryLimits limits) throws Exception {
        this(newServer(), inProcess, limits, 0);
    }

    /**
     * @param snapshots how many snapshots a volume named {@code many} has from the beginning, named
     *     {@code s0} and so on, the last being the newest; without one there is no such volume
     */
    House(MBeanServer server, Role inProcess, QueryLimits limits, int snapshots) throws Exception {
        this(
                Files.createTempDirectory("cairn-jmx-"),
                false,
                new FileDriverProvider(),
                server,
                inProcess,
                limits,
                snapshots);
    }

    /** In a folder that stays, so that opening one again there is a restart. */
    static House in(Path folder, DriverProvider driver) throws Exception {
        return in(folder, driver, Role.ADMIN);
    }

    /** The same, where callers may do what a role may. */
    static House in(Path folder, DriverProvider driver, Role inProcess) throws Exception {
        return new House(
                folder, true, driver, newServer(), inProcess, new QueryLimits(50, 1_000), 0);
    }

    private House(
            Path folder,
            boolean kept,
            DriverProvider driver,
            MBeanServer server,
            Role inProcess,
            QueryLimits limits,
            int snapshots)
            throws Exception {
        this.server = server;
        this.folder = folder;
        this.kept = kept;
        Path images = Files.createDirectories(images());
        store = StateStore.open(folder.resolve("state"), StoreOptions.DEFAULTS, SCHEMA);
        if (snapshots > 0) {
            seed(store, snapshots);
        }
        Metrics metrics = new Metrics();
        metrics.succeeded("slow", Operation.CREATE_SNAPSHOT, Duration.ofMillis(3));
        metrics.failed("slow", Operation.CREATE_SNAPSHOT);
        Configuration configuration =
                configuration(folder, Map.of("directory", images.toString()), inProcess);
        backends = Backends.open(DAEMON, Set.of(), Plugins.of(driver), configuration);
        volumes = new Volumes(store, backends, metrics);
        keyValues = new KeyValues(store);
        ConcurrentNavigableMap<String, Supplier<BackendStatus>> statuses =
                new ConcurrentSkipListMap<>();
        statuses.put("fast", House::fast);
        statuses.put("slow", House::slow);
        stateBackups =
                new Backups(
                        store,
                        SCHEMA,
                        new BackupPolicy(folder.resolve("backups"), Duration.ZERO, 7, 0),
                        backends.daemon());
        beans =
                ManagementBeans.start(
                        server,
                        new Sources(
                                volumes,
                                keyValues,
                                statuses,
                                new BackendOperations(
                                        backends,
                                        new BackendDoor(
                                                backends,
                                                configuration,
                                                volumes::everUsed,
                                                volumes::holding),
                                        volumes),
                                metrics,
                                store::health,
                                List.of(new PluginReport("file", true, "driver file 0.1.0")),
                                "0.1.0",
                                Instant.now(),
                                limits,
                                new Transfers(
                                        volumes, keyValues, backends, folder.resolve("transfer")),
                                new Checks(volumes, backends),
                                stateBackups),
                        new Callers(inProcess, new Audit()));
    }

    static MBeanServer newServer() {
        return new CairnMBeanServerBuilder()
                .newMBeanServer("test", null, new MBeanServerDelegate());
    }

    static ObjectName name(String text) throws Exception {
        return new ObjectName(text);
    }

    /** Makes a volume of 1 GiB over JMX. */
    ObjectName volume(String name) throws Exception {
        return name((String) invoke(FAST, "createVolume", name, GIB));
    }

    /** Cuts a snapshot over JMX. */
    ObjectName snapshot(ObjectName volume, String name) throws Exception {
        return name((String) invoke(volume, "createSnapshot", name));
    }

    Object invoke(ObjectName bean, String operation, Object... arguments) throws Exception {
        String[] signature = new String[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            signature[i] = arguments[i] instanceof Integer ? "int" : "java.lang.String";
        }
        return server.invoke(bean, operation, arguments, signature);
    }

    /** Changes rows as nothing else would. */
    void damage(String... statements) throws StoreException {
        boolean _ =
                store.commit(
                        prepared -> {
                            for (String sql : statements) {
                                prepared.prepare(sql).executeUpdate();
                            }
                            return true;
                        });
    }

    /** The folder of backend {@code fast}. */
    Path images() {
        return folder.resolve("images");
    }

    /** The folder of exports and imports. */
    Path transfers() {
        return folder.resolve("transfer");
    }

    /** The backends that are opened, each with whether it is up. */
    Set<String> opened() {
        return backends.all().stream()
                .map(backend -> "%s up %s".formatted(backend.name(), backend.state().up()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** What the backend itself has. */
    Inventory inventory() throws Exception {
        return backends.find("fast").orElseThrow().call(Driver::inventory);
    }

    /** Has the backend not know any more what a volume is called. */
    void unmark(ObjectName volume) throws Exception {
        VolumeId id = new VolumeId(UUID.fromString((String) get(volume, "Id")));
        backends.find("fast").orElseThrow().run(id, driver -> driver.markVolume(id, Mark.NONE));
    }

    /** Ends all access to volumes, which would outlive this. */
    void cleanUp() throws Exception {
        for (ObjectName volume : server.queryNames(name("cairn:type=Volume,*"), null)) {
            Object _ = invoke(volume, "cleanup", volume.getKeyProperty("volume"));
        }
    }

    Object get(ObjectName bean, String attribute) throws Exception {
        return server.getAttribute(bean, attribute);
    }

    @Override
    public void close() {
        beans.close();
        try {
            stateBackups.stop(Duration.ofSeconds(20));
            boolean _ = volumes.stop(Duration.ofSeconds(20));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while closing", e);
        }
        backends.close(Duration.ofSeconds(20));
        store.close();
        if (kept) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As quickly as the store can, since nobody waits for a hundred thousand cuts. */
    private static void seed(StateStore store, int snapshots) throws StoreException {
        boolean _ =
                store.commit(
                        statements -> {
                            PreparedStatement volume =
                                    statements.prepare(
                                            "INSERT INTO volume (id, ordinal, backend, pool, name, description, labels,"
                                                    + " size_bytes, created_at, origin_volume, origin_snapshot,"
                                                    + " location, snapshot_count)"
                                                    + " VALUES (?, 1, 'fast', 'default', 'many',"
                                                    + " '', '', 1048576, 1, NULL, NULL, '/x', ?)");
                            volume.setObject(1, MANY);
                            volume.setLong(2, snapshots);
                            volume.executeUpdate();
                            PreparedStatement rows =
                                    statements.prepare(
                                            "INSERT INTO snapshot (id, ordinal, backend, volume_id, name, description,"
                                                    + " labels, size_bytes, created_at, location)"
                                                    + " SELECT UUID(), n + 2, 'fast',"
                                                    + " CAST(? AS UUID), 's' || n, '', '', 1048576,"
                                                    + " n + 1, '/x' FROM UNNEST(SEQUENCE_ARRAY(0, ?,"
                                                    + " 1)) AS t(n)");
                            rows.setString(1, MANY.toString());
                            rows.setInt(2, snapshots - 1);
                            rows.executeUpdate();
                            PreparedStatement counts =
                                    statements.prepare(
                                            "INSERT INTO backend_count VALUES ('fast', 1, ?)");
                            counts.setLong(1, snapshots);
                            counts.executeUpdate();
                            PreparedStatement pools =
                                    statements.prepare(
                                            "INSERT INTO pool_count VALUES ('fast', 'default', 1, ?,"
                                                    + " 1048576)");
                            pools.setLong(1, snapshots);
                            pools.executeUpdate();
                            return true;
                        });
    }

    private static Configuration configuration(
            Path folder, Map<String, String> settings, Role inProcess) {
        return new Configuration(
                new DaemonConfig(
                        folder,
                        folder,
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(10),
                        Duration.ofDays(1),
                        Duration.ofDays(7),
                        folder.resolve("transfer"),
                        new DaemonConfig.Backups(folder.resolve("backups"), Duration.ZERO, 7),
                        0,
                        new DaemonConfig.Jmx(
                                "127.0.0.1",
                                0,
                                Optional.empty(),
                                true,
                                inProcess,
                                folder.resolve("users"),
                                200)),
                List.of(
                        new BackendConfig(
                                "fast",
                                "file",
                                "",
                                8,
                                Duration.ofSeconds(20),
                                BackendConfig.BREAKER_FAILURES,
                                PoolLimits.DEFAULT,
                                new TrashPolicy(Duration.ofDays(1), Reserve.NONE),
                                settings)));
    }

    private static BackendStatus fast() {
        return new BackendStatus(
                "fast",
                "file",
                Optional.empty(),
                "the fast one",
                new BackendState(true, Instant.EPOCH, ""),
                Optional.of(
                        new BackendFacts(
                                "reflink",
                                "the number of extents",
                                Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS))),
                new TreeSet<>(Set.of("thin", "shared-snapshots")),
                new Pools(
                        List.of(new PoolStats("default", 100L << 30, 75L << 30)),
                        Instant.now(),
                        ""),
                PoolLimits.DEFAULT,
                Map.of("folder", "/srv/fast", "password", "***"),
                new LaneLoad(8, 0, 0, 0, 0),
                new BreakerStatus(BreakerStatus.State.CLOSED, Instant.EPOCH, "", 0),
                List::of);
    }

    private static BackendStatus slow() {
        return new BackendStatus(
                "slow",
                "nfs",
                Optional.empty(),
                "",
                new BackendState(false, Instant.EPOCH, "no plugin brings a driver 'nfs'"),
                Optional.empty(),
                new TreeSet<>(),
                new Pools(List.of(), Instant.EPOCH, ""),
                PoolLimits.DEFAULT,
                Map.of(),
                new LaneLoad(8, 0, 0, 0, 0),
                new BreakerStatus(BreakerStatus.State.CLOSED, Instant.EPOCH, "", 0),
                List::of);
    }
}
