package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.Cellar.DAY;
import static io.cairn.daemon.volume.Cellar.MIB;
import static io.cairn.daemon.volume.Cellar.refused;
import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is deleted and kept, and how it comes back. */
final class RestoringTest {
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
    void whatIsDeletedComesBackAsItWas() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        try (RandomAccessFile content = new RandomAccessFile(volume.location(), "rw")) {
            content.write(7);
        }
        Volume before = cellar.house.volumes.volume(volume.id()).orElseThrow();

        cellar.house.volumes.deleteSnapshot(snapshot.id());
        assertThat(cellar.house.volumes.snapshot(snapshot.id())).isEmpty();
        cellar.house.volumes.deleteVolume(volume.id());
        assertThat(cellar.house.volumes.volume(volume.id())).isEmpty();

        assertThat(cellar.listed()).containsExactly(volume.id().value(), snapshot.id().value());
        assertThat(cellar.house.volumes.trash().count(BACKEND)).isEqualTo(2);
        assertThat(cellar.house.volumes.counts(BACKEND)).isEqualTo(new Counts(0, 0, 0));
        assertThat(cellar.house.inventory().volumes()).hasSize(1);
        assertThat(cellar.house.inventory().snapshots()).hasSize(1);
        cellar.reopen(DAY);
        refused(
                Code.NOT_FOUND,
                "bring that back first, it is in the trash too",
                () -> cellar.restore("db/monday", ""));
        assertThat(cellar.restore("db", "")).isEqualTo(Target.of(volume.id()));
        assertThat(cellar.restore("db/monday", ""))
                .isEqualTo(Target.of(volume.id(), snapshot.id()));

