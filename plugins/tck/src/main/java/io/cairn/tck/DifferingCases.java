package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.Differing;
import io.cairn.spi.Inventory;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Where a driver says that snapshots differ, beside where they do. */
abstract class DifferingCases extends InspectingCases {
    private static final long SIZE = 32 * MIB;
    private static final int BLOCK = 4096;

    /** For storage that counts in large blocks, for each place that is written. */
    private static final long TOLERANCE = 2 * MIB;

    private static final int ALL = Integer.MAX_VALUE;

    @Test
    void snapshotsOfAnUnchangedVolumeDoNotDiffer() throws Exception {
        Differing differing = the(driver.differing());
        BackendVolume volume = volume(SIZE, 1);
        BackendSnapshot first = snapshot(volume);
        BackendSnapshot second = snapshot(volume);
        assertThat(changed(differing, first, second)).isEmpty();
        assertThat(changed(differing, second, first)).isEmpty();
        assertThat(changed(differing, first, first)).isEmpty();
    }

    @Test
    void whatWasWrittenBetweenTwoSnapshotsIsTheirDifference() throws Exception {
        Differing differing = the(driver.differing());
        BackendVolume volume = volume(SIZE, 1);
        BackendSnapshot first = snapshot(volume);
        overwrite(volume, 3 * MIB, 64 * KIB);
        overwrite(volume, 17 * MIB, MIB);
        overwrite(volume, SIZE - 4 * KIB, 4 * KIB);
        BackendSnapshot second = snapshot(volume);
        overwrite(volume, 0, SIZE);
        for (List<ChangedRange> changed :
                List.of(changed(differing, second, first), changed(differing, first, second))) {
            assertThat(bytes(changed)).isBetween(MIB + 68 * KIB, MIB + 68 * KIB + 3 * TOLERANCE);
        }
    }

    @Test
    void aSnapshotBesideNothingIsWhatWasWritten() throws Exception {
        Differing differing = the(driver.differing());
        BackendVolume volume = volume(SIZE);
        BackendSnapshot none = snapshot(volume);
        overwrite(volume, 8 * MIB, 2 * MIB);
        BackendSnapshot some = snapshot(volume);
        overwrite(volume, 20 * MIB, 4 * MIB);
        assertThat(bytes(changed(differing, none, null))).isLessThanOrEqualTo(TOLERANCE);
        assertThat(bytes(changed(differing, some, null))).isBetween(2 * MIB, 2 * MIB + TOLERANCE);
    }

    @Test
    void pagesOfTheDifferenceAreAllOfIt() throws Exception {
        Differing differing = the(driver.differing());
        BackendVolume volume = volume(SIZE, 1);
        BackendSnapshot first = snapshot(volume);
        for (long i = 0; i < 5; i++) {
            overwrite(volume, i * (6 * MIB) + MIB, 4 * KIB);
        }
        BackendSnapshot second = snapshot(volume);
        List<ChangedRange> whole = changed(differing, second, first);
        assertThat(whole).hasSize(5);
        for (int most : new int[] {1, 2, 5, 6}) {
            List<ChangedRange> pages = new ArrayList<>();
            long from = 0;
            while (true) {
                List<ChangedRange> page =
                        differing.changed(
                                volume.id(), second.id(), Optional.of(first.id()), from, most);
                assertThat(page).hasSizeLessThanOrEqualTo(most);
                pages.addAll(page);
                if (page.size() < most) {
                    break;
                }
                from = page.getLast().endBytes();
            }
            assertThat(pages).isEqualTo(whole);
        }
        long within = whole.get(1).offsetBytes() + 1;
        ChangedRange rest =
                differing
                        .changed(volume.id(), second.id(), Optional.of(first.id()), within, 1)
                        .getFirst();
        assertThat(rest.offsetBytes()).isEqualTo(within);
        assertThat(rest.endBytes()).isEqualTo(whole.get(1).endBytes());
    }

