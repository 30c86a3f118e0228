package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Who hears of every change of a state knows every state, whatever happens. */
final class StateNewsTest {
    private static final long MIB = 1L << 20;
    private static final NewConnection HERE =
            new NewConnection("", false, Optional.empty(), Map.of());

    private final List<VolumeEvent> told = new ArrayList<>();
    private House house;

    @BeforeEach
    void open(@TempDir Path temporary) throws Exception {
        house = House.open(temporary);
    }

    @AfterEach
    void close() throws Exception {
        for (Volume each : house.volumes.volumes(Filter.ALL, 100, "").items()) {
            house.volumes.connections().cleanup(each.id());
        }
        house.close();
    }

    @Test
    void aVolumesLife() throws Exception {
        Volume volume = volume("db1");
        Snapshot cut = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        house.volumes.alterations().extend(volume.id(), 2 * MIB);
        house.volumes.alterations().revert(volume.id(), "s");
        house.volumes.alterations().rename(volume.id(), "db2");
        house.volumes.deleteSnapshot(cut.id());
        house.volumes.deleteVolume(volume.id());
        assertThat(steps(volume.id().value()))
                .containsExactly(
                        "creating",
                        "available",
                        "extending",
                        "available",
                        "reverting",
                        "available",
                        "deleting",
                        "deleted");
        assertThat(steps(cut.id().value()))
                .containsExactly("creating", "available", "deleting", "deleted");
    }

    @Test
    void aVolumeOfASnapshotAndACloneAreMadeLikeAnyOther() throws Exception {
        Volume source = volume("db1");
        Snapshot cut = house.volumes.createSnapshot(source.id(), NewSnapshot.named("s"));
        Volume made = house.volumes.createFromSnapshot(cut.id(), NewVolume.named("db2"));
        Volume clone = house.volumes.cloneVolume(source.id(), NewVolume.named("db3"));
        for (Volume volume : List.of(source, made, clone)) {
            assertThat(steps(volume.id().value())).containsExactly("creating", "available");
        }
    }

    @Test
    void theFirstConnectionAndTheLastMakeUse() throws Exception {
        Volume volume = volume("db1");
        Snapshot cut = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        Connection one = connect(Target.of(volume.id()));
        Connection other = connect(Target.of(volume.id(), cut.id()));
        house.volumes.connections().disconnect(one.id());
        house.volumes.connections().disconnect(other.id());
        assertThat(steps(volume.id().value()))
                .containsExactly("creating", "available", "in-use", "available");
        assertThat(steps(cut.id().value()))
                .containsExactly("creating", "available", "in-use", "available");
        assertThat(steps(one.id().value()))
                .containsExactly("connecting", "connected", "disconnecting", "not there");
    }

    @Test
    void aDeviceComesAndIsLost() throws Exception {
        boolean devices = house.backend().call((Driver driver) -> driver.attaching().isPresent());
        Assumptions.assumeTrue(devices, "loop devices take root");
        Volume volume = volume("db1");
        Connection connection = connect(Target.of(volume.id()));
        house.volumes.connections().attach(connection.id());
        house.volumes.connections().detach(connection.id());
        house.volumes.connections().attach(connection.id());
        boolean _ =
                house.backend()
                        .call(
                                volume.id(),
                                driver -> {
                                    driver.attaching().orElseThrow().detach(connection.target());
                                    return true;
                                });
        assertThat(house.volumes.rechecks().look(house.backend())).isTrue();
        assertThat(steps(connection.id().value()))
                .containsExactly(
                        "connecting",
                        "connected",
                        "attaching",
                        "attached",
                        "detaching",
                        "connected",
                        "attaching",
                        "attached",
                        "lost");
        agree();
    }

