package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.driver.BreakerStatus.State;
import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.daemon.volume.OperationException.Code;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What becomes of work on a backend whose circuit breaker opens, and closes again. */
@Timeout(120)
final class OpenBreakerTest {
    private static final long MIB = 1L << 20;

    /** All threads of its backend but one. */
    private static final int LIMIT = 7;

    private static final Duration LONG = Duration.ofSeconds(60);

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path folder;

    @SuppressWarnings("NullAway.Init") // before each test
    private House house;

    private final CountDownLatch letGo = new CountDownLatch(1);
    private final List<Volume> volumes = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        house = new House(folder, Duration.ofSeconds(5));
        await().atMost(LONG).until(() -> !house.backend().pools().pools().isEmpty());
        house.volumes.start(LONG);
        for (int i = 0; i < LIMIT + 2; i++) {
            volumes.add(house.volumes.createVolume(BACKEND, NewVolume.named("db" + i, MIB)));
        }
        house.events.clear();
    }

    @AfterEach
    void close() {
        letGo.countDown();
        house.close();
    }

    @Test
    void whatWasBegunIsHeldBackWhileItIsOpenAndFinishesByItselfOnceTheBackendAnswers()
            throws Exception {
        hang();
        assertThat(house.backend().breaker().refuses()).isTrue();
        assertThat(house.volumes.unfinished()).hasSize(LIMIT);
        assertThat(house.events)
                .filteredOn(VolumeEvent.BackendBreaker.class::isInstance)
                .singleElement()
                .isEqualTo(
                        new VolumeEvent.BackendBreaker(
                                BACKEND, true, house.backend().breaker().reason()));
        long failures = failures();

        Volume next = volumes.get(LIMIT);
        assertFails(
                Code.UNAVAILABLE,
                "backend fast does not answer, and no work is given to it since",
                () -> house.volumes.createSnapshot(next.id(), NewSnapshot.named("s")));
        assertFails(
                Code.UNAVAILABLE,
                "; nothing was changed",
                () -> house.volumes.createVolume(BACKEND, NewVolume.named("new", MIB)));
        assertFails(
                Code.UNAVAILABLE,
                "is unfinished",
                () -> house.volumes.deleteVolume(volumes.getFirst().id()));
        assertThat(house.volumes.unfinished()).hasSize(LIMIT);
        assertThat(house.volumes.volumes(Filter.ALL, 100, "").items()).hasSize(LIMIT + 2);
        // Reading and giving up ask no driver.
        String _ = house.volumes.forgetUnfinished(volumes.getFirst().id());
        assertThat(house.volumes.unfinished()).hasSize(LIMIT - 1);
        assertThat(failures()).isEqualTo(failures + 1);

        letGo.countDown();

        await().atMost(LONG).until(() -> house.volumes.unfinished().isEmpty());
        assertThat(house.backend().breaker().state()).isEqualTo(State.CLOSED);
        assertThat(house.events).contains(new VolumeEvent.BackendBreaker(BACKEND, false, ""));
        assertThat(house.inventory().snapshots()).hasSize(LIMIT);
        for (Volume each : volumes.subList(1, LIMIT)) {
            assertThat(house.volumes.snapshot(BACKEND, each.name(), "s")).isPresent();
        }
        Snapshot _ = house.volumes.createSnapshot(next.id(), NewSnapshot.named("s"));
    }

    @Test
    void aRestartWhileItIsOpenFinishesWhatWasBegun() throws Exception {
        hang();
        letGo.countDown();
        house.close();
        house = House.open(folder);
        house.volumes.start(LONG);

        await().atMost(LONG).until(() -> house.volumes.unfinished().isEmpty());
        assertThat(house.backend().breaker().state()).isEqualTo(State.CLOSED);
        assertThat(house.inventory().snapshots())
                .hasSize((int) house.volumes.counts(BACKEND).snapshots());
    }

    private long failures() {
        return house.events.stream().filter(VolumeEvent.OperationFailed.class::isInstance).count();
    }

    private void hang() throws Exception {
        List<Future<?>> all = new ArrayList<>();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Volume each : volumes.subList(0, LIMIT)) {
                house.driver.next(Moment.AFTER, this::stubborn);
                all.add(
                        callers.submit(
                                () ->
                                        assertFails(
                                                Code.UNAVAILABLE,
                                                "has not answered within PT5S",
                                                () ->
                                                        house.volumes.createSnapshot(
                                                                each.id(),
                                                                NewSnapshot.named("s")))));
            }
        }
        for (Future<?> each : all) {
            Object _ = each.get();
        }
    }

    private void stubborn() {
        while (true) {
            try {
                letGo.await();
                return;
            } catch (InterruptedException _) {
                // As a native call would.
            }
        }
    }
}
