package io.cairn.benchmark;

import io.cairn.daemon.access.Audit;
import io.cairn.daemon.access.Callers;
import io.cairn.daemon.access.Connector;
import io.cairn.daemon.access.ConnectorConfig;
import io.cairn.daemon.access.Role;
import io.cairn.daemon.access.Users;
import io.cairn.daemon.backup.BackupPolicy;
import io.cairn.daemon.backup.Backups;
import io.cairn.daemon.config.BackendConfig;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.config.DaemonConfig;
import io.cairn.daemon.config.PoolLimits;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.driver.BackendDoor;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.Plugins;
import io.cairn.daemon.jmx.CairnMBeanServerBuilder;
import io.cairn.daemon.jmx.ManagementBeans;
import io.cairn.daemon.jmx.QueryLimits;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.transfer.Transfers;
import io.cairn.daemon.volume.Volumes;
import io.cairn.plugin.btrfs.BtrfsDriverProvider;
import io.cairn.plugin.file.FileDriverProvider;
import io.cairn.plugin.lvm.LvmDriverProvider;
import io.cairn.plugin.qcow2.Qcow2DriverProvider;
import io.cairn.plugin.rbd.RbdDriverProvider;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.UUID;

import javax.management.MBeanServer;
import javax.management.MBeanServerDelegate;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * The daemon in this process: state store, one backend and the volumes on top and, if wanted, the
 * MBeans and the connector. Settings are those that the daemon has by itself.
 */
final class House implements AutoCloseable {
    static final String BACKEND = "bench";
    static final long VOLUME_BYTES = 1L << 30;

    /** The daemon's own default. */
    private static final int THREADS = 16;

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final UUID DAEMON = UUID.fromString("3f5f3b5e-0000-4000-8000-000000000009");

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Path folder;
    private final StateStore store;
    private final Configuration configuration;
    private final Backends backends;
    private final Metrics metrics = new Metrics();
    private final Volumes volumes;

    /** Opens what is in the folder, or makes it. */
    House(Storage storage, Path folder) throws Exception {
        this.folder = folder;
        boolean opened = false;
        try {
            store = StateStore.open(state(folder), StoreOptions.DEFAULTS, schema());
            parts.push(store);
            configuration = configuration(storage, folder);
            backends =
                    Backends.open(
                            DAEMON,
                            Set.of(),
                            Plugins.of(
                                    new FileDriverProvider(),
                                    new BtrfsDriverProvider(),
                                    new Qcow2DriverProvider(),
                                    new LvmDriverProvider(),
                                    new RbdDriverProvider(),
                                    new MemoryDriver.Provider()),
                            configuration);
            parts.push(() -> backends.close(PATIENCE));
            volumes = new Volumes(store, backends, metrics);
            parts.push(
                    () -> {
                        boolean _ = volumes.stop(PATIENCE);
                    });
            opened = true;
        } finally {
            if (!opened) {
                close();
            }
        }
    }

    /** All of the daemon's, so that it can open what is prepared for it. */
    static List<SchemaStep> schema() {
        return SchemaStep.together(List.of(Volumes.schema(), KeyValues.schema()));
    }

    static Path state(Path folder) {
        return folder.resolve("state");
    }

    static Path images(Path folder) {
        return folder.resolve("images");
    }

    /** Where the floors of storage are, if not in the folder of all floors. */
    static Path bare(Path floor) {
        return floor.resolve("bare");
    }

    Volumes volumes() {
        return volumes;
    }

    StateStore store() {
        return store;
    }

