package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Callers;
import io.cairn.daemon.backup.Backups;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.BackendDoor;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.PluginReport;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.StoreHealth;
import io.cairn.daemon.transfer.Transfers;
import io.cairn.daemon.volume.Volumes;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;
import java.util.stream.Stream;

import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.MBeanRegistrationException;
import javax.management.MBeanServer;
import javax.management.NotCompliantMBeanException;
import javax.management.ObjectName;

/**
 * Cairn's MBeans in an MBean server: the daemon and the backends are registered, pools, volumes and
 * snapshots answered from what the daemon knows. Backends may come and go. {@link #start} and
 * {@link #close} belong to one thread; everything in between is safe for many.
 */
public final class ManagementBeans implements AutoCloseable {
    static final BeanType<DaemonBean> DAEMON =
            new BeanType<>(DaemonBean.class, List.of(), EventTypes.ALL);
    static final BeanType<BackendBean> BACKEND =
            new BeanType<>(
                    BackendBean.class,
                    Stream.concat(
                                    BackendMetrics.all().stream(),
                                    Space.<BackendBean>attributes(BackendBean::figures).stream())
                            .toList(),
                    EventTypes.ALL);

    private final VirtualMBeanServer server;
    private final Notifier notifier;
    private final Sources sources;
    private final Callers callers;
    private final Subscriptions subscriptions;
    private final List<ObjectName> registered = new ArrayList<>();
    private boolean closed;

    private ManagementBeans(
            VirtualMBeanServer server,
            Sources sources,
            Callers callers,
            Subscriptions subscriptions) {
        this.server = server;
        this.sources = sources;
        this.callers = callers;
        this.subscriptions = subscriptions;
        this.notifier = new Notifier(subscriptions, server::announce);
    }

    /**
     * What the daemon's MBean tells of the daemon itself.
     *
     * @param version the daemon's version
     * @param startedAt when it was started
     * @param plugins what became of each plugin folder
     */
    public record About(String version, Instant startedAt, List<PluginReport> plugins) {
        public About {
            plugins = List.copyOf(plugins);
        }
    }

    /**
     * Puts the MBeans into a server. From then on {@code volumes} has a listener that costs an
     * operation next to nothing.
     *
     * @param server one that {@link CairnMBeanServerBuilder} made, such as the JVM's own
     * @param door by which backends are opened and closed later
     * @param store how the state store is now; must not block
     * @param limits how many volumes and snapshots queries show
     * @throws IllegalStateException if the server was not made by {@link CairnMBeanServerBuilder},
     *     or has such MBeans already
     */
    public static ManagementBeans start(
            MBeanServer server,
            About about,
            Volumes volumes,
            KeyValues keyValues,
            Transfers transfers,
            Checks checks,
            Backups backups,
            Backends backends,
            BackendDoor door,
            Metrics metrics,
            Supplier<StoreHealth> store,
            Callers callers,
            QueryLimits limits) {
        ConcurrentNavigableMap<String, Supplier<BackendStatus>> statuses =
                new ConcurrentSkipListMap<>();
        for (Backend backend : backends.all()) {
            statuses.put(backend.name(), status(backends, backend));
        }
        ManagementBeans beans =
                start(
                        server,
                        new Sources(
                                volumes,
                                keyValues,
                                statuses,
                                new BackendOperations(backends, door, volumes),
                                metrics,
                                store,
                                about.plugins(),
                                about.version(),
                                about.startedAt(),
                                limits,
                                transfers,
                                checks,
                                backups),
                        callers);
        backends.onName(
                new Backends.NameListener() {
                    @Override
                    public void came(String name) {
                        backends.find(name)
                                .ifPresent(backend -> beans.came(name, status(backends, backend)));
                    }

                    @Override
                    public void went(String name) {
                        beans.went(name);
                    }
                });
        return beans;
    }

    /** Of whichever backend has the name at the moment, since one is opened in another's place. */
    private static Supplier<BackendStatus> status(Backends backends, Backend first) {
        return () -> BackendStatus.of(backends.find(first.name()).orElse(first));
    }

    static ManagementBeans start(MBeanServer server, Sources sources, Callers callers) {
        VirtualMBeanServer virtual = VirtualMBeanServer.of(server);
        Subscriptions subscriptions = new Subscriptions();
        ManagementBeans beans = new ManagementBeans(virtual, sources, callers, subscriptions);
        virtual.install(new VirtualObjects(sources, callers), subscriptions);
        try {
            sources.backends().forEach(beans::registerBackend);
            // Last, so that whoever sees the daemon sees its backends.
            beans.register(
                    BeanNames.DAEMON,
                    new Bean<>(
                            BeanNames.DAEMON,
                            DAEMON,
                            new DaemonBean(sources, callers.audit(), beans.notifier::missed),
                            callers,
                            subscriptions));
        } catch (RuntimeException e) {
            beans.close();
            throw e;
        }
        beans.notifier.start();
        sources.volumes().addListener(beans.notifier::tell);
        return beans;
    }

    private synchronized void came(String name, Supplier<BackendStatus> status) {
        if (!closed && sources.backends().putIfAbsent(name, status) == null) {
            registerBackend(name, status);
        }
    }

    private synchronized void went(String name) {
        ObjectName objectName = BeanNames.backend(name);
        if (sources.backends().remove(name) != null && registered.remove(objectName)) {
            unregister(objectName);
            subscriptions.forget(objectName);
        }
    }

    private void registerBackend(String name, Supplier<BackendStatus> status) {
        ObjectName objectName = BeanNames.backend(name);
        register(
                objectName,
                new Bean<>(
                        objectName,
                        BACKEND,
                        new BackendBean(sources, name, status, () -> callers.current().name()),
                        callers,
                        subscriptions));
    }

    /** Takes the MBeans out of the server. */
    @Override
    public synchronized void close() {
        closed = true;
        notifier.stop();
        // The JDK's server takes them out; calls that come in between must not find them gone.
        server.end();
        for (ObjectName name : registered.reversed()) {
            unregister(name);
        }
        registered.clear();
        server.uninstall();
    }

    private void unregister(ObjectName name) {
        try {
            server.unregisterMBean(name);
        } catch (InstanceNotFoundException _) {
            // Somebody took it out already, which is all that is wanted.
        } catch (MBeanRegistrationException e) {
            throw new IllegalStateException("%s refused to be taken out".formatted(name), e);
        }
    }

    private synchronized void register(ObjectName name, Bean<?> bean) {
        try {
            server.registerMBean(bean, name);
            registered.add(name);
        } catch (InstanceAlreadyExistsException
                | MBeanRegistrationException
                | NotCompliantMBeanException e) {
            throw new IllegalStateException("%s cannot be registered".formatted(name), e);
        }
    }
}
