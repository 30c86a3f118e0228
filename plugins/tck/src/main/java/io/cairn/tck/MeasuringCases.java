package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Inventory;
import io.cairn.spi.Measuring;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;

import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;

/** What a driver says that deleting a snapshot would free, beside what it then does free. */
abstract class MeasuringCases extends HandingCases {
    private static final long SIZE = 32 * MIB;

    /**
     * What comes back with the content: trees of extents, checksums, a block of attributes. XFS,
     * btrfs and ext4 were never off by more than 4 KiB; there is room here for storage that shares
     * in pieces of a megabyte, as thin pools may, and still a quarter of what is told apart.
     */
    private static final long TOLERANCE = 2 * MIB;

    private static final long PART = 4 * TOLERANCE;

    /** Storage may free in the background what was deleted, as XFS does within milliseconds. */
    private static final int MOST_LOOKS = 100;

    private static final long BETWEEN_LOOKS_MILLIS = 100;

    @Test
    void aSnapshotOfAnUnchangedVolumeFreesOnlyWhatItDoesNotShare() throws Exception {
        Measuring measuring = the(driver.measuring());
        BackendSnapshot snapshot = snapshot(volume(SIZE, 1));
        long measured = measured(measuring, snapshot);
        assertAbout(measured, unlessShared(Trait.SHARED_SNAPSHOTS, SIZE));
        assertFreed(snapshot, measured);
    }

    @Test
    void aSnapshotFreesWhatWasOverwrittenSinceItWasCut() throws Exception {
        Measuring measuring = the(driver.measuring());
        BackendVolume volume = volume(SIZE, 1);
        BackendSnapshot snapshot = snapshot(volume);
        write(volume.location(), SIZE, 2);
        long measured = measured(measuring, snapshot);
        assertAbout(measured, SIZE);
        assertFreed(snapshot, measured);
    }

    /** Where one shares in large pieces, as btrfs does, a part of one may free nothing at all. */
    @Test
    void aSnapshotFreesNoMoreThanWasOverwritten() throws Exception {
        Measuring measuring = the(driver.measuring());
        BackendVolume volume = volume(SIZE, 1);
        BackendSnapshot snapshot = snapshot(volume);
        overwrite(volume, PART);
        long measured = measured(measuring, snapshot);
        assertThat(measured)
                .isLessThanOrEqualTo(unlessShared(Trait.SHARED_SNAPSHOTS, SIZE, PART) + TOLERANCE);
        assertFreed(snapshot, measured);
    }

    @Test
    void whatTwoSnapshotsShareIsFreedByTheLastOfThem() throws Exception {
        Measuring measuring = the(driver.measuring());
        BackendVolume volume = volume(SIZE, 1);
        BackendSnapshot first = snapshot(volume);
        BackendSnapshot second = snapshot(volume);
        write(volume.location(), SIZE, 2);
        long expected = unlessShared(Trait.SHARED_SNAPSHOTS, SIZE);
        assertAbout(measured(measuring, first), expected);
        assertAbout(measured(measuring, second), expected);
        assertFreed(first, expected);
        for (int looks = 0; looks < MOST_LOOKS && measured(measuring, second) < PART; looks++) {
            Thread.sleep(BETWEEN_LOOKS_MILLIS);
        }
        long measured = measured(measuring, second);
        assertAbout(measured, SIZE);
        assertFreed(second, measured);
    }

    @Test
    void whatAVolumeMadeFromASnapshotSharesIsNotFreed() throws Exception {
        Measuring measuring = the(driver.measuring());
        BackendVolume volume = volume(SIZE, 1);
        BackendSnapshot snapshot = snapshot(volume);
        BackendVolume clone = clone(snapshot, SIZE);
        write(volume.location(), SIZE, 2);
        long measured = measured(measuring, snapshot);
        assertAbout(measured, unlessShared(Trait.SHARED_CLONES, SIZE));
        assertFreed(snapshot, measured);
        verify(clone.location(), SIZE, 1);
    }

    @Test
    void measuredAgainItIsTheSameAndNothingIsChanged() throws Exception {
        Measuring measuring = the(driver.measuring());
        BackendVolume volume = volume(SIZE, 1);
        BackendSnapshot snapshot = snapshot(volume);
        overwrite(volume, SIZE / 2);
        Inventory before = driver.inventory();
        long measured = measured(measuring, snapshot);
        assertThat(measured(measuring, snapshot)).isEqualTo(measured);
        reopen();
        assertThat(measured(the(driver.measuring()), snapshot)).isEqualTo(measured);
        assertSame(driver.inventory(), before);
        verify(snapshot.location(), SIZE, 1);
        verifyNoRubbish();
    }

    @Test
    void aSnapshotOfHolesFreesNextToNothing() throws Exception {
        Measuring measuring = the(driver.measuring());
        BackendVolume volume = volume(8 * SIZE);
        BackendSnapshot snapshot = snapshot(volume);
        long measured = measured(measuring, snapshot);
        assertAbout(measured, traits().contains(Trait.THIN) ? 0 : 8 * SIZE);
        assertFreed(snapshot, measured);
    }

    @Test
    void whatIsNotThereIsNotMeasured() throws Exception {
        Measuring measuring = the(driver.measuring());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot deleted = snapshot(volume);
        BackendSnapshot snapshot = snapshot(volume);
        VolumeId other = volume(MIB).id();
        driver.deleteSnapshot(deleted.id(), volume.id());
        assertRefused(NOT_FOUND, () -> measuring.freedByDeleting(deleted.id(), volume.id()));
        assertRefused(NOT_FOUND, () -> measuring.freedByDeleting(SnapshotId.random(), volume.id()));
        assertRefused(NOT_FOUND, () -> measuring.freedByDeleting(snapshot.id(), other));
        assertRefused(NOT_FOUND, () -> measuring.freedByDeleting(snapshot.id(), VolumeId.random()));
    }

    /** Once all that was written is on the storage, which alone knows what is shared. */
    private long measured(Measuring measuring, BackendSnapshot snapshot) throws Exception {
        long _ = usedBytes(storage);
        return measuring.freedByDeleting(snapshot.id(), snapshot.volume());
    }

    private long unlessShared(Trait trait, long bytes) {
        return unlessShared(trait, bytes, 0);
    }

    private long unlessShared(Trait trait, long bytes, long shared) {
        return traits().contains(trait) ? shared : bytes;
    }

    private void overwrite(BackendVolume volume, long bytes) throws Exception {
        try (SeekableByteChannel content = content(volume.location(), true)) {
            Pattern.write(content, 0, bytes, 2);
            if (content instanceof FileChannel file) {
                file.force(true);
            }
        }
    }

    private static void assertAbout(long bytes, long expected) {
        assertThat(bytes).isNotNegative().isCloseTo(expected, within(TOLERANCE));
    }

    /** Deletes a snapshot, which must free that much and then no more. */
    private void assertFreed(BackendSnapshot snapshot, long bytes) throws Exception {
        long before = usedBytes(storage);
        driver.deleteSnapshot(snapshot.id(), snapshot.volume());
        for (int looks = 0; looks < MOST_LOOKS; looks++) {
            if (Math.abs(before - usedBytes(storage) - bytes) <= TOLERANCE) {
                break;
            }
            Thread.sleep(BETWEEN_LOOKS_MILLIS);
        }
        Thread.sleep(BETWEEN_LOOKS_MILLIS);
        assertThat(before - usedBytes(storage)).isCloseTo(bytes, within(TOLERANCE));
    }
}
