package io.cairn.daemon.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.RuntimeMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.Notification;
import javax.management.ObjectName;
import javax.management.Query;
import javax.management.QueryExp;
import javax.management.RuntimeMBeanException;
import javax.management.StandardMBean;
import javax.management.openmbean.TabularData;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXServiceURL;

@Isolated("it counts what the process listens on")
final class ConnectorTest {
    private static final ObjectName THREADS = Station.name("java.lang:type=Threading");
    private static final ObjectName RUNTIME = Station.name("java.lang:type=Runtime");
    private static final ObjectName MEMORY = Station.name("java.lang:type=Memory");
    private static final ObjectName HIDDEN =
            Station.name("com.sun.management:type=HotSpotDiagnostic");

    private @TempDir Path folder;
    private Station station;

    @BeforeEach
    void start() throws IOException, JMException {
        station = new Station(folder);
    }

    @AfterEach
    void stop() throws IOException, JMException {
        station.close();
    }

    @Test
    void theAddressThatPeopleTypeLeadsToTheBeans() throws Exception {
        JMXServiceURL typed =
                new JMXServiceURL(
                        "service:jmx:rmi:///jndi/rmi://127.0.0.1:%d/jmxrmi"
                                .formatted(station.connector.port()));
        JMXConnector client = station.open(typed, new String[] {"the-reader", Station.PASSWORD});
        assertThat(client.getMBeanServerConnection().getAttribute(Station.BEAN, "Size"))
                .isEqualTo(7);
        assertThat(station.connector.url()).isEqualTo(typed);
    }

    @ParameterizedTest
    @CsvSource({
        "the-admin, wrong password 1",
        "nobody, correct horse 1",
        "the-admin, ''",
        "'', correct horse 1"
    })
    void wrongCredentialsAreRefusedAlike(String name, String password) {
        assertThatThrownBy(() -> station.as(name, password))
                .isInstanceOf(SecurityException.class)
                .hasMessageContaining("DENIED: wrong user name or password");
    }

    @Test
    void incompleteCredentialsAreRefused() {
        for (String[] credentials :
                new String[][] {{}, {"the-admin"}, {"the-admin", null}, {null, null}}) {
            assertThatThrownBy(() -> station.open(station.connector.url(), credentials))
                    .as(Arrays.toString(credentials))
                    .isInstanceOf(SecurityException.class);
        }
        assertThatThrownBy(() -> station.open(station.connector.url(), "the-admin"))
                .isInstanceOf(SecurityException.class);
    }

    @Test
    void noCredentialsAreRefused() {
        assertThatThrownBy(() -> station.open(station.connector.url(), Map.of()))
                .isInstanceOf(SecurityException.class)
                .hasMessageContaining("log in");
    }

    @ParameterizedTest
    @CsvSource({
        "whoAmI, reader, true",
        "look, reader, true",
        "make, reader, false",
        "drop, reader, false",
        "unruled, reader, false",
        "misruled, reader, false",
        "absent, reader, false",
        "look, operator, true",
        "make, operator, true",
        "drop, operator, false",
        "unruled, operator, false",
        "misruled, operator, false",
        "look, admin, true",
        "make, admin, true",
        "drop, admin, true",
        "unruled, admin, true",
        "misruled, admin, true"
    })
    void operationsNeedTheirRole(String operation, String role, boolean allowed) throws Exception {
        MBeanServerConnection connection = station.as(Role.parse(role));
        Object[] arguments = {"a", "b"};
        String[] signature = {"java.lang.Object", "java.lang.Object"};
        if (allowed) {
            assertThat(connection.invoke(Station.BEAN, operation, arguments, signature))
                    .isNotNull();
        } else {
            assertThatThrownBy(
                            () -> connection.invoke(Station.BEAN, operation, arguments, signature))
                    .isInstanceOf(SecurityException.class)
                    .hasMessageStartingWith("DENIED: " + operation);
            assertThat(station.probe.done.get()).isZero();
        }
    }

    @Test
    void theBeanSeesWhoCallsThroughTheConnector() throws Exception {
        assertThat(station.as(Role.OPERATOR).invoke(Station.BEAN, "whoAmI", null, null))
                .isEqualTo("Caller[name=the-operator, role=operator, address=127.0.0.1]");
    }

