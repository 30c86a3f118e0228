package io.cairn.daemon.jmx;

import io.cairn.daemon.jmx.VirtualObjects.Found;
import io.cairn.daemon.volume.DamagedRowException;
import io.cairn.daemon.volume.OperationException;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.BadAttributeValueExpException;
import javax.management.BadBinaryOpValueExpException;
import javax.management.BadStringOperationException;
import javax.management.DynamicMBean;
import javax.management.InstanceNotFoundException;
import javax.management.IntrospectionException;
import javax.management.InvalidApplicationException;
import javax.management.InvalidAttributeValueException;
import javax.management.ListenerNotFoundException;
import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.MBeanRegistrationException;
import javax.management.MBeanServer;
import javax.management.MBeanServerDelegate;
import javax.management.Notification;
import javax.management.NotificationBroadcaster;
import javax.management.NotificationEmitter;
import javax.management.NotificationFilter;
import javax.management.NotificationListener;
import javax.management.ObjectInstance;
import javax.management.ObjectName;
import javax.management.QueryEval;
import javax.management.QueryExp;
import javax.management.ReflectionException;
import javax.management.RuntimeMBeanException;
import javax.management.RuntimeOperationsException;

/**
 * The JVM's MBean server with {@link VirtualObjects} in it, for every caller alike: the connector,
 * local attach, and agents in the process. Until they are installed, and for every other name, it
 * is the JDK's server. Safe for many threads.
 *
 * <p>A virtual name is looked up anew at every call. What does not exist is left to the JDK's
 * server, which refuses it in its own words.
 */
final class VirtualMBeanServer extends ReservingMBeanServer {
    private static final Logger LOG = LoggerFactory.getLogger(VirtualMBeanServer.class);

    private static final Set<String> INTERFACES =
            Set.of(Object.class.getName(), DynamicMBean.class.getName());
    private static final Set<String> EMITTERS =
            Set.of(NotificationBroadcaster.class.getName(), NotificationEmitter.class.getName());

    private record Installed(VirtualObjects objects, Subscriptions subscriptions) {}

    private final MBeanServerDelegate delegate;
    private volatile @Nullable Installed installed;
    private volatile boolean ended;

    VirtualMBeanServer(MBeanServerDelegate delegate, UnaryOperator<MBeanServer> real) {
        super(real);
        this.delegate = delegate;
    }

    /**
     * The server as one of these.
     *
     * @throws IllegalStateException if another builder made it
     */
    static VirtualMBeanServer of(MBeanServer server) {
        if (server instanceof VirtualMBeanServer virtual) {
            return virtual;
        }
        throw new IllegalStateException(
                "the MBean server was made before Cairn could: start Java with -D%s=%s"
                        .formatted(
                                CairnMBeanServerBuilder.PROPERTY,
                                CairnMBeanServerBuilder.class.getName()));
    }

    void install(VirtualObjects objects, Subscriptions subscriptions) {
        installed = new Installed(objects, subscriptions);
        ended = false;
    }

    /**
     * From now on nothing of Cairn's is to be had. Calls that are on their way yet are told so:
     * that a name is not found would say that the object is gone.
     */
    void end() {
        ended = true;
    }

    void uninstall() {
        installed = null;
    }

    /** Tells whoever listens for MBeans that come and go. */
    void announce(Notification notification) {
        delegate.sendNotification(notification);
    }

    @Override
    public boolean isRegistered(ObjectName name) {
        return (!ended && find(name).isPresent()) || super.isRegistered(name);
    }

    @Override
    public ObjectInstance getObjectInstance(ObjectName name) throws InstanceNotFoundException {
        Optional<Found<?>> found = find(name);
        return found.isPresent() ? found.get().instance() : super.getObjectInstance(name);
    }

    @Override
    public MBeanInfo getMBeanInfo(ObjectName name)
            throws InstanceNotFoundException, IntrospectionException, ReflectionException {
        Optional<Found<?>> found = find(name);
        return found.isPresent() ? found.get().info() : super.getMBeanInfo(name);
    }

    @Override
    public @Nullable Object getAttribute(ObjectName name, String attribute)
            throws MBeanException,
                    AttributeNotFoundException,
                    InstanceNotFoundException,
                    ReflectionException {
        Optional<Found<?>> found = find(name);
        return found.isPresent()
                ? found.get().read(attribute)
                : super.getAttribute(name, attribute);
    }

