package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.volume.FaultyDriver;
import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.plugin.file.FileDriverProvider;
import io.cairn.spi.DriverException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

import javax.management.Notification;
import javax.management.NotificationFilterSupport;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXConnectorServer;
import javax.management.remote.JMXConnectorServerFactory;
import javax.management.remote.JMXServiceURL;

/** What a client at the daemon's MBean hears of failures, and of what became of them. */
final class FailureNotificationsTest {
    private final FaultyDriver.Provider driver =
            new FaultyDriver.Provider(new FileDriverProvider());
    private final List<Notification> heard = new CopyOnWriteArrayList<>();

    @TempDir private Path folder;

    private interface Scene {
        void play() throws Exception;
    }

    /** Plays a scene while a client listens through the JDK's connector. */
    @SuppressWarnings("BanJNDI") // the address is of this test's own server
    private void listening(House house, String types, Scene scene) throws Exception {
        JMXConnectorServer server =
                JMXConnectorServerFactory.newJMXConnectorServer(
                        new JMXServiceURL("rmi", "127.0.0.1", 0), Map.of(), house.server);
        server.start();
        try (JMXConnector connector = JMXConnectorFactory.connect(server.getAddress())) {
            NotificationFilterSupport filter = new NotificationFilterSupport();
            filter.enableType(types);
            connector
                    .getMBeanServerConnection()
                    .addNotificationListener(
                            BeanNames.DAEMON,
                            (notification, _) -> heard.add(notification),
                            filter,
                            null);
            scene.play();
            await().until(() -> !heard.isEmpty());
        } finally {
            server.stop();
        }
    }

    private CompositeData told(String type, String message) {
        assertThat(heard).hasSize(1);
        Notification notification = heard.getFirst();
        assertThat(notification.getType()).isEqualTo(type);
        assertThat(notification.getSource()).isEqualTo(BeanNames.DAEMON);
        assertThat(notification.getMessage()).isEqualTo(message);
        CompositeData data = (CompositeData) notification.getUserData();
        assertThat(data.get("type")).isEqualTo(type);
        assertThat(data.get("backend")).isEqualTo("fast");
        return data;
    }

    @Test
    void aRefusalOfTheDriverIsTold() throws Exception {
        try (House house = House.in(folder, driver)) {
            driver.next(
                    Moment.BEFORE,
                    () -> {
                        throw new DriverException(DriverException.Kind.NO_SPACE, "it is full");
                    });
            listening(
                    house,
                    "cairn.operation",
                    () ->
                            assertThatThrownBy(() -> house.volume("db1"))
                                    .hasMessageStartingWith("NO_SPACE: "));
            CompositeData data =
                    told(
                            "cairn.operation.failed",
                            "create volume db1 on backend fast failed: NO_SPACE: cannot create volume db1 on backend fast: it is full");
            assertThat(data.get("operation")).isEqualTo("create volume db1 on backend fast");
            assertThat(data.get("code")).isEqualTo("NO_SPACE");
            assertThat(data.get("reason"))
                    .isEqualTo("cannot create volume db1 on backend fast: it is full");
            assertThat(data.get("unfinished")).isEqualTo(false);
            assertThat(data.get("recovered")).isEqualTo(false);
            assertThat(data.get("objectName")).isEqualTo("");
        }
    }

    @Test
    void aFailureWhoseOutcomeIsNotKnownIsToldAsUnfinished() throws Exception {
        try (House house = House.in(folder, driver)) {
            ObjectName volume = house.volume("db1");
            driver.next(
                    Moment.AFTER,
                    () -> {
                        throw new DriverException(
                                DriverException.Kind.UNAVAILABLE, "nobody answers");
                    });
            listening(
                    house,
                    "cairn.operation",
                    () ->
                            assertThatThrownBy(() -> house.snapshot(volume, "s"))
                                    .hasMessageStartingWith("UNAVAILABLE: "));
            String reason =
                    "cannot create snapshot s of volume db1 on backend fast: nobody answers; what became of it is settled as soon as the backend answers";
            CompositeData data =
                    told(
                            "cairn.operation.failed",
                            "create snapshot s of volume db1 on backend fast failed: UNAVAILABLE: "
                                    + reason
                                    + " (it is unfinished; the daemon will settle it)");
            assertThat(data.get("operation"))
                    .isEqualTo("create snapshot s of volume db1 on backend fast");
            assertThat(data.get("code")).isEqualTo("UNAVAILABLE");
            assertThat(data.get("reason")).isEqualTo(reason);
            assertThat(data.get("unfinished")).isEqualTo(true);
        }
    }

    @Test
    void whatAStartFinishesIsToldAsRecovered() throws Exception {
        leaveASnapshot(Moment.AFTER);
        try (House house = House.in(folder, driver)) {
            listening(
                    house,
                    "cairn.snapshot.created",
                    () -> house.volumes.start(Duration.ofSeconds(20)));
            CompositeData data =
                    told(
                            "cairn.snapshot.created.recovered",
                            "snapshot s of volume db1 of backend fast was created, by settling what was unfinished");
            ObjectName snapshot =
                    House.name("cairn:type=Snapshot,backend=fast,volume=db1,snapshot=s");
            assertThat(data.get("objectName")).isEqualTo(snapshot.toString());
            assertThat(data.get("id")).isEqualTo(house.get(snapshot, "Id"));
            assertThat(data.get("volume")).isEqualTo("db1");
            assertThat(data.get("snapshot")).isEqualTo("s");
            assertThat(data.get("recovered")).isEqualTo(true);
            assertThat(data.get("operation")).isEqualTo("");
        }
    }

    @Test
    void whatAStartUndoesIsTold() throws Exception {
        leaveASnapshot(Moment.BEFORE);
        try (House house = House.in(folder, driver)) {
            listening(house, "cairn.operation", () -> house.volumes.start(Duration.ofSeconds(20)));
            String reason =
                    "it was interrupted before the snapshot was cut, and a snapshot is never cut late";
            CompositeData data =
                    told(
                            "cairn.operation.undone",
                            "create snapshot s of volume db1 on backend fast was unfinished and is undone: "
                                    + reason);
            assertThat(data.get("operation"))
                    .isEqualTo("create snapshot s of volume db1 on backend fast");
            assertThat(data.get("reason")).isEqualTo(reason);
            assertThat(data.get("code")).isEqualTo("");
            assertThat(data.get("unfinished")).isEqualTo(false);
        }
    }

    private void leaveASnapshot(Moment moment) throws Exception {
        try (House dying = House.in(folder, driver)) {
            ObjectName volume = dying.volume("db1");
            driver.next(
                    moment,
                    () -> {
                        throw new IllegalStateException("power cut");
                    });
            assertThatThrownBy(() -> dying.snapshot(volume, "s")).hasMessageContaining("power cut");
        }
    }
}
