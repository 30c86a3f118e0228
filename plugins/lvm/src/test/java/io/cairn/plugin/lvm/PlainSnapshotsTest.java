package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.Attaching;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Chore;
import io.cairn.spi.Inventory;
import io.cairn.spi.Target;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/** What snapshots have room for, and what is said once they have not. */
@Tag("vm")
@Timeout(240) // for what is waited for
final class PlainSnapshotsTest extends PlainFixture {
    private static final Map<String, String> SMALL =
            Map.of(LvmDriverProvider.RESERVE, "10", LvmDriverProvider.EXTEND_AT, "50");
    private static final long PAUSE_MILLIS = 20;

    /** As large as one area of the kernel's exceptions is for, after which it begins another. */
    private static final long AREA_BYTES = 4096 * Reserve.CHUNK;

    @Test
    void aSnapshotOutlastsWhateverIsWritten() throws Exception {
        BackendVolume volume = volume(AREA_BYTES);
        String device = attach(volume);
        fill(device, 0, MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        touchEachChunk(device);
        Map<String, String> found = inspect(snapshot);
        assertThat(found)
                .containsEntry("lost", "false")
                .containsEntry("reserve-bytes", found.get("reserve-most-bytes"));
        assertThat(chores()).isEmpty();
        detach(volume);
        verify(snapshot.location(), 0, MIB, 1);
        verify(snapshot.location(), MIB, AREA_BYTES, 0);
    }

    private static void touchEachChunk(String device) throws IOException {
        try (FileChannel content = FileChannel.open(Path.of(device), StandardOpenOption.WRITE)) {
            for (long at = 0; at < AREA_BYTES; at += Reserve.CHUNK) {
                int _ = content.write(ByteBuffer.wrap(new byte[] {2}), at);
            }
            content.force(true);
        }
    }

    @Test
    void whatIsNearlyFullGetsMoreRoom() throws Exception {
        reopen(SMALL);
        long size = 64 * MIB;
        BackendVolume volume = volume(size, 1);
        BackendSnapshot snapshot = snapshot(volume);
        long first = Long.parseLong(inspect(snapshot).get("reserve-bytes"));
        assertThat(first).isBetween(size / 10, size / 8);
        for (long at = 0; at < size; at += 2 * MIB) {
            fill(volume.location(), at, at + 2 * MIB, 2);
            while (isLow(snapshot)) {
                Thread.sleep(PAUSE_MILLIS);
            }
        }
        Map<String, String> after = inspect(snapshot);
        assertThat(after).containsEntry("reserve-bytes", after.get("reserve-most-bytes"));
        verify(snapshot.location(), 0, size, 1);
        assertThat(chores()).isEmpty();
        detach(volume);
    }

    private boolean isLow(BackendSnapshot snapshot) throws Exception {
        Map<String, String> found = inspect(snapshot);
        long reserve = Long.parseLong(found.get("reserve-bytes"));
        return reserve < Long.parseLong(found.get("reserve-most-bytes"))
                && 2 * Long.parseLong(found.get("reserve-used-bytes")) >= reserve;
    }

    @Test
    void whatOverflowedIsToldAsLost() throws Exception {
        reopen(SMALL);
        long size = 32 * MIB;
        BackendVolume volume = volume(size, 1);
        BackendSnapshot snapshot = snapshot(volume);
        VolumeGroup.run("lvcreate", "-y", "-l", "100%FREE", "-n", "admins", VolumeGroup.NAME);
        fill(volume.location(), 0, 2 * MIB, 2);
        awaitChore("more room", "is full");
        fill(volume.location(), 2 * MIB, size, 2);
        awaitChore("keep", "lost");
        assertThat(inspect(snapshot)).containsEntry("lost", "true");
        VolumeGroup.run("lvremove", "-y", full("admins"));
        Attaching attaching = driver.attaching().orElseThrow();
        assertFails(FAULT, () -> attaching.attach(Target.of(volume.id(), snapshot.id()), true));
        assertFails(FAULT, () -> driver.createFromSnapshot(spec(size), snapshot.id(), volume.id()));
        detach(volume);
        assertFails(FAULT, () -> attaching.attach(Target.of(volume.id(), snapshot.id()), true));
        assertFails(
                FAULT, () -> driver.reverting().orElseThrow().revert(volume.id(), snapshot.id()));
        verify(volume.location(), 0, size, 2);
        driver.deleteSnapshot(snapshot.id(), volume.id());
        driver.deleteVolume(volume.id());
        assertThat(driver.inventory()).isEqualTo(new Inventory(List.of(), List.of()));
        assertThat(VolumeGroup.plain("lv_name=~\".\"")).isEmpty();
    }

    private void awaitChore(String what, String problem) throws Exception {
        while (chores().stream()
                .noneMatch(
                        each -> each.what().contains(what) && each.problem().contains(problem))) {
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private List<Chore> chores() {
        return driver.background().orElseThrow().chores();
    }

    @Test
    void nothingNewTakesWhatSnapshotsMayNeed() throws Exception {
        reopen(SMALL);
        BackendVolume volume = volume(VOLUME_BYTES);
        snapshot(volume);
        long free = driver.pools().getFirst().freeBytes();
        VolumeGroup.plant("admins", free - MIB);
        Inventory before = driver.inventory();
        assertFails(NO_SPACE, () -> snapshot(volume));
        assertFails(NO_SPACE, () -> volume(MIB));
        assertFails(
                NO_SPACE,
                () -> driver.growing().orElseThrow().grow(volume.id(), VOLUME_BYTES + MIB));
        assertThat(driver.inventory()).isEqualTo(before);
    }

    @Test
    void aVolumeWithSnapshotsGrowsOnlyAtRest() throws Exception {
        BackendVolume volume = volume(VOLUME_BYTES, 1);
        BackendSnapshot snapshot = snapshot(volume);
        long size = 2 * VOLUME_BYTES;
        assertFails(IN_USE, () -> driver.growing().orElseThrow().grow(volume.id(), size));
        detach(volume);
        assertThat(driver.growing().orElseThrow().grow(volume.id(), size).sizeBytes())
                .isEqualTo(size);
        fill(attach(volume), 0, size, 2);
        verify(snapshot.location(), 0, VOLUME_BYTES, 1);
        detach(volume);
        driver.reverting().orElseThrow().revert(volume.id(), snapshot.id());
        verify(volume.location(), 0, VOLUME_BYTES, 1);
        verify(volume.location(), VOLUME_BYTES, size, 0);
    }

    @Test
    void whatIsAttachedOutlastsItsSiblings() throws Exception {
        BackendVolume volume = volume(VOLUME_BYTES, 1);
        BackendSnapshot snapshot = snapshot(volume);
        Attaching attaching = driver.attaching().orElseThrow();
        Target cut = Target.of(volume.id(), snapshot.id());
        assertThat(attaching.attached(cut)).isEmpty();
        String device = attaching.attach(cut, true).device();
        detach(volume);
        assertThat(attaching.attached(Target.of(volume.id()))).isEmpty();
        verify(device, 0, VOLUME_BYTES, 1);
        attach(volume);
        attaching.detach(cut);
        assertThat(attaching.attached(Target.of(volume.id()))).isPresent();
        verify(volume.location(), 0, VOLUME_BYTES, 1);
        detach(volume);
        assertThat(VolumeGroup.plain("lv_active=active")).isEmpty();
    }

    private Map<String, String> inspect(BackendSnapshot snapshot) throws Exception {
        return driver.inspecting()
                .orElseThrow()
                .inspect(Target.of(snapshot.volume(), snapshot.id()));
    }
}
