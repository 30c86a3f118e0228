package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

import javax.management.ListenerNotFoundException;
import javax.management.MBeanException;
import javax.management.MBeanServerConnection;
import javax.management.MBeanServerDelegate;
import javax.management.Notification;
import javax.management.NotificationFilter;
import javax.management.NotificationFilterSupport;
import javax.management.NotificationListener;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXConnectorServer;
import javax.management.remote.JMXConnectorServerFactory;
import javax.management.remote.JMXServiceURL;

/** The MBeans and their notifications through the JDK's connector. */
final class RemoteTest {
    private final House house;
    private final List<Notification> heard = new CopyOnWriteArrayList<>();
    private final NotificationListener listener = (notification, _) -> heard.add(notification);
    private JMXConnectorServer connectorServer;
    private JMXConnector connector;
    private MBeanServerConnection remote;

    RemoteTest() throws Exception {
        house = new House();
    }

    @BeforeEach
    @SuppressWarnings("BanJNDI") // the address is of this test's own server
    void connect() throws Exception {
        connectorServer =
                JMXConnectorServerFactory.newJMXConnectorServer(
                        new JMXServiceURL("rmi", "127.0.0.1", 0), Map.of(), house.server);
        connectorServer.start();
        connector = JMXConnectorFactory.connect(connectorServer.getAddress());
        remote = connector.getMBeanServerConnection();
    }

    @AfterEach
    void close() throws Exception {
        connector.close();
        connectorServer.stop();
        house.close();
    }

    @Test
    void aVolumesLifeIsTheSameFromAfar() throws Exception {
        ObjectName volume = House.name(invoke(House.FAST, "createVolume", "db1", "1GiB"));
        ObjectName snapshot = House.name(invoke(volume, "createSnapshot", ""));
        assertThat((ObjectName[]) remote.getAttribute(volume, "Snapshots"))
                .containsExactly(snapshot);
        assertThat(remote.queryNames(House.name("cairn:type=Snapshot,*"), null))
                .containsExactly(snapshot);
        assertThat(remote.getMBeanInfo(snapshot)).isEqualTo(VirtualObjects.SNAPSHOT.info());
        CompositeData page =
                (CompositeData)
                        remote.invoke(
                                BeanNames.DAEMON,
                                "listSnapshots",
                                new Object[] {"backend=fast,volume=db1", 10, ""},
                                new String[] {"java.lang.String", "int", "java.lang.String"});
        assertThat((CompositeData[]) page.get("rows"))
                .extracting(row -> row.get("objectName"))
                .containsExactly(snapshot);
        assertThatThrownBy(() -> invoke(volume, "delete", "db1"))
                .isInstanceOf(MBeanException.class)
                .hasMessageStartingWith("IN_USE: volume db1 has 1 snapshot (");
        invoke(snapshot, "delete", snapshot.getKeyProperty("snapshot"));
        invoke(volume, "delete", "db1");
        assertThat(remote.isRegistered(volume)).isFalse();
    }

    @Test
    void aListenerToTheDaemonHearsOfEverything() throws Exception {
        remote.addNotificationListener(BeanNames.DAEMON, listener, null, null);
        ObjectName snapshot = house.snapshot(house.volume("db1"), "one");
        house.invoke(snapshot, "delete", "one");
        await().until(() -> heard.size() == 9);
        assertThat(heard)
                .extracting(Notification::getType)
                .containsExactly(
                        "cairn.volume.state",
                        "cairn.volume.state",
                        "cairn.volume.created",
                        "cairn.snapshot.state",
                        "cairn.snapshot.state",
                        "cairn.snapshot.created",
                        "cairn.snapshot.state",
                        "cairn.snapshot.state",
                        "cairn.snapshot.deleted");
        assertThat(heard).extracting(Notification::getSource).containsOnly(BeanNames.DAEMON);
        assertThat(heard.get(0).getMessage()).isEqualTo("volume db1 of backend fast is creating");
        assertThat(heard.get(1).getMessage())
                .isEqualTo("volume db1 of backend fast was creating and is available");
        assertThat(heard)
                .filteredOn(one -> one.getType().equals("cairn.snapshot.state"))
                .extracting(one -> (CompositeData) one.getUserData())
                .extracting(
                        data -> data.get("snapshot"),
                        data -> data.get("from"),
                        data -> data.get("to"))
                .containsExactly(
                        tuple("one", "", "creating"),
                        tuple("one", "creating", "available"),
                        tuple("one", "available", "deleting"),
                        tuple("one", "deleting", "deleted"));
        Notification created = heard.get(5);
        assertThat(created.getMessage())
                .isEqualTo("snapshot one of volume db1 of backend fast was created");
        assertThat(((CompositeData) created.getUserData()).get("objectName"))
                .isEqualTo(snapshot.toString());
        assertThat(heard)
                .extracting(Notification::getSequenceNumber)
                .isSorted()
                .doesNotHaveDuplicates();
    }

