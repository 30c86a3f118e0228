package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;
import static io.cairn.daemon.volume.VolumesTest.read;
import static io.cairn.daemon.volume.VolumesTest.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.store.StoreHealth.State;
import io.cairn.daemon.volume.FaultyDriver.Fault;
import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Snapshots of several volumes: all of them or none, whatever happens. */
final class GroupSnapshotTest {
    private static final long MIB = 1L << 20;
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final NewSnapshot NIGHTLY = NewSnapshot.named("nightly");
    private static final Fault NOTHING = () -> {};

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path folder;

    @SuppressWarnings("NullAway.Init") // before each test
    private House house;

    private final List<Volume> volumes = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        house = House.open(folder);
        for (String name : List.of("data", "log", "index")) {
            volumes.add(house.volumes.createVolume(BACKEND, NewVolume.named(name, MIB)));
            write(volumes.getLast().location(), name);
        }
    }

    @AfterEach
    void close() {
        house.close();
    }

    private List<Snapshot> cut(NewSnapshot request) throws Exception {
        return house.volumes.createGroupSnapshot(
                BACKEND, volumes.stream().map(Volume::id).toList(), request);
    }

    private void restart() throws Exception {
        reopen();
        house.volumes.start(LONG);
    }

    /** As long as it is not started, nothing is settled that nobody asks for. */
    private void reopen() throws Exception {
        house.close();
        house = House.open(folder);
    }

    private void assertNone() throws Exception {
        assertThat(house.inventory().snapshots()).isEmpty();
        assertThat(house.volumes.snapshots(Filter.ALL, 10, "").items()).isEmpty();
        assertThat(house.volumes.unfinished()).isEmpty();
        assertThat(house.volumes.counts(BACKEND)).isEqualTo(new Counts(3, 0, 0));
        assertThat(house.volumes.poolCounts(BACKEND))
                .containsEntry("default", new PoolCounts(3, 0, 3 * MIB));
    }

    @Test
    void eachVolumeGetsOneAndTheyAreKnownToBelongTogether() throws Exception {
        List<Snapshot> made =
                cut(
                        new NewSnapshot(
                                "nightly", "before it", Map.of("keep", "yes"), Optional.empty()));
        assertThat(made).extracting(Snapshot::volumeName).containsExactly("data", "log", "index");
        assertThat(made).extracting(Snapshot::name).containsOnly("nightly");
        assertThat(made).extracting(Snapshot::description).containsOnly("before it");
        assertThat(made).extracting(each -> each.labels().get("keep")).containsOnly("yes");
        assertThat(made.stream().map(each -> each.labels().get(Grouping.LABEL)).distinct())
                .hasSize(1)
                .doesNotContainNull();
        for (Snapshot each : made) {
            write(house.volumes.volume(each.volume()).orElseThrow().location(), "later");
            assertThat(read(each.location(), each.volumeName().length()))
                    .isEqualTo(each.volumeName());
            assertThat(house.volumes.snapshot(each.id())).contains(each);
        }
        assertThat(house.volumes.counts(BACKEND)).isEqualTo(new Counts(3, 3, 0));
        assertThat(house.volumes.poolCounts(BACKEND))
                .containsEntry("default", new PoolCounts(3, 3, 3 * MIB));
        restart();
        assertThat(house.volumes.snapshots(Filter.ALL, 10, "").items())
                .containsExactlyInAnyOrderElementsOf(made);
        assertThat(house.volumes.counts(BACKEND)).isEqualTo(new Counts(3, 3, 0));
    }

    @Test
    void askedAgainItIsTheSameAndNothingElse() throws Exception {
        List<Snapshot> made = cut(NIGHTLY);
        assertThat(cut(NIGHTLY)).isEqualTo(made);
        assertThat(
                        house.volumes.createGroupSnapshot(
                                BACKEND,
                                List.of(volumes.get(2).id(), volumes.get(0).id()),
                                NIGHTLY))
                .containsExactly(made.get(2), made.get(0));
        assertFails(
                Code.CONFLICT,
                "another description",
                () -> cut(new NewSnapshot("nightly", "other", Map.of(), Optional.empty())));
        house.volumes.deleteSnapshot(made.getFirst().id());
        assertFails(
                Code.CONFLICT,
                "volume log has a snapshot nightly already, and 1 of the volumes have none",
                () -> cut(NIGHTLY));
        for (Volume volume : volumes) {
            Snapshot _ = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("alone"));
        }
        assertFails(
                Code.CONFLICT,
                "volume data has a snapshot alone already, which was not cut together",
                () -> cut(NewSnapshot.named("alone")));
        assertThat(house.inventory().snapshots()).hasSize(2 + 3);
    }

    @Test
    void nobodyElseSaysWhatWasCutTogether() throws Exception {
        Map<String, String> forged = Map.of(Grouping.LABEL, "mine");
        SnapshotId made = cut(NIGHTLY).getFirst().id();
        assertFails(
                Code.INVALID,
                "the label cairn.group is Cairn's",
                () -> cut(new NewSnapshot("s", "", forged, Optional.empty())));
        assertFails(
                Code.INVALID,
                "the label cairn.group is Cairn's",
                () ->
                        house.volumes.createSnapshot(
                                volumes.getFirst().id(),
                                new NewSnapshot("s", "", forged, Optional.empty())));
        assertFails(
                Code.INVALID,
                "the label cairn.group is Cairn's",
                () -> house.volumes.alterations().label(made, Grouping.LABEL, "mine"));
        assertFails(
                Code.INVALID,
                "the label cairn.group is Cairn's",
                () -> house.volumes.alterations().unlabel(made, Grouping.LABEL));
        assertThat(house.volumes.alterations().label(made, "other", "mine").labels())
                .containsKey(Grouping.LABEL);
    }

    @Test
    void thereIsRoomForTheLabelOfTheGroup() throws Exception {
        Map<String, String> labels = new HashMap<>();
        while (labels.size() < Names.MAX_LABELS) {
            labels.put("label" + labels.size(), "");
        }
        assertFails(
                Code.INVALID,
                "32 labels are too many: at most 31",
                () -> cut(new NewSnapshot("s", "", labels, Optional.empty())));
        labels.remove("label0");
        Snapshot made = cut(new NewSnapshot("s", "", labels, Optional.empty())).getFirst();
        assertThat(house.volumes.alterations().rename(made.id(), "t").labels())
                .hasSize(Names.MAX_LABELS);
    }

    @Test
    void aVolumeThatAHostMayWriteToIsNoneOfAGroup() throws Exception {
        Connection writing = connect(Target.of(volumes.get(2).id()), false);
        assertFails(Code.IN_USE, "volume index is in-use", () -> cut(NIGHTLY));
        assertNone();
        house.volumes.connections().disconnect(writing.id());
        Connection _ = connect(Target.of(volumes.get(2).id()), true);
        Snapshot made = cut(NIGHTLY).getFirst();
        // A host that reads it keeps nobody from the next one.
        Connection _ = connect(Target.of(made.volume(), made.id()), true);
        assertThat(cut(NewSnapshot.named("next"))).hasSize(3);
    }

    private Connection connect(Target target, boolean readOnly) throws Exception {
        return house.volumes
                .connections()
                .connect(target, new NewConnection("", readOnly, Optional.empty(), Map.of()));
    }

    @Test
    void whatIsWrongWithTheRequestIsSaid() throws Exception {
        assertFails(
                Code.INVALID,
                "0 volumes are no group",
                () -> house.volumes.createGroupSnapshot(BACKEND, List.of(), NIGHTLY));
        assertFails(Code.INVALID, "the name is missing", () -> cut(NewSnapshot.named("")));
        assertFails(
                Code.INVALID,
                "a volume is given twice",
                () ->
                        house.volumes.createGroupSnapshot(
                                BACKEND,
                                List.of(volumes.getFirst().id(), volumes.getFirst().id()),
                                NIGHTLY));
        assertNone();
    }

    /** The second of three is refused: the first goes again, and the third was never cut. */
    @Test
    void whereOneIsRefusedNoneIsMade() throws Exception {
        house.driver.next(Moment.BEFORE, NOTHING);
        house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(DriverException.Kind.NO_SPACE, "it is full");
                });
        assertFails(
                Code.NO_SPACE,
                "of each of volumes data, log, index on backend fast: that of volume log: it is full; none was made",
                () -> cut(NIGHTLY));
        assertNone();
        assertThat(house.events)
                .filteredOn(VolumeEvent.OperationFailed.class::isInstance)
                .hasSize(1);
        assertThat(cut(NIGHTLY)).hasSize(3);
    }

    /** Whatever call of the driver is the last one of this run, before or after its effect. */
    @Test
    void whereTheDaemonDiesThereIsNoneAfterItsNextStart() throws Exception {
        for (int calls = 0; calls < volumes.size(); calls++) {
            for (boolean before : new boolean[] {true, false}) {
                for (int i = 0; i < calls; i++) {
                    house.driver.next(Moment.BEFORE, NOTHING);
                }
                if (before) {
                    house.driver.diesBeforeTheNextChange();
                } else {
                    house.driver.diesAfterTheNextChange();
                }
                assertFails(Code.FAULT, "power cut", () -> cut(NIGHTLY));
                assertThat(house.volumes.unfinished()).hasSize(calls + 1);
                restart();
                assertNone();
                assertThat(house.events)
                        .filteredOn(VolumeEvent.OperationUndone.class::isInstance)
                        .hasSize(calls + 1);
                reopen();
            }
        }
        assertThat(cut(NIGHTLY)).hasSize(3);
    }

    /** An undoing that fails is tried again until nothing of it is left. */
    @Test
    void whatCannotBeTakenBackAtOnceIsTakenBackLater() throws Exception {
        house.driver.next(Moment.BEFORE, NOTHING);
        house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(DriverException.Kind.NO_SPACE, "it is full");
                });
        house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(DriverException.Kind.NO_SPACE, "so full");
                });
        assertFails(
                Code.UNAVAILABLE,
                "it is full; what was cut is deleted again as soon as that can be done",
                () -> cut(NIGHTLY));
        assertThat(house.volumes.unfinished()).hasSize(1);
        assertThat(house.inventory().snapshots()).hasSize(1);
        // The next operation on the volume settles it first.
        Snapshot other =
                house.volumes.createSnapshot(volumes.getFirst().id(), NewSnapshot.named("other"));
        assertThat(house.inventory().snapshots())
                .extracting(each -> each.id())
                .containsExactly(other.id());
        house.volumes.deleteSnapshot(other.id());
        assertNone();
    }

    /** As by a stop of the daemon: of those that were not come to nothing is known either. */
    @Test
    void whereItIsInterruptedThereIsNone() throws Exception {
        for (int calls = 0; calls < volumes.size(); calls++) {
            for (Moment moment : Moment.values()) {
                for (int i = 0; i < calls; i++) {
                    house.driver.next(Moment.BEFORE, NOTHING);
                }
                Thread caller = Thread.currentThread();
                house.driver.next(
                        moment,
                        () -> {
                            caller.interrupt();
                            Thread.sleep(LONG);
                        });
                assertThatThrownBy(() -> cut(NIGHTLY)).isInstanceOf(InterruptedException.class);
                assertThat(house.volumes.unfinished()).hasSize(volumes.size());
                restart();
                assertNone();
                reopen();
            }
        }
    }

    @Test
    void whereTheBeginningCannotBeRecordedNothingIsCut() throws Exception {
        house.failTheNextCommit();
        assertFails(Code.UNAVAILABLE, "the backend was not touched", () -> cut(NIGHTLY));
        assertNone();
        restart();
        assertNone();
    }

    /** The store comes back by itself, and then what was cut goes. */
    @Test
    void whereTheEndCannotBeRecordedNoneIsMade() throws Exception {
        house.volumes.start(LONG);
        house.driver.next(Moment.AFTER, house::failTheNextCommit);
        assertFails(Code.UNAVAILABLE, "cannot record the end of", () -> cut(NIGHTLY));
        Awaitility.await()
                .atMost(LONG)
                .untilAsserted(
                        () -> assertThat(house.store.health().state()).isEqualTo(State.OPEN));
        Snapshot other =
                house.volumes.createSnapshot(volumes.getFirst().id(), NewSnapshot.named("other"));
        Awaitility.await()
                .atMost(LONG)
                .untilAsserted(() -> assertThat(house.volumes.unfinished()).isEmpty());
        assertThat(house.inventory().snapshots())
                .extracting(each -> each.id())
                .containsExactly(other.id());
        house.volumes.deleteSnapshot(other.id());
        assertNone();
        assertThat(StatesSeen.of(house.events).faults()).isEmpty();
    }

    /** A store that does not write says nothing of what it has: nothing is deleted meanwhile. */
    @Test
    void nothingIsUndoneBeforeTheStoreSaysWhatItHas() throws Exception {
        house.driver.next(Moment.AFTER, house::failTheNextCommit);
        assertFails(Code.UNAVAILABLE, "cannot record the end of", () -> cut(NIGHTLY));
        assertThat(house.inventory().snapshots()).hasSize(3);
        house.store.close();
        house.volumes.start(LONG);
        assertThat(house.events)
                .filteredOn(VolumeEvent.OperationFailed.class::isInstance)
                .extracting(Object::toString)
                .anyMatch(event -> event.contains("cannot undo 'create snapshot nightly"));
        assertThat(house.inventory().snapshots()).hasSize(3);
        restart();
        assertNone();
    }
}
