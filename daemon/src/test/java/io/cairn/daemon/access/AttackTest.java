package io.cairn.daemon.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.io.Serial;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.rmi.Remote;
import java.rmi.registry.LocateRegistry;
import java.rmi.registry.Registry;
import java.rmi.server.UnicastRemoteObject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXAuthenticator;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXConnectorServer;
import javax.management.remote.JMXConnectorServerFactory;
import javax.management.remote.JMXServiceURL;
import javax.security.auth.Subject;

/**
 * Attacks on the connector, each beside a control: the same attack on what the JDK gives without
 * the defence, where it must work. Else a defence would only seem to hold since the attack is
 * wrong.
 */
@ResourceLock(Station.PROBE)
final class AttackTest {
    private static final ObjectName DUMPS =
            Station.name("com.sun.management:type=HotSpotDiagnostic");
    private static final String[] ONE_OBJECT = {"java.lang.Object"};

    private @TempDir Path folder;
    private Station station;
    private JMXConnectorServer undefended;
    private final List<JMXConnector> clients = new ArrayList<>();
    private final AtomicInteger undefendedLogins = new AtomicInteger();

    @BeforeEach
    void start() throws IOException, JMException {
        station = new Station(folder);
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        JMXAuthenticator everyone =
                credentials -> {
                    undefendedLogins.incrementAndGet();
                    return new Subject();
                };
        undefended =
                JMXConnectorServerFactory.newJMXConnectorServer(
                        new JMXServiceURL("rmi", "127.0.0.1", 0),
                        Map.of(JMXConnectorServer.AUTHENTICATOR, everyone),
                        server);
        undefended.start();
        Payload.RUNS.set(0);
    }

    @AfterEach
    void stop() throws IOException, JMException {
        try {
            for (JMXConnector client : clients) {
                client.close();
            }
            undefended.stop();
        } finally {
            station.close();
        }
    }