    /** Opens a connector on loopback; connections to it have logged in as an administrator. */
    Door openDoor() throws Exception {
        MBeanServer server =
                new CairnMBeanServerBuilder()
                        .newMBeanServer("cairn", null, new MBeanServerDelegate());
        Audit audit = new Audit();
        KeyValues keyValues = new KeyValues(store);
        Callers callers = new Callers(Role.READER, audit);
        ManagementBeans beans =
                ManagementBeans.start(
                        server,
                        new ManagementBeans.About("benchmark", Instant.now(), List.of()),
                        volumes,
                        keyValues,
                        new Transfers(volumes, keyValues, backends, folder.resolve("transfer")),
                        new Checks(volumes, backends),
                        new Backups(
                                store,
                                SchemaStep.together(List.of(Volumes.schema(), KeyValues.schema())),
                                new BackupPolicy(folder.resolve("backups"), Duration.ZERO, 7, 0),
                                backends.daemon()),
                        backends,
                        new BackendDoor(
                                backends, configuration, volumes::everUsed, volumes::holding),
                        metrics,
                        store::health,
                        callers,
                        QueryLimits.DEFAULT);
        parts.push(beans);
        Path users = Files.createTempDirectory(folder, "users");
        Connector connector =
                Connector.start(
                        ConnectorConfig.loopback(0),
                        server,
                        Users.open(users.resolve("users"), users),
                        callers,
                        audit);
        parts.push(connector);
        String password = Files.readString(users.resolve(Users.FIRST_PASSWORD)).strip();
        return new Door(connector.url(), password);
    }

    /** What a JMX client needs to know. */
    record Door(JMXServiceURL url, String password) {
        @SuppressWarnings("BanJNDI") // what it resolves is the address of our own connector
        JMXConnector connect() throws Exception {
            Map<String, Object> environment =
                    Map.of(JMXConnector.CREDENTIALS, new String[] {"admin", password});
            return JMXConnectorFactory.connect(url, environment);
        }
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                if (e instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                throw new IllegalStateException("the benchmark's daemon does not close", e);
            }
        }
    }

    /** A folder, or a link to one, which may be there. */
    private static Path made(Path folder) throws IOException {
        return Files.isDirectory(folder) ? folder.toRealPath() : Files.createDirectories(folder);
    }

    private static Map<String, String> settings(Storage storage, Path images) {
        if (storage == Storage.THIN) {
            return Map.of("group", ThinGroup.NAME, "pool", ThinGroup.POOL);
        }
        if (storage == Storage.IMAGES) {
            return Ceph.here().orElseThrow().settings();
        }
        Map<String, String> settings = new HashMap<>(Map.of("directory", images.toString()));
        if (storage == Storage.CHAINS) {
            // A turn of creations cuts as many as it has time for.
            settings.put("layers.most", "500");
        }
        return settings;
    }

    /** The pool is smaller than what the volumes of all clients would need by default. */
    private static PoolLimits limits(Storage storage) {
        return storage == Storage.THIN || storage == Storage.IMAGES
                ? new PoolLimits(
                        OptionalDouble.of(2.0 * Seed.CLIENTS), PoolLimits.DEFAULT.reserve())
                : PoolLimits.DEFAULT;
    }

    private static Configuration configuration(Storage storage, Path folder) throws Exception {
        BackendConfig backend =
                storage == Storage.MEMORY
                        ? new BackendConfig(BACKEND, "memory", "", THREADS, PATIENCE, Map.of())
                        : new BackendConfig(
                                BACKEND,
                                storage.driver(),
                                "",
                                THREADS,
                                PATIENCE,
                                BackendConfig.BREAKER_FAILURES,
                                limits(storage),
                                TrashPolicy.DEFAULT,
                                settings(storage, made(images(folder))));
        DaemonConfig daemon =
                new DaemonConfig(
                        folder,
                        folder,
                        PATIENCE,
                        PATIENCE,
                        Duration.ofSeconds(10),
                        Duration.ofDays(1),
                        Duration.ofDays(7),
                        folder.resolve("transfer"),
                        new DaemonConfig.Backups(folder.resolve("backups"), Duration.ZERO, 7),
                        StoreOptions.DEFAULTS.minFreeBytes(),
                        new DaemonConfig.Jmx(
                                "127.0.0.1",
                                0,
                                Optional.empty(),
                                true,
                                Role.READER,
                                folder.resolve("users"),
                                200));
        return new Configuration(daemon, List.of(backend));
    }
}
