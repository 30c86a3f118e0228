package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What deleting a snapshot would free, as it is asked of the driver. */
final class MeasuringTest {
    private static final long MIB = 1L << 20;

    /** The file system's own, such as a block of attributes. */
    private static final long ITS_OWN = 1L << 16;

    private static final Duration LONG = Duration.ofSeconds(20);

    private House house;
    private Volume volume;
    private Snapshot snapshot;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        house = House.open(folder);
        volume = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        fill((byte) 1);
        snapshot = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        fill((byte) 2);
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void whatASnapshotAloneHoldsWouldBeFreed() throws Exception {
        assertThat(house.backend().capabilities()).contains("measuring");
        assertThat(freed()).isBetween(MIB, MIB + ITS_OWN);
        assertThat(house.volumes.snapshot(snapshot.id())).contains(snapshot);
    }

    @Test
    void whatForbidsADeletionDoesNotForbidToMeasureIt() throws Exception {
        house.volumes.alterations().hold(snapshot.id(), "audit", "alice");
        assertThat(freed()).isBetween(MIB, MIB + ITS_OWN);
    }

    @Test
    void aBackendThatCannotTellSaysSo() {
        house.driver.measures = false;
        assertFails(
                Code.UNSUPPORTED,
                "cannot tell what deleting snapshot s of volume db1 would free: backend fast does not",
                this::freed);
    }

    @Test
    void whatIsNotThereIsNotMeasured() throws Exception {
        assertFails(
                Code.NOT_FOUND,
                "there is no snapshot",
                () -> house.volumes.freedByDeleting(SnapshotId.random()));
        Files.delete(Path.of(snapshot.location()));
        assertFails(
                Code.NOT_FOUND, "cannot tell what deleting snapshot s of volume db1", this::freed);
    }

    @Test
    void whatIsUnfinishedIsSettledFirst() {
        house.driver.diesAfterTheNextChange();
        assertFails(Code.FAULT, "power cut", () -> house.volumes.deleteSnapshot(snapshot.id()));
        assertFails(Code.NOT_FOUND, "there is no snapshot", this::freed);
        assertThat(house.volumes.unfinished()).isEmpty();
    }

    @Test
    void itWaitsForItsVolumesTurn() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        house.driver.next(
                FaultyDriver.Moment.BEFORE,
                () -> {
                    begun.countDown();
                    release.await();
                });
        try (ExecutorService clients = Executors.newFixedThreadPool(2)) {
            Future<Snapshot> cut =
                    clients.submit(
                            () ->
                                    house.volumes.createSnapshot(
                                            volume.id(), NewSnapshot.named("t")));
            begun.await();
            Future<Long> measured = clients.submit(this::freed);
            Thread.sleep(100);
            boolean early = measured.isDone();
            release.countDown();
            assertThat(cut.get().name()).isEqualTo("t");
            assertThat(measured.get()).isBetween(0L, MIB + ITS_OWN);
            assertThat(early).isFalse();
        }
    }

    @Test
    void nothingIsMeasuredOnceTheDaemonStops() throws Exception {
        assertThat(house.volumes.stop(LONG)).isTrue();
        assertFails(Code.UNAVAILABLE, "the daemon is stopping", this::freed);
    }

    private long freed() throws OperationException, InterruptedException {
        return house.volumes.freedByDeleting(snapshot.id());
    }

    private void fill(byte with) throws IOException {
        byte[] bytes = new byte[(int) MIB];
        Arrays.fill(bytes, with);
        Files.write(
                Path.of(volume.location()),
                bytes,
                StandardOpenOption.WRITE,
                StandardOpenOption.SYNC);
    }
}
