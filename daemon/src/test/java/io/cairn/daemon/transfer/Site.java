package io.cairn.daemon.transfer;

import static org.assertj.core.api.Assertions.assertThat;

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
import io.cairn.daemon.jmx.CairnMBeanServerBuilder;
import io.cairn.daemon.jmx.ManagementBeans;
import io.cairn.daemon.jmx.QueryLimits;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.volume.Counts;
import io.cairn.daemon.volume.PoolCounts;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.DriverProvider;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import javax.management.MBeanException;
import javax.management.MBeanServer;
import javax.management.MBeanServerDelegate;
import javax.management.ObjectName;

/** A daemon in a folder of its own, with all but its connector. */
final class Site implements AutoCloseable {
    static final ObjectName DAEMON = name("cairn:type=Daemon");

    final UUID id;
    final Path folder;
    final StateStore store;
    final Backends backends;
    final Volumes volumes;
    final KeyValues keyValues;
    final Transfers transfers;
    private final MBeanServer server;
    private final ManagementBeans beans;

    /**
     * @param folder may have {@code etc/backends} with files
     */
    Site(Path folder, UUID id, DriverProvider driver) throws Exception {
        this.id = id;
        this.folder = folder;
        Files.createDirectories(folder.resolve("etc/backends"));
        Files.createDirectories(folder.resolve("data"));
        Files.writeString(folder.resolve("etc/cairn.properties"), "");
        Configuration configuration = ConfigReader.read(folder.resolve("etc"), folder, Map.of());
        store =
                StateStore.open(
                        folder.resolve("state"),
                        new StoreOptions(
                                0,
                                0,
                                StoreOptions.DEFAULTS.readers(),
                                StoreOptions.DEFAULTS.retryAfter()),
                        SchemaStep.together(List.of(Volumes.schema(), KeyValues.schema())));
        backends =
                Backends.open(
                        id,
                        Volumes.usedBackends(store),
                        Volumes.holdingBackends(store),
                        Plugins.of(driver),
                        configuration);
        Metrics metrics = new Metrics();
        volumes = new Volumes(store, backends, metrics);
        keyValues = new KeyValues(store);
        transfers =
                new Transfers(
                        volumes, keyValues, backends, configuration.daemon().transferFolder());
        server =
                new CairnMBeanServerBuilder()
                        .newMBeanServer("test", null, new MBeanServerDelegate());
        beans =
                ManagementBeans.start(
                        server,
                        new ManagementBeans.About("0.1.0", Instant.now(), List.of()),
                        volumes,
                        keyValues,
                        transfers,
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
                        new Callers(Role.ADMIN, new Audit()),
                        QueryLimits.DEFAULT);
    }

    /** Writes the file that describes a backend. */
    static void describe(Path folder, String backend, Map<String, String> settings)
            throws Exception {
        StringBuilder text = new StringBuilder();
        settings.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        Files.writeString(
                Files.createDirectories(folder.resolve("etc/backends"))
                        .resolve(backend + ".properties"),
                text);
    }

    /** Invokes an operation of the daemon's MBean. */
    String invoke(String operation, String... arguments) throws Exception {
        String[] signature = new String[arguments.length];
        Arrays.fill(signature, String.class.getName());
        return String.valueOf(server.invoke(DAEMON, operation, arguments, signature));
    }

    /** What an operation fails by. */
    String refusal(String operation, String... arguments) throws Exception {
        try {
            String done = invoke(operation, arguments);
            throw new AssertionError("it was done: " + done);
        } catch (MBeanException e) {
            return String.valueOf(e.getMessage());
        }
    }

    String attribute(String attribute) throws Exception {
        return String.valueOf(server.getAttribute(DAEMON, attribute));
    }

