package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.cairn.daemon.config.PoolLimits;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.drift.Drift;
import io.cairn.daemon.host.HostFacts;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.VolumeEvent.Access;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Who has access to volumes and snapshots, on this host with its real devices. */
final class ConnectionsTest {
    private static final long MIB = 1L << 20;
    private static final NewConnection HERE =
            new NewConnection("", false, Optional.empty(), Map.of());

    private Path folder;
    private House house;
    private Volume volume;

    @BeforeEach
    void open(@TempDir Path temporary) throws Exception {
        folder = temporary;
        house = House.open(folder);
        volume = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
    }

    @AfterEach
    void close() throws Exception {
        for (Volume each : house.volumes.volumes(Filter.ALL, 100, "").items()) {
            connections().cleanup(each.id());
        }
        house.close();
    }

    @Test
    void aVolumeIsInUseAsLongAsAHostIsConnected() throws Exception {
        Connection connection = connections().connect(Target.of(volume.id()), HERE);
        assertThat(connection.state()).isEqualTo(Connection.State.CONNECTED);
        assertThat(connection.local()).isTrue();
        assertThat(connection.host()).isEqualTo(HostFacts.read().name());
        assertThat(now().state()).isEqualTo(ObjectState.IN_USE);
        assertThat(connections().of(volume.id())).containsExactly(connection);
        assertFails(
                Code.IN_USE,
                "is in-use by 1 connection (hosts: "
                        + connection.host()
                        + "), and only an available one can be deleted",
                () -> house.volumes.deleteVolume(volume.id()));
        connections().disconnect(connection.id());
        assertThat(now().state()).isEqualTo(ObjectState.AVAILABLE);
        assertThat(house.events)
                .filteredOn(VolumeEvent.VolumeState.class::isInstance)
                .extracting(event -> ((VolumeEvent.VolumeState) event).to())
                .containsExactly(
                        ObjectState.CREATING,
                        ObjectState.AVAILABLE,
                        ObjectState.IN_USE,
                        ObjectState.AVAILABLE);
        assertFails(
                Code.NOT_FOUND, "no connection", () -> connections().disconnect(connection.id()));
    }

    @Test
    void theSameHostGetsTheSameConnection() throws Exception {
        Connection connection = connections().connect(Target.of(volume.id()), HERE);
        assertThat(connections().connect(Target.of(volume.id()), HERE)).isEqualTo(connection);
        assertFails(
                Code.CONFLICT,
                "is connected to volume db1 already, read-write",
                () ->
                        connections()
                                .connect(
                                        Target.of(volume.id()),
                                        new NewConnection("", true, Optional.empty(), Map.of())));
    }

    @Test
    void whatIsAttachedIsABlockDeviceThatHoldsTheVolume() throws Exception {
        requireDevices();
        Connection attached = attach(Target.of(volume.id()));
        assertThat(attached.device()).startsWith("/dev/loop");
        try (RandomAccessFile device = new RandomAccessFile(attached.device(), "rw")) {
            device.write("written".getBytes(US_ASCII));
            device.getFD().sync();
        }
        assertThat(VolumesTest.read(volume.location(), 7)).isEqualTo("written");
        assertThat(connections().attach(attached.id())).isEqualTo(attached);
        assertFails(Code.IN_USE, "is attached", () -> connections().disconnect(attached.id()));
        Connection detached = connections().detach(attached.id());
        assertThat(detached.state()).isEqualTo(Connection.State.CONNECTED);
        assertThat(detached.device()).isEmpty();
        assertThat(connections().detach(attached.id())).isEqualTo(detached);
    }

