package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Cloning;
import io.cairn.spi.DriverException;
import io.cairn.spi.Growing;
import io.cairn.spi.Mark;
import io.cairn.spi.Reverting;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.channels.SeekableByteChannel;

/** What changes of volumes and snapshots that are there: marks, sizes, content. */
abstract class AlterationCases extends BackendCases {
    @ParameterizedTest
    @MethodSource("marks")
    void aMarkIsReplacedWhole(String text) throws Exception {
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        Mark mark = new Mark(text);
        driver.markVolume(volume.id(), mark);
        driver.markVolume(volume.id(), mark);
        driver.markSnapshot(snapshot.id(), volume.id(), mark);
        driver.markSnapshot(snapshot.id(), volume.id(), mark);
        reopen();
        assertThat(driver.findVolume(volume.id()))
                .contains(
                        new BackendVolume(
                                volume.id(), volume.pool(), MIB, volume.location(), mark));
        assertThat(driver.findSnapshot(snapshot.id(), volume.id()))
                .contains(
                        new BackendSnapshot(
                                snapshot.id(),
                                volume.id(),
                                MIB,
                                snapshot.cutAt(),
                                snapshot.location(),
                                mark));
        verify(volume.location(), MIB, 1);
        verify(snapshot.location(), MIB, 1);
        verifyNoRubbish();
    }

