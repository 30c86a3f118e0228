package io.cairn.benchmark;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;

/** Calls MBeans over a connection of its own. */
final class JmxHand implements Hand {
    private final JMXConnector connector;
    private final MBeanServerConnection connection;
    private final ObjectName volume;
    private final Deque<ObjectName> snapshots = new ArrayDeque<>();

    JmxHand(House.Door door, int client) throws Exception {
        volume =
                new ObjectName(
                        "cairn:type=Volume,backend=%s,volume=%s"
                                .formatted(House.BACKEND, Seed.volumeName(client)));
        connector = door.connect();
        connection = connector.getMBeanServerConnection();
    }

    @Override
    public Object create(String name) throws Exception {
        ObjectName snapshot = new ObjectName(invoke(volume, "createSnapshot", name));
        snapshots.add(snapshot);
        return snapshot;
    }

    @Override
    public Object delete() throws Exception {
        ObjectName snapshot = snapshots.remove();
        return invoke(snapshot, "delete", snapshot.getKeyProperty("snapshot"));
    }

    private String invoke(ObjectName bean, String operation, String name) throws Exception {
        return String.valueOf(
                connection.invoke(
                        bean,
                        operation,
                        new Object[] {name},
                        new String[] {String.class.getName()}));
    }

    @Override
    public void close() throws IOException {
        connector.close();
    }
}