    @Test
    void aCallerInTheProcessIsAReader() throws Exception {
        assertThat(station.server.invoke(Station.BEAN, "whoAmI", null, null))
                .isEqualTo("Caller[name=in-process, role=reader, address=local]");
        assertThatThrownBy(
                        () ->
                                station.server.invoke(
                                        Station.BEAN, "make", new Object[] {"a", "b"}, null))
                .isInstanceOf(RuntimeMBeanException.class)
                .hasRootCauseInstanceOf(SecurityException.class)
                .hasMessageContaining("this needs operator");
        assertThat(station.probe.done.get()).isZero();
    }

    @Test
    void attributesAreSetByThoseWhoMay() throws Exception {
        MBeanServerConnection reader = station.as(Role.READER);
        MBeanServerConnection operator = station.as(Role.OPERATOR);
        Attribute limit = new Attribute("Limit", "9");
        Attribute unruled = new Attribute("Unruled", "9");
        assertThatThrownBy(() -> reader.setAttribute(Station.BEAN, limit))
                .isInstanceOf(SecurityException.class);
        assertThatThrownBy(() -> operator.setAttribute(Station.BEAN, unruled))
                .isInstanceOf(SecurityException.class);
        assertThatThrownBy(
                        () ->
                                operator.setAttributes(
                                        Station.BEAN, new AttributeList(List.of(limit, unruled))))
                .isInstanceOf(SecurityException.class);
        assertThat(reader.getAttribute(Station.BEAN, "Limit")).isEqualTo("none");
        operator.setAttribute(Station.BEAN, limit);
        assertThat(reader.getAttribute(Station.BEAN, "Limit")).isEqualTo("9");
    }

    @Test
    void thePlatformsBeansAreReadOnlyForEveryone() throws Exception {
        MBeanServerConnection admin = station.as(Role.ADMIN);
        assertThat(admin.getAttribute(MEMORY, "HeapMemoryUsage")).isNotNull();
        assertThatThrownBy(() -> admin.invoke(MEMORY, "gc", null, null))
                .isInstanceOf(SecurityException.class);
        assertThatThrownBy(() -> admin.setAttribute(MEMORY, new Attribute("Verbose", true)))
                .isInstanceOf(SecurityException.class);
    }

    @Test
    void whatTheJvmWasStartedWithIsForAdministratorsOnly() throws Exception {
        String[] both = {"InputArguments", "SystemProperties"};
        for (Role role : List.of(Role.READER, Role.OPERATOR)) {
            MBeanServerConnection other = station.as(role);
            assertThat((String[]) other.getAttribute(RUNTIME, "InputArguments")).isEmpty();
            assertThat((TabularData) other.getAttribute(RUNTIME, "SystemProperties"))
                    .matches(TabularData::isEmpty);
            assertThat(other.getAttributes(RUNTIME, both).asList())
                    .extracting(Attribute::getValue)
                    .satisfiesExactly(
                            value -> assertThat((String[]) value).isEmpty(),
                            value -> assertThat((TabularData) value).matches(TabularData::isEmpty));
        }
        // What JConsole does for its summary.
        RuntimeMXBean summary =
                ManagementFactory.newPlatformMXBeanProxy(
                        station.as(Role.READER),
                        ManagementFactory.RUNTIME_MXBEAN_NAME,
                        RuntimeMXBean.class);
        assertThat(summary.getInputArguments()).isEmpty();
        assertThat(summary.getSystemProperties()).isEmpty();
        assertThat((String[]) station.as(Role.ADMIN).getAttribute(RUNTIME, "InputArguments"))
                .isNotEmpty();
    }

    @Test
    void theTableOfThreadsCanBeShown() throws Exception {
        assertThat(
                        station.as(Role.READER)
                                .invoke(
                                        THREADS,
                                        "getThreadInfo",
                                        new Object[] {new long[] {1}, 5},
                                        new String[] {"[J", "int"}))
                .isNotNull();
    }