    @Test
    void aListenerToAnOldSnapshotThatNoBroadQueryShowsHearsOfItAlone() throws Exception {
        ObjectName volume = house.volume("db1");
        ObjectName old = house.snapshot(volume, "old");
        for (int i = 0; i < 200; i++) {
            house.snapshot(volume, "s" + i);
        }
        remote.addNotificationListener(old, listener, null, null);
        house.invoke(
                BeanNames.snapshot(house.volumes.snapshot("fast", "db1", "s7").orElseThrow()),
                "delete",
                "s7");
        house.invoke(old, "delete", "old");
        await().until(() -> heard.size() == 3);
        assertThat(heard)
                .extracting(Notification::getType)
                .containsExactly(
                        "cairn.snapshot.state", "cairn.snapshot.state", "cairn.snapshot.deleted");
        assertThat(heard).extracting(Notification::getSource).containsOnly(old);
    }

    @Test
    void aVolumesListenerHearsOfItsSnapshotsUntilItIsRemoved() throws Exception {
        ObjectName volume = house.volume("db1");
        remote.addNotificationListener(volume, listener, ofSnapshots(), null);
        house.snapshot(volume, "one");
        await().until(() -> heard.size() == 1);
        remote.removeNotificationListener(volume, listener);
        remote.addNotificationListener(House.FAST, listener, ofSnapshots(), null);
        house.snapshot(volume, "two");
        await().until(() -> heard.size() == 2);
        assertThat(heard).extracting(Notification::getSource).containsExactly(volume, House.FAST);
        assertThatThrownBy(() -> remote.removeNotificationListener(volume, listener))
                .isInstanceOf(ListenerNotFoundException.class);
    }

    @Test
    void clientsThatDrawATreeHearOfWhatComesAndGoes() throws Exception {
        remote.addNotificationListener(MBeanServerDelegate.DELEGATE_NAME, listener, null, null);
        ObjectName volume = house.volume("db1");
        house.invoke(volume, "delete", "db1");
        await().until(() -> heard.size() == 2);
        assertThat(heard)
                .extracting(Notification::getType)
                .containsExactly("JMX.mbean.registered", "JMX.mbean.unregistered");
    }

    @Test
    void aListenerInTheProcessHearsTheSame() throws Exception {
        ObjectName volume = house.volume("db1");
        NotificationFilter filter = ofSnapshots();
        house.server.addNotificationListener(volume, listener, filter, "x");
        house.snapshot(volume, "one");
        await().until(() -> heard.size() == 1);
        house.server.removeNotificationListener(volume, listener, filter, "x");
        assertThatThrownBy(() -> house.server.removeNotificationListener(volume, listener))
                .isInstanceOf(ListenerNotFoundException.class);
    }

    /** That the volume came to be may be told after the listener was added. */
    private static NotificationFilter ofSnapshots() {
        NotificationFilterSupport filter = new NotificationFilterSupport();
        filter.enableType("cairn.snapshot.created");
        return filter;
    }

    private String invoke(ObjectName bean, String operation, String... arguments) throws Exception {
        String[] signature = new String[arguments.length];
        java.util.Arrays.fill(signature, "java.lang.String");
        return (String) remote.invoke(bean, operation, arguments, signature);
    }
}
