package io.cairn.daemon.crash;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;

import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.remote.JMXConnector;

/** The daemon as one client's connection sees it. */
final class Management implements AutoCloseable {
    static final ObjectName DAEMON = name("type=Daemon");
    private static final int PAGE = 100;

    /** They say at length that a daemon was killed. Held, or else they would forget to be quiet. */
    private static final List<Logger> CLIENT_SIDE =
            List.of(
                    Logger.getLogger("javax.management.remote.misc"),
                    Logger.getLogger("javax.management.remote.rmi"));

    static {
        CLIENT_SIDE.forEach(logger -> logger.setLevel(Level.OFF));
    }

    private final JMXConnector connector;
    private final MBeanServerConnection server;

    Management(JMXConnector connector) throws IOException {
        this.connector = connector;
        this.server = connector.getMBeanServerConnection();
    }

    static ObjectName backend(String backend) {
        return name("type=Backend,backend=" + backend);
    }

    static ObjectName volume(String backend, String volume) {
        return name("type=Volume,backend=" + backend + ",volume=" + volume);
    }

    static ObjectName snapshot(String backend, String volume, String snapshot) {
        return name(
                "type=Snapshot,backend=" + backend + ",volume=" + volume + ",snapshot=" + snapshot);
    }

    /** An operation whose parameters are texts. */
    String invoke(ObjectName bean, String operation, String... arguments)
            throws JMException, IOException {
        String[] signature = new String[arguments.length];
        Arrays.fill(signature, String.class.getName());
        return String.valueOf(server.invoke(bean, operation, arguments, signature));
    }

    /** All connections of a backend as a table, of which there are few here. */
    String connections(String backend) throws JMException, IOException {
        return String.valueOf(
                server.invoke(
                        backend(backend),
                        "listConnectionsText",
                        new Object[] {PAGE, ""},
                        new String[] {"int", String.class.getName()}));
    }

    Object get(ObjectName bean, String attribute) throws JMException, IOException {
        return server.getAttribute(bean, attribute);
    }

    long number(ObjectName bean, String attribute) throws JMException, IOException {
        return ((Number) get(bean, attribute)).longValue();
    }

    String text(ObjectName bean, String attribute) throws JMException, IOException {
        return String.valueOf(get(bean, attribute));
    }

    /** The ids of what a backend remembers as deleted. */
    Set<String> deleted(String backend) throws JMException, IOException {
        return rowsOf(backend, "listDeleted").stream()
                .map(row -> String.valueOf(row.get("id")))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The ids of all that is in a backend's trash. */
    Set<String> trashed(String backend) throws JMException, IOException {
        return rowsOf(backend, "listTrash").stream()
                .map(row -> String.valueOf(row.get("id")))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The ids of what is in a backend's trash of a volume, by the id of that. */
    Set<String> trashed(String backend, String volume) throws JMException, IOException {
        return rowsOf(backend, "listTrash").stream()
                .filter(row -> volume.equals(row.get("volumeId")))
                .map(row -> String.valueOf(row.get("id")))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** All rows of a list of a backend, page by page. */
    private List<CompositeData> rowsOf(String backend, String operation)
            throws JMException, IOException {
        List<CompositeData> rows = new ArrayList<>();
        String continuation = "";
        do {
            CompositeData page =
                    (CompositeData)
                            server.invoke(
                                    backend(backend),
                                    operation,
                                    new Object[] {PAGE, continuation},
                                    new String[] {"int", String.class.getName()});
            rows.addAll(List.of((CompositeData[]) page.get("rows")));
            continuation = (String) page.get("continuation");
        } while (!continuation.isEmpty());
        return rows;
    }

    /** All values that callers keep, by their keys, of which there are few here. */
    Map<String, String> values() throws JMException, IOException {
        CompositeData page =
                (CompositeData)
                        server.invoke(
                                DAEMON,
                                "listValues",
                                new Object[] {"", PAGE, ""},
                                new String[] {
                                    String.class.getName(), "int", String.class.getName()
                                });
        Map<String, String> values = new TreeMap<>();
        for (CompositeData row : (CompositeData[]) page.get("rows")) {
            values.put(String.valueOf(row.get("key")), String.valueOf(row.get("value")));
        }
        return values;
    }

    /** All rows of {@code listVolumes} or {@code listSnapshots}, page by page. */
    List<CompositeData> rows(String operation) throws JMException, IOException {
        List<CompositeData> rows = new ArrayList<>();
        String continuation = "";
        do {
            CompositeData page =
                    (CompositeData)
                            server.invoke(
                                    DAEMON,
                                    operation,
                                    new Object[] {"", PAGE, continuation},
                                    new String[] {
                                        String.class.getName(), "int", String.class.getName()
                                    });
            rows.addAll(List.of((CompositeData[]) page.get("rows")));
            continuation = (String) page.get("continuation");
        } while (!continuation.isEmpty());
        return rows;
    }

    @Override
    public void close() throws IOException {
        connector.close();
    }

    private static ObjectName name(String keys) {
        try {
            return new ObjectName("cairn:" + keys);
        } catch (MalformedObjectNameException e) {
            throw new IllegalArgumentException(keys, e);
        }
    }
}
