package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Audit;
import io.cairn.daemon.access.Callers;
import io.cairn.daemon.access.Role;
import io.cairn.daemon.driver.BackendState;
import io.cairn.daemon.driver.LaneLoad;
import io.cairn.daemon.driver.PluginReport;
import io.cairn.daemon.driver.Pools;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.store.StoreHealth;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.PoolStats;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

import javax.management.MBeanServer;
import javax.management.MBeanServerDelegate;
import javax.management.ObjectName;

/** The MBeans of a daemon with two backends, one of them down, in an MBean server of their own. */
final class House implements AutoCloseable {
    static final ObjectName FAST = BeanNames.backend("fast");
    static final String GIB = "1GiB";

    final Volumes volumes = new Volumes();
    final MBeanServer server;
    private final ManagementBeans beans;

    House() {
        this(Role.ADMIN, new QueryLimits(50, 1_000));
    }

    House(Role inProcess, QueryLimits limits) {
        this(newServer(), inProcess, limits);
    }

    House(MBeanServer server, Role inProcess, QueryLimits limits) {
        this.server = server;
        Metrics metrics = new Metrics();
        metrics.succeeded("fast", Operation.CREATE_SNAPSHOT, Duration.ofMillis(3));
        metrics.failed("fast", Operation.CREATE_SNAPSHOT);
        SortedMap<String, Supplier<BackendStatus>> backends = new TreeMap<>();
        backends.put("fast", House::fast);
        backends.put("slow", House::slow);
        beans =
                ManagementBeans.start(
                        server,
                        new Sources(
                                volumes,
                                backends,
                                metrics,
                                () ->
                                        new StoreHealth(
                                                StoreHealth.State.OPEN,
                                                "",
                                                7,
                                                5,
                                                0,
                                                0,
                                                1L << 30,
                                                4_096,
                                                List.of()),
                                List.of(new PluginReport("file", true, "driver file 0.1.0")),
                                "0.1.0",
                                Instant.now(),
                                limits),
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

    Object get(ObjectName bean, String attribute) throws Exception {
        return server.getAttribute(bean, attribute);
    }

    @Override
    public void close() {
        beans.close();
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
                new Pools(
                        List.of(new PoolStats("default", 100L << 30, 75L << 30)),
                        Instant.now(),
                        ""),
                Map.of("folder", "/srv/fast", "password", "***"),
                new LaneLoad(8, 0, 0, 0, 0));
    }

    private static BackendStatus slow() {
        return new BackendStatus(
                "slow",
                "nfs",
                Optional.empty(),
                "",
                new BackendState(false, Instant.EPOCH, "no plugin brings a driver 'nfs'"),
                Optional.empty(),
                new Pools(List.of(), Instant.EPOCH, ""),
                Map.of(),
                new LaneLoad(8, 0, 0, 0, 0));
    }
}
