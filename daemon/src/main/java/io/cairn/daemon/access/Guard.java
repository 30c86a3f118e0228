package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.BadAttributeValueExpException;
import javax.management.BadBinaryOpValueExpException;
import javax.management.BadStringOperationException;
import javax.management.InstanceNotFoundException;
import javax.management.IntrospectionException;
import javax.management.InvalidApplicationException;
import javax.management.InvalidAttributeValueException;
import javax.management.JMRuntimeException;
import javax.management.ListenerNotFoundException;
import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.MBeanServer;
import javax.management.MalformedObjectNameException;
import javax.management.NotificationFilter;
import javax.management.NotificationListener;
import javax.management.ObjectInstance;
import javax.management.ObjectName;
import javax.management.QueryExp;
import javax.management.ReflectionException;
import javax.management.loading.ClassLoaderRepository;

/**
 * The MBean server as the connector's clients see it: the visible beans only, by their roles only,
 * and nothing that makes, removes or loads anything. A hidden bean is not there for any call.
 *
 * <p>The connector itself calls without a Subject: for class loaders, before it becomes the user,
 * and for its buffer of notifications, from whichever thread registers a bean. Both only read.
 */
final class Guard extends NothingMade {
    private static final String OWN = "cairn";
    private static final Set<String> VISIBLE =
            Set.of(OWN, "java.lang", "java.nio", "JMImplementation");

    private final MBeanServer server;
    private final Callers callers;
    private final Audit audit;

    Guard(MBeanServer server, Callers callers, Audit audit) {
        this.server = server;
        this.callers = callers;
        this.audit = audit;
    }