    /** Counts everything anew and compares it with what is counted as it comes and goes. */
    void verifyCounts() throws Exception {
        for (String backend : volumes.dossiers().backends()) {
            long volumeCount = number("SELECT COUNT(*) FROM volume WHERE backend = ?", backend);
            long cuts = number("SELECT COUNT(*) FROM snapshot WHERE backend = ?", backend);
            assertThat(volumes.counts(backend)).isEqualTo(new Counts(volumeCount, cuts, 0));
            assertThat(
                            number(
                                    "SELECT COALESCE(SUM(volumes), 0) FROM backend_count WHERE backend = ?",
                                    backend))
                    .isEqualTo(volumeCount);
            assertThat(
                            number(
                                    "SELECT COALESCE(SUM(snapshots), 0) FROM backend_count WHERE backend = ?",
                                    backend))
                    .isEqualTo(cuts);
            PoolCounts pools =
                    volumes.poolCounts(backend).values().stream()
                            .reduce(new PoolCounts(0, 0, 0), PoolCounts::plus);
            assertThat(pools)
                    .isEqualTo(
                            new PoolCounts(
                                    volumeCount,
                                    cuts,
                                    number(
                                            "SELECT COALESCE(SUM(size_bytes), 0) FROM volume WHERE backend = ?",
                                            backend)));
            assertThat(
                            number(
                                    "SELECT COALESCE(SUM(provisioned_bytes), 0) FROM pool_count WHERE backend = ?",
                                    backend))
                    .isEqualTo(pools.provisionedBytes());
            assertThat(volumes.trash().count(backend))
                    .isEqualTo(number("SELECT COUNT(*) FROM trash WHERE backend = ?", backend));
        }
        for (String wrong :
                List.of(
                        "SELECT COUNT(*) FROM volume v WHERE snapshot_count <> (SELECT COUNT(*) FROM snapshot WHERE volume_id = v.id)",
                        "SELECT COUNT(*) FROM volume v WHERE connection_count <> (SELECT COUNT(*) FROM connection WHERE volume_id = v.id)",
                        "SELECT COUNT(*) FROM snapshot s WHERE connection_count <> (SELECT COUNT(*) FROM connection WHERE snapshot_id = s.id)",
                        "SELECT COUNT(*) FROM volume v WHERE hold_count <> (SELECT COUNT(*) FROM hold WHERE object_id = v.id)",
                        "SELECT COUNT(*) FROM snapshot s WHERE hold_count <> (SELECT COUNT(*) FROM hold WHERE object_id = s.id)",
                        "SELECT COUNT(*) FROM hold WHERE object_id NOT IN (SELECT id FROM volume UNION SELECT id FROM snapshot)")) {
            assertThat(number(wrong)).as(wrong).isZero();
        }
        assertThat(texts("SELECT CAST(id AS CHAR(36)) || ' ' || facet FROM volume_facet"))
                .containsExactlyInAnyOrderElementsOf(
                        texts(
                                "SELECT CAST(v.id AS CHAR(36)) || ' ' || f.facet FROM volume v, UNNEST(facets_of_volume(v.backend,"
                                        + " v.pool, v.labels, v.origin_volume, v.origin_snapshot)) AS f(facet)"
                                        + " UNION ALL SELECT CAST(id AS CHAR(36)) || ' ' || use_of(backend, connection_count)"
                                        + " FROM volume"));
        assertThat(texts("SELECT CAST(id AS CHAR(36)) || ' ' || facet FROM snapshot_facet"))
                .containsExactlyInAnyOrderElementsOf(
                        texts(
                                "SELECT CAST(s.id AS CHAR(36)) || ' ' || f.facet FROM snapshot s,"
                                        + " UNNEST(facets_of_snapshot(s.backend, s.labels)) AS f(facet)"
                                        + " WHERE s.labels <> '' UNION ALL"
                                        + " SELECT CAST(id AS CHAR(36)) || ' ' || use_of(backend, connection_count)"
                                        + " FROM snapshot WHERE connection_count > 0 UNION ALL"
                                        + " SELECT CAST(s.id AS CHAR(36)) || ' pool=' || v.backend || '/' || v.pool"
                                        + " || CHAR(10) FROM snapshot s JOIN volume v ON v.id = s.volume_id"
                                        + " WHERE v.pool <> 'default'"));
        assertThat(keyValues.count()).isEqualTo(number("SELECT COUNT(*) FROM key_value"));
    }

    private long number(String sql, Object... arguments) {
        return store.reads()
                .withHandle(
                        handle -> {
                            var query = handle.createQuery(sql);
                            for (int i = 0; i < arguments.length; i++) {
                                query.bind(i, arguments[i]);
                            }
                            return query.mapTo(Long.class).one();
                        });
    }

    private List<String> texts(String sql) {
        return store.reads().withHandle(h -> h.createQuery(sql).mapTo(String.class).list());
    }

    private static ObjectName name(String text) {
        try {
            return new ObjectName(text);
        } catch (javax.management.MalformedObjectNameException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    @Override
    public void close() {
        beans.close();
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