    @Test
    void aMarkThatWasReplacedIsTheOneThatCounts() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB, 1));
        BackendVolume clone = clone(snapshot, MIB);
        Mark mark = new Mark("renamed");
        driver.markVolume(clone.id(), mark);
        VolumeSpec renamed = new VolumeSpec(clone.id(), pool(), MIB, mark);
        assertThat(driver.createFromSnapshot(renamed, snapshot.id(), snapshot.volume()).mark())
                .isEqualTo(mark);
        // Its source is still known too.
        assertRefused(CONFLICT, () -> driver.createVolume(renamed));
        assertRefused(
                CONFLICT,
                () ->
                        driver.createFromSnapshot(
                                spec(clone.id(), MIB), snapshot.id(), snapshot.volume()));
    }

    @Test
    void whatIsNotThereIsNotMarked() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB));
        VolumeId other = volume(MIB).id();
        Mark mark = new Mark("renamed");
        assertRefused(NOT_FOUND, () -> driver.markVolume(VolumeId.random(), mark));
        assertRefused(
                NOT_FOUND, () -> driver.markSnapshot(SnapshotId.random(), snapshot.volume(), mark));
        assertRefused(NOT_FOUND, () -> driver.markSnapshot(snapshot.id(), other, mark));
        assertRefused(NOT_FOUND, () -> driver.markSnapshot(snapshot.id(), VolumeId.random(), mark));
    }

    @Test
    void aGrownVolumeKeepsItsContentAndEndsInZeroes() throws Exception {
        Growing growing = the(driver.growing());
        long size = MIB + granularityBytes();
        BackendVolume volume = volume(size, 1);
        BackendSnapshot snapshot = snapshot(volume);
        BackendVolume grown = growing.grow(volume.id(), 3 * MIB);
        assertThat(grown)
                .isEqualTo(
                        new BackendVolume(
                                volume.id(),
                                volume.pool(),
                                3 * MIB,
                                grown.location(),
                                volume.mark()));
        assertThat(driver.findVolume(volume.id())).contains(grown);
        verifyParts(grown.location(), size, 1, 3 * MIB);
        verify(snapshot.location(), size, 1);
        write(grown.location(), 3 * MIB, 2);
        verify(snapshot(grown).location(), 3 * MIB, 2);
    }

    @Test
    void grownAgainToItsSizeItStaysAsItIs() throws Exception {
        Growing growing = the(driver.growing());
        BackendVolume volume = volume(MIB, 1);
        assertThat(growing.grow(volume.id(), MIB)).isEqualTo(volume);
        BackendVolume grown = growing.grow(volume.id(), 2 * MIB);
        assertThat(growing.grow(volume.id(), 2 * MIB)).isEqualTo(grown);
        verifyParts(grown.location(), MIB, 1, 2 * MIB);
    }

    @Test
    void aVolumeDoesNotShrinkNorGrowBeyondAllStorage() throws Exception {
        Growing growing = the(driver.growing());
        BackendVolume volume = volume(2 * MIB, 1);
        assertRefused(INVALID, () -> growing.grow(volume.id(), MIB));
        assertRefused(NOT_FOUND, () -> growing.grow(VolumeId.random(), MIB));
        try {
            growing.grow(volume.id(), Long.MAX_VALUE / granularityBytes() * granularityBytes());
        } catch (DriverException e) {
            assertThat(e.kind()).describedAs(e.getMessage()).isIn(INVALID, NO_SPACE);
            assertThat(driver.findVolume(volume.id())).contains(volume);
        }
        verifyNoRubbish();
    }

    @Test
    void aCloneHoldsWhatItsSourceHeld() throws Exception {
        Cloning cloning = the(driver.cloning());
        long size = 3 * MIB + 5 * granularityBytes();
        BackendVolume volume = volume(size, 1);
        VolumeSpec spec = spec(VolumeId.random(), size);
        BackendVolume clone = cloning.cloneVolume(spec, volume.id());
        assertThat(clone)
                .isEqualTo(
                        new BackendVolume(
                                spec.id(), spec.pool(), size, clone.location(), spec.mark()));
        assertThat(driver.findVolume(clone.id())).contains(clone);
        write(volume.location(), size, 2);
        verify(clone.location(), size, 1);
        write(clone.location(), MIB, 3);
        verify(volume.location(), size, 2);
        driver.deleteVolume(volume.id());
        try (SeekableByteChannel content = content(clone.location(), false)) {
            Pattern.verify(content, 0, MIB, 3);
            Pattern.verify(content, MIB, size, 1);
        }
        verifyNoRubbish();
    }

    @Test
    void aLargerCloneEndsInZeroesAndASmallerIsInvalid() throws Exception {
        Cloning cloning = the(driver.cloning());
        BackendVolume volume = volume(MIB, 1);
        BackendVolume clone = cloning.cloneVolume(spec(VolumeId.random(), 2 * MIB), volume.id());
        verifyParts(clone.location(), MIB, 1, 2 * MIB);
        assertRefused(INVALID, () -> cloning.cloneVolume(spec(VolumeId.random(), MIB), clone.id()));
    }

    @Test
    void clonedAgainItIsTheSameVolume() throws Exception {
        Cloning cloning = the(driver.cloning());
        BackendVolume volume = volume(MIB, 1);
        VolumeSpec spec = spec(VolumeId.random(), MIB);
        BackendVolume clone = cloning.cloneVolume(spec, volume.id());
        write(clone.location(), MIB, 2);
        write(volume.location(), MIB, 3);
        assertThat(cloning.cloneVolume(spec, volume.id())).isEqualTo(clone);
        verify(clone.location(), MIB, 2);
        driver.deleteVolume(volume.id());
        assertThat(cloning.cloneVolume(spec, volume.id())).isEqualTo(clone);
    }

    @Test
    void aCloneOfAnotherSourceConflicts() throws Exception {
        Cloning cloning = the(driver.cloning());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        VolumeId other = volume(MIB, 2).id();
        VolumeSpec spec = spec(VolumeId.random(), MIB);
        VolumeSpec larger = spec(spec.id(), 2 * MIB);
        VolumeSpec marked = new VolumeSpec(spec.id(), pool(), MIB, new Mark("another"));
        BackendVolume clone = cloning.cloneVolume(spec, volume.id());
        assertRefused(CONFLICT, () -> cloning.cloneVolume(spec, other));
        assertRefused(CONFLICT, () -> cloning.cloneVolume(larger, volume.id()));
        assertRefused(CONFLICT, () -> cloning.cloneVolume(marked, volume.id()));
        assertRefused(CONFLICT, () -> driver.createVolume(spec));
        assertRefused(CONFLICT, () -> driver.createFromSnapshot(spec, snapshot.id(), volume.id()));
        VolumeSpec itself = spec(volume.id(), MIB);
        assertRefused(CONFLICT, () -> cloning.cloneVolume(itself, volume.id()));
        verify(clone.location(), MIB, 1);
    }

    @Test
    void aCloneOfNothingOrInNoPoolFails() throws Exception {
        Cloning cloning = the(driver.cloning());
        VolumeId volume = volume(MIB).id();
        VolumeSpec spec = spec(VolumeId.random(), MIB);
        VolumeSpec lost = new VolumeSpec(VolumeId.random(), "no-such-pool", MIB, Mark.NONE);
        assertRefused(NOT_FOUND, () -> cloning.cloneVolume(spec, VolumeId.random()));
        assertRefused(INVALID, () -> cloning.cloneVolume(lost, volume));
    }

    @Test
    void aVolumeGoesBackToAnyOfItsSnapshotsAndKeepsThemAll() throws Exception {
        Reverting reverting = the(driver.reverting());
        BackendVolume volume = volume(2 * MIB, 1);
        BackendSnapshot first = snapshot(volume);
        write(volume.location(), 2 * MIB, 2);
        BackendSnapshot second = snapshot(volume);
        write(volume.location(), 2 * MIB, 3);
        for (BackendSnapshot target : new BackendSnapshot[] {first, second, first, first}) {
            assertThat(reverting.revert(volume.id(), target.id())).isEqualTo(volume);
            verify(volume.location(), 2 * MIB, target.equals(first) ? 1 : 2);
            verify(first.location(), 2 * MIB, 1);
            verify(second.location(), 2 * MIB, 2);
        }
        write(volume.location(), 2 * MIB, 4);
        verify(first.location(), 2 * MIB, 1);
        assertThat(driver.inventory().snapshots()).containsExactlyInAnyOrder(first, second);
        assertThat(driver.findVolume(volume.id())).contains(volume);
        verifyNoRubbish();
    }

    @Test
    void aVolumeThatGrewKeepsItsSizeWhenItGoesBack() throws Exception {
        Reverting reverting = the(driver.reverting());
        Growing growing = the(driver.growing());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        BackendVolume grown = growing.grow(volume.id(), 2 * MIB);
        driver.markVolume(volume.id(), new Mark("renamed"));
        write(grown.location(), 2 * MIB, 2);
        BackendVolume reverted = reverting.revert(volume.id(), snapshot.id());
        assertThat(reverted.sizeBytes()).isEqualTo(2 * MIB);
        assertThat(reverted.mark()).isEqualTo(new Mark("renamed"));
        verifyParts(reverted.location(), MIB, 1, 2 * MIB);
    }

    @Test
    void aVolumeGoesBackOnlyToItsOwnAndOnlyAtRest() throws Exception {
        Reverting reverting = the(driver.reverting());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        write(volume.location(), MIB, 2);
        SnapshotId foreign = snapshot(volume(MIB, 3)).id();
        assertRefused(NOT_FOUND, () -> reverting.revert(volume.id(), foreign));
        assertRefused(NOT_FOUND, () -> reverting.revert(volume.id(), SnapshotId.random()));
        assertRefused(NOT_FOUND, () -> reverting.revert(VolumeId.random(), snapshot.id()));
        try (SeekableByteChannel content = content(volume.location(), true)) {
            assertRefused(IN_USE, () -> reverting.revert(volume.id(), snapshot.id()));
            Pattern.verify(content, 0, MIB, 2);
        }
        verify(volume.location(), MIB, 2);
    }

    /** One generation up to some byte, and zeroes from there to the end. */
    final void verifyParts(String location, long written, int generation, long sizeBytes)
            throws Exception {
        try (SeekableByteChannel content = content(location, false)) {
            assertThat(content.size()).isEqualTo(sizeBytes);
            Pattern.verify(content, 0, written, generation);
            Pattern.verify(content, written, sizeBytes, 0);
        }
    }
}
