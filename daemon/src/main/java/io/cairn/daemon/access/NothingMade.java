package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;

import javax.management.MBeanServer;
import javax.management.NotificationFilter;
import javax.management.ObjectInstance;
import javax.management.ObjectName;

/**
 * The calls of an MBean server that no client needs: to make, register and remove beans, to load
 * classes, and to make beans listen to each other. Most attacks on JMX are one of these.
 */
abstract sealed class NothingMade implements MBeanServer permits Guard {
    /** Records that somebody tried, and makes the exception that tells him. */
    abstract SecurityException refuseAll(String what);

    @Override
    public void addNotificationListener(
            ObjectName name,
            ObjectName listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback) {
        throw refuseAll("make %s listen to %s".formatted(listener, name));
    }

    @Override
    public void removeNotificationListener(ObjectName name, ObjectName listener) {
        throw refuseAll("stop %s listening to %s".formatted(listener, name));
    }

    @Override
    public void removeNotificationListener(
            ObjectName name,
            ObjectName listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback) {
        throw refuseAll("stop %s listening to %s".formatted(listener, name));
    }

    @Override
    public ObjectInstance createMBean(String className, @Nullable ObjectName name) {
        throw refuseAll("createMBean " + className);
    }

    @Override
    public ObjectInstance createMBean(
            String className, @Nullable ObjectName name, @Nullable ObjectName loader) {
        throw refuseAll("createMBean " + className);
    }

    @Override
    public ObjectInstance createMBean(
            String className,
            @Nullable ObjectName name,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature) {
        throw refuseAll("createMBean " + className);
    }

    @Override
    public ObjectInstance createMBean(
            String className,
            @Nullable ObjectName name,
            @Nullable ObjectName loader,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature) {
        throw refuseAll("createMBean " + className);
    }

    @Override
    public ObjectInstance registerMBean(Object bean, @Nullable ObjectName name) {
        throw refuseAll("registerMBean");
    }

    @Override
    public void unregisterMBean(ObjectName name) {
        throw refuseAll("unregisterMBean " + name);
    }

    @Override
    public Object instantiate(String className) {
        throw refuseAll("instantiate " + className);
    }

    @Override
    public Object instantiate(String className, @Nullable ObjectName loader) {
        throw refuseAll("instantiate " + className);
    }

    @Override
    public Object instantiate(
            String className,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature) {
        throw refuseAll("instantiate " + className);
    }

    @Override
    public Object instantiate(
            String className,
            @Nullable ObjectName loader,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature) {
        throw refuseAll("instantiate " + className);
    }

    @Override
    public ClassLoader getClassLoader(@Nullable ObjectName name) {
        throw refuseAll("getClassLoader " + name);
    }
}
