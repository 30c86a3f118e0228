package io.cairn.daemon.jmx;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

import javax.management.ListenerNotFoundException;
import javax.management.Notification;
import javax.management.NotificationFilter;
import javax.management.NotificationListener;
import javax.management.ObjectName;

/** Who listens to which of Cairn's MBeans. Safe for many threads. */
@SuppressWarnings("ReferenceEquality") // a listener is found by identity, as JMX has it
final class Subscriptions {
    private static final Logger LOG = LoggerFactory.getLogger(Subscriptions.class);

    /**
     * A remote connector listens for all of its clients through one listener of this package. It
     * asks the server for every emitter there is, listens to each with the emitter's name as
     * handback, and finds by the name which client wants what. It would so miss every virtual MBean
     * that its query did not return, and keep an entry for each that it did. So it is told
     * everything, as if it had asked for each name.
     */
    private static final String CONNECTOR_PACKAGE = "com.sun.jmx.remote.internal.";

    private record Subscription(
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback) {}

    private final ConcurrentMap<ObjectName, List<Subscription>> byName = new ConcurrentHashMap<>();
    private final List<NotificationListener> connectors = new CopyOnWriteArrayList<>();

    void add(
            ObjectName name,
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback) {
        if (isConnector(listener) && filter == null && name.equals(handback)) {
            synchronized (connectors) {
                if (!connectors.contains(listener)) {
                    connectors.add(listener);
                }
            }
            return;
        }
        Subscription subscription = new Subscription(listener, filter, handback);
        byName.compute(
                name,
                (_, known) -> {
                    List<Subscription> all =
                            known == null ? new ArrayList<>() : new ArrayList<>(known);
                    all.add(subscription);
                    return List.copyOf(all);
                });
    }

    void remove(ObjectName name, NotificationListener listener) throws ListenerNotFoundException {
        if (isConnector(listener)) {
            // It leaves a deleted object's name too, but the daemon's only when it ends.
            if (name.equals(BeanNames.DAEMON)) {
                connectors.remove(listener);
            }
            return;
        }
        if (!removeIf(name, known -> known.listener == listener, false)) {
            throw new ListenerNotFoundException("that listener does not listen to " + name);
        }
    }

    void remove(
            ObjectName name,
            NotificationListener listener,
            @Nullable NotificationFilter filter,
            @Nullable Object handback)
            throws ListenerNotFoundException {
        if (!removeIf(
                name,
                known ->
                        known.listener == listener
                                && known.filter == filter
                                && Objects.equals(known.handback, handback),
                true)) {
            throw new ListenerNotFoundException(
                    "that listener does not listen to %s with that filter and handback"
                            .formatted(name));
        }
    }

    /** Forgets everybody who listens to what is gone. */
    void forget(ObjectName name) {
        byName.remove(name);
    }

    /** Forgets everybody who listens to a volume, snapshot or connection of a backend. */
    void forgetAllOf(String backend) {
        byName.keySet()
                .removeIf(
                        name ->
                                backend.equals(name.getKeyProperty("backend"))
                                        && name.getKeyProperty("volume") != null);
    }

    /** Whether anybody listens to anything. */
    boolean any() {
        return !connectors.isEmpty() || !byName.isEmpty();
    }

    boolean anybodyListensTo(ObjectName name) {
        return !connectors.isEmpty() || byName.containsKey(name);
    }

    void send(ObjectName name, Notification notification) {
        for (NotificationListener connector : connectors) {
            send(new Subscription(connector, null, name), notification);
        }
        for (Subscription subscription : byName.getOrDefault(name, List.of())) {
            send(subscription, notification);
        }
    }

    private static void send(Subscription subscription, Notification notification) {
        try {
            NotificationFilter filter = subscription.filter;
            if (filter == null || filter.isNotificationEnabled(notification)) {
                subscription.listener.handleNotification(notification, subscription.handback);
            }
        } catch (RuntimeException e) {
            LOG.warn("A listener to {} failed", notification.getSource(), e);
        }
    }

    private boolean removeIf(ObjectName name, Predicate<Subscription> wanted, boolean onlyOne) {
        boolean[] removed = new boolean[1];
        byName.computeIfPresent(
                name,
                (_, known) -> {
                    List<Subscription> rest = new ArrayList<>();
                    for (Subscription subscription : known) {
                        if (wanted.test(subscription) && !(onlyOne && removed[0])) {
                            removed[0] = true;
                        } else {
                            rest.add(subscription);
                        }
                    }
                    return rest.isEmpty() ? null : List.copyOf(rest);
                });
        return removed[0];
    }

    private static boolean isConnector(NotificationListener listener) {
        return listener.getClass().getName().startsWith(CONNECTOR_PACKAGE);
    }
}
