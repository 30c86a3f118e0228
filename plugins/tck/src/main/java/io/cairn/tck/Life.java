package io.cairn.tck;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * An endless sequence of calls that any process can make or judge from the seed alone: rounds of a
 * volume that is made, written, snapshotted, cloned, and of which some things are deleted.
 */
final class Life {
    private static final long SIZE = 512 * DriverFixture.KIB;
    private static final int STEPS = 6;

    private final DriverFixture fixture;
    private final long seed;

    Life(DriverFixture fixture, long seed) {
        this.fixture = fixture;
        this.seed = seed;
    }

    /** Makes call number {@code i}, which may have been made already. */
    void call(Driver driver, int i) throws Exception {
        int round = i / STEPS;
        switch (i % STEPS) {
            case 0 -> driver.createVolume(spec(driver, volume(round)));
            case 1 -> {
                write(driver, round);
                driver.createSnapshot(DriverFixture.snapshotSpec(first(round), volume(round)));
            }
            case 2 ->
                    driver.createFromSnapshot(
                            spec(driver, copy(round)), first(round), volume(round));
            case 3 -> driver.createSnapshot(DriverFixture.snapshotSpec(second(round), copy(round)));
            case 4 -> driver.deleteSnapshot(first(round), volume(round));
            case 5 -> driver.deleteVolume(volume(round));
            default -> throw new AssertionError();
        }
    }

    /**
     * Verifies what there must be when call {@code i} was begun and all before it are done.
     *
     * @param done whether it is done too
     */
    void verify(Driver driver, int i, boolean done) throws Exception {
        List<VolumeId> volumes = new ArrayList<>();
        List<SnapshotId> snapshots = new ArrayList<>();
        int steps = done ? i + 1 : i;
        for (int round = 0; round * STEPS < steps; round++) {
            int reached = Math.min(STEPS, steps - round * STEPS);
            if (reached >= 1 && reached < 6) {
                volumes.add(volume(round));
            }
            if (reached >= 2 && reached < 5) {
                snapshots.add(first(round));
            }
            if (reached >= 3) {
                volumes.add(copy(round));
            }
            if (reached >= 4) {
                snapshots.add(second(round));
            }
        }
        List<BackendVolume> foundVolumes = new ArrayList<>(driver.inventory().volumes());
        List<BackendSnapshot> foundSnapshots = new ArrayList<>(driver.inventory().snapshots());
        for (BackendVolume volume : foundVolumes) {
            assertThat(driver.findVolume(volume.id())).contains(volume);
            assertThat(volume.mark()).isEqualTo(new Mark("volume " + volume.id()));
            assertThat(volume.sizeBytes()).isEqualTo(SIZE);
        }
        for (BackendSnapshot snapshot : foundSnapshots) {
            assertThat(driver.findSnapshot(snapshot.id(), snapshot.volume())).contains(snapshot);
            assertThat(snapshot.mark()).isEqualTo(new Mark("snapshot " + snapshot.id()));
            fixture.verify(snapshot.location(), SIZE, 1);
        }
        if (!done) {
            // The call in doubt makes or deletes one thing, which is there or is not.
            int round = i / STEPS;
            List<VolumeId> doubtful = List.of(i % STEPS == 2 ? copy(round) : volume(round));
            SnapshotId cut = i % STEPS == 3 ? second(round) : first(round);
            switch (i % STEPS) {
                case 0, 2, 5 -> {
                    volumes.removeAll(doubtful);
                    foundVolumes.removeIf(volume -> doubtful.contains(volume.id()));
                }
                default -> {
                    snapshots.remove(cut);
                    foundSnapshots.removeIf(snapshot -> snapshot.id().equals(cut));
                }
            }
        }
        assertThat(foundVolumes.stream().map(BackendVolume::id))
                .containsExactlyInAnyOrderElementsOf(volumes);
        assertThat(foundSnapshots.stream().map(BackendSnapshot::id))
                .containsExactlyInAnyOrderElementsOf(snapshots);
        for (BackendVolume volume : foundVolumes) {
            boolean written = !volume.id().equals(volume(i / STEPS)) || i % STEPS >= 2;
            if (written) {
                fixture.verify(volume.location(), SIZE, 1);
            }
        }
    }

    private VolumeSpec spec(Driver driver, VolumeId id)
            throws DriverException, InterruptedException {
        String pool = driver.pools().getFirst().name();
        return new VolumeSpec(id, pool, SIZE, new Mark("volume " + id));
    }

    private void write(Driver driver, int round)
            throws IOException, DriverException, InterruptedException {
        fixture.write(driver.findVolume(volume(round)).orElseThrow().location(), SIZE, 1);
    }

    private VolumeId volume(int round) {
        return new VolumeId(uuid("volume", round));
    }

    private VolumeId copy(int round) {
        return new VolumeId(uuid("copy", round));
    }

    private SnapshotId first(int round) {
        return new SnapshotId(uuid("first", round));
    }

    private SnapshotId second(int round) {
        return new SnapshotId(uuid("second", round));
    }

    private UUID uuid(String word, int round) {
        return UUID.nameUUIDFromBytes(
                "%s %d %d".formatted(word, seed, round).getBytes(StandardCharsets.UTF_8));
    }
}
