package io.cairn.daemon.access;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.InvocationTargetException;
import java.rmi.Remote;
import java.rmi.registry.Registry;
import java.rmi.server.RMIClientSocketFactory;
import java.rmi.server.RMIServerSocketFactory;
import java.rmi.server.UnicastRemoteObject;
import java.util.Map;
import java.util.Optional;

import javax.management.MBeanServer;
import javax.management.remote.JMXConnectorServer;
import javax.management.remote.JMXServiceURL;
import javax.management.remote.rmi.RMIConnectorServer;
import javax.management.remote.rmi.RMIJRMPServerImpl;
import javax.rmi.ssl.SslRMIClientSocketFactory;

/**
 * The door for JMX clients: an RMI connector and the registry that leads to it, on one port, with
 * filters, logins and roles. Running from {@link #start} until it is closed.
 */
public final class Connector implements AutoCloseable {
    /**
     * What the JVM must be started with. The JDK's public registry lets every process of the host
     * rebind its names; the read-only one that the JDK's own agent uses is in a package that is not
     * open.
     */
    public static final String NEEDED_JVM_OPTION =
            "--add-opens=jdk.management.agent/sun.management.jmxremote=ALL-UNNAMED";

    private static final Logger LOG = LoggerFactory.getLogger(Connector.class);

    private final Listener listener;
    private final RMIConnectorServer server;
    private final Registry registry;
    private final JMXServiceURL url;

    private Connector(
            Listener listener, RMIConnectorServer server, Registry registry, JMXServiceURL url) {
        this.listener = listener;
        this.server = server;
        this.registry = registry;
        this.url = url;
    }

    /**
     * Listens, and returns when clients can connect. Sets the system property {@code
     * java.rmi.server.hostname}, by which RMI tells clients where to connect: one connector in a
     * process.
     *
     * @param server the MBean server with the daemon's beans
     * @param callers the same that the beans ask
     * @throws IOException if the port cannot be had, the host is unknown, or a key store cannot be
     *     read
     * @throws IllegalArgumentException if the configuration is not safe; the message says why
     * @throws IllegalStateException if the JVM was started without {@link #NEEDED_JVM_OPTION}
     */
    public static Connector start(
            ConnectorConfig config, MBeanServer server, Users users, Callers callers, Audit audit)
            throws IOException {
        var address = config.address();
        Optional<Listener.Tls> tls =
                config.tls().isPresent()
                        ? Optional.of(TlsKeys.read(config.tls().get()))
                        : Optional.empty();
        Listener listener = new Listener(address, config.port(), tls);
        try {
            return export(config, server, users, callers, audit, listener, tls.isPresent());
        } catch (IOException | RuntimeException e) {
            try {
                listener.close();
            } catch (IOException f) {
                e.addSuppressed(f);
            }
            throw e;
        }
    }

    private static Connector export(
            ConnectorConfig config,
            MBeanServer server,
            Users users,
            Callers callers,
            Audit audit,
            Listener listener,
            boolean tls)
            throws IOException {
        String host = config.advertisedHost().orElse(config.host());
        // Else RMI tells clients one of the host's outer addresses, where nothing listens.
        System.setProperty("java.rmi.server.hostname", host);
        int port = listener.port();
        @Nullable RMIClientSocketFactory clientSockets =
                tls ? new SslRMIClientSocketFactory() : null;
        // To both: filters and authenticator are read from the environment of one or the other.
        Map<String, Object> environment =
                Map.of(
                        RMIConnectorServer.CREDENTIALS_FILTER_PATTERN,
                        Filters.CREDENTIALS,
                        RMIConnectorServer.SERIAL_FILTER_PATTERN,
                        Filters.CALLS,
                        JMXConnectorServer.AUTHENTICATOR,
                        new Door(config.authentication(), users, config.inProcessRole(), audit));
        RMIJRMPServerImpl remote =
                new RMIJRMPServerImpl(port, clientSockets, listener, environment);
        RMIConnectorServer connector =
                new RMIConnectorServer(
                        new JMXServiceURL("rmi", host, port),
                        environment,
                        remote,
                        new Guard(server, callers, audit));
        connector.start();
        try {
            Registry registry = readOnlyRegistry(port, clientSockets, listener, remote.toStub());
            JMXServiceURL url =
                    new JMXServiceURL(
                            "service:jmx:rmi:///jndi/rmi://%s/jmxrmi".formatted(at(host, port)));
            LOG.info(
                    "JMX clients connect to {} or {}{}",
                    url,
                    at(host, port),
                    tls ? ", with TLS" : "");
            return new Connector(listener, connector, registry, url);
        } catch (IOException | RuntimeException e) {
            try {
                connector.stop();
            } catch (IOException f) {
                e.addSuppressed(f);
            }
            throw e;
        }
    }

    /** The address to type, such as {@code service:jmx:rmi:///jndi/rmi://127.0.0.1:7091/jmxrmi}. */
    public JMXServiceURL url() {
        return url;
    }

    /** The port it listens on, also where any free one was asked for. */
    public int port() {
        return listener.port();
    }

    /** Ends all connections and frees the port. */
    @Override
    public void close() throws IOException {
        try (listener) {
            UnicastRemoteObject.unexportObject(registry, true);
            server.stop();
        }
    }

    private static String at(String host, int port) {
        return (host.contains(":") ? "[%s]:%d" : "%s:%d").formatted(host, port);
    }

    private static Registry readOnlyRegistry(
            int port,
            @Nullable RMIClientSocketFactory clientSockets,
            RMIServerSocketFactory serverSockets,
            Remote stub)
            throws IOException {
        try {
            Constructor<?> constructor =
                    Class.forName("sun.management.jmxremote.SingleEntryRegistry")
                            .getDeclaredConstructor(
                                    int.class,
                                    RMIClientSocketFactory.class,
                                    RMIServerSocketFactory.class,
                                    String.class,
                                    Remote.class);
            constructor.setAccessible(true);
            return (Registry)
                    constructor.newInstance(port, clientSockets, serverSockets, "jmxrmi", stub);
        } catch (InvocationTargetException e) {
            throw new IOException("the registry cannot be exported", e.getCause());
        } catch (ReflectiveOperationException | InaccessibleObjectException e) {
            throw new IllegalStateException(
                    "the JVM's read-only registry is out of reach: start it with "
                            + NEEDED_JVM_OPTION,
                    e);
        }
    }
}