    @Test
    void hiddenBeansAreNotFoundByAnyCall() throws Exception {
        assertThat(station.server.isRegistered(HIDDEN)).isTrue();
        MBeanServerConnection admin = station.as(Role.ADMIN);
        Set<String> visible = Set.of("cairn", "java.lang", "java.nio", "JMImplementation");
        assertThat(visible).contains(admin.getDomains());
        assertThat(admin.queryNames(null, null))
                .isNotEmpty()
                .allMatch(name -> visible.contains(name.getDomain()))
                .hasSize(admin.getMBeanCount());
        assertThat(admin.queryMBeans(null, null))
                .allMatch(bean -> visible.contains(bean.getObjectName().getDomain()));
        assertThat(admin.queryNames(HIDDEN, null)).isEmpty();
        assertThat(admin.isRegistered(HIDDEN)).isFalse();
        for (Call call :
                List.<Call>of(
                        () -> admin.getMBeanInfo(HIDDEN),
                        () -> admin.getObjectInstance(HIDDEN),
                        () -> admin.getAttribute(HIDDEN, "DiagnosticOptions"),
                        () -> admin.getAttributes(HIDDEN, new String[] {"DiagnosticOptions"}),
                        () -> admin.setAttribute(HIDDEN, new Attribute("x", 1)),
                        () -> admin.isInstanceOf(HIDDEN, "java.lang.Object"),
                        () -> admin.invoke(HIDDEN, "getVMOption", new Object[] {"x"}, null),
                        () -> admin.addNotificationListener(HIDDEN, (_, _) -> {}, null, null))) {
            assertThatThrownBy(call::run).isInstanceOf(InstanceNotFoundException.class);
        }
    }

    @Test
    void queriesReadVisibleBeansOnly() throws Exception {
        QueryExp all = Query.not(Query.eq(Query.attr("Size"), Query.value("x")));
        MBeanServerConnection reader = station.as(Role.READER);
        assertThat(reader.queryNames(new ObjectName("cairn:*"), sizeIs(7)))
                .containsExactly(Station.BEAN);
        assertThat(reader.queryNames(new ObjectName("cairn:*"), sizeIs(8))).isEmpty();
        assertThat(reader.queryNames(null, all)).noneMatch(name -> name.equals(HIDDEN));
    }

    private static QueryExp sizeIs(int size) {
        return Query.eq(Query.attr("Size"), Query.value(size));
    }

    @ParameterizedTest
    @ValueSource(strings = {"createMBean", "unregisterMBean", "listen"})
    void nobodyMakesOrRemovesBeans(String what) throws Exception {
        MBeanServerConnection admin = station.as(Role.ADMIN);
        ObjectName made = new ObjectName("cairn:type=Made");
        assertThatThrownBy(
                        () -> {
                            switch (what) {
                                case "createMBean" ->
                                        admin.createMBean("javax.management.timer.Timer", made);
                                case "unregisterMBean" -> admin.unregisterMBean(Station.BEAN);
                                default ->
                                        admin.addNotificationListener(
                                                Station.BEAN, Station.BEAN, null, null);
                            }
                        })
                .isInstanceOf(SecurityException.class);
        assertThat(station.server.isRegistered(made)).isFalse();
        assertThat(station.server.isRegistered(Station.BEAN)).isTrue();
    }

    @Test
    void readersReceiveNotifications() throws Exception {
        BlockingQueue<Notification> received = new LinkedBlockingQueue<>();
        station.as(Role.READER)
                .addNotificationListener(Station.BEAN, (sent, _) -> received.add(sent), null, null);
        station.probe.sendNotification(new Notification("cairn.test", Station.BEAN, 1, "it works"));
        Notification first = received.poll(30, TimeUnit.SECONDS);
        assertThat(first).isNotNull();
        assertThat(first.getMessage()).isEqualTo("it works");
    }

    @Test
    void aBeanRegisteredByATaskInTheProcessIsAnnounced() throws Exception {
        BlockingQueue<Notification> received = new LinkedBlockingQueue<>();
        station.as(Role.READER)
                .addNotificationListener(
                        new ObjectName("JMImplementation:type=MBeanServerDelegate"),
                        (sent, _) -> received.add(sent),
                        null,
                        null);
        ObjectName added = new ObjectName("cairn:type=Added");
        station.server.registerMBean(new StandardMBean(() -> {}, Runnable.class), added);
        try {
            assertThat(received.poll(30, TimeUnit.SECONDS)).isNotNull();
        } finally {
            station.server.unregisterMBean(added);
        }
    }

    @Test
    void aRemovedUserLosesHisOpenConnections() throws Exception {
        MBeanServerConnection operator = station.as(Role.OPERATOR);
        assertThat(operator.getAttribute(Station.BEAN, "Size")).isEqualTo(7);
        station.users.remove("the-operator");
        assertThatThrownBy(() -> operator.getAttribute(Station.BEAN, "Size"))
                .isInstanceOf(SecurityException.class)
                .hasMessageContaining("log in again");
    }