    @Test
    void whateverHappensToAVolumeItsSnapshotsDifferNowhereElse() throws Exception {
        Differing differing = the(driver.differing());
        long seed = Long.getLong("cairn.tck.seed", System.nanoTime());
        System.out.printf("-Dcairn.tck.seed=%d%n", seed);
        Random random = new Random(seed);
        BackendVolume volume = volume(SIZE / 4);
        List<BackendSnapshot> snapshots = new ArrayList<>();
        long size = volume.sizeBytes();
        for (int i = 0; i < 8; i++) {
            int writes = random.nextInt(4);
            for (int j = 0; j < writes; j++) {
                long length = BLOCK * (1L + random.nextInt(64));
                overwrite(volume, random.nextLong((size - length) / BLOCK) * BLOCK, length);
            }
            if (i == 3 && driver.growing().isPresent()) {
                size += MIB;
                volume = driver.growing().get().grow(volume.id(), size);
            }
            if (i == 5 && driver.reverting().isPresent()) {
                SnapshotId to = snapshots.get(random.nextInt(snapshots.size())).id();
                volume = driver.reverting().get().revert(volume.id(), to);
            }
            if (i == 6) {
                BackendSnapshot deleted = snapshots.remove(random.nextInt(snapshots.size()));
                driver.deleteSnapshot(deleted.id(), volume.id());
            }
            snapshots.add(snapshot(volume));
        }
        for (BackendSnapshot snapshot : snapshots) {
            for (BackendSnapshot base : snapshots) {
                List<ChangedRange> _ = changed(differing, snapshot, base);
            }
            List<ChangedRange> _ = changed(differing, snapshot, null);
        }
        verifyNoRubbish();
    }

    @Test
    void whatIsNotThereDoesNotDiffer() throws Exception {
        Differing differing = the(driver.differing());
        BackendVolume volume = volume(MIB, 1);
        SnapshotId there = snapshot(volume).id();
        SnapshotId foreign = snapshot(volume(MIB)).id();
        VolumeId id = volume.id();
        Inventory before = driver.inventory();
        for (SnapshotId none : new SnapshotId[] {SnapshotId.random(), foreign}) {
            assertRefused(NOT_FOUND, () -> differing.changed(id, none, Optional.of(there), 0, 1));
            assertRefused(NOT_FOUND, () -> differing.changed(id, there, Optional.of(none), 0, 1));
            assertRefused(NOT_FOUND, () -> differing.changed(id, none, Optional.empty(), 0, 1));
        }
        assertSame(driver.inventory(), before);
    }

    private int generation = 1;

    private void overwrite(BackendVolume volume, long at, long length) throws Exception {
        generation++;
        try (SeekableByteChannel content = content(volume.location(), true)) {
            Pattern.write(content, at, at + length, generation);
            if (content instanceof FileChannel file) {
                file.force(true);
            }
        }
    }

    private static long bytes(List<ChangedRange> ranges) {
        return ranges.stream().mapToLong(ChangedRange::lengthBytes).sum();
    }

    /** The whole difference, once it was found to be one: in order, and with all that differs. */
    private List<ChangedRange> changed(
            Differing differing, BackendSnapshot snapshot, @Nullable BackendSnapshot base)
            throws Exception {
        List<ChangedRange> changed =
                differing.changed(
                        snapshot.volume(),
                        snapshot.id(),
                        Optional.ofNullable(base).map(BackendSnapshot::id),
                        0,
                        ALL);
        long end = -1;
        for (ChangedRange each : changed) {
            assertThat(each.offsetBytes()).describedAs("%s", changed).isGreaterThan(end);
            end = each.endBytes();
        }
        assertThat(end).isLessThanOrEqualTo(snapshot.sizeBytes());
        byte[] now = read(snapshot);
        byte[] then = Arrays.copyOf(base == null ? new byte[0] : read(base), now.length);
        for (int at = 0; at < now.length; at += BLOCK) {
            int to = Math.min(now.length, at + BLOCK);
            if (!Arrays.equals(now, at, to, then, at, to)) {
                assertThat(covered(changed, at, to))
                        .describedAs("bytes %d to %d differ; said is %s", at, to, changed)
                        .isTrue();
            }
        }
        return changed;
    }

    private static boolean covered(List<ChangedRange> changed, long from, long to) {
        return changed.stream()
                .anyMatch(each -> each.offsetBytes() <= from && each.endBytes() >= to);
    }

    private byte[] read(BackendSnapshot snapshot) throws Exception {
        try (SeekableByteChannel content = content(snapshot.location(), false)) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(content.size()));
            while (bytes.hasRemaining() && content.read(bytes) >= 0) {
                // reads on
            }
            return bytes.array();
        }
    }
}
