package io.cairn.daemon.drift;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.volume.House;
import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Trashed;
import io.cairn.daemon.volume.Volume;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** What is done about a difference when an operator names it. */
final class RepairsTest {
    private static final long MIB = 1L << 20;
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final TrashPolicy DAY = new TrashPolicy(Duration.ofDays(1), Reserve.NONE);
    private static final Mark LOST = new Mark("created=2026-01-02T03%3A04%3A05Z&name=lost");

    @TempDir private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private House house;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Checks checks;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Volume volume;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Snapshot snapshot;

    @BeforeEach
    void open() throws Exception {
        open(DAY);
        volume = house.volumes.createVolume(BACKEND, NewVolume.named("db", MIB));
        snapshot = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("monday"));
    }

    private void open(TrashPolicy trash) throws Exception {
        house = House.open(folder, trash);
        checks = new Checks(house.volumes, house.backends);
    }

    @AfterEach
    void close() throws Exception {
        checks.stop(PATIENCE);
        house.close();
    }

    @Test
    void whatIsMissingLeavesTheState() throws Exception {
        house.backend()
                .run(volume.id(), driver -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        check(1);
        assertThat(repair(snapshot.id())).startsWith("took snapshot monday of volume db");
        assertThat(house.volumes.snapshot(snapshot.id())).isEmpty();
        check(0);
        house.backend().run(volume.id(), driver -> driver.deleteVolume(volume.id()));
        check(1);
        assertThat(repair(volume.id())).startsWith("took volume db");
        check(0);
        assertThat(house.volumes.emptyTrash(BACKEND)).isEqualTo(2);
    }

    @Test
    void aMissingVolumeStaysAsLongAsItsSnapshotsAreThere() throws Exception {
        Files.delete(Path.of(volume.location()));
        check(1);
        refused(volume.id(), Code.UNSUPPORTED, "still has its snapshot monday");
        assertThat(house.volumes.snapshot(snapshot.id())).isPresent();
        assertThat(house.volumes.volume(volume.id())).isPresent();
    }

    @Test
    void whatDiffersInMoreThanOneWayIsRepairedWhereItCanBe() throws Exception {
        house.backend().run(volume.id(), driver -> driver.markVolume(volume.id(), Mark.NONE));
        resize(MIB / 2);
        check(2);
        assertThat(repair(volume.id())).contains("wrote on the backend", "is not repaired");
        check(1);
    }

    @Test
    void whatIsOrphanedGoesToTheTrashAndComesBackFromThere() throws Exception {
        VolumeId id = make(LOST);
        SnapshotId cut = cut(id);
        SnapshotId other = cut(volume.id());
        check(3);
        assertThat(repair(id)).startsWith("moved volume " + id);
        assertThat(repair(cut)).startsWith("moved snapshot " + cut);
        assertThat(repair(other)).startsWith("moved snapshot " + other);
        check(0);
        assertThat(house.volumes.restoring().restore(BACKEND, "lost", "found"))
                .isEqualTo(Target.of(id));
        assertThat(house.volumes.restoring().restore(BACKEND, cut.toString(), ""))
                .isEqualTo(Target.of(id, cut));
        check(0);
        assertThat(house.volumes.volume(BACKEND, "found").orElseThrow().snapshotCount())
                .isEqualTo(1);
        Trashed _ = house.volumes.purging().purge(BACKEND, "db/lost");
        check(0);
    }

    @Test
    void withoutATrashNothingThatIsOrphanedIsTouched() throws Exception {
        close();
        open(TrashPolicy.DEFAULT);
        VolumeId id = make(LOST);
        check(1);
        refused(id, Code.UNSUPPORTED, "set trash.keep=P7D");
        check(1);
    }

    @Test
    void whatIsForeignIsNeverTouched() throws Exception {
        VolumeId id = make(Mark.NONE);
        check(1);
        refused(id, Code.UNSUPPORTED, "it is foreign");
        check(1);
    }

    @Test
    void whatGrewIsRecordedAndWhatShrankIsNot() throws Exception {
        resize(2 * MIB);
        check(1);
        assertThat(repair(volume.id())).contains("2097152 bytes");
        check(0);
        assertThat(house.volumes.volume(volume.id()).orElseThrow().sizeBytes()).isEqualTo(2 * MIB);
        resize(MIB);
        check(1);
        refused(volume.id(), Code.UNSUPPORTED, "bring it back from a backup");
    }

    @Test
    void whatIsCalledOtherwiseIsCalledAsItIsRecorded() throws Exception {
        house.backend().run(volume.id(), driver -> driver.markVolume(volume.id(), Mark.NONE));
        house.backend()
                .run(
                        volume.id(),
                        driver ->
                                driver.markSnapshot(
                                        snapshot.id(), volume.id(), new Mark("name=other")));
        check(2);
        assertThat(repair(volume.id())).contains("volume db");
        assertThat(repair(snapshot.id())).contains("snapshot monday");
        check(0);
    }

    @Test
    void whatIsNotSoAnyMoreIsLeftAlone() throws Exception {
        VolumeId id = make(LOST);
        refused(id, Code.NOT_FOUND, "tells nothing of");
        check(1);
        house.backend().run(id, driver -> driver.deleteVolume(id));
        refused(id, Code.CONFLICT, "is not orphaned any more");
        refused(volume.id(), Code.NOT_FOUND, "tells nothing of");
        assertThat(house.volumes.volume(volume.id())).isPresent();
    }

    private VolumeId make(Mark mark) throws Exception {
        VolumeId id = VolumeId.random();
        house.backend()
                .run(id, driver -> driver.createVolume(new VolumeSpec(id, "default", MIB, mark)));
        return id;
    }

    private SnapshotId cut(VolumeId id) throws Exception {
        SnapshotId cut = SnapshotId.random();
        house.backend().run(id, driver -> driver.createSnapshot(new SnapshotSpec(cut, id, LOST)));
        return cut;
    }

    private void resize(long bytes) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(volume.location(), "rw")) {
            file.setLength(bytes);
        }
    }

    private void check(int differences) throws Exception {
        assertThat(checks.check(BACKEND, PATIENCE).orElseThrow().drifts()).hasSize(differences);
    }

    private String repair(Object id) throws Exception {
        return checks.repairs().repair(BACKEND, id.toString());
    }

    private void refused(Object id, Code code, String message) {
        assertThatThrownBy(() -> repair(id))
                .isInstanceOfSatisfying(
                        OperationException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }
}
