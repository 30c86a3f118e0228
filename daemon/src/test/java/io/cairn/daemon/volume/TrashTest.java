package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.drift.Checks;
import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Target;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** What is deleted and kept, and how it comes back or goes. */
final class TrashTest {
    private static final long MIB = 1L << 20;
    private static final TrashPolicy DAY = new TrashPolicy(Duration.ofDays(1), Reserve.NONE);

    @TempDir private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private House house;

    @BeforeEach
    void open() throws Exception {
        house = House.open(folder, DAY);
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void whatIsDeletedComesBackAsItWas() throws Exception {
        Volume volume = volume("db");
        Snapshot snapshot = snapshot(volume, "monday");
        try (RandomAccessFile content = new RandomAccessFile(volume.location(), "rw")) {
            content.write(7);
        }
        Volume before = house.volumes.volume(volume.id()).orElseThrow();

        house.volumes.deleteSnapshot(snapshot.id());
        assertThat(house.volumes.snapshot(snapshot.id())).isEmpty();
        house.volumes.deleteVolume(volume.id());
        assertThat(house.volumes.volume(volume.id())).isEmpty();

        assertThat(listed()).containsExactly(volume.id().value(), snapshot.id().value());
        assertThat(house.volumes.trash().count(BACKEND)).isEqualTo(2);
        assertThat(house.volumes.counts(BACKEND)).isEqualTo(new Counts(0, 0, 0));
        assertThat(house.inventory().volumes()).hasSize(1);
        assertThat(house.inventory().snapshots()).hasSize(1);
        reopen(DAY);
        refused(
                Code.NOT_FOUND,
                "bring that back first, it is in the trash too",
                () -> restore("db/monday", ""));
        assertThat(restore("db", "")).isEqualTo(Target.of(volume.id()));
        assertThat(restore("db/monday", "")).isEqualTo(Target.of(volume.id(), snapshot.id()));

        assertThat(house.volumes.volume(volume.id())).contains(before);
        assertThat(house.volumes.snapshot(snapshot.id())).contains(snapshot);
        assertThat(Files.readAllBytes(Path.of(before.location()))).startsWith(7);
        assertThat(listed()).isEmpty();
        assertThat(house.volumes.tombstones().any(BACKEND)).isFalse();
        assertThat(house.volumes.counts(BACKEND)).isEqualTo(new Counts(1, 1, 0));
        assertNoDrift();
        refused(Code.NOT_FOUND, "there is no volume 'db' in the trash", () -> restore("db", ""));
    }

    @Test
    void itsNameIsFreeAndItComesBackUnderAnother() throws Exception {
        Volume first = volume("db");
        house.volumes.deleteVolume(first.id());
        Volume second = volume("db");
        refused(Code.CONFLICT, "that of volume db on backend fast", () -> restore("db", ""));
        house.volumes.deleteVolume(second.id());
        refused(Code.INVALID, first.id().toString(), () -> restore("db", ""));
        assertThat(restore(second.id().toString(), "")).isEqualTo(Target.of(second.id()));
        assertThat(restore("db", "old")).isEqualTo(Target.of(first.id()));
        assertThat(house.volumes.volume(BACKEND, "old").map(Volume::id)).contains(first.id());
        assertNoDrift();
        house.volumes.deleteVolume(second.id());
        refused(Code.INVALID, "", () -> restore("db", "no name"));
    }

    @Test
    void aVolumeGoesForGoodWithItsSnapshots() throws Exception {
        Volume volume = volume("db");
        Snapshot snapshot = snapshot(volume, "monday");
        house.volumes.deleteWithSnapshots(volume.id());
        assertThat(listed()).containsExactly(volume.id().value(), snapshot.id().value());
        assertThat(house.volumes.purging().purge(BACKEND, "db").id())
                .isEqualTo(volume.id().value());
        assertThat(listed()).isEmpty();
        assertNothingOnBackend();
        refused(Code.NOT_FOUND, "", () -> restore("db", ""));
    }

    @Test
    void whatHasSnapshotsInTheTrashIsNotGivenUp() throws Exception {
        Volume volume = volume("db");
        house.volumes.deleteSnapshot(snapshot(volume, "monday").id());
        refused(
                Code.IN_USE,
                "volume db has 1 snapshots in the trash, such as monday",
                () -> house.volumes.release(volume.id()));
        house.volumes.purging().purge(BACKEND, "db/monday");
        assertThat(house.volumes.release(volume.id())).contains("db");
    }

    @Test
    void withTheTrashTurnedOffAllGoesAtOnce() throws Exception {
        Volume volume = volume("db");
        house.volumes.deleteSnapshot(snapshot(volume, "monday").id());
        Volume other = volume("other");
        house.volumes.deleteVolume(other.id());
        reopen(TrashPolicy.DEFAULT);
        house.volumes.deleteVolume(volume.id());
        assertThat(listed()).containsExactly(other.id().value());
        look();
        assertThat(listed()).isEmpty();
        assertNothingOnBackend();
    }

    @Test
    void whatTimeIsOverGoesAndNothingElse() throws Exception {
        house.volumes.deleteVolume(volume("old").id());
        house.damage(
                "UPDATE trash SET deleted_at = "
                        + Rows.nanos(Instant.now().minus(Duration.ofHours(25))));
        Volume young = volume("young");
        house.volumes.deleteVolume(young.id());
        look();
        assertThat(listed()).containsExactly(young.id().value());
        assertThat(house.inventory().volumes()).hasSize(1);
        look();
        assertThat(listed()).hasSize(1);
    }

    @Test
    void whereSpaceRunsLowTheOldestGoesFirstAndNoMoreThanNeeded() throws Exception {
        reopen(new TrashPolicy(Duration.ofDays(1), new Reserve(0, 10)));
        for (String name : List.of("one", "two", "three")) {
            house.volumes.deleteVolume(volume(name).id());
        }
        house.driver.space = _ -> List.of(new PoolStats("default", 1000, 50L * (6 - inTrash())));
        // With three there 150 of 1000 are free, and that is enough.
        house.backend().refreshPools();
        look();
        assertThat(listed()).hasSize(3);
        house.driver.space = _ -> List.of(new PoolStats("default", 1000, 50L * (4 - inTrash())));
        house.backend().refreshPools();
        look();
        assertThat(house.volumes.trash().list(BACKEND, 10, "").items())
                .extracting(Trashed::name)
                .containsExactly("three", "two");
    }

    @Test
    void whatCannotGoKeepsNothingElse() throws Exception {
        house.volumes.deleteVolume(volume("one").id());
        house.volumes.deleteVolume(volume("two").id());
        assertThat(house.volumes.purging().empty(BACKEND)).isEqualTo(2);
        refused(Code.NOT_FOUND, "being deleted for good", () -> restore("one", ""));
        house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(Kind.IN_USE, "somebody reads it");
                });
        look();
        assertThat(listed()).hasSize(1);
        assertThat(house.volumes.trashProblem(BACKEND)).contains("somebody reads it");
        look();
        assertThat(listed()).isEmpty();
        assertThat(house.volumes.trashProblem(BACKEND)).isEmpty();
        assertNothingOnBackend();
    }

    @Test
    void whatIsInUseWhenItIsToGoCanStillComeBack() throws Exception {
        Volume volume = volume("db");
        house.volumes.deleteVolume(volume.id());
        house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(Kind.IN_USE, "somebody reads it");
                });
        refused(Code.IN_USE, "it is in the trash still", () -> purge("db"));
        assertThat(restore("db", "")).isEqualTo(Target.of(volume.id()));
    }

    @Test
    void whatWasBeingDeletedForGoodWhenItDiedIsSoAfterwards() throws Exception {
        house.volumes.deleteVolume(volume("before").id());
        house.driver.diesBeforeTheNextChange();
        assertThatThrownBy(() -> purge("before")).isInstanceOf(OperationException.class);
        house.volumes.deleteVolume(volume("after").id());
        house.driver.diesAfterTheNextChange();
        assertThatThrownBy(() -> purge("after")).isInstanceOf(OperationException.class);
        reopen(DAY);
        assertThat(house.volumes.trash().list(BACKEND, 10, "").items())
                .allSatisfy(each -> assertThat(each.going()).isTrue());
        refused(Code.NOT_FOUND, "being deleted for good", () -> restore("before", ""));
        look();
        assertThat(listed()).isEmpty();
        assertNothingOnBackend();
    }

    @Test
    void aDeletionThatDiedIsInTheTrashOnceItIsSettled() throws Exception {
        Volume volume = volume("db");
        Snapshot snapshot = snapshot(volume, "monday");
        house.driver.diesAfterTheNextChange();
        assertThatThrownBy(() -> house.volumes.deleteSnapshot(snapshot.id()))
                .isInstanceOf(OperationException.class);
        reopen(DAY);
        house.volumes.start(Duration.ofSeconds(20));
        assertThat(listed()).containsExactly(snapshot.id().value());
        house.driver.diesBeforeTheNextChange();
        assertThatThrownBy(() -> house.volumes.deleteVolume(volume.id()))
                .isInstanceOf(OperationException.class);
        reopen(DAY);
        house.volumes.start(Duration.ofSeconds(20));
        assertThat(listed()).containsExactly(volume.id().value(), snapshot.id().value());
        assertThat(restore("db", "")).isEqualTo(Target.of(volume.id()));
    }

    @Test
    void whereEverythingIsFullItGoesToTheTrashAllTheSame() throws Exception {
        Volume volume = volume("db");
        house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(Kind.NO_SPACE, "not one byte");
                });
        house.volumes.deleteVolume(volume.id());
        assertThat(restore("db", "")).isEqualTo(Target.of(volume.id()));
    }

    @Test
    void whatIsMissingCanBeFoundAgain() throws Exception {
        Volume volume = volume("db");
        Path image = Path.of(volume.location());
        Path away = folder.resolve("away");
        Files.move(image, away);
        house.volumes.deleteVolume(volume.id());
        assertThat(listed()).containsExactly(volume.id().value());
        refused(Code.NOT_FOUND, "does not have it", () -> restore("db", ""));
        Files.move(away, image);
        assertThat(restore("db", "")).isEqualTo(Target.of(volume.id()));
        Files.delete(image);
        house.volumes.deleteVolume(volume.id());
        purge("db");
        assertNothingOnBackend();
    }

    /**
     * It would go for good with its time in the trash, or be known and still say that it is there.
     */
    @Test
    void whatIsInTheTrashComesInByNoImport() throws Exception {
        Volume volume = volume("db");
        Snapshot snapshot = snapshot(volume, "monday");
        Dossier dossier = house.volumes.dossiers().read(volume.id()).orElseThrow();
        house.volumes.deleteWithSnapshots(volume.id());
        assertThat(house.volumes.dossiers().look(List.of(dossier)))
                .allSatisfy(each -> assertThat(each.why()).contains("is in the trash"));
        assertThat(Dossiers.clean(house.volumes.dossiers().takeIn(List.of(dossier), _ -> true)))
                .isFalse();
        assertThat(listed()).containsExactly(volume.id().value(), snapshot.id().value());
    }

    @Test
    void noIdIsTakenThatIsInTheTrash() throws Exception {
        Volume volume = volume("db");
        Snapshot snapshot = snapshot(volume, "monday");
        house.volumes.deleteSnapshot(snapshot.id());
        refused(
                Code.CONFLICT,
                "is in the trash",
                () ->
                        house.volumes.createSnapshot(
                                volume.id(),
                                new NewSnapshot(
                                        "other", "", Map.of(), Optional.of(snapshot.id()))));
        house.volumes.deleteVolume(volume.id());
        NewVolume again = NewVolume.named("other", MIB);
        refused(
                Code.CONFLICT,
                "is in the trash",
                () ->
                        house.volumes.createVolume(
                                BACKEND,
                                new NewVolume(
                                        again.name(),
                                        again.sizeBytes(),
                                        again.pool(),
                                        "",
                                        Map.of(),
                                        again.particulars(),
                                        Optional.of(volume.id()))));
    }

    /** Whoever recorded it otherwise, what is in use is never taken away. */
    @Test
    void whatIsRecordedIsNeverDeletedFromTheTrash() throws Exception {
        Volume volume = volume("db");
        house.damage(
                "INSERT INTO trash SELECT NEXT VALUE FOR ordinal, id, 'VOLUME', backend, pool, id,"
                        + " name, name, size_bytes, '', 0, 0, FALSE, FALSE FROM volume",
                "INSERT INTO trash_count VALUES ('fast', 1)");
        look();
        assertThat(listed()).isEmpty();
        assertThat(house.inventory().volumes()).hasSize(1);
        assertThat(house.volumes.volume(volume.id())).contains(volume);
    }

    /** Another daemon had the backend meanwhile, or the state is an old one. */
    @Test
    void whatSaysOfItselfThatItIsNotInTheTrashIsLeftAlone() throws Exception {
        Volume volume = volume("db");
        Snapshot snapshot = snapshot(volume, "monday");
        house.volumes.deleteWithSnapshots(volume.id());
        house.backend()
                .run(
                        volume.id(),
                        driver -> {
                            driver.markVolume(volume.id(), Marks.of(volume));
                            driver.markSnapshot(snapshot.id(), volume.id(), Marks.of(snapshot));
                        });
        assertThat(house.volumes.emptyTrash(BACKEND)).isEqualTo(2);
        look();
        assertThat(listed()).isEmpty();
        assertThat(house.inventory().volumes()).hasSize(1);
        assertThat(house.inventory().snapshots()).hasSize(1);
    }

    @Test
    void aRestoreThatDiedLeavesItInTheTrash() throws Exception {
        Volume volume = volume("db");
        house.volumes.deleteVolume(volume.id());
        house.driver.diesAfterTheNextChange();
        assertThatThrownBy(() -> restore("db", "")).isInstanceOf(OperationException.class);
        reopen(DAY);
        assertThat(listed()).containsExactly(volume.id().value());
        assertNoDrift();
        purge("db");
        assertNothingOnBackend();
    }

    @Test
    void whatWasBroughtBackSinceItWasListedIsLeftAlone() throws Exception {
        Volume volume = volume("db");
        house.volumes.deleteWithSnapshots(snapshot(volume, "monday").volume());
        Trashed listed = house.volumes.trash().find(volume.id().value()).orElseThrow();
        Target _ = restore("db", "");
        assertThat(house.volumes.purging().purge(listed)).isFalse();
        assertThat(house.inventory().snapshots()).hasSize(1);
        house.volumes.deleteVolume(volume.id());
        assertThat(house.volumes.purging().purge(listed)).isFalse();
        assertThat(listed()).hasSize(2);
    }

    @Test
    void aMissingVolumeGoesWithItsSnapshots() throws Exception {
        Volume volume = volume("db");
        Snapshot snapshot = snapshot(volume, "monday");
        Files.delete(Path.of(volume.location()));
        house.volumes.deleteWithSnapshots(volume.id());
        assertThat(listed()).containsExactly(volume.id().value(), snapshot.id().value());
        assertThat(house.volumes.unfinished()).isEmpty();
        refused(Code.NOT_FOUND, "does not have it", () -> restore("db", ""));
        purge("db");
        assertNothingOnBackend();
        assertThat(folder.resolve("images/volumes")).isEmptyDirectory();
    }

    @Test
    void asLongAsNothingIsFreedLittleGoesEarly() throws Exception {
        reopen(new TrashPolicy(Duration.ofDays(1), new Reserve(0, 10)));
        for (int i = 0; i < 5; i++) {
            house.volumes.deleteVolume(volume("v" + i).id());
        }
        house.driver.space = _ -> List.of(new PoolStats("default", 1000, 50));
        house.backend().refreshPools();
        look();
        assertThat(listed()).hasSize(4);
        // What was known to be full is not any more.
        house.driver.space = _ -> List.of(new PoolStats("default", 1000, 500));
        look();
        assertThat(listed()).hasSize(4);
    }

    @Test
    void theMostLabelsLeaveRoomForTheMarkOfTheTrash() throws Exception {
        Volume made = volume("db");
        String text = "é".repeat(250);
        for (int i = 0; ; i++) {
            try {
                house.volumes.alterations().label(made.id(), "k" + i, text.substring(0, 63));
            } catch (OperationException e) {
                assertThat(e).hasMessageContaining("too long");
                break;
            }
        }
        Volume volume = house.volumes.volume(made.id()).orElseThrow();
        house.volumes.deleteVolume(volume.id());
        assertThat(restore("db", "")).isEqualTo(Target.of(volume.id()));
        assertThat(house.volumes.volume(volume.id())).contains(volume);
    }

    private int inTrash() {
        return (int) house.volumes.trash().count(BACKEND);
    }

    private Target restore(String which, String name) throws Exception {
        return house.volumes.restoring().restore(BACKEND, which, name);
    }

    private void purge(String which) throws Exception {
        Trashed _ = house.volumes.purging().purge(BACKEND, which);
    }

    private void look() throws InterruptedException {
        house.volumes.emptier().look(BACKEND);
    }

    private List<UUID> listed() throws OperationException {
        return house.volumes.trash().list(BACKEND, 100, "").items().stream()
                .map(Trashed::id)
                .toList();
    }

    private Volume volume(String name) throws Exception {
        return house.volumes.createVolume(
                BACKEND,
                new NewVolume(
                        name,
                        Optional.of(MIB),
                        Optional.empty(),
                        "what for",
                        Map.of("team", "db"),
                        new Particulars("z", "p", "u", Map.of("a:b", "c"), Map.of("iops", "7")),
                        Optional.empty()));
    }

    private Snapshot snapshot(Volume volume, String name) throws Exception {
        return house.volumes.createSnapshot(
                volume.id(),
                new NewSnapshot(name, "before", Map.of("kept", "yes"), Optional.empty()));
    }

    private void reopen(TrashPolicy policy) throws Exception {
        house.close();
        house = House.open(folder, policy);
    }

    private void assertNothingOnBackend() throws Exception {
        assertThat(house.inventory().volumes()).isEmpty();
        assertThat(house.inventory().snapshots()).isEmpty();
    }

    private void assertNoDrift() throws Exception {
        Checks checks = new Checks(house.volumes, house.backends);
        assertThat(checks.check(BACKEND, Duration.ofMinutes(1)).orElseThrow().drifts()).isEmpty();
    }

    private static void refused(Code code, String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        OperationException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }
}
