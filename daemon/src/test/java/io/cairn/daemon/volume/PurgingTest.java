package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.Cellar.refused;
import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What becomes of what is asked to go for good, and cannot at once. */
final class PurgingTest {
    @TempDir private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Cellar cellar;

    @BeforeEach
    void open() throws Exception {
        cellar = Cellar.open(folder);
    }

    @AfterEach
    void close() {
        cellar.close();
    }

    @Test
    void whatIsBeingTriedWhenAllIsAskedToGoGoesWhateverBecomesOfTheTry() throws Exception {
        cellar.house.volumes.deleteVolume(cellar.volume("db").id());
        CountDownLatch trying = new CountDownLatch(1);
        CountDownLatch asked = new CountDownLatch(1);
        cellar.house.driver.next(
                Moment.BEFORE,
                () -> {
                    trying.countDown();
                    asked.await();
                    throw new DriverException(Kind.IN_USE, "somebody reads it");
                });
        try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> purge =
                    thread.submit(
                            () -> {
                                refused(Code.IN_USE, "in the trash", () -> cellar.purge("db"));
                                return true;
                            });
            trying.await();
            assertThat(cellar.house.volumes.purging().empty(BACKEND)).isEqualTo(1);
            asked.countDown();
            purge.get();
        }
        refused(Code.NOT_FOUND, "being deleted for good", () -> cellar.restore("db", ""));
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        cellar.assertNothingOnBackend();
    }

    @Test
    void nothingGoesOfAVolumeThatIsAttached() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        cellar.house.volumes.deleteWithSnapshots(volume.id());
        cellar.house.driver.attached =
                target -> target.snapshot().isEmpty() && target.volume().equals(volume.id());
        refused(Code.IN_USE, "it is attached to this host as /dev/test", () -> cellar.purge("db"));
        assertThat(cellar.listed()).containsExactly(volume.id().value(), snapshot.id().value());
        cellar.restore("db", "");
        cellar.restore("db/monday", "");
        cellar.house.volumes.deleteWithSnapshots(volume.id());
        cellar.house.driver.attached = target -> target.snapshot().isPresent();
        refused(Code.IN_USE, "snapshot monday", () -> cellar.purge("db"));
        assertThat(cellar.listed()).hasSize(2);
        cellar.house.driver.attached = _ -> false;
        cellar.purge("db");
        cellar.assertNothingOnBackend();
    }

    /** Only the driver knows of some uses, and only when it is told to delete. */
    @Test
    void whatWentBeforeAVolumeThatCannotGoIsSaid() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot _ = cellar.snapshot(volume, "monday");
        cellar.house.volumes.deleteWithSnapshots(volume.id());
        cellar.house.driver.next(Moment.AFTER, () -> {});
        cellar.house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(Kind.IN_USE, "somebody reads it");
                });
        refused(
                Code.IN_USE,
                "1 of the volume's snapshots in the trash were deleted for good before that",
                () -> cellar.purge("db"));
        assertThat(cellar.listed()).containsExactly(volume.id().value());
        cellar.restore("db", "");
    }

    @Test
    void nothingGoesOfAVolumeOneOfWhoseSnapshotsWasBroughtBackElsewhere() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot monday = cellar.snapshot(volume, "monday");
        Snapshot tuesday = cellar.snapshot(volume, "tuesday");
        cellar.house.volumes.deleteWithSnapshots(volume.id());
        cellar.house
                .backend()
                .run(
                        volume.id(),
                        driver ->
                                driver.markSnapshot(tuesday.id(), volume.id(), Marks.of(tuesday)));
        refused(Code.IN_USE, "snapshot tuesday", () -> cellar.purge("db"));
        assertThat(cellar.listed())
                .containsExactlyInAnyOrder(
                        volume.id().value(), monday.id().value(), tuesday.id().value());
        refused(Code.CONFLICT, "tells of it as orphaned", () -> cellar.purge("db/tuesday"));
        assertThat(cellar.house.inventory().snapshots()).hasSize(2);
    }

    /** What a look only did not see leaves it as it was, to be brought back. */
    @Test
    void whatCannotBeLookedUpStaysAsItWas() throws Exception {
        Volume volume = cellar.volume("db");
        cellar.house.volumes.deleteVolume(volume.id());
        cellar.house.driver.looking =
                () -> {
                    throw new DriverException(Kind.UNAVAILABLE, "nobody answers");
                };
        refused(Code.UNAVAILABLE, "it is in the trash still", () -> cellar.purge("db"));
        cellar.house.driver.looking = () -> {};
        cellar.restore("db", "");
        assertThat(cellar.house.volumes.volume(volume.id())).isPresent();
    }

    @Test
    void whatIsDamagedGoesUnreadOnceItIsToldTo() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        cellar.house.volumes.deleteSnapshot(snapshot.id());
        cellar.reopen(TrashPolicy.DEFAULT);
        cellar.house.driver.looking =
                () -> {
                    throw new DriverException(Kind.FAULT, "its label is smudged");
                };
        refused(
                Code.FAULT,
                "purgeUnread of the backend deletes it without that",
                () -> cellar.house.volumes.deleteVolume(volume.id()));
        refused(Code.FAULT, "its label is smudged", () -> cellar.purge("db/monday"));
        cellar.look();
        assertThat(cellar.house.volumes.trashProblem(BACKEND)).contains("purgeUnread");
        assertThat(cellar.listed()).hasSize(1);
        Trashed _ = cellar.house.volumes.purging().purgeUnread(BACKEND, "db/monday");
        assertThat(cellar.listed()).isEmpty();
        cellar.house.volumes.deleteVolume(volume.id());
        cellar.assertNothingOnBackend();
    }

    @Test
    void aVolumeGoesUnreadWithItsSnapshots() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot _ = cellar.snapshot(volume, "monday");
        cellar.house.volumes.deleteWithSnapshots(volume.id());
        cellar.house.driver.looking =
                () -> {
                    throw new DriverException(Kind.FAULT, "its label is smudged");
                };
        Trashed _ = cellar.house.volumes.purging().purgeUnread(BACKEND, "db");
        assertThat(cellar.listed()).isEmpty();
        cellar.assertNothingOnBackend();
    }

    @Test
    void whatCanBeReadIsLookedAtEvenThen() throws Exception {
        Volume volume = cellar.volume("db");
        cellar.house.volumes.deleteVolume(volume.id());
        cellar.house
                .backend()
                .run(volume.id(), driver -> driver.markVolume(volume.id(), Marks.of(volume)));
        refused(
                Code.CONFLICT,
                "somebody else brought it back",
                () -> cellar.house.volumes.purging().purgeUnread(BACKEND, "db"));
        assertThat(cellar.house.inventory().volumes()).hasSize(1);
    }
}
