package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.VolumeEvent.Alteration;
import io.cairn.spi.Unmanaged;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What changes volumes and snapshots that there are. */
final class AlterationsTest {
    private static final long MIB = 1L << 20;

    private Path folder;
    private House house;
    private Volume volume;

    @BeforeEach
    void open(@TempDir Path temporary) throws Exception {
        folder = temporary;
        house = House.open(folder);
        volume = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void anExtendedVolumeKeepsItsContentAndEndsInZeroes() throws Exception {
        write("before");
        Volume larger = alterations().extend(volume.id(), 3 * MIB + 1);
        assertThat(larger.sizeBytes()).isEqualTo(3 * MIB + 1);
        assertThat(Files.size(Path.of(larger.location()))).isEqualTo(3 * MIB + 1);
        assertThat(read(6)).isEqualTo("before");
        assertThat(house.volumes.poolCounts(BACKEND))
                .containsEntry("default", new PoolCounts(1, 0, 3 * MIB + 1));
    }

    @Test
    void aVolumeIsExtendedToTheSameSizeWithoutAChange() throws Exception {
        house.events.clear();
        assertThat(alterations().extend(volume.id(), MIB)).isEqualTo(volume);
        assertThat(house.events).isEmpty();
    }

    @Test
    void aVolumeDoesNotShrink() {
        assertFails(
                Code.INVALID, "cannot shrink", () -> alterations().extend(volume.id(), MIB - 1));
        assertThat(now()).isEqualTo(volume);
    }

    @Test
    void aVolumeIsRevertedToAnyOfItsSnapshotsAndKeepsThemAll() throws Exception {
        write("first!");
        Snapshot first = snapshot("first");
        write("second");
        Snapshot second = snapshot("second");
        write("third!");
        Volume reverted = alterations().revert(volume.id(), "first");
        assertThat(read(6)).isEqualTo("first!");
        assertThat(reverted.snapshotCount()).isEqualTo(2);
        alterations().revert(volume.id(), second.id().toString());
        assertThat(read(6)).isEqualTo("second");
        assertThat(house.volumes.snapshot(first.id())).contains(first);
    }

    @Test
    void aVolumeThatGrewKeepsItsSizeWhenItIsReverted() throws Exception {
        write("before");
        snapshot("small");
        alterations().extend(volume.id(), 2 * MIB);
        write("after!");
        assertThat(alterations().revert(volume.id(), "small").sizeBytes()).isEqualTo(2 * MIB);
        assertThat(Files.size(Path.of(now().location()))).isEqualTo(2 * MIB);
        assertThat(read(6)).isEqualTo("before");
    }

    @Test
    void aVolumeIsNotRevertedToWhatIsNotItsOwn() throws Exception {
        Volume other = house.volumes.createVolume(BACKEND, NewVolume.named("other", MIB));
        Snapshot foreign = house.volumes.createSnapshot(other.id(), NewSnapshot.named("s"));
        assertFails(
                Code.NOT_FOUND,
                "has no snapshot",
                () -> alterations().revert(volume.id(), foreign.id().toString()));
        assertFails(
                Code.NOT_FOUND, "has no snapshot", () -> alterations().revert(volume.id(), "s"));
    }

    @Test
    void aCloneIsIndependentOfItsSource() throws Exception {
        write("before");
        Volume clone = house.volumes.cloneVolume(volume.id(), NewVolume.named("copy", 2 * MIB));
        write("after!");
        assertThat(read(clone, 6)).isEqualTo("before");
        assertThat(clone.sizeBytes()).isEqualTo(2 * MIB);
        assertThat(clone.origin()).contains(new Origin(volume.id(), Optional.empty()));
        house.volumes.deleteVolume(volume.id());
        assertThat(read(clone, 6)).isEqualTo("before");
    }

    @Test
    void aCloneAskedForAgainIsTheSame() throws Exception {
        Volume clone = house.volumes.cloneVolume(volume.id(), NewVolume.named("copy"));
        write("after!");
        assertThat(house.volumes.cloneVolume(volume.id(), NewVolume.named("copy")))
                .isEqualTo(clone);
        assertThat(read(clone, 6)).isEqualTo("\0".repeat(6));
    }

    @Test
    void aCloneIsNotSmallerThanItsSource() {
        assertFails(
                Code.INVALID,
                "too small for volume db1",
                () -> house.volumes.cloneVolume(volume.id(), NewVolume.named("copy", MIB - 1)));
    }

    @Test
    void aRenamedVolumeIsFoundByItsNewNameAlone() throws Exception {
        Snapshot cut = snapshot("s");
        Volume renamed = alterations().rename(volume.id(), "orders");
        assertThat(renamed.id()).isEqualTo(volume.id());
        assertThat(house.volumes.volume(BACKEND, "orders")).contains(renamed);
        assertThat(house.volumes.volume(BACKEND, "db1")).isEmpty();
        assertThat(house.volumes.snapshot(cut.id()).orElseThrow().volumeName()).isEqualTo("orders");
        Volume next = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        assertThat(next.id()).isNotEqualTo(volume.id());
    }

    @Test
    void aNameThatIsTakenIsRefused() throws Exception {
        house.volumes.createVolume(BACKEND, NewVolume.named("other", MIB));
        assertFails(
                Code.CONFLICT,
                "another volume named other",
                () -> alterations().rename(volume.id(), "other"));
        Snapshot one = snapshot("one");
        snapshot("two");
        assertFails(
                Code.CONFLICT,
                "another snapshot named two",
                () -> alterations().rename(one.id(), "two"));
        assertFails(Code.INVALID, "not allowed", () -> alterations().rename(one.id(), "No"));
    }

    @Test
    void whatDescribesThemIsOnTheBackendAndSurvivesARestart() throws Exception {
        Snapshot cut = snapshot("s");
        alterations().rename(volume.id(), "orders");
        alterations().describe(volume.id(), "the orders");
        alterations().label(volume.id(), "team", "db");
        alterations().label(volume.id(), "keep", "no");
        alterations().label(volume.id(), "keep", "yes");
        alterations().unlabel(volume.id(), "team");
        alterations().rename(cut.id(), "nightly");
        alterations().label(cut.id(), "keep", "");
        Volume expected = now();
        Snapshot expectedCut = house.volumes.snapshot(cut.id()).orElseThrow();
        assertThat(expected.labels()).isEqualTo(Map.of("keep", "yes"));
        house.close();
        house = House.open(folder);
        assertThat(now()).isEqualTo(expected);
        assertThat(house.volumes.snapshot(cut.id())).contains(expectedCut);
        assertThat(house.inventory().volumes().getFirst().mark()).isEqualTo(Marks.of(expected));
        assertThat(house.inventory().snapshots().getFirst().mark())
                .isEqualTo(Marks.of(expectedCut));
    }

    @Test
    void aHeldVolumeIsNotDeletedUntilEveryTagIsReleased() throws Exception {
        alterations().hold(volume.id(), "audit", "alice");
        alterations().hold(volume.id(), "audit", "bob");
        alterations().hold(volume.id(), "legal", "bob");
        assertThat(alterations().holds(volume.id()))
                .extracting(Hold::tag, Hold::by)
                .containsExactly(tuple("audit", "alice"), tuple("legal", "bob"));
        assertFails(
                Code.IN_USE,
                "is held (audit, legal)",
                () -> house.volumes.deleteVolume(volume.id()));
        alterations().release(volume.id(), "audit");
        assertFails(Code.IN_USE, "(legal)", () -> house.volumes.deleteVolume(volume.id()));
        alterations().release(volume.id(), "legal");
        assertFails(
                Code.NOT_FOUND,
                "no tag 'legal'",
                () -> alterations().release(volume.id(), "legal"));
        house.volumes.deleteVolume(volume.id());
        assertThat(house.volumes.volume(volume.id())).isEmpty();
    }

    @Test
    void aHeldSnapshotKeepsItsVolumeAndAllOfItsSiblings() throws Exception {
        Snapshot first = snapshot("first");
        Snapshot second = snapshot("second");
        alterations().hold(first.id(), "audit", "alice");
        assertFails(Code.IN_USE, "is held", () -> house.volumes.deleteWithSnapshots(volume.id()));
        assertFails(Code.IN_USE, "is held", () -> house.volumes.deleteSnapshot(first.id()));
        assertThat(house.volumes.snapshot(second.id())).isPresent();
        alterations().release(first.id(), "audit");
        house.volumes.deleteWithSnapshots(volume.id());
        assertThat(house.inventory().volumes()).isEmpty();
        assertThat(house.volumes.counts(BACKEND)).isEqualTo(new Counts(0, 0, 0));
    }

    @Test
    void aDeletionThatIsAskedForAgainSucceeds() throws Exception {
        for (boolean before : new boolean[] {true, false}) {
            Snapshot doomed = snapshot("s");
            if (before) {
                house.driver.diesBeforeTheNextChange();
            } else {
                house.driver.diesAfterTheNextChange();
            }
            assertFails(Code.FAULT, "power cut", () -> house.volumes.deleteSnapshot(doomed.id()));
            house.volumes.deleteSnapshot(doomed.id());
            assertThat(house.volumes.snapshot(doomed.id())).isEmpty();
        }
        house.driver.diesAfterTheNextChange();
        assertFails(Code.FAULT, "power cut", () -> house.volumes.deleteVolume(volume.id()));
        house.volumes.deleteVolume(volume.id());
        assertThat(house.volumes.volume(volume.id())).isEmpty();
        assertThat(house.volumes.unfinished()).isEmpty();
        assertThat(house.inventory().volumes()).isEmpty();
        assertFails(
                Code.NOT_FOUND,
                "there is no volume",
                () -> house.volumes.deleteVolume(volume.id()));
    }

    @Test
    void whatWasDeletedIsSweptInBatches() throws Exception {
        Snapshot cut = snapshot("s");
        house.volumes.deleteSnapshot(cut.id());
        house.damage(
                "INSERT INTO tombstone (ordinal, id, kind, backend, volume_id, volume_name, name,"
                        + " description, labels, size_bytes, created_at, deleted_at)"
                        + " SELECT NEXT VALUE FOR ordinal, UUID(), t.kind, t.backend, t.volume_id,"
                        + " t.volume_name, t.name, t.description, t.labels, t.size_bytes,"
                        + " t.created_at, t.deleted_at FROM tombstone t,"
                        + " UNNEST(SEQUENCE_ARRAY(1, 1200, 1)) AS n(n)");
        assertThat(house.rows("tombstone")).isEqualTo(1_201);
        assertThat(house.volumes.tombstones().sweep(Instant.now().plusSeconds(1))).isEqualTo(1_201);
        assertThat(house.rows("tombstone")).isZero();
    }

    @Test
    void whatWasDeletedIsForgottenByItselfWhenItsTimeIsOver() throws Exception {
        Snapshot cut = snapshot("s");
        house.volumes.deleteSnapshot(cut.id());
        assertThat(house.volumes.tombstones().find(cut.id().value())).isPresent();
        house.volumes.tombstones().start(Duration.ofMillis(1));
        await().until(() -> house.volumes.tombstones().find(cut.id().value()).isEmpty());
    }

    @Test
    void whatWasDeletedIsRememberedUntilItIsSwept() throws Exception {
        Snapshot cut = snapshot("s");
        alterations().label(volume.id(), "team", "db");
        house.volumes.deleteWithSnapshots(volume.id());
        house.close();
        house = House.open(folder);
        Tombstones tombstones = house.volumes.tombstones();
        Deleted gone = tombstones.find(volume.id().value()).orElseThrow();
        assertThat(gone.name()).isEqualTo("db1");
        assertThat(gone.labels()).isEqualTo(Map.of("team", "db"));
        assertThat(gone.createdAt()).isEqualTo(volume.createdAt());
        assertThat(tombstones.find(BACKEND, Deleted.Kind.SNAPSHOT, "s").orElseThrow().id())
                .isEqualTo(cut.id().value());
        Page<Deleted> first = tombstones.list(BACKEND, 1, "");
        assertThat(first.items()).containsExactly(gone);
        assertThat(tombstones.list(BACKEND, 1, first.continuation()).items())
                .extracting(Deleted::kind)
                .containsExactly(Deleted.Kind.SNAPSHOT);
        assertThat(tombstones.sweep(Instant.now().minus(Duration.ofHours(1)))).isZero();
        assertThat(tombstones.sweep(Instant.now().plusSeconds(1))).isEqualTo(2);
        assertThat(tombstones.find(volume.id().value())).isEmpty();
    }

    @Test
    void anExtensionIsTold() throws Exception {
        house.events.clear();
        alterations().extend(volume.id(), 2 * MIB);
        assertThat(house.events)
                .filteredOn(VolumeEvent.VolumeAltered.class::isInstance)
                .extracting(event -> ((VolumeEvent.VolumeAltered) event).what())
                .containsExactly(Alteration.EXTENDED);
    }

    @Test
    void whatAVolumeCarriesForOthersIsKept() throws Exception {
        Particulars more =
                new Particulars(
                        "az1",
                        "shop",
                        "alice",
                        Map.of("capabilities:tier", "gold"),
                        Map.of("total_iops_sec", "500"));
        NewVolume request =
                new NewVolume(
                        "carried",
                        Optional.of(MIB),
                        Optional.empty(),
                        "",
                        Map.of(),
                        more,
                        Optional.empty());
        Volume made = house.volumes.createVolume(BACKEND, request);
        assertThat(made.particulars()).isEqualTo(more);
        assertThat(house.volumes.createVolume(BACKEND, request)).isEqualTo(made);
        house.close();
        house = House.open(folder);
        assertThat(house.volumes.volume(made.id()).orElseThrow()).isEqualTo(made);
    }

    @Test
    void aVolumeGivenUpKeepsItsContentAndIsAdoptedAgain() throws Exception {
        write("before");
        String place = house.volumes.release(volume.id());
        assertThat(house.volumes.volume(volume.id())).isEmpty();
        assertThat(house.inventory().volumes()).isEmpty();
        assertThat(house.volumes.unmanaged(BACKEND))
                .extracting(Unmanaged::path)
                .containsExactly(place);
        Volume adopted = house.volumes.adopt(BACKEND, place, NewVolume.named("again"));
        assertThat(adopted.sizeBytes()).isEqualTo(MIB);
        assertThat(read(adopted, 6)).isEqualTo("before");
        assertThat(house.volumes.unmanaged(BACKEND)).isEmpty();
        assertThat(house.volumes.adopt(BACKEND, place, NewVolume.named("again")))
                .isEqualTo(adopted);
        assertThat(house.volumes.poolCounts(BACKEND).get("default"))
                .isEqualTo(new PoolCounts(1, 0, MIB));
        Volume made = house.volumes.createVolume(BACKEND, NewVolume.named("made", MIB));
        for (Volume other : List.of(adopted, made)) {
            assertFails(
                    Code.CONFLICT,
                    "was not adopted from other.img",
                    () -> house.volumes.adopt(BACKEND, "other.img", NewVolume.named(other.name())));
        }
        assertThat(house.volumes.tombstones().find(volume.id().value())).isEmpty();
    }

    @Test
    void whatNeverEndsIsGivenUpByAnOperator() throws Exception {
        assertFails(
                Code.NOT_FOUND,
                "nothing of it is unfinished",
                () -> house.volumes.forgetUnfinished(volume.id()));
        house.driver.diesBeforeTheNextChange();
        assertFails(Code.FAULT, "power cut", () -> alterations().extend(volume.id(), 2 * MIB));
        assertThat(now().state()).isEqualTo(ObjectState.ERROR);
        assertThat(house.volumes.forgetUnfinished(volume.id()))
                .isEqualTo("extend volume db1 on backend fast to 2097152 bytes");
        assertThat(now()).isEqualTo(volume);
        assertThat(house.volumes.unfinished()).isEmpty();
        house.close();
        house = House.open(folder);
        assertThat(house.volumes.unfinished()).isEmpty();
        assertThat(now()).isEqualTo(volume);
    }

    @Test
    void whatIsNotThereIsNotAdopted() {
        for (String path : List.of("no.img", "../x", "/etc/passwd", "volumes", "a\nb", "")) {
            assertThatExceptionOfType(OperationException.class)
                    .isThrownBy(
                            () -> house.volumes.adopt(BACKEND, path, NewVolume.named("adopted")))
                    .describedAs(path)
                    .satisfies(e -> assertThat(e.code()).isIn(Code.NOT_FOUND, Code.INVALID));
        }
        assertThat(house.volumes.volume(BACKEND, "adopted")).isEmpty();
        assertThat(house.volumes.unfinished()).isEmpty();
    }

    private Alterations alterations() {
        return house.volumes.alterations();
    }

    private Volume now() {
        return house.volumes.volume(volume.id()).orElseThrow();
    }

    private Snapshot snapshot(String name) throws Exception {
        return house.volumes.createSnapshot(volume.id(), NewSnapshot.named(name));
    }

    private void write(String text) throws Exception {
        VolumesTest.write(now().location(), text);
    }

    private String read(int length) throws Exception {
        return read(now(), length);
    }

    private static String read(Volume from, int length) throws Exception {
        return VolumesTest.read(from.location(), length);
    }
}