        assertThat(cellar.house.volumes.volume(volume.id())).contains(before);
        assertThat(cellar.house.volumes.snapshot(snapshot.id())).contains(snapshot);
        assertThat(Files.readAllBytes(Path.of(before.location()))).startsWith(7);
        assertThat(cellar.listed()).isEmpty();
        assertThat(cellar.house.volumes.tombstones().any(BACKEND)).isFalse();
        assertThat(cellar.house.volumes.counts(BACKEND)).isEqualTo(new Counts(1, 1, 0));
        cellar.assertNoDrift();
        refused(
                Code.NOT_FOUND,
                "there is no volume 'db' in the trash",
                () -> cellar.restore("db", ""));
    }

    @Test
    void itsNameIsFreeAndItComesBackUnderAnother() throws Exception {
        Volume first = cellar.volume("db");
        cellar.house.volumes.deleteVolume(first.id());
        Volume second = cellar.volume("db");
        refused(Code.CONFLICT, "that of volume db on backend fast", () -> cellar.restore("db", ""));
        cellar.house.volumes.deleteVolume(second.id());
        refused(Code.INVALID, first.id().toString(), () -> cellar.restore("db", ""));
        assertThat(cellar.restore(second.id().toString(), "")).isEqualTo(Target.of(second.id()));
        assertThat(cellar.restore("db", "old")).isEqualTo(Target.of(first.id()));
        assertThat(cellar.house.volumes.volume(BACKEND, "old").map(Volume::id))
                .contains(first.id());
        cellar.assertNoDrift();
        cellar.house.volumes.deleteVolume(second.id());
        refused(Code.INVALID, "", () -> cellar.restore("db", "no name"));
    }

    @Test
    void aDeletionThatDiedIsInTheTrashOnceItIsSettled() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        cellar.house.driver.diesAfterTheNextChange();
        assertThatThrownBy(() -> cellar.house.volumes.deleteSnapshot(snapshot.id()))
                .isInstanceOf(OperationException.class);
        cellar.reopen(DAY);
        cellar.house.volumes.start(Duration.ofSeconds(20));
        assertThat(cellar.listed()).containsExactly(snapshot.id().value());
        cellar.house.driver.diesBeforeTheNextChange();
        assertThatThrownBy(() -> cellar.house.volumes.deleteVolume(volume.id()))
                .isInstanceOf(OperationException.class);
        cellar.reopen(DAY);
        cellar.house.volumes.start(Duration.ofSeconds(20));
        assertThat(cellar.listed()).containsExactly(volume.id().value(), snapshot.id().value());
        assertThat(cellar.restore("db", "")).isEqualTo(Target.of(volume.id()));
    }

    @Test
    void whereEverythingIsFullItGoesToTheTrashAllTheSame() throws Exception {
        Volume volume = cellar.volume("db");
        cellar.house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(Kind.NO_SPACE, "not one byte");
                });
        cellar.house.volumes.deleteVolume(volume.id());
        assertThat(cellar.restore("db", "")).isEqualTo(Target.of(volume.id()));
    }

    @Test
    void whatIsMissingCanBeFoundAgain() throws Exception {
        Volume volume = cellar.volume("db");
        Path image = Path.of(volume.location());
        Path away = folder.resolve("away");
        Files.move(image, away);
        cellar.house.volumes.deleteVolume(volume.id());
        assertThat(cellar.listed()).containsExactly(volume.id().value());
        refused(Code.NOT_FOUND, "does not have it", () -> cellar.restore("db", ""));
        Files.move(away, image);
        assertThat(cellar.restore("db", "")).isEqualTo(Target.of(volume.id()));
        Files.delete(image);
        cellar.house.volumes.deleteVolume(volume.id());
        cellar.purge("db");
        cellar.assertNothingOnBackend();
    }

    /**
     * It would go for good with its time in the trash, or be known and still say that it is there.
     */
    @Test
    void whatIsInTheTrashComesInByNoImport() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        Dossier dossier = cellar.house.volumes.dossiers().read(volume.id()).orElseThrow();
        cellar.house.volumes.deleteWithSnapshots(volume.id());
        assertThat(cellar.house.volumes.dossiers().look(List.of(dossier)))
                .allSatisfy(each -> assertThat(each.why()).contains("is in the trash"));
        assertThat(
                        Dossiers.clean(
                                cellar.house
                                        .volumes
                                        .dossiers()
                                        .takeIn(List.of(dossier), _ -> true)))
                .isFalse();
        assertThat(cellar.listed()).containsExactly(volume.id().value(), snapshot.id().value());
    }

    @Test
    void noIdIsTakenThatIsInTheTrash() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        cellar.house.volumes.deleteSnapshot(snapshot.id());
        refused(
                Code.CONFLICT,
                "is in the trash",
                () ->
                        cellar.house.volumes.createSnapshot(
                                volume.id(),
                                new NewSnapshot(
                                        "other", "", Map.of(), Optional.of(snapshot.id()))));
        cellar.house.volumes.deleteVolume(volume.id());
        NewVolume again = NewVolume.named("other", MIB);
        refused(
                Code.CONFLICT,
                "is in the trash",
                () ->
                        cellar.house.volumes.createVolume(
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

    @Test
    void aRestoreThatDiedLeavesItInTheTrash() throws Exception {
        Volume volume = cellar.volume("db");
        cellar.house.volumes.deleteVolume(volume.id());
        cellar.house.driver.diesAfterTheNextChange();
        assertThatThrownBy(() -> cellar.restore("db", "")).isInstanceOf(OperationException.class);
        cellar.reopen(DAY);
        assertThat(cellar.listed()).containsExactly(volume.id().value());
        cellar.assertNoDrift();
        cellar.purge("db");
        cellar.assertNothingOnBackend();
    }

    @Test
    void theMostLabelsLeaveRoomForTheMarkOfTheTrash() throws Exception {
        Volume made = cellar.volume("db");
        String text = "é".repeat(250);
        for (int i = 0; ; i++) {
            try {
                cellar.house.volumes.alterations().label(made.id(), "k" + i, text.substring(0, 63));
            } catch (OperationException e) {
                assertThat(e).hasMessageContaining("too long");
                break;
            }
        }
        Volume volume = cellar.house.volumes.volume(made.id()).orElseThrow();
        cellar.house.volumes.deleteVolume(volume.id());
        assertThat(cellar.restore("db", "")).isEqualTo(Target.of(volume.id()));
        assertThat(cellar.house.volumes.volume(volume.id())).contains(volume);
    }
}
