package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;

import java.io.ObjectInputStream;
import java.io.Serial;
import java.io.Serializable;
import java.util.concurrent.atomic.AtomicInteger;

import javax.management.MBeanServer;
import javax.management.Notification;
import javax.management.NotificationFilter;
import javax.management.ObjectName;
import javax.management.QueryExp;

/**
 * What an attacker sends: a class whose code runs when it is deserialized. It is whatever a method
 * of a JMX connection may want, so that it fits everywhere.
 */
final class Payload implements Serializable, QueryExp, NotificationFilter {
    @Serial private static final long serialVersionUID = 1;

    /** How often an attacker's code ran. */
    static final AtomicInteger RUNS = new AtomicInteger();

    @Serial
    private void readObject(ObjectInputStream in) {
        RUNS.incrementAndGet();
    }

    @Override
    public boolean apply(ObjectName name) {
        return true;
    }

    @Override
    public void setMBeanServer(@Nullable MBeanServer server) {
        // Needs none.
    }

    @Override
    public boolean isNotificationEnabled(Notification notification) {
        return true;
    }
}
