package io.cairn.daemon.access;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** A real connector on loopback, with one user of each role, before the platform's MBean server. */
final class Station implements AutoCloseable {
    static final String PASSWORD = "correct horse 1";
    static final String PROBE = "cairn:type=Probe";
    static final ObjectName BEAN = name(PROBE);

    /** So few that a test logs in at once; the number does not change what is tested. */
    static final int ITERATIONS = 10;

    final MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    final Audit audit = new Audit();
    final Users users;
    final Callers callers;
    final Probe probe;
    final Connector connector;
    private final List<JMXConnector> clients = new ArrayList<>();

    Station(Path folder) throws IOException, JMException {
        this(folder, ConnectorConfig.loopback(0));
    }

    Station(Path folder, ConnectorConfig config) throws IOException, JMException {
        users = Users.open(folder.resolve("users"), folder, ITERATIONS, System::nanoTime);
        for (Role role : Role.values()) {
            users.add("the-" + role, role, PASSWORD.toCharArray());
        }
        callers = new Callers(config.inProcessRole(), audit);
        probe = new Probe(callers, BEAN);
        server.registerMBean(probe, BEAN);
        connector = Connector.start(config, server, users, callers, audit);
    }

    MBeanServerConnection as(Role role) throws IOException {
        return as("the-" + role, PASSWORD);
    }

    MBeanServerConnection as(String name, String password) throws IOException {
        return open(connector.url(), new String[] {name, password}).getMBeanServerConnection();
    }

    JMXConnector open(JMXServiceURL url, Object credentials) throws IOException {
        return open(url, Map.of(JMXConnector.CREDENTIALS, credentials));
    }

    @SuppressWarnings("BanJNDI") // The address is the test's own.
    JMXConnector open(JMXServiceURL url, Map<String, ?> environment) throws IOException {
        JMXConnector client = JMXConnectorFactory.connect(url, environment);
        clients.add(client);
        return client;
    }

    static ObjectName name(String text) {
        try {
            return new ObjectName(text);
        } catch (JMException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Override
    public void close() throws IOException, JMException {
        try {
            for (JMXConnector client : clients) {
                client.close();
            }
        } finally {
            connector.close();
            server.unregisterMBean(BEAN);
        }
    }
}
