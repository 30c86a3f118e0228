package io.cairn.daemon;

import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Stage;

import io.cairn.daemon.access.Audit;
import io.cairn.daemon.access.Callers;
import io.cairn.daemon.access.Connector;
import io.cairn.daemon.access.ConnectorConfig;
import io.cairn.daemon.access.Users;
import io.cairn.daemon.backup.Backups;
import io.cairn.daemon.config.ConfigException;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.config.DaemonConfig;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.driver.BackendDoor;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.PluginReport;
import io.cairn.daemon.driver.Plugins;
import io.cairn.daemon.jmx.ManagementBeans;
import io.cairn.daemon.jmx.QueryLimits;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.transfer.Transfers;
import io.cairn.daemon.volume.Volumes;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

import javax.management.MBeanServer;

/**
 * The running daemon. {@link #start} puts it together from the ground up; {@link #close}, and a
 * start that fails, take it apart from the top down.
 */
final class Daemon implements AutoCloseable {
    /** In the data folder while the daemon is ready: the address that JMX clients connect to. */
    private static final String ADDRESS_FILE = "jmx-address";

    /** How long a start waits for what the last run left unfinished, before it takes new work. */
    private static final Duration SETTLING = Duration.ofSeconds(5);

    /** What the state needs of its database. */
    static final List<SchemaStep> SCHEMA =
            SchemaStep.together(List.of(Volumes.schema(), KeyValues.schema()));

    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    /** What is to be undone, the last thing done first. */
    private final Deque<Step> undo = new ArrayDeque<>();

    /** The longest that all that is waited for at the stop may take together. */
    private Duration stopDeadline = Duration.ZERO;

    private long stopEnd;

    private record Step(String what, Undoing how) {}

    private interface Undoing {
        void run() throws Exception;
    }

    private Daemon() {}

    /**
     * Starts all parts; returns once clients can connect.
     *
     * @param version for the operator
     * @throws ConfigException if the configuration does not fit the plugins
     * @throws StoreException if the state cannot be opened; nothing was changed
     * @throws IOException if a file or the port cannot be had
     */
    static Daemon start(Configuration configuration, String version)
            throws ConfigException, StoreException, IOException, InterruptedException {
        Daemon daemon = new Daemon();
        boolean started = false;
        try {
            daemon.open(configuration, version);
            started = true;
            return daemon;
        } finally {
            if (!started) {
                daemon.close();
            }
        }
    }

    private void open(Configuration configuration, String version)
            throws ConfigException, StoreException, IOException, InterruptedException {
        Instant startedAt =
                Instant.ofEpochMilli(ManagementFactory.getRuntimeMXBean().getStartTime());
        DaemonConfig config = configuration.daemon();
        Path data = config.dataFolder();
        stopDeadline = config.stopDeadline();

        StateStore store = StateStore.open(stateFolder(config), options(config), SCHEMA);
        undo.push(new Step("the state store", store::close));
        // Only now is the folder surely ours; a daemon that was killed left its address behind.
        Path address = data.resolve(ADDRESS_FILE);
        Files.deleteIfExists(address);

        Plugins plugins = Plugins.load(config.pluginsFolder());
        for (PluginReport report : plugins.reports()) {
            LOG.atLevel(report.loaded() ? Level.INFO : Level.ERROR)
                    .log("Plugin {}: {}", report.folder(), report.message());
        }
        List<String> problems = Backends.problems(configuration.backends(), plugins);
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }

        Backends backends =
                Backends.open(
                        Identity.in(data),
                        Volumes.usedBackends(store),
                        Volumes.holdingBackends(store),
                        plugins,
                        configuration);
        undo.push(new Step("the backends", () -> backends.close(left())));

        Injector parts =
                Guice.createInjector(
                        Stage.PRODUCTION, new CairnModule(configuration, store, backends));
        Volumes volumes = parts.getInstance(Volumes.class);
        undo.push(new Step("the operations", () -> stop(volumes)));
        volumes.start(SETTLING);
        volumes.tombstones().start(config.deletedKeep());

        Checks checks = parts.getInstance(Checks.class);
        Backups stateBackups = parts.getInstance(Backups.class);

        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        Callers callers = parts.getInstance(Callers.class);
        ManagementBeans beans =
                ManagementBeans.start(
                        server,
                        new ManagementBeans.About(version, startedAt, plugins.reports()),
                        volumes,
                        parts.getInstance(KeyValues.class),
                        parts.getInstance(Transfers.class),
                        checks,
                        stateBackups,
                        backends,
                        new BackendDoor(
                                backends, configuration, volumes::everUsed, volumes::holding),
                        parts.getInstance(Metrics.class),
                        store::health,
                        callers,
                        new QueryLimits(config.jmx().visibleMax(), QueryLimits.DEFAULT.range()));
        undo.push(new Step("the MBeans", beans::close));

        Connector connector =
                Connector.start(
                        connectorConfig(config.jmx()),
                        server,
                        Users.open(config.jmx().usersFile(), data),
                        callers,
                        parts.getInstance(Audit.class));
        undo.push(new Step("the connector", connector::close));

        // Before the connector ends, so that clients still get the answers to what runs.
        undo.push(new Step("running work", () -> stop(volumes)));
        undo.push(new Step("the checks", () -> checks.stop(left())));
        checks.start(config.checkEvery());
        undo.push(new Step("the backups", () -> stateBackups.stop(left())));
        stateBackups.start();

        Path whole = data.resolve(ADDRESS_FILE + ".new");
        Files.writeString(whole, connector.url() + "\n");
        Files.move(whole, address, StandardCopyOption.ATOMIC_MOVE);
        undo.push(new Step("the address file", () -> Files.deleteIfExists(address)));
        LOG.info(
                "Cairn {} is ready after {} ms",
                version,
                Duration.between(startedAt, Instant.now()).toMillis());
    }

    static Path stateFolder(DaemonConfig config) {
        return config.dataFolder().resolve("state");
    }

    private static StoreOptions options(DaemonConfig config) {
        StoreOptions usual = StoreOptions.DEFAULTS;
        return new StoreOptions(
                config.storeMinFreeBytes(),
                Math.min(usual.reserveBytes(), config.storeMinFreeBytes() / 4),
                usual.readers(),
                usual.retryAfter());
    }

    private static ConnectorConfig connectorConfig(DaemonConfig.Jmx jmx) {
        return new ConnectorConfig(
                jmx.host(),
                jmx.port(),
                jmx.advertisedHost(),
                jmx.authentication(),
                jmx.inProcessRole(),
                Optional.empty());
    }

    private void stop(Volumes volumes) throws InterruptedException {
        if (!volumes.stop(left())) {
            LOG.warn(
                    "Operations still run after {}; they are finished after the next start",
                    stopDeadline);
        }
    }

    /** One deadline for all steps: what hangs holds up each of them. */
    private Duration left() {
        return Duration.ofNanos(Math.max(0, stopEnd - System.nanoTime()));
    }

    /** Stops all parts in reverse; what fails to stop does not keep the rest from it. */
    @Override
    public void close() {
        stopEnd = System.nanoTime() + stopDeadline.toNanos();
        while (!undo.isEmpty()) {
            Step step = undo.pop();
            try {
                step.how().run();
            } catch (Exception e) {
                if (e instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                LOG.error("Stopping {} failed", step.what(), e);
            }
        }
    }
}