    @Test
    void everythingSharesOnePortOnLoopback(@TempDir Path other) throws Exception {
        Set<String> before = listening();
        station.server.unregisterMBean(Station.BEAN);
        Set<String> during;
        Set<String> expected = new HashSet<>(before);
        try (Station second = new Station(other)) {
            second.as(Role.READER).getAttribute(Station.BEAN, "Size");
            during = listening();
            expected.add("127.0.0.1:" + second.connector.port());
        }
        station.server.registerMBean(station.probe, Station.BEAN);
        assertThat(during).isEqualTo(expected);
        assertThat(listening()).isEqualTo(before);
    }

    @Test
    void manyClientsCallAtOnce() throws Exception {
        List<Callable<Object>> calls = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            MBeanServerConnection client = station.as(Role.OPERATOR);
            calls.add(() -> client.invoke(Station.BEAN, "make", new Object[] {"a", "b"}, null));
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(calls.size())) {
            for (Future<Object> answer : threads.invokeAll(calls)) {
                assertThat(answer.get()).isEqualTo("did make");
            }
        }
        assertThat(station.probe.done).hasValue(64);
    }

    @Test
    void aPortInUseIsOneClearError() {
        ConnectorConfig taken = ConnectorConfig.loopback(station.connector.port());
        assertThatThrownBy(() -> start(taken))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot listen on 127.0.0.1 port " + taken.port());
    }

    @ParameterizedTest
    @CsvSource({"0.0.0.0, true", "0.0.0.0, false", "192.0.2.1, true", "'::', true"})
    void otherAddressesNeedTlsAndLogins(String host, boolean authentication) {
        ConnectorConfig open =
                new ConnectorConfig(
                        host,
                        0,
                        Optional.of("here"),
                        authentication,
                        Role.READER,
                        Optional.empty());
        assertThatThrownBy(() -> start(open))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(authentication ? "without TLS" : "without authentication");
    }

    @Test
    void withoutLoginsEveryoneHasTheInProcessRole(@TempDir Path other) throws Exception {
        station.server.unregisterMBean(Station.BEAN);
        ConnectorConfig open =
                new ConnectorConfig(
                        "127.0.0.1", 0, Optional.empty(), false, Role.READER, Optional.empty());
        try (Station second = new Station(other, open)) {
            MBeanServerConnection anyone = second.as("", "");
            assertThat(anyone.invoke(Station.BEAN, "whoAmI", null, null))
                    .isEqualTo("Caller[name=anonymous, role=reader, address=127.0.0.1]");
            assertThatThrownBy(() -> anyone.invoke(Station.BEAN, "drop", null, null))
                    .isInstanceOf(SecurityException.class);
        }
        station.server.registerMBean(station.probe, Station.BEAN);
    }

    private void start(ConnectorConfig config) throws IOException {
        Connector.start(config, station.server, station.users, station.callers, station.audit)
                .close();
    }

    private interface Call {
        void run() throws Exception;
    }

    /** The addresses that this process listens on, as the kernel tells. */
    private static Set<String> listening() throws IOException {
        Set<String> inodes = new HashSet<>();
        try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                if (Files.isSymbolicLink(descriptor)) {
                    String target = Files.readSymbolicLink(descriptor).toString();
                    if (target.startsWith("socket:[")) {
                        inodes.add(target.substring(8, target.length() - 1));
                    }
                }
            }
        }
        Set<String> listening = new HashSet<>();
        for (String table : List.of("/proc/self/net/tcp", "/proc/self/net/tcp6")) {
            List<String> lines = new ArrayList<>(Files.readAllLines(Path.of(table)));
            for (String line : lines.subList(1, lines.size())) {
                String[] words = line.strip().split("\\s+", -1);
                if (words[3].equals("0A") && inodes.contains(words[9])) {
                    listening.add(readable(words[1]));
                }
            }
        }
        return listening;
    }

    /** IPv4 addresses stand there as four hexadecimal bytes, last first; IPv6 as sixteen. */
    private static String readable(String address) {
        String hex = address.substring(0, address.indexOf(':'));
        int port = Integer.parseInt(address.substring(address.indexOf(':') + 1), 16);
        String tail = hex.substring(hex.length() - 8);
        List<String> bytes = new ArrayList<>();
        for (int i = 6; i >= 0; i -= 2) {
            bytes.add(String.valueOf(Integer.parseInt(tail.substring(i, i + 2), 16)));
        }
        return String.join(".", bytes) + ":" + port;
    }
}