    @Test
    void anAttachedVolumeIsSnapshottedExtendedAndNotReverted() throws Exception {
        requireDevices();
        Connection attached = attach(Target.of(volume.id()));
        try (RandomAccessFile device = new RandomAccessFile(attached.device(), "rw")) {
            device.write("before".getBytes(US_ASCII));
            boolean reflink =
                    house.backend().facts().orElseThrow().snapshotMethod().equals("reflink");
            if (reflink) {
                Snapshot cut = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
                assertThat(VolumesTest.read(cut.location(), 6)).isEqualTo("before");
            } else {
                assertFails(
                        Code.UNSUPPORTED,
                        "open for writing",
                        () -> house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s")));
            }
        }
        house.volumes.alterations().extend(volume.id(), 2 * MIB);
        assertThat(sizeOf(attached.device())).isEqualTo(2 * MIB);
        connections().detach(attached.id());
        house.volumes.createSnapshot(volume.id(), NewSnapshot.named("t"));
        assertFails(
                Code.IN_USE,
                "only an available one can be reverted",
                () -> house.volumes.alterations().revert(volume.id(), "t"));
    }

    @Test
    void anAttachmentSurvivesARestartOfTheDaemon() throws Exception {
        requireDevices();
        Connection attached = attach(Target.of(volume.id()));
        house.close();
        house = House.open(folder);
        house.volumes.start(Duration.ofSeconds(20));
        assertThat(house.volumes.rechecks().look(house.backend())).isTrue();
        assertThat(connections().find(attached.id())).contains(attached);
        assertThat(connections().attach(attached.id())).isEqualTo(attached);
    }

    @Test
    void aDeviceThatIsGoneIsLostAndAttachedAgain() throws Exception {
        requireDevices();
        Connection attached = attach(Target.of(volume.id()));
        assertThat(drifts()).isEmpty();
        // As after a reboot of the host.
        detachBehindTheBack();
        assertThat(drifts())
                .singleElement()
                .satisfies(
                        drift -> {
                            assertThat(drift.kind()).isEqualTo(Drift.Kind.CONNECTION);
                            assertThat(drift.id()).isEqualTo(attached.id().toString());
                        });
        assertThat(house.volumes.rechecks().look(house.backend())).isTrue();
        Connection lost = connections().find(attached.id()).orElseThrow();
        assertThat(lost.state()).isEqualTo(Connection.State.LOST);
        assertThat(drifts()).isEmpty();
        assertThat(house.events.getLast())
                .isEqualTo(new VolumeEvent.ConnectionChanged(lost, Access.LOST, false));
        assertThat(connections().attach(lost.id()).state()).isEqualTo(Connection.State.ATTACHED);
    }

    private List<Drift> drifts() throws Exception {
        return new Checks(house.volumes, house.backends)
                .check(BACKEND, Duration.ofMinutes(1))
                .orElseThrow()
                .drifts();
    }

    @Test
    void aSnapshotIsAttachedReadOnlyAndNotDeletedMeanwhile() throws Exception {
        requireDevices();
        VolumesTest.write(volume.location(), "before");
        Snapshot cut = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        Connection attached = attach(Target.of(volume.id(), cut.id()));
        assertThat(attached.readOnly()).isTrue();
        try (RandomAccessFile device = new RandomAccessFile(attached.device(), "r")) {
            byte[] bytes = new byte[6];
            device.readFully(bytes);
            assertThat(new String(bytes, US_ASCII)).isEqualTo("before");
        }
        assertThat(house.volumes.snapshot(cut.id()).orElseThrow().state())
                .isEqualTo(ObjectState.IN_USE);
        assertFails(Code.IN_USE, "connection", () -> house.volumes.deleteSnapshot(cut.id()));
        connections().cleanup(volume.id());
        house.volumes.deleteWithSnapshots(volume.id());
        assertThat(house.inventory().volumes()).isEmpty();
    }

    @Test
    void aDeviceThatCannotBeHadLeavesNoConnection() throws Exception {
        requireDevices();
        Snapshot cut = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        for (Target target : List.of(Target.of(volume.id()), Target.of(volume.id(), cut.id()))) {
            house.driver.next(
                    FaultyDriver.Moment.BEFORE,
                    () -> {
                        throw new DriverException(DriverException.Kind.UNSUPPORTED, "no device");
                    });
            assertFails(
                    Code.UNSUPPORTED, "no device", () -> connections().attachHere(target, false));
            assertThat(connections().of(volume.id())).isEmpty();
            assertThat(now().state()).isEqualTo(ObjectState.AVAILABLE);
        }
        Connection asked = connections().connect(Target.of(volume.id()), HERE);
        house.driver.next(
                FaultyDriver.Moment.BEFORE,
                () -> {
                    throw new DriverException(DriverException.Kind.UNSUPPORTED, "no device");
                });
        assertFails(
                Code.UNSUPPORTED,
                "no device",
                () -> connections().attachHere(Target.of(volume.id()), false));
        assertThat(connections().of(volume.id())).containsExactly(asked);
    }

    @Test
    void anotherHostIsRefusedWhereOneHasTheVolume() throws Exception {
        connections().connect(Target.of(volume.id()), HERE);
        NewConnection other =
                new NewConnection("web1", false, Optional.empty(), Map.of("ip", "192.0.2.7"));
        assertFails(
                exports() ? Code.IN_USE : Code.UNSUPPORTED,
                exports()
                        ? "is in-use by host %s, and since backend fast lets one host at a time have a volume, only an available one can be connected"
                                .formatted(HostFacts.read().name())
                        : "offers nothing to other hosts",
                () -> connections().connect(Target.of(volume.id()), other));
        assertThat(connections().of(BACKEND, 10, "").items()).hasSize(1);
    }

    @Test
    void severalHostsHaveAVolumeWhereTheBackendLetsThem() throws Exception {
        Assumptions.assumeTrue(exports(), "no program is installed that serves NBD");
        house.close();
        house.driver.facts =
                facts ->
                        new BackendFacts(
                                facts.snapshotMethod(),
                                facts.snapshotCost(),
                                Set.of(Trait.MULTI_ATTACH));
        house = new House(folder, Duration.ofSeconds(20), PoolLimits.DEFAULT, house.driver);
        Connection here = connections().connect(Target.of(volume.id()), HERE);
        Connection far =
                connections()
                        .connect(
                                Target.of(volume.id()),
                                new NewConnection("web1", true, Optional.of("nbd"), Map.of()));
        assertThat(connections().of(volume.id())).containsExactly(far, here);
        assertThat(now().connectionCount()).isEqualTo(2);
        connections().disconnect(here.id());
        assertThat(now().state()).isEqualTo(ObjectState.IN_USE);
        connections().disconnect(far.id());
        assertThat(now().state()).isEqualTo(ObjectState.AVAILABLE);
    }

    @Test
    void anotherHostReportsItsPath() throws Exception {
        Assumptions.assumeTrue(exports(), "no program is installed that serves NBD");
        Connection connection =
                connections()
                        .connect(
                                Target.of(volume.id()),
                                new NewConnection(
                                        "web1", false, Optional.of("nbd"), Map.of("ip", "::1")));
        assertThat(connection.info().get("uri")).startsWith("nbd");
        assertThat(connection.connector()).containsEntry("ip", "::1");
        assertFails(
                Code.INVALID,
                "host web1 attaches by itself",
                () -> connections().attach(connection.id()));
        assertFails(
                Code.INVALID,
                "is no path",
                () -> connections().deviceAttached(connection.id(), "nbd0"));
        Connection attached = connections().deviceAttached(connection.id(), "/dev/nbd0");
        assertThat(attached.state()).isEqualTo(Connection.State.ATTACHED);
        house.close();
        house = House.open(folder);
        assertThat(house.volumes.rechecks().look(house.backend())).isTrue();
        assertThat(connections().find(connection.id())).contains(attached);
    }

    @Test
    void anExportThatIsGoneIsMadeAgainAndKeepsItsState() throws Exception {
        Assumptions.assumeTrue(exports(), "no program is installed that serves NBD");
        NewConnection other =
                new NewConnection("web1", false, Optional.of("nbd"), Map.of("ip", "::1"));
        Connection connection = connections().connect(Target.of(volume.id()), other);
        Connection attached = connections().deviceAttached(connection.id(), "/dev/nbd0");
        for (boolean byConnecting : new boolean[] {true, false}) {
            // As after a reboot of the host.
            boolean _ =
                    house.backend()
                            .call(
                                    volume.id(),
                                    driver -> {
                                        driver.exporting()
                                                .orElseThrow()
                                                .unexport(connection.id(), connection.target());
                                        return true;
                                    });
            if (byConnecting) {
                assertThat(connections().connect(Target.of(volume.id()), other))
                        .isEqualTo(attached);
                assertThat(house.events.getLast())
                        .isEqualTo(
                                new VolumeEvent.ConnectionChanged(
                                        attached, Access.EXPORTED, false));
            } else {
                assertThat(house.volumes.rechecks().look(house.backend())).isTrue();
                assertThat(connections().find(connection.id())).contains(attached);
            }
            boolean serves =
                    house.backend()
                            .call(
                                    (Driver driver) ->
                                            driver.exporting()
                                                    .orElseThrow()
                                                    .exported(connection.id(), connection.target())
                                                    .isPresent());
            assertThat(serves).isTrue();
            assertThat(now().connectionCount()).isEqualTo(1);
        }
    }

    @Test
    void aDeviceThatIsGoneIsNotAcknowledgedAsAttached() throws Exception {
        requireDevices();
        Connection attached = attach(Target.of(volume.id()));
        detachBehindTheBack();
        Connection again = connections().attach(attached.id());
        assertThat(again.state()).isEqualTo(Connection.State.ATTACHED);
        try (RandomAccessFile device = new RandomAccessFile(again.device(), "rw")) {
            device.write("written".getBytes(US_ASCII));
            device.getFD().sync();
        }
        assertThat(VolumesTest.read(volume.location(), 7)).isEqualTo("written");
    }

    private void detachBehindTheBack() throws Exception {
        boolean _ =
                house.backend()
                        .call(
                                volume.id(),
                                driver -> {
                                    driver.attaching().orElseThrow().detach(Target.of(volume.id()));
                                    return true;
                                });
    }

    @Test
    void stepsLeftUnfinishedAreFinishedAfterARestart() throws Exception {
        requireDevices();
        for (boolean before : new boolean[] {true, false}) {
            Connection connection = connections().connect(Target.of(volume.id()), HERE);
            fail(before);
            assertFails(Code.FAULT, "power cut", () -> connections().attach(connection.id()));
            restart();
            Connection attached = connections().find(connection.id()).orElseThrow();
            assertThat(attached.state()).isEqualTo(Connection.State.ATTACHED);
            fail(before);
            assertFails(Code.FAULT, "power cut", () -> connections().detach(connection.id()));
            restart();
            assertThat(connections().find(connection.id()).orElseThrow().state())
                    .isEqualTo(Connection.State.CONNECTED);
            connections().disconnect(connection.id());
            assertThat(now().state()).isEqualTo(ObjectState.AVAILABLE);
        }
    }

    @Test
    void aCleanUpThatFailsHalfWayIsFinishedByTheNext() throws Exception {
        requireDevices();
        Snapshot cut = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        attach(Target.of(volume.id()));
        attach(Target.of(volume.id(), cut.id()));
        fail(true);
        assertFails(Code.FAULT, "power cut", () -> connections().cleanup(volume.id()));
        assertThat(house.volumes.unfinished()).hasSize(1);
        assertThat(connections().cleanup(volume.id())).hasSize(2);
        house.volumes.deleteWithSnapshots(volume.id());
        assertThat(house.volumes.unfinished()).isEmpty();
    }

    private void fail(boolean before) {
        if (before) {
            house.driver.diesBeforeTheNextChange();
        } else {
            house.driver.diesAfterTheNextChange();
        }
    }

    private void restart() throws Exception {
        house.close();
        house = House.open(folder);
        house.volumes.start(Duration.ofSeconds(20));
        assertThat(house.volumes.unfinished()).isEmpty();
    }

    @Test
    void aConnectionDoesNotTellItsSecrets() throws Exception {
        Connection connection = connections().connect(Target.of(volume.id()), HERE);
        Connection secret =
                connection.knowing(
                        Map.of("auth_password", "planted", "uri", "nbd:x"),
                        Set.of("auth_password"));
        assertThat(new VolumeEvent.ConnectionChanged(secret, Access.CONNECTED, false).toString())
                .doesNotContain("planted")
                .contains("nbd:x");
    }

    @Test
    void whatIsNotThereIsNotConnected() throws Exception {
        assertFails(
                Code.NOT_FOUND, "no connection", () -> connections().attach(ConnectionId.random()));
        assertFails(
                Code.NOT_FOUND,
                "no volume",
                () -> connections().connect(Target.of(VolumeId.random()), HERE));
        for (String host : List.of("a b", "-x", "x".repeat(254), "a\nb", "$(id)")) {
            assertFails(
                    Code.INVALID,
                    "is not allowed",
                    () ->
                            connections()
                                    .connect(
                                            Target.of(volume.id()),
                                            new NewConnection(
                                                    host, false, Optional.empty(), Map.of())));
        }
        assertThat(connections().of(BACKEND, 10, "").items()).isEmpty();
    }

    @Test
    void aConnectorThatLacksSomethingIsToldWhat() {
        assertThat(Connections.problems(Map.of(), "iscsi")).hasSize(2);
        assertThat(Connections.problems(Map.of("host", "web1"), "iscsi"))
                .singleElement()
                .asString()
                .contains("'initiator'");
        assertThat(Connections.problems(Map.of("host", "web1"), "nvmeof"))
                .singleElement()
                .asString()
                .contains("'nqn'");
        assertThat(
                        Connections.problems(
                                Map.of("host", "web1", "nqn", "nqn.2014-08.org.example:web1"),
                                "nvmeof"))
                .isEmpty();
        assertThat(Connections.problems(HostFacts.read().connector(), "")).isEmpty();
    }

    private Connections connections() {
        return house.volumes.connections();
    }

    private Volume now() {
        return house.volumes.volume(volume.id()).orElseThrow();
    }

    private Connection attach(Target target) throws Exception {
        Connection attached = connections().attach(connections().connect(target, HERE).id());
        assertThat(attached.state()).isEqualTo(Connection.State.ATTACHED);
        return attached;
    }

    private void requireDevices() throws Exception {
        boolean devices = house.backend().call((Driver driver) -> driver.attaching().isPresent());
        Assumptions.assumeTrue(devices, "loop devices take root");
    }

    private boolean exports() throws Exception {
        return house.backend()
                .call(
                        (Driver driver) ->
                                driver.exporting()
                                        .filter(e -> !e.protocols().isEmpty())
                                        .isPresent());
    }

    private static long sizeOf(String device) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(device, "r")) {
            return file.length();
        }
    }
}
