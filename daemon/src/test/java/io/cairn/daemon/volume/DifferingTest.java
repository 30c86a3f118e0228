package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.SnapshotId;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where snapshots differ, as it is asked of the driver. */
final class DifferingTest {
    private static final long MIB = 1L << 20;
    private static final List<ChangedRange> CHANGED =
            List.of(
                    new ChangedRange(0, 4096),
                    new ChangedRange(65_536, 8192),
                    new ChangedRange(MIB - 4096, 4096));

    private final List<Optional<SnapshotId>> bases = new ArrayList<>();
    private House house;
    private Volume volume;
    private Snapshot first;
    private Snapshot second;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        house = House.open(folder);
        house.driver.differing =
                Optional.of(
                        (_, _, base, fromByte, most) -> {
                            bases.add(base);
                            return CHANGED.stream()
                                    .filter(range -> range.offsetBytes() >= fromByte)
                                    .limit(most)
                                    .toList();
                        });
        volume = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        first = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s1"));
        second = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s2"));
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void pagesGoOnWhereTheOneBeforeEnded() throws Exception {
        Page<ChangedRange> page = changed("s1", 2, "");
        assertThat(page.items()).isEqualTo(CHANGED.subList(0, 2));
        Page<ChangedRange> rest = changed("s1", 2, page.continuation());
        assertThat(rest).isEqualTo(new Page<>(CHANGED.subList(2, 3), ""));
    }

    @Test
    void theOtherSnapshotIsNamedOrNumberedOrNone() throws Exception {
        assertThat(changed("s1", 10, "").items()).isEqualTo(CHANGED);
        assertThat(changed(first.id().toString(), 10, "").items()).isEqualTo(CHANGED);
        assertThat(changed("", 10, "").items()).isEqualTo(CHANGED);
        assertThat(bases)
                .containsExactly(
                        Optional.of(first.id()), Optional.of(first.id()), Optional.empty());
    }

    @Test
    void aSnapshotThatIsNotTheVolumesIsNotFound() throws Exception {
        Volume other = house.volumes.createVolume(BACKEND, NewVolume.named("db2", MIB));
        Snapshot foreign = house.volumes.createSnapshot(other.id(), NewSnapshot.named("t"));
        for (String since : List.of("t", foreign.id().toString())) {
            assertFails(
                    Code.NOT_FOUND,
                    "volume db1 has no snapshot '%s'".formatted(since),
                    () -> changed(since, 10, ""));
        }
        assertFails(
                Code.NOT_FOUND,
                "there is no snapshot",
                () -> house.volumes.changed(SnapshotId.random(), "", 10, ""));
    }

    @Test
    void aContinuationThatIsNoneIsRefused() {
        for (String continuation : List.of("x", "from:", "from:-1", "from:1234567890123456789")) {
            assertFails(
                    Code.INVALID,
                    "'%s' is no continuation".formatted(continuation),
                    () -> changed("s1", 10, continuation));
        }
        assertThat(bases).isEmpty();
    }

    @Test
    void aBackendThatCannotTellSaysSo() {
        house.driver.differing = Optional.empty();
        assertFails(
                Code.UNSUPPORTED,
                "cannot tell what changed in snapshot s2 of volume db1: backend fast does not",
                () -> changed("s1", 10, ""));
    }

    private Page<ChangedRange> changed(String since, int most, String continuation)
            throws OperationException, InterruptedException {
        return house.volumes.changed(second.id(), since, most, continuation);
    }
}