    /** Where an attacker who may log in can put an object of his own. */
    enum Place {
        ARGUMENT {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                to.invoke(Station.BEAN, "look", new Object[] {payload}, ONE_OBJECT);
            }
        },
        NESTED_IN_A_LIST {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                Object nested = new ArrayList<>(List.of(payload));
                to.invoke(Station.BEAN, "look", new Object[] {nested}, ONE_OBJECT);
            }
        },
        NESTED_IN_A_MAP {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                Object nested = new HashMap<>(Map.of("a", payload));
                to.invoke(Station.BEAN, "look", new Object[] {nested}, ONE_OBJECT);
            }
        },
        NESTED_IN_ARRAYS {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                Object nested = new Object[] {new Object[] {payload}};
                to.invoke(Station.BEAN, "look", new Object[] {nested}, ONE_OBJECT);
            }
        },
        ATTRIBUTE {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                to.setAttribute(Station.BEAN, new Attribute("Limit", payload));
            }
        },
        ATTRIBUTES {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                to.setAttributes(
                        Station.BEAN, new AttributeList(List.of(new Attribute("Limit", payload))));
            }
        },
        QUERY {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                to.queryNames(Station.BEAN, (Payload) payload);
            }
        },
        BEANS_QUERY {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                to.queryMBeans(Station.BEAN, (Payload) payload);
            }
        },
        NOTIFICATION_FILTER {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                to.addNotificationListener(Station.BEAN, (_, _) -> {}, (Payload) payload, null);
            }
        },
        FILTER_FOR_A_BEAN {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                to.addNotificationListener(Station.BEAN, Station.BEAN, (Payload) payload, null);
            }
        },
        HANDBACK_FOR_A_BEAN {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                to.addNotificationListener(Station.BEAN, Station.BEAN, null, payload);
            }
        },
        HANDBACK_TO_REMOVE {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                to.removeNotificationListener(Station.BEAN, Station.BEAN, null, payload);
            }
        },
        CONSTRUCTOR_ARGUMENT {
            @Override
            void send(MBeanServerConnection to, Object payload) throws Exception {
                to.createMBean(
                        "java.lang.Object",
                        Station.name("cairn:type=Made"),
                        new Object[] {payload},
                        ONE_OBJECT);
            }
        };

        abstract void send(MBeanServerConnection to, Object payload) throws Exception;

        /** Sends it, whatever the answer: some code runs before a call fails. */
        void attack(MBeanServerConnection to) {
            try {
                send(to, new Payload());
            } catch (Exception _) {
                // Whether code ran is what counts.
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void anObjectOfAnotherClassIsNeverMade(Place place) throws Exception {
        place.attack(station.as(Role.ADMIN));
        assertThat(Payload.RUNS).hasValue(0);
    }

    @ParameterizedTest
    @EnumSource
    void controlWithoutFilterItsCodeRuns(Place place) throws Exception {
        place.attack(undefended(new String[] {"a", "b"}));
        assertThat(Payload.RUNS.get()).isPositive();
    }

    /** Objects in the place of a user name and a password, from callers nobody knows. */
    enum Credentials {
        BARE,
        IN_AN_ARRAY,
        IN_A_LIST,
        IN_A_MAP;

        Object sent() {
            return switch (this) {
                case BARE -> new Payload();
                case IN_AN_ARRAY -> new Object[] {new Payload(), "b"};
                case IN_A_LIST -> new ArrayList<>(List.of(new Payload()));
                case IN_A_MAP -> new HashMap<>(Map.of("a", new Payload()));
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLoginIsTwoStringsAndNothingElse(Credentials credentials) {
        assertThatThrownBy(() -> station.open(station.connector.url(), credentials.sent()))
                .isInstanceOfAny(IOException.class, SecurityException.class);
        assertThat(Payload.RUNS).hasValue(0);
    }

    @ParameterizedTest
    @EnumSource
    void controlWithoutFilterALoginRunsCode(Credentials credentials) throws Exception {
        undefended(credentials.sent());
        assertThat(Payload.RUNS.get()).isPositive();
    }

    /** A class that is harmless, but none that a client needs. */
    private record Stranger(String name) implements Serializable {
        @Serial private static final long serialVersionUID = 1;
    }

    @Test
    void aHarmlessClassIsRefusedToo() throws Exception {
        MBeanServerConnection admin = station.as(Role.ADMIN);
        Object[] arguments = {new Stranger("a")};
        assertThatThrownBy(() -> admin.invoke(Station.BEAN, "look", arguments, ONE_OBJECT))
                .hasStackTraceContaining("filter status: REJECTED");
    }

    @Test
    void anOversizedArgumentIsRefused() throws Exception {
        MBeanServerConnection admin = station.as(Role.ADMIN);
        Object[] arguments = {"a".repeat(200_000)};
        assertThatThrownBy(() -> admin.invoke(Station.BEAN, "look", arguments, ONE_OBJECT))
                .isInstanceOf(IOException.class);
    }

    @Test
    void controlWithoutFilterAnOversizedArgumentArrives() throws Exception {
        Object[] arguments = {"a".repeat(200_000)};
        assertThat(
                        undefended(new String[] {"a", "b"})
                                .invoke(Station.BEAN, "look", arguments, ONE_OBJECT))
                .isEqualTo("did look");
    }

    @Test
    void aStrangersOversizedLoginIsCutOff() {
        String[] credentials = {"a".repeat(4 << 20), "b"};
        assertThatThrownBy(() -> station.open(station.connector.url(), credentials))
                .isInstanceOf(IOException.class);
        assertThat(station.audit.recent(10)).noneMatch(line -> line.text().contains("log in"));
    }

    @Test
    void aStrangersRequestMayNotBeLongerThanAnyNeedsToBe() {
        String[] credentials = {"a", "b".repeat(40_000)};
        assertThatThrownBy(() -> station.open(station.connector.url(), credentials))
                .isInstanceOf(IOException.class);
        assertThat(station.audit.recent(10)).noneMatch(line -> line.text().contains("log in"));
    }

    @Test
    void theLongestLegitimateArgumentArrives() throws Exception {
        Object[] arguments = {("label=" + "\u20ac".repeat(255)).repeat(36)};
        assertThat(station.as(Role.ADMIN).invoke(Station.BEAN, "look", arguments, ONE_OBJECT))
                .isEqualTo("did look");
    }

    @Test
    void aNameThatIsTooLongIsRefusedBeforeItIsKept() {
        assertThatThrownBy(() -> station.as("a".repeat(20_000), Station.PASSWORD))
                .isInstanceOf(SecurityException.class)
                .hasMessageContaining("wrong user name or password");
    }

    @Test
    void controlWithoutLimitAnOversizedLoginArrives() throws Exception {
        undefended(new String[] {"a".repeat(4 << 20), "b"});
        assertThat(undefendedLogins).hasValue(1);
    }

    @Test
    void anOversizedNameInTheRegistryIsCutOff() throws Exception {
        Registry registry = LocateRegistry.getRegistry("127.0.0.1", station.connector.port());
        assertThatThrownBy(() -> registry.lookup("a".repeat(4 << 20)))
                .isInstanceOf(IOException.class);
        assertThat(registry.list()).containsExactly("jmxrmi");
    }

    /** What a process of the same host can do to a registry. */
    enum Change {
        REBIND {
            @Override
            void make(Registry registry, Remote object) throws Exception {
                registry.rebind("jmxrmi", object);
            }
        },
        BIND {
            @Override
            void make(Registry registry, Remote object) throws Exception {
                registry.bind("another", object);
            }
        },
        UNBIND {
            @Override
            void make(Registry registry, Remote object) throws Exception {
                registry.unbind("jmxrmi");
            }
        };

        abstract void make(Registry registry, Remote object) throws Exception;
    }

    private static final class Trap implements Remote {}

    @ParameterizedTest
    @EnumSource
    void nobodyChangesTheRegistry(Change change) throws Exception {
        Registry registry = LocateRegistry.getRegistry("127.0.0.1", station.connector.port());
        String bound = registry.lookup("jmxrmi").toString();
        Trap trap = new Trap();
        Remote stub = UnicastRemoteObject.exportObject(trap, 0);
        try {
            assertThatThrownBy(() -> change.make(registry, stub)).isInstanceOf(Exception.class);
        } finally {
            UnicastRemoteObject.unexportObject(trap, true);
        }
        assertThat(registry.list()).containsExactly("jmxrmi");
        assertThat(registry.lookup("jmxrmi").toString()).isEqualTo(bound);
    }

    @ParameterizedTest
    @EnumSource
    void controlTheJdksPublicRegistryIsChanged(Change change) throws Exception {
        int port = freePort();
        Registry open = LocateRegistry.createRegistry(port);
        Trap original = new Trap();
        Trap trap = new Trap();
        try {
            open.bind("jmxrmi", UnicastRemoteObject.exportObject(original, 0));
            Registry registry = LocateRegistry.getRegistry("127.0.0.1", port);
            String before = contents(registry);
            change.make(registry, UnicastRemoteObject.exportObject(trap, 0));
            assertThat(contents(registry)).isNotEqualTo(before);
        } finally {
            UnicastRemoteObject.unexportObject(open, true);
            UnicastRemoteObject.unexportObject(original, true);
            UnicastRemoteObject.unexportObject(trap, true);
        }
    }

    private static String contents(Registry registry) throws Exception {
        List<String> contents = new ArrayList<>();
        for (String name : registry.list()) {
            contents.add(name + "=" + registry.lookup(name));
        }
        return contents.toString();
    }

    private static int freePort() throws IOException {
        try (java.net.ServerSocket socket = new java.net.ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @Test
    void anAdminMakesNoBean() throws Exception {
        ObjectName made = new ObjectName("cairn:type=Made");
        MBeanServerConnection admin = station.as(Role.ADMIN);
        assertThatThrownBy(() -> admin.createMBean("javax.management.timer.Timer", made))
                .isInstanceOf(SecurityException.class);
        assertThat(station.server.isRegistered(made)).isFalse();
    }

    @Test
    void controlWithoutGuardAnyoneMakesABean() throws Exception {
        ObjectName made = new ObjectName("cairn:type=Made");
        undefended("anyone").createMBean("javax.management.timer.Timer", made);
        assertThat(station.server.isRegistered(made)).isTrue();
        station.server.unregisterMBean(made);
    }

    @Test
    void anAdminDumpsNoHeap() throws Exception {
        Path dump = folder.resolve("a.hprof");
        MBeanServerConnection admin = station.as(Role.ADMIN);
        assertThatThrownBy(() -> dump(admin, dump)).isInstanceOf(JMException.class);
        assertThat(dump).doesNotExist();
    }

    @Test
    void controlWithoutGuardAnyoneDumpsTheHeap() throws Exception {
        Path dump = folder.resolve("a.hprof");
        dump(undefended("anyone"), dump);
        assertThat(Files.size(dump)).isPositive();
    }

    private static void dump(MBeanServerConnection connection, Path file) throws Exception {
        connection.invoke(
                DUMPS,
                "dumpHeap",
                new Object[] {file.toString(), true},
                new String[] {"java.lang.String", "boolean"});
    }

    @Test
    void aReaderInvokesNoMutator() throws Exception {
        MBeanServerConnection reader = station.as(Role.READER);
        assertThatThrownBy(() -> reader.invoke(Station.BEAN, "unruled", null, null))
                .isInstanceOf(SecurityException.class);
        assertThat(station.probe.done).hasValue(0);
    }

    @Test
    void aReaderFillsNoMemoryWithAFewListsThatHoldEachOther() throws Exception {
        MBeanServerConnection reader = station.as(Role.READER);
        List<Object> nested = new ArrayList<>(List.of("x"));
        for (int depth = 0; depth < 15; depth++) {
            nested = new ArrayList<>(Collections.nCopies(10, nested));
        }
        Object[] arguments = {nested};
        assertThatThrownBy(
                        () ->
                                reader.invoke(
                                        Station.BEAN,
                                        "unruled",
                                        arguments,
                                        new String[] {"java.util.List"}))
                .isInstanceOf(SecurityException.class);
        assertThat(station.audit.recent(1).getFirst().text()).contains("a java.util.ArrayList");
    }

    @Test
    void controlAnAdminInvokesIt() throws Exception {
        station.as(Role.ADMIN).invoke(Station.BEAN, "unruled", null, null);
        assertThat(station.probe.done).hasValue(1);
    }

    @SuppressWarnings("BanJNDI") // The address is the test's own.
    private MBeanServerConnection undefended(Object credentials) throws IOException {
        JMXConnector client =
                JMXConnectorFactory.connect(
                        undefended.getAddress(), Map.of(JMXConnector.CREDENTIALS, credentials));
        clients.add(client);
        return client.getMBeanServerConnection();
    }
}
