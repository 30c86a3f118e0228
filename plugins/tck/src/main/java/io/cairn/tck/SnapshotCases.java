package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.channels.SeekableByteChannel;
import java.time.Instant;

/** Snapshots, and volumes made from them. */
abstract class SnapshotCases extends VolumeCases {
    @Test
    void aSnapshotIsReturnedAsAsked() throws Exception {
        BackendVolume volume = volume(MIB);
        SnapshotSpec spec = snapshotSpec(SnapshotId.random(), volume.id());
        BackendSnapshot snapshot = driver.createSnapshot(spec);
        assertThat(snapshot)
                .isEqualTo(
                        new BackendSnapshot(
                                spec.id(),
                                volume.id(),
                                MIB,
                                snapshot.cutAt(),
                                snapshot.location(),
                                spec.mark()));
    }

    @Test
    void aSnapshotIsCutDuringTheCall() throws Exception {
        BackendVolume volume = volume(MIB);
        Instant before = Instant.now();
        BackendSnapshot snapshot = snapshot(volume);
        assertThat(snapshot.cutAt()).isBetween(before, Instant.now());
    }

    @Test
    void aSnapshotIsFoundAsItWasReturned() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB));
        assertThat(driver.findSnapshot(snapshot.id(), snapshot.volume())).contains(snapshot);
    }

    @Test
    void aSnapshotThatIsNotThereIsNotFound() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB));
        VolumeId other = volume(MIB).id();
        assertThat(driver.findSnapshot(SnapshotId.random(), snapshot.volume())).isEmpty();
        assertThat(driver.findSnapshot(snapshot.id(), other)).isEmpty();
        assertThat(driver.findSnapshot(snapshot.id(), VolumeId.random())).isEmpty();
    }

    @Test
    void aSnapshotKeepsItsContent() throws Exception {
        BackendVolume volume = volume(5 * MIB + 3 * granularityBytes(), 1);
        BackendSnapshot snapshot = snapshot(volume);
        write(volume.location(), volume.sizeBytes(), 2);
        verify(snapshot.location(), volume.sizeBytes(), 1);
        verify(volume.location(), volume.sizeBytes(), 2);
    }

    @Test
    void aSnapshotKeepsItsContentWithoutItsSiblings() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot first = snapshot(volume);
        write(volume.location(), MIB, 2);
        BackendSnapshot second = snapshot(volume);
        write(volume.location(), MIB, 3);
        BackendSnapshot third = snapshot(volume);
        write(volume.location(), MIB, 4);
        driver.deleteSnapshot(first.id(), volume.id());
        driver.deleteSnapshot(third.id(), volume.id());
        verify(second.location(), MIB, 2);
        verify(volume.location(), MIB, 4);
        assertThat(driver.inventory().snapshots()).containsExactly(second);
    }

    @Test
    void holesOfAVolumeAreZeroesInItsSnapshot() throws Exception {
        BackendVolume volume = volume(64 * MIB);
        try (SeekableByteChannel content = content(volume.location(), true)) {
            Pattern.write(content, 10 * MIB, 11 * MIB, 1);
            Pattern.write(content, 40 * MIB + 512, 40 * MIB + 1024, 1);
        }
        BackendSnapshot snapshot = snapshot(volume);
        try (SeekableByteChannel content = content(snapshot.location(), false)) {
            Pattern.verify(content, 0, 10 * MIB, 0);
            Pattern.verify(content, 10 * MIB, 11 * MIB, 1);
            Pattern.verify(content, 11 * MIB, 40 * MIB + 512, 0);
            Pattern.verify(content, 40 * MIB + 512, 40 * MIB + 1024, 1);
            Pattern.verify(content, 40 * MIB + 1024, 64 * MIB, 0);
        }
    }

    @Test
    void createdAgainItIsNotCutAgain() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        SnapshotSpec spec = snapshotSpec(SnapshotId.random(), volume.id());
        BackendSnapshot snapshot = driver.createSnapshot(spec);
        write(volume.location(), MIB, 2);
        assertThat(driver.createSnapshot(spec)).isEqualTo(snapshot);
        verify(snapshot.location(), MIB, 1);
        verifyNoRubbish();
    }

    @Test
    void aSnapshotCreatedAgainWithAnotherMarkConflicts() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB, 1));
        SnapshotSpec other =
                new SnapshotSpec(snapshot.id(), snapshot.volume(), new Mark("another"));
        SnapshotSpec none = new SnapshotSpec(snapshot.id(), snapshot.volume(), Mark.NONE);
        assertRefused(CONFLICT, () -> driver.createSnapshot(other));
        assertRefused(CONFLICT, () -> driver.createSnapshot(none));
        verify(snapshot.location(), MIB, 1);
    }

    @Test
    void theIdOfAnotherVolumesSnapshotConflicts() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB, 1));
        VolumeId other = volume(MIB, 2).id();
        assertRefused(CONFLICT, () -> driver.createSnapshot(snapshotSpec(snapshot.id(), other)));
        verify(snapshot.location(), MIB, 1);
    }

    @Test
    void deletingByTheWrongVolumeDeletesNothing() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB, 1));
        VolumeId other = volume(MIB).id();
        driver.deleteSnapshot(snapshot.id(), other);
        assertThat(driver.findSnapshot(snapshot.id(), snapshot.volume())).contains(snapshot);
        assertRefused(CONFLICT, () -> driver.createSnapshot(snapshotSpec(snapshot.id(), other)));
    }

    @Test
    void aSnapshotOfNoVolumeFails() throws Exception {
        assertRefused(
                NOT_FOUND,
                () -> driver.createSnapshot(snapshotSpec(SnapshotId.random(), VolumeId.random())));
    }

    @Test
    void aVolumeWithSnapshotsIsNotDeleted() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        assertRefused(IN_USE, () -> driver.deleteVolume(volume.id()));
        driver.deleteSnapshot(snapshot.id(), volume.id());
        driver.deleteVolume(volume.id());
        assertThat(driver.inventory().volumes()).isEmpty();
    }

    @Test
    void aDeletedSnapshotIsGone() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB, 1));
        driver.deleteSnapshot(snapshot.id(), snapshot.volume());
        assertThat(driver.findSnapshot(snapshot.id(), snapshot.volume())).isEmpty();
        assertThat(driver.inventory().snapshots()).isEmpty();
        verifyNoRubbish();
    }

    @Test
    void deletingASnapshotThatIsNotThereSucceeds() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB));
        driver.deleteSnapshot(snapshot.id(), snapshot.volume());
        driver.deleteSnapshot(snapshot.id(), snapshot.volume());
        driver.deleteSnapshot(SnapshotId.random(), snapshot.volume());
        driver.deleteSnapshot(SnapshotId.random(), VolumeId.random());
        verifyNoRubbish();
    }

    @ParameterizedTest
    @MethodSource("marks")
    void aSnapshotKeepsAnyMarkWhole(String text) throws Exception {
        SnapshotSpec spec = new SnapshotSpec(SnapshotId.random(), volume(MIB).id(), new Mark(text));
        BackendSnapshot snapshot = driver.createSnapshot(spec);
        assertThat(snapshot.mark()).isEqualTo(spec.mark());
        reopen();
        assertThat(driver.findSnapshot(spec.id(), spec.volume())).contains(snapshot);
        assertThat(driver.inventory().snapshots()).containsExactly(snapshot);
    }

    @Test
    void aVolumeFromASnapshotHoldsItsContent() throws Exception {
        long size = 3 * MIB + 5 * granularityBytes();
        BackendVolume volume = volume(size, 1);
        BackendSnapshot snapshot = snapshot(volume);
        write(volume.location(), size, 2);
        BackendVolume clone = clone(snapshot, size);
        assertThat(driver.findVolume(clone.id())).contains(clone);
        verify(clone.location(), size, 1);
    }

    @Test
    void aLargerVolumeFromASnapshotEndsInZeroes() throws Exception {
        long size = MIB + granularityBytes();
        BackendVolume clone = clone(snapshot(volume(size, 1)), 2 * MIB);
        try (SeekableByteChannel content = content(clone.location(), false)) {
            assertThat(content.size()).isEqualTo(2 * MIB);
            Pattern.verify(content, 0, size, 1);
            Pattern.verify(content, size, 2 * MIB, 0);
        }
    }

    @Test
    void aSmallerVolumeFromASnapshotIsInvalid() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(2 * MIB, 1));
        assertRefused(INVALID, () -> clone(snapshot, MIB));
    }

    @Test
    void aVolumeFromNoSnapshotFails() throws Exception {
        VolumeId volume = volume(MIB).id();
        VolumeSpec spec = spec(VolumeId.random(), MIB);
        assertRefused(
                NOT_FOUND, () -> driver.createFromSnapshot(spec, SnapshotId.random(), volume));
        assertRefused(
                NOT_FOUND,
                () -> driver.createFromSnapshot(spec, SnapshotId.random(), VolumeId.random()));
    }

    @Test
    void aVolumeFromASnapshotInAPoolThatIsNotThereIsInvalid() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB));
        VolumeSpec spec = new VolumeSpec(VolumeId.random(), "no-such-pool", MIB, Mark.NONE);
        assertRefused(
                INVALID, () -> driver.createFromSnapshot(spec, snapshot.id(), snapshot.volume()));
    }

    @Test
    void aVolumeFromASnapshotIsIndependentBothWays() throws Exception {
        BackendVolume volume = volume(2 * MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        BackendVolume clone = clone(snapshot, 2 * MIB);
        write(clone.location(), MIB, 2);
        verify(volume.location(), 2 * MIB, 1);
        verify(snapshot.location(), 2 * MIB, 1);
        write(volume.location(), 2 * MIB, 3);
        try (SeekableByteChannel content = content(clone.location(), false)) {
            Pattern.verify(content, 0, MIB, 2);
            Pattern.verify(content, MIB, 2 * MIB, 1);
        }
    }

    @Test
    void aVolumeFromASnapshotOutlivesItsSource() throws Exception {
        BackendVolume volume = volume(2 * MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        BackendVolume clone = clone(snapshot, 2 * MIB);
        driver.deleteSnapshot(snapshot.id(), volume.id());
        driver.deleteVolume(volume.id());
        BackendVolume after = volume(2 * MIB, 2);
        verify(clone.location(), 2 * MIB, 1);
        verify(after.location(), 2 * MIB, 2);
        assertThat(driver.inventory().volumes()).containsExactlyInAnyOrder(clone, after);
    }

    @Test
    void aSnapshotOutlivesTheVolumesMadeFromIt() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB, 1));
        BackendVolume clone = clone(snapshot, MIB);
        driver.deleteVolume(clone.id());
        verify(snapshot.location(), MIB, 1);
    }

    @Test
    void aVolumeFromASnapshotHasSnapshotsOfItsOwn() throws Exception {
        BackendVolume clone = clone(snapshot(volume(MIB, 1)), MIB);
        BackendSnapshot ofClone = snapshot(clone);
        write(clone.location(), MIB, 2);
        BackendVolume grandchild = clone(ofClone, MIB);
        verify(grandchild.location(), MIB, 1);
        verify(ofClone.location(), MIB, 1);
    }

    @Test
    void aVolumeCreatedAgainFromItsSnapshotIsTheSame() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB, 1));
        BackendVolume clone = clone(snapshot, MIB);
        write(clone.location(), MIB, 2);
        assertThat(
                        driver.createFromSnapshot(
                                spec(clone.id(), MIB), snapshot.id(), snapshot.volume()))
                .isEqualTo(clone);
        verify(clone.location(), MIB, 2);
    }

    @Test
    void aVolumeCreatedAgainFromItsSnapshotWithAnotherMarkConflicts() throws Exception {
        BackendSnapshot snapshot = snapshot(volume(MIB, 1));
        BackendVolume clone = clone(snapshot, MIB);
        VolumeSpec other = new VolumeSpec(clone.id(), pool(), MIB, new Mark("another"));
        assertRefused(
                CONFLICT, () -> driver.createFromSnapshot(other, snapshot.id(), snapshot.volume()));
        verify(clone.location(), MIB, 1);
    }

    @Test
    void aVolumeCreatedAgainFromAnotherSourceConflicts() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot first = snapshot(volume);
        BackendSnapshot second = snapshot(volume);
        VolumeSpec clone = spec(clone(first, MIB).id(), MIB);
        VolumeSpec plain = spec(volume.id(), MIB);
        VolumeSpec larger = spec(clone.id(), 2 * MIB);
        assertRefused(
                CONFLICT, () -> driver.createFromSnapshot(clone, second.id(), second.volume()));
        assertRefused(CONFLICT, () -> driver.createVolume(clone));
        assertRefused(CONFLICT, () -> driver.createFromSnapshot(plain, first.id(), first.volume()));
        assertRefused(
                CONFLICT, () -> driver.createFromSnapshot(larger, first.id(), first.volume()));
    }

    /**
     * Cuts snapshots while a writer is at work, each of which must be of an instant of its call.
     */
    final void assertSnapshotsOfInstants(
            BackendVolume volume, SeekableByteChannel content, int times) throws Exception {
        int refused = 0;
        try (OrderedWriter writer = OrderedWriter.start(content, volume.sizeBytes())) {
            for (int i = 0; i < times; i++) {
                long before = writer.acknowledgedAfterAnother();
                BackendSnapshot snapshot;
                try {
                    snapshot = snapshot(volume);
                } catch (DriverException e) {
                    assertThat(e.kind()).describedAs(e.getMessage()).isEqualTo(UNSUPPORTED);
                    refused++;
                    continue;
                }
                long after = writer.begun();
                try (SeekableByteChannel cut = content(snapshot.location(), false)) {
                    assertThat(OrderedWriter.instantOf(cut, volume.sizeBytes()))
                            .isBetween(before, after);
                }
            }
        }
        // What decides is the backend and the use, not chance.
        assertThat(refused).isIn(0, times);
        assertThat(driver.inventory().snapshots()).hasSize(times - refused);
        verifyNoRubbish();
    }
}
