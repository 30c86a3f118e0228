package io.cairn.daemon.jmx;

import org.jspecify.annotations.Nullable;

import java.util.Set;
import java.util.function.UnaryOperator;

import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.IntrospectionException;
import javax.management.InvalidAttributeValueException;
import javax.management.ListenerNotFoundException;
import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.MBeanRegistrationException;
import javax.management.MBeanServer;
import javax.management.NotCompliantMBeanException;
import javax.management.NotificationFilter;
import javax.management.NotificationListener;
import javax.management.ObjectInstance;
import javax.management.ObjectName;
import javax.management.QueryExp;
import javax.management.ReflectionException;
import javax.management.loading.ClassLoaderRepository;

/** An MBean server that passes everything on to another. Safe for many threads. */
abstract class PassingMBeanServer implements MBeanServer {
    private final MBeanServer real;

    /**
     * @param real makes the other server, given the one that its MBeans shall take it for: this
     */
    @SuppressWarnings("this-escape") // only kept by the other until this is made
    PassingMBeanServer(UnaryOperator<MBeanServer> real) {
        this.real = real.apply(this);
    }

    @Override
    public ObjectInstance createMBean(String className, @Nullable ObjectName name)
            throws ReflectionException,
                    InstanceAlreadyExistsException,
                    MBeanRegistrationException,
                    MBeanException,
                    NotCompliantMBeanException {
        return real.createMBean(className, name);
    }

    @Override
    public ObjectInstance createMBean(
            String className, @Nullable ObjectName name, @Nullable ObjectName loader)
            throws ReflectionException,
                    InstanceAlreadyExistsException,
                    MBeanRegistrationException,
                    MBeanException,
                    NotCompliantMBeanException,
                    InstanceNotFoundException {
        return real.createMBean(className, name, loader);
    }

    @Override
    public ObjectInstance createMBean(
            String className,
            @Nullable ObjectName name,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws ReflectionException,
                    InstanceAlreadyExistsException,
                    MBeanRegistrationException,
                    MBeanException,
                    NotCompliantMBeanException {
        return real.createMBean(className, name, arguments, signature);
    }

    @Override
    public ObjectInstance createMBean(
            String className,
            @Nullable ObjectName name,
            @Nullable ObjectName loader,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws ReflectionException,
                    InstanceAlreadyExistsException,
                    MBeanRegistrationException,
                    MBeanException,
                    NotCompliantMBeanException,
                    InstanceNotFoundException {
        return real.createMBean(className, name, loader, arguments, signature);
    }

    @Override
    public ObjectInstance registerMBean(Object bean, @Nullable ObjectName name)
            throws InstanceAlreadyExistsException,
                    MBeanRegistrationException,
                    NotCompliantMBeanException {
        return real.registerMBean(bean, name);
    }

    @Override
    public void unregisterMBean(ObjectName name)
            throws InstanceNotFoundException, MBeanRegistrationException {
        real.unregisterMBean(name);
    }

    @Override
    public ObjectInstance getObjectInstance(ObjectName name) throws InstanceNotFoundException {
        return real.getObjectInstance(name);
    }

    @Override
    public Set<ObjectInstance> queryMBeans(@Nullable ObjectName pattern, @Nullable QueryExp query) {
        return real.queryMBeans(pattern, query);
    }

    @Override
    public Set<ObjectName> queryNames(@Nullable ObjectName pattern, @Nullable QueryExp query) {
        return real.queryNames(pattern, query);
    }

    @Override
    public boolean isRegistered(ObjectName name) {
        return real.isRegistered(name);
    }

    @Override
    public Integer getMBeanCount() {
        return real.getMBeanCount();
    }

    @Override
    public @Nullable Object getAttribute(ObjectName name, String attribute)
            throws MBeanException,
                    AttributeNotFoundException,
                    InstanceNotFoundException,
                    ReflectionException {
        return real.getAttribute(name, attribute);
    }

    @Override
    public AttributeList getAttributes(ObjectName name, String[] attributes)
            throws InstanceNotFoundException, ReflectionException {
        return real.getAttributes(name, attributes);
    }

    @Override
    public void setAttribute(ObjectName name, Attribute attribute)
            throws InstanceNotFoundException,
                    AttributeNotFoundException,
                    InvalidAttributeValueException,
                    MBeanException,
                    ReflectionException {
        real.setAttribute(name, attribute);
    }

    @Override
    public AttributeList setAttributes(ObjectName name, AttributeList attributes)
            throws InstanceNotFoundException, ReflectionException {
        return real.setAttributes(name, attributes);
    }

    @Override
    public @Nullable Object invoke(
            ObjectName name,
            String operation,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws InstanceNotFoundException, MBeanException, ReflectionException {
        return real.invoke(name, operation, arguments, signature);
    }

    @Override
    public String getDefaultDomain() {
        return real.getDefaultDomain();
    }

    @Override
    public String[] getDomains() {
        return real.getDomains();
    }

    @Override
    public void addNotificationListener(
            ObjectName name,
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws InstanceNotFoundException {
        real.addNotificationListener(name, listener, filter, handback);
    }

    @Override
    public void addNotificationListener(
            ObjectName name,
            ObjectName listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws InstanceNotFoundException {
        real.addNotificationListener(name, listener, filter, handback);
    }

    @Override
    public void removeNotificationListener(ObjectName name, ObjectName listener)
            throws InstanceNotFoundException, ListenerNotFoundException {
        real.removeNotificationListener(name, listener);
    }

    @Override
    public void removeNotificationListener(
            ObjectName name,
            ObjectName listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws InstanceNotFoundException, ListenerNotFoundException {
        real.removeNotificationListener(name, listener, filter, handback);
    }

    @Override
    public void removeNotificationListener(ObjectName name, NotificationListener listener)
            throws InstanceNotFoundException, ListenerNotFoundException {
        real.removeNotificationListener(name, listener);
    }

    @Override
    public void removeNotificationListener(
            ObjectName name,
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws InstanceNotFoundException, ListenerNotFoundException {
        real.removeNotificationListener(name, listener, filter, handback);
    }

    @Override
    public MBeanInfo getMBeanInfo(ObjectName name)
            throws InstanceNotFoundException, IntrospectionException, ReflectionException {
        return real.getMBeanInfo(name);
    }

    @Override
    public boolean isInstanceOf(ObjectName name, String className)
            throws InstanceNotFoundException {
        return real.isInstanceOf(name, className);
    }

    @Override
    public Object instantiate(String className) throws ReflectionException, MBeanException {
        return real.instantiate(className);
    }

    @Override
    public Object instantiate(String className, @Nullable ObjectName loader)
            throws ReflectionException, MBeanException, InstanceNotFoundException {
        return real.instantiate(className, loader);
    }

    @Override
    public Object instantiate(
            String className,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws ReflectionException, MBeanException {
        return real.instantiate(className, arguments, signature);
    }

    @Override
    public Object instantiate(
            String className,
            @Nullable ObjectName loader,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws ReflectionException, MBeanException, InstanceNotFoundException {
        return real.instantiate(className, loader, arguments, signature);
    }

    @Override
    public @Nullable ClassLoader getClassLoaderFor(ObjectName name)
            throws InstanceNotFoundException {
        return real.getClassLoaderFor(name);
    }

    @Override
    public @Nullable ClassLoader getClassLoader(@Nullable ObjectName name)
            throws InstanceNotFoundException {
        return real.getClassLoader(name);
    }

    @Override
    public ClassLoaderRepository getClassLoaderRepository() {
        return real.getClassLoaderRepository();
    }
}
