package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.history.Slate;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;

/** Two that change the same at once, where what one reads first may be wrong by its turn. */
final class RacesTest {
    private static final long MIB = 1L << 20;
    private static final int TIMES = 60;

    private final Slate.Provider slate = new Slate.Provider();
    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch gate = new CountDownLatch(1);
    private House house;
    private Volumes volumes;
    private VolumeId volume;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        TrashPolicy trash = new TrashPolicy(Duration.ofDays(1), Reserve.NONE);
        house = House.open(folder, trash, slate);
        volumes = house.volumes;
        volume = volumes.createVolume(BACKEND, NewVolume.named("v", MIB)).id();
    }

    @AfterEach
    void close() throws Exception {
        gate.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        house.close();
    }

    @Test
    void aCloneIsAsLargeAsItsSourceIsByThen() throws Exception {
        blockChanges();
        FutureTask<Object> extension =
                begin(() -> volumes.alterations().extend(volume, 2 * MIB).sizeBytes());
        entered.await();
        FutureTask<Object> clone =
                begin(() -> volumes.cloneVolume(volume, NewVolume.named("c")).sizeBytes());
        awaitTurns(1);
        gate.countDown();
        assertThat(extension.get()).isEqualTo(2 * MIB);
        assertThat(clone.get()).isEqualTo(2 * MIB);
    }

    @Test
    void aCloneThatIsAskedForAgainMayHaveASourceThatWasExtended() throws Exception {
        Volume clone = volumes.cloneVolume(volume, NewVolume.named("c"));
        Volume _ = volumes.alterations().extend(volume, 2 * MIB);
        assertThat(volumes.cloneVolume(volume, NewVolume.named("c"))).isEqualTo(clone);
    }

    @Test
    void aSnapshotComesBackToAVolumeThatIsRenamedMeanwhile() throws Exception {
        SnapshotId snapshot = volumes.createSnapshot(volume, NewSnapshot.named("s")).id();
        volumes.deleteSnapshot(snapshot);
        blockTheNextLook();
        FutureTask<Object> restore =
                begin(
                        () ->
                                answer(
                                        () ->
                                                volumes.restoring()
                                                        .restore(
                                                                BACKEND, snapshot.toString(), "")));
        entered.await();
        Volume _ = volumes.alterations().rename(volume, "w");
        gate.countDown();
        assertThat(restore.get()).isEqualTo(Target.of(volume, snapshot));
        assertThat(volumes.snapshot(BACKEND, "w", "s")).isPresent();
    }

    @Test
    void whatSomebodyElseBroughtBackIsNotFoundInTheTrash() throws Exception {
        volumes.deleteVolume(volume);
        blockTheNextLook();
        FutureTask<Object> restore =
                begin(
                        () ->
                                answer(
                                        () ->
                                                volumes.restoring()
                                                        .restore(BACKEND, volume.toString(), "x")));
        entered.await();
        Target _ = volumes.restoring().restore(BACKEND, volume.toString(), "y");
        gate.countDown();
        assertThat(restore.get()).isEqualTo(Code.NOT_FOUND);
        assertThat(volumes.volume(BACKEND, "y")).isPresent();
        assertThat(volumes.volume(BACKEND, "x")).isEmpty();
    }

    @Test
    void aSnapshotDoesNotComeBackWithoutItsVolume() throws Exception {
        SnapshotId snapshot = volumes.createSnapshot(volume, NewSnapshot.named("s")).id();
        volumes.deleteSnapshot(snapshot);
        blockTheNextLook();
        FutureTask<Object> restore =
                begin(
                        () ->
                                answer(
                                        () ->
                                                volumes.restoring()
                                                        .restore(
                                                                BACKEND, snapshot.toString(), "")));
        entered.await();
        volumes.deleteVolume(volume);
        gate.countDown();
        assertThat(restore.get()).isEqualTo(Code.NOT_FOUND);
        assertThat(volumes.volume(volume)).isEmpty();
    }

    @Test
    void whoBringsBackAndWhoMakesTheSameDoNotWaitForEachOther() throws Exception {
        VolumeId thrown = volumes.createVolume(BACKEND, NewVolume.named("t", MIB)).id();
        volumes.deleteVolume(thrown);
        NewVolume same =
                new NewVolume(
                        "n",
                        Optional.of(MIB),
                        Optional.empty(),
                        "",
                        Map.of(),
                        Particulars.NONE,
                        Optional.of(thrown));
        blockChanges();
        // It has the turn on the name that both of the others want.
        FutureTask<Object> rename = begin(() -> volumes.alterations().rename(volume, "n").name());
        entered.await();
        FutureTask<Object> restore =
                begin(
                        () ->
                                answer(
                                        () ->
                                                volumes.restoring()
                                                        .restore(BACKEND, thrown.toString(), "n")));
        awaitTurns(1);
        FutureTask<Object> creation =
                begin(() -> answer(() -> volumes.createVolume(BACKEND, same)));
        awaitTurns(2);
        gate.countDown();
        assertThat(rename.get()).isEqualTo("n");
        assertThat(restore.get()).isEqualTo(Code.CONFLICT);
        assertThat(creation.get()).isEqualTo(Code.CONFLICT);
    }

    @Test
    void noVolumeGetsTheIdOfASnapshotThatIsUnfinished() throws Exception {
        SnapshotId id = SnapshotId.random();
        house.driver.diesAfterTheNextChange();
        assertThat(
                        answer(
                                () ->
                                        volumes.createSnapshot(
                                                volume,
                                                new NewSnapshot(
                                                        "s", "", Map.of(), Optional.of(id)))))
                .isEqualTo(Code.FAULT);
        assertThat(volumes.unfinished()).hasSize(1);
        NewVolume alike =
                new NewVolume(
                        "n",
                        Optional.of(MIB),
                        Optional.empty(),
                        "",
                        Map.of(),
                        Particulars.NONE,
                        Optional.of(new VolumeId(id.value())));
        assertThat(answer(() -> volumes.createVolume(BACKEND, alike))).isEqualTo(Code.CONFLICT);
        assertThat(volumes.volume(BACKEND, "n")).isEmpty();
    }

    @Test
    void attachingAndDetachingHereTakeOneTurnEach() throws Exception {
        Target target = Target.of(volume);
        FutureTask<Object> attaching =
                begin(
                        () -> {
                            for (int i = 0; i < TIMES; i++) {
                                assertThat(volumes.connections().attachHere(target, false).state())
                                        .isEqualTo(Connection.State.ATTACHED);
                            }
                            return "done";
                        });
        FutureTask<Object> detaching =
                begin(
                        () -> {
                            for (int i = 0; i < TIMES; i++) {
                                Object answer =
                                        answer(
                                                () -> {
                                                    volumes.connections().detachHere(target);
                                                    return "detached";
                                                });
                                assertThat(answer).isIn("detached", Code.NOT_FOUND);
                            }
                            return "done";
                        });
        assertThat(attaching.get()).isEqualTo("done");
        assertThat(detaching.get()).isEqualTo("done");
    }

    private static Object answer(Callable<Object> asking) throws Exception {
        try {
            return asking.call();
        } catch (OperationException e) {
            return e.code();
        }
    }

    private void blockChanges() {
        slate.pausing(
                () -> {
                    entered.countDown();
                    gate.await();
                });
    }

    private void blockTheNextLook() {
        AtomicBoolean blocked = new AtomicBoolean();
        house.driver.looking =
                () -> {
                    if (blocked.compareAndSet(false, true)) {
                        entered.countDown();
                        gate.await();
                    }
                };
    }

    private FutureTask<Object> begin(Callable<Object> asking) {
        FutureTask<Object> task = new FutureTask<>(asking);
        threads.add(Thread.ofPlatform().start(task));
        return task;
    }

    /** Until so many wait for a turn. */
    private void awaitTurns(long waiting) {
        await().atMost(Duration.ofMinutes(1))
                .until(() -> threads.stream().filter(RacesTest::waitsForATurn).count() == waiting);
    }

    private static boolean waitsForATurn(Thread thread) {
        return thread.getState() == Thread.State.TIMED_WAITING
                && Arrays.stream(thread.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().equals(KeyedLocks.class.getName()));
    }
}