    @Override
    public AttributeList getAttributes(ObjectName name, String[] attributes)
            throws InstanceNotFoundException, ReflectionException {
        Optional<Found<?>> found = find(name);
        return found.isPresent()
                ? found.get().readAll(attributes)
                : super.getAttributes(name, attributes);
    }

    @Override
    public void setAttribute(ObjectName name, Attribute attribute)
            throws InstanceNotFoundException,
                    AttributeNotFoundException,
                    InvalidAttributeValueException,
                    MBeanException,
                    ReflectionException {
        Optional<Found<?>> found = find(name);
        if (found.isPresent()) {
            throw found.get().type().unwritable(attribute.getName());
        }
        super.setAttribute(name, attribute);
    }

    @Override
    public AttributeList setAttributes(ObjectName name, AttributeList attributes)
            throws InstanceNotFoundException, ReflectionException {
        return find(name).isPresent() ? new AttributeList() : super.setAttributes(name, attributes);
    }

    @Override
    public @Nullable Object invoke(
            ObjectName name,
            String operation,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws InstanceNotFoundException, MBeanException, ReflectionException {
        Installed now = installed;
        if (ended && BeanNames.ours(name)) {
            throw Failures.stopping();
        }
        Optional<Found<?>> found = find(name);
        if (now != null && found.isPresent()) {
            return found.get().invoke(now.objects.callers(), operation, arguments, signature);
        }
        try {
            return super.invoke(name, operation, arguments, signature);
        } catch (InstanceNotFoundException e) {
            if (ended && BeanNames.ours(name)) {
                throw Failures.stopping();
            }
            throw e;
        } catch (RuntimeMBeanException e) {
            // As from a virtual MBean and from the connector: clients know it by its class.
            throw e.getTargetException() instanceof SecurityException refusal ? refusal : e;
        }
    }

    @Override
    public boolean isInstanceOf(ObjectName name, String className)
            throws InstanceNotFoundException {
        Optional<Found<?>> found = find(name);
        return found.isPresent()
                ? found.get().type().className().equals(className)
                        || INTERFACES.contains(className)
                        || (found.get().emits() && EMITTERS.contains(className))
                : super.isInstanceOf(name, className);
    }

    @Override
    public @Nullable ClassLoader getClassLoaderFor(ObjectName name)
            throws InstanceNotFoundException {
        return find(name).isPresent()
                ? VirtualMBeanServer.class.getClassLoader()
                : super.getClassLoaderFor(name);
    }

    /** Counts the virtual ones too, all of them, however many a query would show. */
    @Override
    public Integer getMBeanCount() {
        Installed now = installed;
        return super.getMBeanCount() + (now == null ? 0 : now.objects.count());
    }

    @Override
    public Set<ObjectName> queryNames(@Nullable ObjectName pattern, @Nullable QueryExp query) {
        Set<ObjectName> names = new LinkedHashSet<>(super.queryNames(pattern, query));
        virtual(pattern, query).forEach(instance -> names.add(instance.getObjectName()));
        return names;
    }

    @Override
    public Set<ObjectInstance> queryMBeans(@Nullable ObjectName pattern, @Nullable QueryExp query) {
        Set<ObjectInstance> instances = new LinkedHashSet<>(super.queryMBeans(pattern, query));
        instances.addAll(virtual(pattern, query));
        return instances;
    }

    @Override
    public void addNotificationListener(
            ObjectName name,
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws InstanceNotFoundException {
        Installed now = installed;
        if (now != null && emits(name)) {
            now.subscriptions.add(name, listener, filter, handback);
        } else {
            super.addNotificationListener(name, listener, filter, handback);
        }
    }

    @Override
    public void addNotificationListener(
            ObjectName name,
            ObjectName listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws InstanceNotFoundException {
        refuseListenerByName(name);
        super.addNotificationListener(name, listener, filter, handback);
    }

    @Override
    public void removeNotificationListener(ObjectName name, ObjectName listener)
            throws InstanceNotFoundException, ListenerNotFoundException {
        refuseListenerByName(name);
        super.removeNotificationListener(name, listener);
    }

    @Override
    public void removeNotificationListener(
            ObjectName name,
            ObjectName listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws InstanceNotFoundException, ListenerNotFoundException {
        refuseListenerByName(name);
        super.removeNotificationListener(name, listener, filter, handback);
    }

    @Override
    public void removeNotificationListener(ObjectName name, NotificationListener listener)
            throws InstanceNotFoundException, ListenerNotFoundException {
        Installed now = installed;
        if (now != null && emits(name)) {
            now.subscriptions.remove(name, listener);
        } else {
            super.removeNotificationListener(name, listener);
        }
    }

    @Override
    public void removeNotificationListener(
            ObjectName name,
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws InstanceNotFoundException, ListenerNotFoundException {
        Installed now = installed;
        if (now != null && emits(name)) {
            now.subscriptions.remove(name, listener, filter, handback);
        } else {
            super.removeNotificationListener(name, listener, filter, handback);
        }
    }

    @Override
    public void unregisterMBean(ObjectName name)
            throws InstanceNotFoundException, MBeanRegistrationException {
        if (!ended && find(name).isPresent()) {
            throw refused(
                    name + " exists as long as the object does: delete it by its operation delete");
        }
        super.unregisterMBean(name);
    }

    private Optional<Found<?>> find(@Nullable ObjectName name) {
        Installed now = installed;
        if (ended && name != null && BeanNames.ours(name)) {
            throw unavailable(Failures.STOPPING);
        }
        if (now == null || name == null) {
            return Optional.empty();
        }
        try {
            return now.objects.find(name);
        } catch (DamagedRowException e) {
            throw failed("FAULT: " + e.getMessage());
        } catch (RuntimeException e) {
            throw unreadable(e);
        }
    }

    /** Whether a listener to a name is ours to keep. */
    private boolean emits(@Nullable ObjectName name) {
        if (name == null) {
            return false;
        }
        Optional<Found<?>> found = find(name);
        return found.isPresent()
                ? found.get().emits()
                : BeanNames.emitter(name) && super.isRegistered(name);
    }

    private List<ObjectInstance> virtual(@Nullable ObjectName pattern, @Nullable QueryExp query) {
        Installed now = installed;
        if (now == null) {
            return List.of();
        }
        List<ObjectInstance> found;
        try {
            found = now.objects.query(pattern);
        } catch (DamagedRowException e) {
            throw failed("FAULT: " + e.getMessage());
        } catch (OperationException | RuntimeException e) {
            if (pattern != null && !pattern.isDomainPattern()) {
                throw unreadable(e);
            }
            // Whoever asks for everything shall see the daemon's MBean, which says what is wrong.
            LOG.warn("A query of all MBeans leaves volumes and snapshots out", e);
            return List.of();
        }
        if (query == null) {
            return found;
        }
        MBeanServer before = QueryEval.getMBeanServer();
        query.setMBeanServer(this);
        try {
            return found.stream()
                    .filter(instance -> applies(query, instance.getObjectName()))
                    .collect(Collectors.toList());
        } finally {
            query.setMBeanServer(before);
        }
    }

    /** As the JDK's server has it: what a query cannot be asked of does not match it. */
    private static boolean applies(QueryExp query, ObjectName name) {
        try {
            return query.apply(name);
        } catch (BadStringOperationException
                | BadBinaryOpValueExpException
                | BadAttributeValueExpException
                | InvalidApplicationException
                | RuntimeException _) {
            return false;
        }
    }

    private void refuseListenerByName(@Nullable ObjectName name) {
        if (name != null && find(name).isPresent()) {
            throw refused(name + " takes no MBean as a listener: pass the listener itself");
        }
    }

    private static RuntimeOperationsException unreadable(Exception cause) {
        LOG.error("The state could not be read", cause);
        return unavailable(
                "the state could not be read; see StoreState and StoreReason of "
                        + BeanNames.DAEMON);
    }

    private static RuntimeOperationsException unavailable(String why) {
        return failed("UNAVAILABLE: " + why);
    }

    private static RuntimeOperationsException failed(String text) {
        return new RuntimeOperationsException(new IllegalStateException(text), text);
    }
}
