package io.cairn.daemon.volume;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.config.BackendConfig;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.config.DaemonConfig;
import io.cairn.daemon.config.PoolLimits;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.Plugins;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.plugin.file.FileDriverProvider;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import java.util.logging.Logger;

/**
 * The daemon without its doors: a real state store, the real file driver with faults on demand, and
 * the volumes on top. Opening one again in the same folder is a restart.
 */
public final class House implements AutoCloseable {
    public static final String BACKEND = "fast";
    private static final UUID DAEMON = UUID.fromString("3f5f3b5e-0000-4000-8000-000000000001");

    public final FaultyDriver.Provider driver;
    final List<VolumeEvent> events = new CopyOnWriteArrayList<>();
    final Metrics metrics = new Metrics();
    final StateStore store;
    public final Backends backends;
    public final Volumes volumes;

    public static House open(Path folder) throws Exception {
        return new House(folder, Duration.ofSeconds(20));
    }

    /**
     * @param deadline of a driver call
     */
    House(Path folder, Duration deadline) throws Exception {
        this(
                folder,
                deadline,
                PoolLimits.DEFAULT,
                new FaultyDriver.Provider(new FileDriverProvider()));
    }

    House(Path folder, Duration deadline, PoolLimits limits, FaultyDriver.Provider driver)
            throws Exception {
        this(
                folder,
                deadline,
                limits,
                TrashPolicy.DEFAULT,
                driver,
                Turns.PATIENCE,
                InstantSource.system(),
                System::nanoTime);
    }

    /** One whose backend keeps what is deleted. */
    public static House open(Path folder, TrashPolicy trash) throws Exception {
        return open(folder, trash, InstantSource.system(), System::nanoTime);
    }

    /**
     * As {@link #open(Path, TrashPolicy)}, with clocks of its own.
     *
     * @param host what stands for the clock of the host
     * @param nanos as {@link System#nanoTime}
     */
    static House open(Path folder, TrashPolicy trash, InstantSource host, LongSupplier nanos)
            throws Exception {
        return new House(
                folder,
                Duration.ofSeconds(20),
                PoolLimits.DEFAULT,
                trash,
                new FaultyDriver.Provider(new FileDriverProvider()),
                Turns.PATIENCE,
                host,
                nanos);
    }

    /** One on another driver. */
    public static House open(Path folder, TrashPolicy trash, DriverProvider driver)
            throws Exception {
        return open(folder, trash, driver, Turns.PATIENCE);
    }

    /**
     * The same, with another patience.
     *
     * @param patience how long an operation waits for another one on the same volume
     */
    public static House open(
            Path folder, TrashPolicy trash, DriverProvider driver, Duration patience)
            throws Exception {
        return new House(
                folder,
                Duration.ofSeconds(20),
                PoolLimits.DEFAULT,
                trash,
                new FaultyDriver.Provider(driver),
                patience,
                InstantSource.system(),
                System::nanoTime);
    }

    private House(
            Path folder,
            Duration deadline,
            PoolLimits limits,
            TrashPolicy trash,
            FaultyDriver.Provider driver,
            Duration patience,
            InstantSource host,
            LongSupplier nanos)
            throws Exception {
        this.driver = driver;
        Path images = Files.createDirectories(folder.resolve("images"));
        store = StateStore.open(folder.resolve("state"), StoreOptions.DEFAULTS, Volumes.schema());
        BackendConfig backend =
                new BackendConfig(
                        BACKEND,
                        "file",
                        "",
                        8,
                        deadline,
                        BackendConfig.BREAKER_FAILURES,
                        limits,
                        trash,
                        Map.of("directory", images.toString()));
        DaemonConfig daemon =
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
                                Role.READER,
                                folder.resolve("users"),
                                200));
        backends =
                Backends.open(
                        DAEMON,
                        Volumes.usedBackends(store),
                        Plugins.of(driver),
                        new Configuration(daemon, List.of(backend)));
        volumes =
                new Volumes(store, backends, metrics, patience, new TrashTime(store, host, nanos));
        volumes.addListener(events::add);
    }

    Inventory inventory() throws Exception {
        return backends.find(BACKEND).orElseThrow().call(Driver::inventory);
    }

    /**
     * The database warns, as it does when it could not write, so that its next commit is no good.
     */
    void failTheNextCommit() {
        String database =
                store.reads()
                        .withHandle(
                                handle ->
                                        handle.createQuery("CALL DATABASE_NAME()")
                                                .mapTo(String.class)
                                                .one());
        Logger.getLogger("hsqldb.db." + database).warning("it smells of smoke");
    }

    /** Changes rows as nothing else would. */
    public void damage(String... statements) throws StoreException {
        boolean _ =
                store.commit(
                        prepared -> {
                            for (String sql : statements) {
                                prepared.prepare(sql).executeUpdate();
                            }
                            return true;
                        });
    }

    /** How many rows a table has. */
    int rows(String table) {
        return store.reads()
                .withHandle(
                        handle ->
                                handle.createQuery("SELECT COUNT(*) FROM " + table)
                                        .mapTo(Integer.class)
                                        .one());
    }

    /** Whether nothing runs, and nobody has, or waits for, a turn on anything. */
    public boolean idle() {
        return volumes.idle();
    }

    public Backend backend() {
        return backends.find(BACKEND).orElseThrow();
    }

    @Override
    public void close() {
        try {
            boolean _ = volumes.stop(Duration.ofSeconds(20));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while closing", e);
        }
        backends.close(Duration.ofSeconds(20));
        store.close();
    }
}
