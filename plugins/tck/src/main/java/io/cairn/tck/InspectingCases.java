package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Background;
import io.cairn.spi.Chore;
import io.cairn.spi.Inspecting;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** What a driver tells of its objects, and of the work that it goes on with by itself. */
abstract class InspectingCases extends MeasuringCases {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final long PAUSE_MILLIS = 20;

    @Test
    void whatIsThereIsInspectedWithoutBeingChanged() throws Exception {
        Inspecting inspecting = the(driver.inspecting());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        write(volume.location(), MIB, 2);
        for (Target target :
                List.of(Target.of(volume.id()), Target.of(volume.id(), snapshot.id()))) {
            Map<String, String> found = inspecting.inspect(target);
            assertThat(found).isNotEmpty();
            found.forEach(
                    (word, value) -> {
                        assertThat(word).matches("[a-z][a-z0-9]*(-[a-z0-9]+)*");
                        assertThat(value).describedAs(word).isNotBlank();
                        if (word.endsWith("-bytes")) {
                            assertThat(Long.parseLong(value)).describedAs(word).isNotNegative();
                        }
                    });
            reopen();
            inspecting = the(driver.inspecting());
            assertThat(inspecting.inspect(target)).containsOnlyKeys(found.keySet());
        }
        verify(volume.location(), MIB, 2);
        verify(snapshot.location(), MIB, 1);
        verifyNoRubbish();
    }

    @Test
    void whatIsNotThereIsNotInspected() throws Exception {
        Inspecting inspecting = the(driver.inspecting());
        BackendVolume volume = volume(MIB);
        SnapshotId foreign = snapshot(volume(MIB)).id();
        assertRefused(NOT_FOUND, () -> inspecting.inspect(Target.of(VolumeId.random())));
        assertRefused(
                NOT_FOUND, () -> inspecting.inspect(Target.of(volume.id(), SnapshotId.random())));
        assertRefused(NOT_FOUND, () -> inspecting.inspect(Target.of(volume.id(), foreign)));
    }

    @Test
    void theWorkInTheBackgroundEndsAndLeavesAllAsItWas() throws Exception {
        BackendVolume volume = volume(8 * MIB, 1);
        BackendSnapshot first = snapshot(volume);
        write(volume.location(), 4 * MIB, 2);
        BackendSnapshot second = snapshot(volume);
        write(volume.location(), 2 * MIB, 3);
        BackendSnapshot third = snapshot(volume);
        BackendVolume clone = clone(second, 8 * MIB);
        driver.deleteSnapshot(first.id(), volume.id());
        driver.deleteSnapshot(third.id(), volume.id());
        long until = System.nanoTime() + LONG.toNanos();
        for (List<Chore> chores = chores(); !chores.isEmpty(); chores = chores()) {
            assertThat(chores).allMatch(chore -> !chore.what().isBlank());
            assertThat(System.nanoTime()).describedAs("%s", chores).isLessThan(until);
            Thread.sleep(PAUSE_MILLIS);
        }
        verifyParts(second.location(), 4 * MIB, 2, 1);
        verifyParts(clone.location(), 4 * MIB, 2, 1);
        verifyParts(volume.location(), 2 * MIB, 3, 2);
        verifyNoRubbish();
        driver.deleteSnapshot(second.id(), volume.id());
        verifyParts(clone.location(), 4 * MIB, 2, 1);
        driver.deleteVolume(volume.id());
        verifyParts(clone.location(), 4 * MIB, 2, 1);
        verifyNoRubbish();
    }

    private List<Chore> chores() {
        return driver.background().map(Background::chores).orElse(List.of());
    }

    /** One generation up to some byte, then another for as long again. */
    private void verifyParts(String location, long part, int generation, int then)
            throws Exception {
        try (var content = content(location, false)) {
            Pattern.verify(content, 0, part, generation);
            Pattern.verify(content, part, 2 * part, then);
        }
    }
}