    @Test
    void whatFailsAndIsSettledLater() throws Exception {
        Volume volume = volume("db1");
        Snapshot doomed = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("doomed"));
        UUID late = failing(() -> volume("late"), true);
        UUID never =
                failing(
                        () -> house.volumes.cloneVolume(volume.id(), NewVolume.named("never")),
                        false);
        UUID cut = failing(() -> snapshot(volume, "cut"), true);
        UUID uncut = failing(() -> snapshot(volume, "uncut"), false);
        UUID gone = failing(() -> house.volumes.deleteSnapshot(doomed.id()), true);
        assertThat(steps(late)).containsExactly("creating", "error", "available");
        assertThat(steps(never)).containsExactly("creating", "error", "deleted");
        assertThat(steps(cut)).containsExactly("creating", "error", "available");
        assertThat(steps(uncut)).containsExactly("creating", "error", "deleted");
        assertThat(gone).isEqualTo(doomed.id().value());
        assertThat(steps(gone))
                .containsExactly("creating", "available", "deleting", "error-deleting", "deleted");
        failing(() -> house.volumes.alterations().extend(volume.id(), 2 * MIB), false);
        failing(() -> house.volumes.alterations().revert(volume.id(), "cut"), false);
        assertThat(steps(volume.id().value()))
                .containsExactly(
                        "creating",
                        "available",
                        "extending",
                        "error",
                        "available",
                        "reverting",
                        "error",
                        "available");
        agree();
    }

    @Test
    void whatIsRefusedForGoodIsAsItWas() throws Exception {
        Volume volume = volume("db1");
        for (Action action :
                List.<Action>of(
                        () -> snapshot(volume, "s"),
                        () -> house.volumes.alterations().extend(volume.id(), 2 * MIB),
                        () -> house.volumes.deleteVolume(volume.id()))) {
            house.driver.next(
                    Moment.BEFORE,
                    () -> {
                        throw new DriverException(DriverException.Kind.UNSUPPORTED, "not today");
                    });
            assertFails(Code.UNSUPPORTED, "not today", action::run);
        }
        assertThat(steps(volume.id().value()))
                .containsExactly(
                        "creating", "available", "extending", "available", "deleting", "available");
        agree();
    }

    @Test
    void aDisconnectionThatIsSettledLaterEndsTheUse() throws Exception {
        Volume volume = volume("db1");
        boolean exports =
                house.backend()
                        .call(
                                (Driver driver) ->
                                        driver.exporting()
                                                .filter(e -> !e.protocols().isEmpty())
                                                .isPresent());
        Assumptions.assumeTrue(exports, "no program is installed that serves NBD");
        Connection far =
                house.volumes
                        .connections()
                        .connect(
                                Target.of(volume.id()),
                                new NewConnection("web1", false, Optional.of("nbd"), Map.of()));
        failing(() -> house.volumes.connections().disconnect(far.id()), true);
        assertThat(steps(volume.id().value()))
                .containsExactly("creating", "available", "in-use", "available");
        assertThat(steps(far.id().value()))
                .containsExactly("connecting", "connected", "disconnecting", "not there");
        agree();
    }

    @Test
    void whatIsGivenUpIsAsItWas() throws Exception {
        Volume volume = volume("db1");
        house.driver.diesBeforeTheNextChange();
        assertFails(
                Code.FAULT,
                "power cut",
                () -> house.volumes.alterations().extend(volume.id(), 2 * MIB));
        String _ = house.volumes.forgetUnfinished(volume.id());
        assertThat(steps(volume.id().value()))
                .containsExactly("creating", "available", "extending", "error", "available");
        agree();
    }

    private interface Action {
        void run() throws Exception;
    }

    /**
     * Has a change fail so that nobody knows what came of it, and then settles it.
     *
     * @param done whether it did its work first
     * @return the id of what changed its state last before that
     */
    private UUID failing(Action action, boolean done) throws Exception {
        if (done) {
            house.driver.diesAfterTheNextChange();
        } else {
            house.driver.diesBeforeTheNextChange();
        }
        assertFails(Code.FAULT, "power cut", action::run);
        VolumeEvent last =
                house.events.stream()
                        .filter(VolumeEvent.StateChanged.class::isInstance)
                        .reduce((_, second) -> second)
                        .orElseThrow();
        for (Volume volume : house.volumes.volumes(Filter.ALL, 100, "").items()) {
            // Takes the volume's turn, and so settles first what is unfinished.
            try {
                house.volumes.alterations().describe(volume.id(), "settled");
            } catch (OperationException e) {
                // What was undone.
                assertThat(e.code()).isEqualTo(Code.NOT_FOUND);
            }
        }
        assertThat(house.volumes.unfinished()).isEmpty();
        return switch (last) {
            case VolumeEvent.VolumeState state -> state.volume().id().value();
            case VolumeEvent.SnapshotState state -> state.snapshot().id().value();
            case VolumeEvent.ConnectionState state -> state.connection().id().value();
            default -> throw new IllegalStateException(last.toString());
        };
    }

    /** What was told is what there is. */
    private void agree() throws Exception {
        StatesSeen seen = seen();
        for (Volume volume : house.volumes.volumes(Filter.ALL, 100, "").items()) {
            assertThat(seen.now()).containsEntry(volume.id().value(), volume.state().toString());
        }
        for (Snapshot snapshot : house.volumes.snapshots(Filter.ALL, 100, "").items()) {
            assertThat(seen.now())
                    .containsEntry(snapshot.id().value(), snapshot.state().toString());
        }
        for (Connection one : house.volumes.connections().of(BACKEND, 100, "").items()) {
            assertThat(seen.now()).containsEntry(one.id().value(), one.state().toString());
        }
    }

    private StatesSeen seen() {
        told.addAll(house.events);
        house.events.clear();
        StatesSeen seen = StatesSeen.of(told);
        assertThat(seen.faults()).isEmpty();
        return seen;
    }

    private List<String> steps(UUID id) {
        return seen().steps(id);
    }

    private Volume volume(String name) throws Exception {
        return house.volumes.createVolume(BACKEND, NewVolume.named(name, MIB));
    }

    private void snapshot(Volume volume, String name) throws Exception {
        Snapshot _ = house.volumes.createSnapshot(volume.id(), NewSnapshot.named(name));
    }

    private Connection connect(Target target) throws Exception {
        return house.volumes.connections().connect(target, HERE);
    }
}
