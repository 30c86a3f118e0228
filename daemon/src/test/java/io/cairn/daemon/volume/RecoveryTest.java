package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;
import static io.cairn.daemon.volume.VolumesTest.read;
import static io.cairn.daemon.volume.VolumesTest.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.store.StoreHealth;
import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** What becomes of an operation whose outcome is unknown: in the same run, and after a restart. */
final class RecoveryTest {
    private static final long MIB = 1L << 20;
    private static final Duration LONG = Duration.ofSeconds(20);

    @Test
    void aSnapshotThatWasCutIsRecordedAfterARestartAsOfItsOwnInstant(@TempDir Path folder)
            throws Exception {
        Volume volume;
        try (House dying = House.open(folder)) {
            volume = dying.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            write(volume.location(), "before");
            dying.driver.diesAfterTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> dying.volumes.createSnapshot(volume.id(), NewSnapshot.named("s")));
            assertThat(dying.volumes.snapshot(BACKEND, "db1", "s")).isEmpty();
            write(volume.location(), "after!");
        }
        try (House next = House.open(folder)) {
            next.volumes.start(LONG);
            Snapshot found = next.volumes.snapshot(BACKEND, "db1", "s").orElseThrow();
            var cut = next.inventory().snapshots().getFirst();
            assertThat(found.id()).isEqualTo(cut.id());
            assertThat(found.createdAt()).isEqualTo(cut.cutAt());
            assertThat(read(found.location(), 6)).isEqualTo("before");
            assertThat(next.volumes.unfinished()).isEmpty();
            assertThat(next.events)
                    .filteredOn(event -> !(event instanceof VolumeEvent.StateChanged))
                    .containsExactly(new VolumeEvent.SnapshotCreated(found, true));
        }
    }

    @Test
    void aSnapshotThatWasNotCutIsNeverCutLate(@TempDir Path folder) throws Exception {
        try (House dying = House.open(folder)) {
            Volume volume = dying.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            dying.driver.diesBeforeTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> dying.volumes.createSnapshot(volume.id(), NewSnapshot.named("s")));
        }
        try (House next = House.open(folder)) {
            next.volumes.start(LONG);
            assertThat(next.inventory().snapshots()).isEmpty();
            assertThat(next.volumes.snapshot(BACKEND, "db1", "s")).isEmpty();
            assertThat(next.volumes.unfinished()).isEmpty();
            assertThat(next.events)
                    .filteredOn(event -> !(event instanceof VolumeEvent.StateChanged))
                    .singleElement()
                    .isInstanceOf(VolumeEvent.OperationUndone.class);
        }
    }

    @Test
    void aVolumeLeftUnfinishedIsFinishedAfterARestart(@TempDir Path folder) throws Exception {
        for (boolean before : new boolean[] {true, false}) {
            String name = "db-" + before;
            try (House dying = House.open(folder)) {
                fail(dying, before);
                assertFails(
                        Code.FAULT,
                        "power cut",
                        () -> dying.volumes.createVolume(BACKEND, NewVolume.named(name, MIB)));
                Volume half = dying.volumes.volume(BACKEND, name).orElseThrow();
                assertThat(half.state()).isEqualTo(ObjectState.ERROR);
                assertThat(dying.volumes.counts(BACKEND).unfinished()).isEqualTo(1);
            }
            try (House next = House.open(folder)) {
                next.volumes.start(LONG);
                Volume whole = next.volumes.volume(BACKEND, name).orElseThrow();
                assertThat(whole.state()).isEqualTo(ObjectState.AVAILABLE);
                assertThat(Path.of(whole.location())).exists();
                assertThat(next.volumes.counts(BACKEND).unfinished()).isZero();
            }
        }
    }

    @Test
    void deletionsLeftUnfinishedAreFinishedAfterARestart(@TempDir Path folder) throws Exception {
        for (boolean before : new boolean[] {true, false}) {
            try (House dying = House.open(folder)) {
                Volume volume = dying.volumes.createVolume(BACKEND, NewVolume.named("a", MIB));
                Volume other = dying.volumes.createVolume(BACKEND, NewVolume.named("b", MIB));
                Snapshot cut = dying.volumes.createSnapshot(other.id(), NewSnapshot.named("s"));
                fail(dying, before);
                assertFails(Code.FAULT, "power cut", () -> dying.volumes.deleteVolume(volume.id()));
                fail(dying, before);
                assertFails(Code.FAULT, "power cut", () -> dying.volumes.deleteSnapshot(cut.id()));
                assertThat(dying.volumes.volume(volume.id()).orElseThrow().state())
                        .isEqualTo(ObjectState.ERROR_DELETING);
                assertThat(dying.volumes.snapshot(cut.id()).orElseThrow().state())
                        .isEqualTo(ObjectState.ERROR_DELETING);
            }
            try (House next = House.open(folder)) {
                next.volumes.start(LONG);
                assertThat(next.volumes.volume(BACKEND, "a")).isEmpty();
                assertThat(next.volumes.snapshots(Filter.ALL, 10, "").items()).isEmpty();
                assertThat(next.inventory().snapshots()).isEmpty();
                assertThat(next.inventory().volumes()).hasSize(1);
                next.volumes.deleteVolume(next.volumes.volume(BACKEND, "b").orElseThrow().id());
                assertThat(next.volumes.counts(BACKEND)).isEqualTo(new Counts(0, 0, 0));
            }
        }
    }

    @Test
    void aVolumeFromASnapshotLeftUnfinishedIsFinishedWithItsContent(@TempDir Path folder)
            throws Exception {
        try (House dying = House.open(folder)) {
            Volume volume = dying.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            write(volume.location(), "before");
            Snapshot cut = dying.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
            dying.driver.diesBeforeTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> dying.volumes.createFromSnapshot(cut.id(), NewVolume.named("copy")));
        }
        try (House next = House.open(folder)) {
            next.volumes.start(LONG);
            Volume copy = next.volumes.volume(BACKEND, "copy").orElseThrow();
            assertThat(read(copy.location(), 6)).isEqualTo("before");
        }
    }

    @Test
    void theNextOperationOnAVolumeFirstSettlesWhatIsUnfinished(@TempDir Path folder)
            throws Exception {
        try (House house = House.open(folder)) {
            Volume volume = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            house.driver.diesAfterTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> house.volumes.createSnapshot(volume.id(), NewSnapshot.named("a")));
            house.volumes.createSnapshot(volume.id(), NewSnapshot.named("b"));
            assertThat(house.volumes.snapshots(Filter.ofVolume(BACKEND, "db1"), 10, "").items())
                    .extracting(Snapshot::name)
                    .containsExactly("b", "a");
        }
    }

    @Test
    void theSourceOfAnUnfinishedCopyIsKeptUntilItIsFinished(@TempDir Path folder) throws Exception {
        try (House house = House.open(folder)) {
            Volume volume = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            Snapshot cut = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
            house.driver.diesBeforeTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> house.volumes.createFromSnapshot(cut.id(), NewVolume.named("copy")));
            house.volumes.deleteSnapshot(cut.id());
            assertThat(house.volumes.volume(BACKEND, "copy").orElseThrow().state())
                    .isEqualTo(ObjectState.AVAILABLE);
            assertThat(house.volumes.unfinished()).isEmpty();
        }
    }

    @Test
    void aRepeatedCreateFinishesTheUnfinishedOne(@TempDir Path folder) throws Exception {
        try (House house = House.open(folder)) {
            house.driver.diesBeforeTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB)));
            Volume half = house.volumes.volume(BACKEND, "db1").orElseThrow();
            Volume whole = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            assertThat(whole.id()).isEqualTo(half.id());
            assertThat(whole.state()).isEqualTo(ObjectState.AVAILABLE);
        }
    }

    @Test
    void anOperationWhoseFailureIsKnownLeavesNothing(@TempDir Path folder) throws Exception {
        try (House house = House.open(folder)) {
            house.driver.next(
                    FaultyDriver.Moment.BEFORE,
                    () -> {
                        throw new DriverException(
                                DriverException.Kind.NO_SPACE, "pool default is full");
                    });
            assertFails(
                    Code.NO_SPACE,
                    "pool default is full",
                    () -> house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB)));
            assertThat(house.volumes.volume(BACKEND, "db1")).isEmpty();
            assertThat(house.volumes.unfinished()).isEmpty();
            assertThat(house.volumes.counts(BACKEND)).isEqualTo(new Counts(0, 0, 0));
        }
    }

    @Test
    void aRowThatTheStoreFailedToWriteIsNeverAcknowledged(@TempDir Path folder) throws Exception {
        try (House house = House.open(folder)) {
            house.volumes.createVolume(BACKEND, NewVolume.named("before", MIB));
            house.failTheNextCommit();
            assertFails(
                    Code.UNAVAILABLE,
                    "the backend was not touched",
                    () -> house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB)));
            boolean acknowledged;
            try {
                house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
                acknowledged = true;
            } catch (OperationException _) {
                acknowledged = false;
            }
            org.awaitility.Awaitility.await()
                    .atMost(LONG)
                    .until(() -> house.store.health().state() == StoreHealth.State.OPEN);
            assertThat(house.volumes.volume(BACKEND, "db1").isPresent()).isEqualTo(acknowledged);
            assertThat(house.inventory().volumes()).hasSize(acknowledged ? 2 : 1);
        }
    }

    /** It is noted still, and would be carried out once the store can be written. */
    @Test
    void whatWasRefusedAndCannotBeTakenBackIsNotSaidToHaveChangedNothing(@TempDir Path folder)
            throws Exception {
        try (House house = House.open(folder)) {
            Volume volume = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            house.driver.next(
                    Moment.BEFORE,
                    () -> {
                        house.failTheNextCommit();
                        throw new DriverException(DriverException.Kind.IN_USE, "somebody has it");
                    });
            assertFails(
                    Code.UNAVAILABLE,
                    "may be carried out yet",
                    () -> house.volumes.deleteVolume(volume.id()));
            assertThat(house.volumes.unfinished()).hasSize(1);
        }
    }

    @Test
    void settlingACreateLeavesAloneWhatIsSomebodyElses(@TempDir Path folder) throws Exception {
        try (House house = House.open(folder)) {
            VolumeId id = VolumeId.random();
            house.backend()
                    .call(
                            id,
                            driver ->
                                    driver.createVolume(
                                            new VolumeSpec(id, "default", MIB, new Mark("old"))));
            house.driver.diesBeforeTheNextChange();
            NewVolume request =
                    new NewVolume(
                            "db1",
                            Optional.of(2 * MIB),
                            Optional.empty(),
                            "",
                            Map.of(),
                            Particulars.NONE,
                            Optional.of(id));
            assertFails(
                    Code.FAULT, "power cut", () -> house.volumes.createVolume(BACKEND, request));
            house.volumes.start(LONG);
            assertThat(house.volumes.unfinished()).isEmpty();
            assertThat(house.volumes.volume(BACKEND, "db1")).isEmpty();
            assertThat(house.inventory().volumes())
                    .singleElement()
                    .satisfies(found -> assertThat(found.mark().text()).isEqualTo("old"));
        }
    }

    @Test
    void storageThatBearsNobodysMarkIsNotThatOfAUsedBackend(@TempDir Path folder) throws Exception {
        Path images = folder.resolve("images");
        Path elsewhere = folder.resolve("elsewhere");
        try (House house = House.open(folder)) {
            house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        }
        Files.move(images, elsewhere);
        Files.createDirectory(images);
        try (House unmounted = House.open(folder)) {
            assertThat(unmounted.backend().state().up()).isFalse();
            assertFails(
                    Code.UNAVAILABLE,
                    "mounted",
                    () -> unmounted.volumes.createVolume(BACKEND, NewVolume.named("db2", MIB)));
        }
        Files.delete(images);
        Files.move(elsewhere, images);
        try (House mounted = House.open(folder)) {
            assertThat(mounted.backend().state().up()).isTrue();
        }
    }

    @Test
    void whileACallHangsItsVolumeWaitsAndOthersDoNot(@TempDir Path folder) throws Exception {
        try (House house = new House(folder, Duration.ofSeconds(1))) {
            Volume stuck = house.volumes.createVolume(BACKEND, NewVolume.named("stuck", MIB));
            Volume free = house.volumes.createVolume(BACKEND, NewVolume.named("free", MIB));
            CountDownLatch release = new CountDownLatch(1);
            house.driver.next(FaultyDriver.Moment.BEFORE, () -> awaitInSpiteOf(release));
            try {
                assertFails(
                        Code.UNAVAILABLE,
                        "has not answered",
                        () -> house.volumes.createSnapshot(stuck.id(), NewSnapshot.named("s")));
                house.volumes.createSnapshot(free.id(), NewSnapshot.named("s"));
                assertFails(
                        Code.UNAVAILABLE, "earlier", () -> house.volumes.deleteVolume(stuck.id()));
            } finally {
                release.countDown();
            }
            house.volumes.start(LONG);
            org.awaitility.Awaitility.await()
                    .atMost(LONG)
                    .until(() -> house.volumes.unfinished().isEmpty());
            // The hanging call cut it in the end, in the middle of its own operation: it is kept.
            assertThat(house.inventory().snapshots()).hasSize(2);
            assertThat(house.volumes.snapshot(BACKEND, "stuck", "s")).isPresent();
        }
    }

    @Test
    void aStopWaitsForWhatRuns(@TempDir Path folder) throws Exception {
        try (House house = House.open(folder)) {
            Volume volume = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch release = new CountDownLatch(1);
            house.driver.next(
                    FaultyDriver.Moment.BEFORE,
                    () -> {
                        begun.countDown();
                        release.await();
                    });
            CompletableFuture<Snapshot> running =
                    CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    return house.volumes.createSnapshot(
                                            volume.id(), NewSnapshot.named("s"));
                                } catch (OperationException | InterruptedException e) {
                                    throw new IllegalStateException(e);
                                }
                            });
            begun.await();
            assertThat(house.volumes.stop(Duration.ofMillis(10))).isFalse();
            release.countDown();
            assertThat(house.volumes.stop(LONG)).isTrue();
            assertThat(running.get().name()).isEqualTo("s");
        }
    }

    @Test
    void whatChangesAVolumeIsFinishedAfterARestart(@TempDir Path folder) throws Exception {
        for (boolean before : new boolean[] {true, false}) {
            String name = "db-" + before;
            try (House dying = House.open(folder)) {
                Volume volume = dying.volumes.createVolume(BACKEND, NewVolume.named(name, MIB));
                Volume other =
                        dying.volumes.createVolume(BACKEND, NewVolume.named(name + "-b", MIB));
                VolumesTest.write(other.location(), "before");
                dying.volumes.createSnapshot(other.id(), NewSnapshot.named("s"));
                VolumesTest.write(other.location(), "after!");
                Alterations alterations = dying.volumes.alterations();
                fail(dying, before);
                assertFails(
                        Code.FAULT, "power cut", () -> alterations.extend(volume.id(), 2 * MIB));
                fail(dying, before);
                assertFails(Code.FAULT, "power cut", () -> alterations.revert(other.id(), "s"));
                assertThat(dying.volumes.volume(other.id()).orElseThrow().state())
                        .isEqualTo(ObjectState.ERROR);
            }
            try (House next = House.open(folder)) {
                next.volumes.start(LONG);
                Volume extended = next.volumes.volume(BACKEND, name).orElseThrow();
                assertThat(extended.sizeBytes()).isEqualTo(2 * MIB);
                assertThat(Path.of(extended.location())).hasSize(2 * MIB);
                Volume reverted = next.volumes.volume(BACKEND, name + "-b").orElseThrow();
                assertThat(VolumesTest.read(reverted.location(), 6)).isEqualTo("before");
                assertThat(next.volumes.unfinished()).isEmpty();
            }
        }
    }

    @Test
    void whatDescribesAVolumeIsFinishedAfterARestart(@TempDir Path folder) throws Exception {
        for (boolean before : new boolean[] {true, false}) {
            String name = "db-" + before;
            try (House dying = House.open(folder)) {
                Volume volume = dying.volumes.createVolume(BACKEND, NewVolume.named(name, MIB));
                Volume other =
                        dying.volumes.createVolume(BACKEND, NewVolume.named(name + "-b", MIB));
                Snapshot cut = dying.volumes.createSnapshot(other.id(), NewSnapshot.named("s"));
                Alterations alterations = dying.volumes.alterations();
                fail(dying, before);
                assertFails(
                        Code.FAULT,
                        "power cut",
                        () -> alterations.rename(volume.id(), name + "-new"));
                fail(dying, before);
                assertFails(
                        Code.FAULT, "power cut", () -> alterations.label(cut.id(), "keep", "yes"));
            }
            try (House next = House.open(folder)) {
                next.volumes.start(LONG);
                Volume renamed = next.volumes.volume(BACKEND, name + "-new").orElseThrow();
                assertThat(next.volumes.volume(BACKEND, name)).isEmpty();
                Snapshot labelled = next.volumes.snapshot(BACKEND, name + "-b", "s").orElseThrow();
                assertThat(labelled.labels()).isEqualTo(Map.of("keep", "yes"));
                assertThat(next.inventory().volumes())
                        .filteredOn(found -> found.id().equals(renamed.id()))
                        .singleElement()
                        .satisfies(found -> assertThat(found.mark()).isEqualTo(Marks.of(renamed)));
                assertThat(next.volumes.unfinished()).isEmpty();
            }
        }
    }

    @Test
    void aCloneThatWasNotMadeIsNeverMadeLate(@TempDir Path folder) throws Exception {
        for (boolean before : new boolean[] {true, false}) {
            String name = "copy-" + before;
            try (House dying = House.open(folder)) {
                Volume volume =
                        dying.volumes.createVolume(BACKEND, NewVolume.named("db-" + before, MIB));
                fail(dying, before);
                assertFails(
                        Code.FAULT,
                        "power cut",
                        () -> dying.volumes.cloneVolume(volume.id(), NewVolume.named(name)));
            }
            try (House next = House.open(folder)) {
                next.volumes.start(LONG);
                assertThat(next.volumes.volume(BACKEND, name).isPresent()).isEqualTo(!before);
                assertThat(next.inventory().volumes()).hasSize(before ? 1 : 3);
                assertThat(next.volumes.unfinished()).isEmpty();
            }
        }
    }

    @Test
    void whatBearsTheIdOfAnUnfinishedCloneIsNotTakenForIt(@TempDir Path folder) throws Exception {
        VolumeId id = VolumeId.random();
        try (House dying = House.open(folder)) {
            Volume volume = dying.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            VolumeSpec orphan = new VolumeSpec(id, "default", MIB, new Mark("old"));
            BackendVolume _ = dying.backend().call(driver -> driver.createVolume(orphan));
            dying.driver.diesBeforeTheNextChange();
            NewVolume request =
                    new NewVolume(
                            "copy",
                            Optional.empty(),
                            Optional.empty(),
                            "",
                            Map.of(),
                            Particulars.NONE,
                            Optional.of(id));
            assertFails(
                    Code.FAULT, "power cut", () -> dying.volumes.cloneVolume(volume.id(), request));
        }
        try (House next = House.open(folder)) {
            next.volumes.start(LONG);
            assertThat(next.volumes.volume(id)).isEmpty();
            assertThat(next.volumes.unfinished()).isEmpty();
            assertThat(next.inventory().volumes())
                    .filteredOn(found -> found.id().equals(id))
                    .singleElement()
                    .satisfies(found -> assertThat(found.mark()).isEqualTo(new Mark("old")));
        }
    }

    private static void fail(House house, boolean before) {
        if (before) {
            house.driver.diesBeforeTheNextChange();
        } else {
            house.driver.diesAfterTheNextChange();
        }
    }

    /** As a call into a kernel that does not answer: no interrupt ends it. */
    private static void awaitInSpiteOf(CountDownLatch latch) {
        while (true) {
            try {
                latch.await();
                return;
            } catch (InterruptedException _) {
                // It goes on waiting, and its caller never hears of the interrupt.
            }
        }
    }
}
