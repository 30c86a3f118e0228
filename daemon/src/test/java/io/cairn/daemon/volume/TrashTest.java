package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.Cellar.DAY;
import static io.cairn.daemon.volume.Cellar.refused;
import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What is deleted and kept, and how it goes for good. */
final class TrashTest {
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
    void aVolumeGoesForGoodWithItsSnapshots() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        cellar.house.volumes.deleteWithSnapshots(volume.id());
        assertThat(cellar.listed()).containsExactly(volume.id().value(), snapshot.id().value());
        assertThat(cellar.house.volumes.purging().purge(BACKEND, "db").id())
                .isEqualTo(volume.id().value());
        assertThat(cellar.listed()).isEmpty();
        cellar.assertNothingOnBackend();
        refused(Code.NOT_FOUND, "", () -> cellar.restore("db", ""));
    }

    @Test
    void whatHasSnapshotsInTheTrashIsNotGivenUp() throws Exception {
        Volume volume = cellar.volume("db");
        cellar.house.volumes.deleteSnapshot(cellar.snapshot(volume, "monday").id());
        refused(
                Code.IN_USE,
                "volume db has 1 snapshots in the trash, such as monday",
                () -> cellar.house.volumes.release(volume.id()));
        cellar.house.volumes.purging().purge(BACKEND, "db/monday");
        assertThat(cellar.house.volumes.release(volume.id())).contains("db");
    }

    @Test
    void withTheTrashTurnedOffAllGoesAtOnce() throws Exception {
        Volume volume = cellar.volume("db");
        cellar.house.volumes.deleteSnapshot(cellar.snapshot(volume, "monday").id());
        Volume other = cellar.volume("other");
        cellar.house.volumes.deleteVolume(other.id());
        cellar.reopen(TrashPolicy.DEFAULT);
        cellar.house.volumes.deleteVolume(volume.id());
        assertThat(cellar.listed()).containsExactly(other.id().value());
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        cellar.assertNothingOnBackend();
    }

    @Test
    void whatTimeIsOverGoesAndNothingElse() throws Exception {
        cellar.house.volumes.deleteVolume(cellar.volume("old").id());
        cellar.pass(Duration.ofHours(25));
        Volume young = cellar.volume("young");
        cellar.house.volumes.deleteVolume(young.id());
        cellar.look();
        assertThat(cellar.listed()).containsExactly(young.id().value());
        assertThat(cellar.house.inventory().volumes()).hasSize(1);
        cellar.look();
        assertThat(cellar.listed()).hasSize(1);
    }

    @Test
    void whereSpaceRunsLowTheOldestGoesFirstAndNoMoreThanNeeded() throws Exception {
        cellar.reopen(new TrashPolicy(Duration.ofDays(1), new Reserve(0, 10)));
        for (String name : List.of("one", "two", "three")) {
            cellar.house.volumes.deleteVolume(cellar.volume(name).id());
        }
        cellar.house.driver.space =
                _ -> List.of(new PoolStats("default", 1000, 50L * (6 - cellar.inTrash())));
        // With three there 150 of 1000 are free, and that is enough.
        cellar.house.backend().refreshPools();
        cellar.look();
        assertThat(cellar.listed()).hasSize(3);
        cellar.house.driver.space =
                _ -> List.of(new PoolStats("default", 1000, 50L * (4 - cellar.inTrash())));
        cellar.house.backend().refreshPools();
        cellar.look();
        assertThat(cellar.house.volumes.trash().list(BACKEND, 10, "").items())
                .extracting(Trashed::name)
                .containsExactly("three", "two");
    }

    @Test
    void whatCannotGoKeepsNothingElse() throws Exception {
        cellar.house.volumes.deleteVolume(cellar.volume("one").id());
        cellar.house.volumes.deleteVolume(cellar.volume("two").id());
        assertThat(cellar.house.volumes.purging().empty(BACKEND)).isEqualTo(2);
        refused(Code.NOT_FOUND, "being deleted for good", () -> cellar.restore("one", ""));
        cellar.house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(Kind.IN_USE, "somebody reads it");
                });
        cellar.look();
        assertThat(cellar.listed()).hasSize(1);
        assertThat(cellar.house.volumes.trashProblem(BACKEND)).contains("somebody reads it");
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        assertThat(cellar.house.volumes.trashProblem(BACKEND)).isEmpty();
        cellar.assertNothingOnBackend();
    }

    @Test
    void whatIsInUseWhenItIsToGoCanStillComeBack() throws Exception {
        Volume volume = cellar.volume("db");
        cellar.house.volumes.deleteVolume(volume.id());
        cellar.house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(Kind.IN_USE, "somebody reads it");
                });
        refused(Code.IN_USE, "it is in the trash still", () -> cellar.purge("db"));
        assertThat(cellar.restore("db", "")).isEqualTo(Target.of(volume.id()));
    }

    @Test
    void whatWasBeingDeletedForGoodWhenItDiedIsSoAfterwards() throws Exception {
        cellar.house.volumes.deleteVolume(cellar.volume("before").id());
        cellar.house.driver.diesBeforeTheNextChange();
        assertThatThrownBy(() -> cellar.purge("before")).isInstanceOf(OperationException.class);
        cellar.house.volumes.deleteVolume(cellar.volume("after").id());
        cellar.house.driver.diesAfterTheNextChange();
        assertThatThrownBy(() -> cellar.purge("after")).isInstanceOf(OperationException.class);
        cellar.reopen(DAY);
        assertThat(cellar.house.volumes.trash().list(BACKEND, 10, "").items())
                .allSatisfy(each -> assertThat(each.going()).isTrue());
        refused(Code.NOT_FOUND, "being deleted for good", () -> cellar.restore("before", ""));
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        cellar.assertNothingOnBackend();
    }

    /** Whoever recorded it otherwise, what is in use is never taken away. */
    @Test
    void whatIsRecordedIsNeverDeletedFromTheTrash() throws Exception {
        Volume volume = cellar.volume("db");
        cellar.house.damage(
                "INSERT INTO trash SELECT NEXT VALUE FOR ordinal, id, 'VOLUME', backend, pool, id,"
                        + " name, name, size_bytes, '', 0, 0, FALSE, FALSE, 0, FALSE, '' FROM volume",
                "INSERT INTO trash_count VALUES ('fast', 1)");
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        assertThat(cellar.house.inventory().volumes()).hasSize(1);
        assertThat(cellar.house.volumes.volume(volume.id())).contains(volume);
    }

    /** Another daemon had the backend meanwhile, or the state is an old one. */
    @Test
    void whatSaysOfItselfThatItIsNotInTheTrashIsLeftAlone() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        cellar.house.volumes.deleteWithSnapshots(volume.id());
        cellar.house
                .backend()
                .run(
                        volume.id(),
                        driver -> {
                            driver.markVolume(volume.id(), Marks.of(volume));
                            driver.markSnapshot(snapshot.id(), volume.id(), Marks.of(snapshot));
                        });
        assertThat(cellar.house.volumes.emptyTrash(BACKEND)).isEqualTo(2);
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        assertThat(cellar.house.inventory().volumes()).hasSize(1);
        assertThat(cellar.house.inventory().snapshots()).hasSize(1);
    }

    @Test
    void whatWasBroughtBackSinceItWasListedIsLeftAlone() throws Exception {
        Volume volume = cellar.volume("db");
        cellar.house.volumes.deleteWithSnapshots(cellar.snapshot(volume, "monday").volume());
        Trashed listed = cellar.house.volumes.trash().find(volume.id().value()).orElseThrow();
        Target _ = cellar.restore("db", "");
        assertThat(cellar.house.volumes.purging().purge(listed)).isEqualTo(Purging.Outcome.ABSENT);
        assertThat(cellar.house.inventory().snapshots()).hasSize(1);
        cellar.house.volumes.deleteVolume(volume.id());
        assertThat(cellar.house.volumes.purging().purge(listed)).isEqualTo(Purging.Outcome.ABSENT);
        assertThat(cellar.listed()).hasSize(2);
    }

    @Test
    void aMissingVolumeGoesWithItsSnapshots() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        Files.delete(Path.of(volume.location()));
        cellar.house.volumes.deleteWithSnapshots(volume.id());
        assertThat(cellar.listed()).containsExactly(volume.id().value(), snapshot.id().value());
        assertThat(cellar.house.volumes.unfinished()).isEmpty();
        refused(Code.NOT_FOUND, "does not have it", () -> cellar.restore("db", ""));
        cellar.purge("db");
        cellar.assertNothingOnBackend();
        assertThat(folder.resolve("images/volumes")).isEmptyDirectory();
    }

    @Test
    void asLongAsNothingIsFreedLittleGoesEarly() throws Exception {
        cellar.reopen(new TrashPolicy(Duration.ofDays(1), new Reserve(0, 10)));
        for (int i = 0; i < 5; i++) {
            cellar.house.volumes.deleteVolume(cellar.volume("v" + i).id());
        }
        cellar.house.driver.space = _ -> List.of(new PoolStats("default", 1000, 50));
        cellar.house.backend().refreshPools();
        cellar.look();
        assertThat(cellar.listed()).hasSize(4);
        // What was known to be full is not any more.
        cellar.house.driver.space = _ -> List.of(new PoolStats("default", 1000, 500));
        cellar.look();
        assertThat(cellar.listed()).hasSize(4);
    }
}
