package io.cairn.daemon.jmx;

import io.cairn.daemon.access.Callers;

import org.jspecify.annotations.Nullable;

import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.DynamicMBean;
import javax.management.ListenerNotFoundException;
import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.MBeanNotificationInfo;
import javax.management.NotificationEmitter;
import javax.management.NotificationFilter;
import javax.management.NotificationListener;
import javax.management.ObjectName;
import javax.management.ReflectionException;

/** An MBean that is registered: an object of ours, seen through its {@link BeanType}. */
final class Bean<T> implements DynamicMBean, NotificationEmitter {
    private final ObjectName name;
    private final BeanType<T> type;
    private final T bean;
    private final Callers callers;
    private final Subscriptions subscriptions;

    Bean(ObjectName name, BeanType<T> type, T bean, Callers callers, Subscriptions subscriptions) {
        this.name = name;
        this.type = type;
        this.bean = bean;
        this.callers = callers;
        this.subscriptions = subscriptions;
    }

    @Override
    public Object getAttribute(String attribute) throws AttributeNotFoundException {
        return type.read(bean, attribute);
    }

    @Override
    public void setAttribute(Attribute attribute) throws AttributeNotFoundException {
        throw type.unwritable(attribute.getName());
    }

    @Override
    public AttributeList getAttributes(String[] attributes) {
        return type.readAll(bean, attributes);
    }

    @Override
    public AttributeList setAttributes(AttributeList attributes) {
        return new AttributeList();
    }

    @Override
    public Object invoke(
            String operation,
            @Nullable Object @Nullable [] arguments,
            String @Nullable [] signature)
            throws MBeanException, ReflectionException {
        return type.invoke(callers, name, bean, operation, arguments, signature);
    }

    @Override
    public MBeanInfo getMBeanInfo() {
        return type.info();
    }

    @Override
    public MBeanNotificationInfo[] getNotificationInfo() {
        return type.info().getNotifications();
    }

    @Override
    public void addNotificationListener(
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback) {
        subscriptions.add(name, listener, filter, handback);
    }

    @Override
    public void removeNotificationListener(NotificationListener listener)
            throws ListenerNotFoundException {
        subscriptions.remove(name, listener);
    }

    @Override
    public void removeNotificationListener(
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws ListenerNotFoundException {
        subscriptions.remove(name, listener, filter, handback);
    }
}
