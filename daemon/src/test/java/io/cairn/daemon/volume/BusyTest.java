package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What has no place on a backend is refused as BUSY, and nothing of it is left. */
@Timeout(120)
final class BusyTest {
    private static final long MIB = 1L << 20;
    private static final Duration DEADLINE = Duration.ofSeconds(1);

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path folder;

    @SuppressWarnings("NullAway.Init") // before each test
    private House house;

    @SuppressWarnings("NullAway.Init") // before each test
    private Volume volume;

    private final CountDownLatch letGo = new CountDownLatch(1);
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();

    @BeforeEach
    void open() throws Exception {
        house = new House(folder, DEADLINE);
        volume = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        house.events.clear();
    }

    @AfterEach
    void close() {
        letGo.countDown();
        callers.shutdownNow();
        house.close();
    }

    @Test
    void aChangeThatFoundNoThreadInTimeIsRefusedAsBusyAndIsNotUnfinished() throws Exception {
        // Lists have an hour, so that what holds the threads is not overdue.
        Backend backend = house.backend();
        house.driver.listing = this::hold;
        for (int i = 0; i < backend.load().threads(); i++) {
            list(backend);
        }
        await().until(() -> backend.load().running() == backend.load().threads());

        assertFails(
                Code.BUSY,
                "no thread was free within PT1S; the call was not begun; try again later; nothing was changed",
                () -> house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s")));
        assertFails(
                Code.BUSY,
                "none was made",
                () ->
                        house.volumes.createGroupSnapshot(
                                BACKEND, List.of(volume.id()), NewSnapshot.named("g")));
        assertNothingLeft();
    }

    @Test
    void aChangeThatFindsTheQueueFullIsRefusedAsBusyAndIsNotUnfinished() throws Exception {
        Backend backend = house.backend();
        house.driver.listing = this::hold;
        // More than may run and wait together.
        for (int i = 0; i < 1_100; i++) {
            list(backend);
        }
        await().until(() -> backend.load().waiting() == 1_024);

        assertFails(
                Code.BUSY,
                "try again later; nothing was changed",
                () -> house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s")));
        assertNothingLeft();
    }

    private void list(Backend backend) {
        Future<?> _ =
                callers.submit(
                        () -> {
                            backend.inventory(new Blind());
                            return true;
                        });
    }

    private void assertNothingLeft() throws Exception {
        assertThat(house.volumes.unfinished()).isEmpty();
        assertThat(house.volumes.volume(volume.id()).orElseThrow().state())
                .isEqualTo(ObjectState.AVAILABLE);
        house.driver.listing = () -> {};
        letGo.countDown();
        await().until(() -> house.backend().load().running() == 0);
        assertThat(house.inventory().snapshots()).isEmpty();
        Snapshot later = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        assertThat(later.name()).isEqualTo("s");
    }

    /** Who does not look at what is listed. */
    private static final class Blind implements InventoryVisitor {
        @Override
        public void volume(BackendVolume volume) {}

        @Override
        public void snapshot(BackendSnapshot snapshot) {}

        @Override
        public void unreadable(Target target, String what, String why) {}
    }

    private void hold() throws InterruptedException {
        letGo.await();
    }
}
