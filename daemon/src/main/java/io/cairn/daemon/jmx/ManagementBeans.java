package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Callers;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.PluginReport;
import io.cairn.daemon.keyvalue.KeyValues;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.StoreHealth;
import io.cairn.daemon.volume.Volumes;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.MBeanRegistrationException;
import javax.management.MBeanServer;
import javax.management.NotCompliantMBeanException;
import javax.management.ObjectName;

/**
 * Cairn's MBeans in an MBean server: the daemon and the backends are registered, pools, volumes and
 * snapshots answered from what the daemon knows. {@link #start} and {@link #close} belong to one
 * thread; everything in between is safe for many.
 */
public final class ManagementBeans implements AutoCloseable {
    static final BeanType<DaemonBean> DAEMON =
            new BeanType<>(DaemonBean.class, List.of(), EventTexts.ALL);
    static final BeanType<BackendBean> BACKEND =
            new BeanType<>(BackendBean.class, BackendBean.metrics(), EventTexts.ALL);

    private final VirtualMBeanServer server;
    private final Notifier notifier;
    private final List<ObjectName> registered = new ArrayList<>();

    private ManagementBeans(VirtualMBeanServer server, Notifier notifier) {
        this.server = server;
        this.notifier = notifier;
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
            Backends backends,
            Metrics metrics,
            Supplier<StoreHealth> store,
            Callers callers,
            QueryLimits limits) {
        SortedMap<String, Supplier<BackendStatus>> statuses = new TreeMap<>();
        for (Backend backend : backends.all()) {
            statuses.put(backend.name(), () -> BackendStatus.of(backend));
        }
        return start(
                server,
                new Sources(
                        volumes,
                        keyValues,
                        statuses,
                        metrics,
                        store,
                        about.plugins(),
                        about.version(),
                        about.startedAt(),
                        limits),
                callers);
    }

    static ManagementBeans start(MBeanServer server, Sources sources, Callers callers) {
        VirtualMBeanServer virtual = VirtualMBeanServer.of(server);
        Subscriptions subscriptions = new Subscriptions();
        Notifier notifier = new Notifier(subscriptions, virtual::announce);
        ManagementBeans beans = new ManagementBeans(virtual, notifier);
        virtual.install(new VirtualObjects(sources, callers), subscriptions);
        try {
            sources.backends()
                    .forEach(
                            (name, status) -> {
                                ObjectName objectName = BeanNames.backend(name);
                                BackendBean bean = new BackendBean(sources, name, status);
                                beans.register(
                                        objectName,
                                        new Bean<>(
                                                objectName, BACKEND, bean, callers, subscriptions));
                            });
            // Last, so that whoever sees the daemon sees its backends.
            beans.register(
                    BeanNames.DAEMON,
                    new Bean<>(
                            BeanNames.DAEMON,
                            DAEMON,
                            new DaemonBean(sources, notifier::missed),
                            callers,
                            subscriptions));
        } catch (RuntimeException e) {
            beans.close();
            throw e;
        }
        notifier.start();
        sources.volumes().addListener(notifier::tell);
        return beans;
    }

    /** Takes the MBeans out of the server. */
    @Override
    public void close() {
        notifier.stop();
        for (ObjectName name : registered.reversed()) {
            try {
                server.unregisterMBean(name);
            } catch (InstanceNotFoundException _) {
                // Somebody took it out already, which is all that is wanted.
            } catch (MBeanRegistrationException e) {
                throw new IllegalStateException("%s refused to be taken out".formatted(name), e);
            }
        }
        registered.clear();
        server.uninstall();
    }

    private void register(ObjectName name, Bean<?> bean) {
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
