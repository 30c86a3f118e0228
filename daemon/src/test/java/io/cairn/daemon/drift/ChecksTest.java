package io.cairn.daemon.drift;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.cairn.daemon.drift.Drift.Kind;
import io.cairn.daemon.volume.House;
import io.cairn.daemon.volume.NewSnapshot;
import io.cairn.daemon.volume.NewVolume;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Snapshot;
import io.cairn.daemon.volume.Volume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

final class ChecksTest {
    private static final long MIB = 1L << 20;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @SuppressWarnings("NullAway.Init") // opened before each test
    private House house;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Checks checks;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Volume volume;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Snapshot snapshot;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        house = House.open(folder);
        checks = new Checks(house.volumes, house.backends);
        volume = house.volumes.createVolume(BACKEND, NewVolume.named("db", MIB));
        snapshot = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("monday"));
    }

    @AfterEach
    void close() throws Exception {
        checks.stop(PATIENCE);
        house.close();
    }

    @Test
    void whatIsAsItIsRecordedIsNoDifference() throws Exception {
        Report report = check();
        assertThat(report.drifts()).isEmpty();
        assertThat(report.volumes()).isEqualTo(1);
        assertThat(report.snapshots()).isEqualTo(1);
        assertThat(checks.status(BACKEND).last()).contains(report);
    }

    @Test
    void whatTheBackendDoesNotHaveIsMissing() throws Exception {
        boolean _ =
                house.backend()
                        .call(
                                driver -> {
                                    driver.deleteSnapshot(snapshot.id(), volume.id());
                                    return true;
                                });
        Drift drift = only(Kind.MISSING);
        assertThat(drift.id()).isEqualTo(snapshot.id().toString());
        assertThat(drift.what()).contains("snapshot monday of volume db");
        assertThat(drift.detail()).contains(snapshot.location());

        // What it says can be done.
        house.volumes.deleteSnapshot(snapshot.id());
        assertThat(check().drifts()).isEmpty();
        house.backend().run(volume.id(), driver -> driver.deleteVolume(volume.id()));
        assertThat(only(Kind.MISSING).what()).contains("volume db");
        house.volumes.deleteVolume(volume.id());
        assertThat(check().drifts()).isEmpty();
    }

    @Test
    void whatBearsAMarkAndIsNotRecordedIsOrphaned() throws Exception {
        VolumeId id = VolumeId.random();
        SnapshotId cut = SnapshotId.random();
        Mark mark = new Mark("created=2026-01-02T03%3A04%3A05Z&name=lost");
        make(id, mark);
        house.backend().run(id, driver -> driver.createSnapshot(new SnapshotSpec(cut, id, mark)));
        Report report = check();
        assertThat(report.drifts())
                .extracting(Drift::kind, Drift::id)
                .containsExactlyInAnyOrder(
                        tuple(Kind.ORPHANED, id.toString()), tuple(Kind.ORPHANED, cut.toString()));
        assertThat(report.drifts()).allSatisfy(each -> assertThat(each.detail()).contains("lost"));
    }

    @Test
    void whatBearsNoMarkIsForeign() throws Exception {
        VolumeId id = VolumeId.random();
        make(id, Mark.NONE);
        assertThat(only(Kind.FOREIGN).id()).isEqualTo(id.toString());
    }

    @Test
    void whatHasAnotherSizeDiffersInIt() throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(volume.location(), "rw")) {
            file.setLength(2 * MIB);
        }
        Drift drift = only(Kind.SIZE);
        assertThat(drift.detail()).contains("1048576", "2097152");
        assertThat(drift.remedy()).contains("extend it to 2097152 bytes");
        house.volumes.alterations().extend(volume.id(), 2 * MIB);
        assertThat(check().drifts()).isEmpty();
    }

    @Test
    void whatIsCalledOtherwiseThereDiffersInItsMark() throws Exception {
        house.backend()
                .run(volume.id(), driver -> driver.markVolume(volume.id(), new Mark("name=other")));
        assertThat(only(Kind.MARK).detail()).contains("other");
        house.backend().run(volume.id(), driver -> driver.markVolume(volume.id(), Mark.NONE));
        assertThat(only(Kind.MARK).detail()).contains("does not say");
        house.volumes.alterations().describe(volume.id(), "what it says can be done");
        assertThat(check().drifts()).isEmpty();
    }

    @Test
    void whatIsRecordedOfAnotherVolumeIsMissingThereAndOrphanedHere() throws Exception {
        Volume other = house.volumes.createVolume(BACKEND, NewVolume.named("other", MIB));
        house.backend()
                .run(
                        volume.id(),
                        driver -> {
                            driver.deleteSnapshot(snapshot.id(), volume.id());
                            driver.createSnapshot(
                                    new SnapshotSpec(
                                            snapshot.id(), other.id(), new Mark("name=monday")));
                        });
        assertThat(check().drifts())
                .extracting(Drift::kind)
                .containsExactlyInAnyOrder(Kind.MISSING, Kind.ORPHANED);
    }

    @Test
    void whatIsDamagedInTheStateIsNoOrphan() throws Exception {
        house.damage("UPDATE volume SET name = 'no name' WHERE name = 'db'");
        assertThat(check().drifts())
                .extracting(Drift::kind, Drift::id)
                .containsExactlyInAnyOrder(
                        tuple(Kind.UNREADABLE, volume.id().toString()),
                        tuple(Kind.UNREADABLE, snapshot.id().toString()));
    }

    @Test
    void aCheckThatCannotLookSaysWhyAndKeepsWhatTheLastOneFound() throws Exception {
        Report report = check();
        assertThat(house.backends.find("none")).isEmpty();
        assertThatThrownBy(() -> checks.check("none", PATIENCE))
                .isInstanceOfSatisfying(
                        OperationException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.NOT_FOUND));
        house.backends.close(PATIENCE);
        assertThatThrownBy(this::check)
                .isInstanceOfSatisfying(
                        OperationException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.UNAVAILABLE))
                .hasMessageContaining("was not checked: backend fast is down");
        Checks.Status status = checks.status(BACKEND);
        assertThat(status.running()).isFalse();
        assertThat(status.last()).contains(report);
        assertThat(status.failure().orElseThrow().why()).contains("is down");
    }

    @Test
    void whatCanBeReadAtASecondLookIsNotDamaged() throws Exception {
        house.driver.blemish = Optional.of(Target.of(volume.id(), snapshot.id()));
        Report report = check();
        assertThat(report.drifts()).isEmpty();
        assertThat(report.skipped()).isZero();
    }

    @Test
    void whatIsUnavailableForOneObjectEndsNoCheck() throws Exception {
        VolumeId id = VolumeId.random();
        make(id, Mark.NONE);
        house.driver.looking =
                () -> {
                    throw new DriverException(DriverException.Kind.UNAVAILABLE, "not now");
                };
        Report report = check();
        assertThat(report.drifts()).isEmpty();
        assertThat(report.skipped()).isEqualTo(1);
        house.driver.looking = () -> {};
        assertThat(only(Kind.FOREIGN).id()).isEqualTo(id.toString());
    }

    @Test
    @Timeout(60)
    void aCheckThatHangsEndsWithTheDaemon() throws Exception {
        house.driver.listing = () -> Thread.sleep(Duration.ofHours(1));
        assertThat(checks.check(BACKEND, Duration.ofMillis(50))).isEmpty();
        assertThat(checks.status(BACKEND).running()).isTrue();
        checks.stop(PATIENCE);
        assertThat(checks.status(BACKEND).running()).isFalse();
        assertThat(checks.status(BACKEND).failure()).isPresent();
    }

    @Test
    @Timeout(60)
    void aCheckThatHangsKeepsNoBackendFromBeingClosed() throws Exception {
        house.driver.listing = () -> Thread.sleep(Duration.ofHours(1));
        assertThat(checks.check(BACKEND, Duration.ofMillis(50))).isEmpty();
        house.backends.close(Duration.ofMinutes(10));
        assertThatThrownBy(this::check)
                .isInstanceOfSatisfying(
                        OperationException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.UNAVAILABLE));
    }

    @Test
    void backendsAreCheckedFromTimeToTime() throws Exception {
        checks.start(Duration.ofMillis(20));
        await(2);
        checks.stop(PATIENCE);
        assertThatThrownBy(this::check).hasMessageContaining("the daemon is stopping");
    }

    /** Waits for so many checks, one after another. */
    private void await(int count) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        Instant last = Instant.MIN;
        for (int seen = 0; seen < count; ) {
            assertThat(System.nanoTime()).isLessThan(end);
            Instant now = checks.status(BACKEND).last().map(Report::endedAt).orElse(Instant.MIN);
            if (now.isAfter(last)) {
                last = now;
                seen++;
            }
            Thread.sleep(5);
        }
    }

    private void make(VolumeId id, Mark mark) throws Exception {
        house.backend()
                .run(id, driver -> driver.createVolume(new VolumeSpec(id, "default", MIB, mark)));
    }

    private Drift only(Kind kind) throws Exception {
        Report report = check();
        assertThat(report.drifts()).hasSize(1);
        assertThat(report.count(kind)).isEqualTo(1);
        return report.drifts().getFirst();
    }

    private Report check() throws OperationException, InterruptedException {
        return checks.check(BACKEND, PATIENCE).orElseThrow();
    }
}