    @Override
    public @Nullable Object invoke(
            ObjectName name,
            String operation,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws InstanceNotFoundException, MBeanException, ReflectionException {
        Caller caller = callers.current();
        if (!isVisible(name)) {
            audit.refused(caller, Audit.Entry.operation(name, operation, null, null));
            throw new InstanceNotFoundException(name.toString());
        }
        Operations operations = Operations.of(info(name));
        Audit.Entry entry =
                Audit.Entry.operation(name, operation, operations.info(operation), arguments);
        Role needed = operations.toInvoke(operation);
        if (!name.getDomain().equals(OWN)) {
            if (!Operations.isPlatformQuery(name, operation)) {
                throw refuse(caller, entry, "the platform's beans are read-only here");
            }
            needed = Role.READER;
        }
        Audit.Running running = audit.begin(caller, needed, entry);
        try {
            Object result = server.invoke(name, operation, arguments, signature);
            running.ok();
            return result;
        } catch (Throwable e) {
            running.failed(e);
            throw e;
        }
    }

    @Override
    public void setAttribute(ObjectName name, Attribute attribute)
            throws InstanceNotFoundException,
                    AttributeNotFoundException,
                    InvalidAttributeValueException,
                    MBeanException,
                    ReflectionException {
        Caller caller = callers.current();
        Audit.Running running =
                audit.begin(caller, toSet(caller, name, attribute), setting(name, attribute));
        try {
            server.setAttribute(name, attribute);
            running.ok();
        } catch (Throwable e) {
            running.failed(e);
            throw e;
        }
    }

    @Override
    public AttributeList setAttributes(ObjectName name, AttributeList attributes)
            throws InstanceNotFoundException, ReflectionException {
        Caller caller = callers.current();
        // All of them before the first one: half of what was asked is worse than nothing.
        for (Attribute attribute : attributes.asList()) {
            if (!caller.role().covers(toSet(caller, name, attribute))) {
                throw refuse(caller, setting(name, attribute), "the role does not suffice");
            }
        }
        AttributeList done = new AttributeList();
        for (Attribute attribute : attributes.asList()) {
            try {
                setAttribute(name, attribute);
                done.add(attribute);
            } catch (AttributeNotFoundException
                    | InvalidAttributeValueException
                    | MBeanException
                    | JMRuntimeException _) {
                // The contract of this method: what could not be set is missing from the answer.
            }
        }
        return done;
    }

    private static Audit.Entry setting(ObjectName name, Attribute attribute) {
        return Audit.Entry.attribute(name, attribute.getName(), attribute.getValue());
    }

    private Role toSet(Caller caller, ObjectName name, Attribute attribute)
            throws InstanceNotFoundException, ReflectionException {
        Audit.Entry entry = setting(name, attribute);
        if (!isVisible(name)) {
            audit.refused(caller, entry);
            throw new InstanceNotFoundException(name.toString());
        }
        if (!name.getDomain().equals(OWN)) {
            throw refuse(caller, entry, "the platform's beans are read-only here");
        }
        return Operations.of(info(name)).toSet(attribute.getName());
    }

    private MBeanInfo info(ObjectName name) throws InstanceNotFoundException, ReflectionException {
        try {
            return server.getMBeanInfo(name);
        } catch (IntrospectionException e) {
            throw new ReflectionException(e, "%s cannot describe itself".formatted(name));
        }
    }

    private static boolean isVisible(ObjectName name) {
        return VISIBLE.contains(name.getDomain());
    }

    /** The first check of every call that names a bean, and of the user's still being one. */
    private void requireVisible(ObjectName name) throws InstanceNotFoundException {
        Caller caller = callers.current();
        if (!isVisible(name)) {
            audit.refused(caller, Audit.Entry.other("read " + name));
            throw new InstanceNotFoundException(name.toString());
        }
    }

    private SecurityException refuse(Caller caller, Audit.Entry entry, String why) {
        audit.refused(caller, entry);
        return new SecurityException("DENIED: %s: %s".formatted(entry.what(), why));
    }

    @Override
    SecurityException refuseAll(String what) {
        return refuse(
                callers.current(),
                Audit.Entry.other(what),
                "no client may do this, whatever his role");
    }

    @Override
    public @Nullable Object getAttribute(ObjectName name, String attribute)
            throws MBeanException,
                    AttributeNotFoundException,
                    InstanceNotFoundException,
                    ReflectionException {
        requireVisible(name);
        return StartOptions.shown(callers, name, attribute, server.getAttribute(name, attribute));
    }

    @Override
    public AttributeList getAttributes(ObjectName name, String[] attributes)
            throws InstanceNotFoundException, ReflectionException {
        requireVisible(name);
        return StartOptions.shown(callers, name, server.getAttributes(name, attributes));
    }

    @Override
    public MBeanInfo getMBeanInfo(ObjectName name)
            throws InstanceNotFoundException, IntrospectionException, ReflectionException {
        requireVisible(name);
        return server.getMBeanInfo(name);
    }

    @Override
    public ObjectInstance getObjectInstance(ObjectName name) throws InstanceNotFoundException {
        requireVisible(name);
        return server.getObjectInstance(name);
    }

    @Override
    public boolean isInstanceOf(ObjectName name, String className)
            throws InstanceNotFoundException {
        requireVisible(name);
        return server.isInstanceOf(name, className);
    }

    @Override
    public boolean isRegistered(ObjectName name) {
        callers.current();
        return isVisible(name) && server.isRegistered(name);
    }

    @Override
    public Set<ObjectName> queryNames(@Nullable ObjectName pattern, @Nullable QueryExp query) {
        callers.current();
        Set<ObjectName> found = new HashSet<>();
        for (ObjectName name : server.queryNames(pattern, null)) {
            if (isVisible(name) && matches(query, name)) {
                found.add(name);
            }
        }
        return found;
    }

    @Override
    public Set<ObjectInstance> queryMBeans(@Nullable ObjectName pattern, @Nullable QueryExp query) {
        callers.current();
        Set<ObjectInstance> found = new HashSet<>();
        for (ObjectInstance instance : server.queryMBeans(pattern, null)) {
            if (isVisible(instance.getObjectName()) && matches(query, instance.getObjectName())) {
                found.add(instance);
            }
        }
        return found;
    }

    /**
     * Evaluates a client's expression here and not in the server behind, so that it never reads an
     * attribute of a hidden bean. An expression that fails does not match, as in the JDK's server.
     */
    private boolean matches(@Nullable QueryExp query, ObjectName name) {
        if (query == null) {
            return true;
        }
        query.setMBeanServer(this);
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

    @Override
    public Integer getMBeanCount() {
        callers.current();
        int hidden = 0;
        for (String domain : server.getDomains()) {
            if (!VISIBLE.contains(domain)) {
                hidden += server.queryNames(everythingIn(domain), null).size();
            }
        }
        return server.getMBeanCount() - hidden;
    }

    private static ObjectName everythingIn(String domain) {
        try {
            return new ObjectName(domain + ":*");
        } catch (MalformedObjectNameException e) {
            throw new IllegalStateException("%s is no domain".formatted(domain), e);
        }
    }

    @Override
    public String getDefaultDomain() {
        callers.current();
        return server.getDefaultDomain();
    }

    @Override
    public String[] getDomains() {
        callers.current();
        return Arrays.stream(server.getDomains()).filter(VISIBLE::contains).toArray(String[]::new);
    }

    @Override
    public void addNotificationListener(
            ObjectName name,
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws InstanceNotFoundException {
        requireVisible(name);
        server.addNotificationListener(name, listener, filter, handback);
    }

    @Override
    public void removeNotificationListener(ObjectName name, NotificationListener listener)
            throws InstanceNotFoundException, ListenerNotFoundException {
        requireVisible(name);
        server.removeNotificationListener(name, listener);
    }

    @Override
    public void removeNotificationListener(
            ObjectName name,
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws InstanceNotFoundException, ListenerNotFoundException {
        requireVisible(name);
        server.removeNotificationListener(name, listener, filter, handback);
    }

    /**
     * Asked by the connector before it reads arguments. The JDK's own classes suffice for all that
     * its filter lets through, so that none of the daemon's can even be looked up.
     */
    @Override
    public ClassLoader getClassLoaderFor(ObjectName name) throws InstanceNotFoundException {
        requireVisible(name);
        return ClassLoader.getPlatformClassLoader();
    }

    /** Asked by the connector for every new connection. */
    @Override
    public ClassLoaderRepository getClassLoaderRepository() {
        return server.getClassLoaderRepository();
    }
}
