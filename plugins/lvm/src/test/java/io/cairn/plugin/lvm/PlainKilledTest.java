package io.cairn.plugin.lvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.plugin.local.Native;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * The program that runs LVM's commands is killed amid them, and calls end where a killed daemon's
 * would. {@code -Dcairn.lvm.seed=N} repeats a run, {@code -Dcairn.lvm.kills=N} sets how many there
 * are.
 */
@Tag("vm")
final class PlainKilledTest extends PlainFixture {
    private final long seed = Long.getLong("cairn.lvm.seed", System.nanoTime());
    private final int kills = Integer.getInteger("cairn.lvm.kills", 6);

    @Test
    void aSnapshotIsNeverCutLaterThanItIsFound() throws Exception {
        System.out.printf("-Dcairn.lvm.seed=%d -Dcairn.lvm.kills=%d%n", seed, kills);
        Random random = new Random(seed);
        BackendVolume volume = volume(MIB, 0);
        List<BackendSnapshot> whole = new ArrayList<>();
        List<Integer> contents = new ArrayList<>();
        int found = 0;
        for (int i = 1; i <= kills; i++) {
            fill(volume.location(), 0, MIB, i);
            SnapshotSpec spec =
                    new SnapshotSpec(SnapshotId.random(), volume.id(), new Mark("s" + i));
            Killing.during(random, driver.process(), () -> driver.createSnapshot(spec));
            boolean lookFirst = random.nextBoolean();
            Optional<BackendSnapshot> there =
                    lookFirst ? driver.findSnapshot(spec.id(), volume.id()) : Optional.empty();
            // What is there was cut before now, and what is not there never will be.
            fill(volume.location(), 0, MIB, -i);
            // Whatever LVM still had to do it does now.
            BackendVolume other = volume(MIB);
            if (!lookFirst) {
                there = driver.findSnapshot(spec.id(), volume.id());
            }
            if (there.isPresent()) {
                found++;
                whole.add(there.get());
                contents.add(i);
            }
            assertThat(driver.inventory().snapshots()).containsExactlyInAnyOrderElementsOf(whole);
            driver.deleteVolume(other.id());
            if (there.isEmpty()) {
                whole.add(driver.createSnapshot(spec));
                contents.add(-i);
            }
        }
        System.out.printf("%d of %d snapshots were there%n", found, kills);
        detach(volume);
        for (int i = 0; i < whole.size(); i++) {
            verify(whole.get(i).location(), 0, MIB, contents.get(i));
            driver.deleteSnapshot(whole.get(i).id(), volume.id());
        }
        driver.deleteVolume(volume.id());
        assertNothingIsLeft();
    }

    @Test
    void whateverIsKilledConvergesWhenRepeated() throws Exception {
        System.out.printf("-Dcairn.lvm.seed=%d -Dcairn.lvm.kills=%d%n", seed, kills);
        Random random = new Random(seed);
        BackendVolume volume = volume(MIB, 7);
        BackendSnapshot snapshot = snapshot(volume);
        detach(volume);
        for (int i = 0; i < kills; i++) {
            if (random.nextBoolean()) {
                copyAndDelete(random, volume, snapshot);
            } else {
                fill(attach(volume), 0, MIB, i + 10);
                detach(volume);
                Killing.Call revert =
                        () -> driver.reverting().orElseThrow().revert(volume.id(), snapshot.id());
                Killing.during(random, driver.process(), revert);
                assertThat(driver.findVolume(volume.id())).contains(volume);
                revert.run();
                verify(volume.location(), 0, MIB, 7);
            }
            assertThat(driver.inventory().volumes()).containsExactly(volume);
            assertThat(driver.inventory().snapshots()).containsExactly(snapshot);
            assertThat(VolumeGroup.plain("lv_name=~\".\"").stream().map(LogicalVolume::name))
                    .containsExactlyInAnyOrder(
                            "cairn-v-" + volume.id(), "cairn-s-" + snapshot.id());
        }
        verify(snapshot.location(), 0, MIB, 7);
        Killing.during(
                random, driver.process(), () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        driver.deleteSnapshot(snapshot.id(), volume.id());
        driver.deleteVolume(volume.id());
        assertNothingIsLeft();
    }

    private void copyAndDelete(Random random, BackendVolume volume, BackendSnapshot snapshot)
            throws Exception {
        VolumeSpec spec = spec(2 * MIB);
        Killing.Call create =
                random.nextBoolean()
                        ? () -> driver.createFromSnapshot(spec, snapshot.id(), volume.id())
                        : () -> driver.cloning().orElseThrow().cloneVolume(spec, volume.id());
        Killing.during(random, driver.process(), create);
        create.run();
        String location = driver.findVolume(spec.id()).orElseThrow().location();
        verify(location, 0, MIB, 7);
        Killing.Call grow = () -> driver.growing().orElseThrow().grow(spec.id(), 3 * MIB);
        Killing.during(random, driver.process(), grow);
        grow.run();
        verify(location, 0, MIB, 7);
        verify(location, MIB, 3 * MIB, 0);
        Killing.during(random, driver.process(), () -> driver.deleteVolume(spec.id()));
        driver.deleteVolume(spec.id());
    }

    private static void assertNothingIsLeft() throws Exception {
        assertThat(VolumeGroup.plain("lv_name=~\".\"")).isEmpty();
        try (Native os = new Native()) {
            assertThat(DeviceMapper.ofGroup(os, VolumeGroup.NAME)).isEmpty();
        }
    }

    /** As after a kill amid the copying. */
    @Test
    void whatWasGoingBackIsFinishedBeforeItIsSeen() throws Exception {
        BackendVolume volume = volume(VOLUME_BYTES, 1);
        BackendSnapshot older = snapshot(volume);
        fill(volume.location(), 0, VOLUME_BYTES, 2);
        BackendSnapshot newer = snapshot(volume);
        fill(volume.location(), 0, VOLUME_BYTES, 3);
        fill(volume.location(), 0, MIB, 1);
        detach(volume);
        driver.close();
        VolumeGroup.run(
                "lvchange",
                "--addtag",
                Tags.of(Tags.REVERTING, "cairn-s-" + older.id()),
                full("cairn-v-" + volume.id()));
        driver = open(Map.of());
        verify(volume.location(), 0, VOLUME_BYTES, 1);
        verify(newer.location(), 0, VOLUME_BYTES, 2);
        verify(older.location(), 0, VOLUME_BYTES, 1);
        assertThat(driver.inventory().volumes()).containsExactly(volume);
        assertThat(VolumeGroup.plain("lv_name=~\".\""))
                .allMatch(each -> Tags.value(each.tags(), Tags.REVERTING).isEmpty());
        assertThat(VolumeGroup.plain("lv_active=active")).isEmpty();
    }

    /** As after a kill while LVM makes devices of a volume and its snapshots. */
    @Test
    void aSnapshotThatLacksItsDeviceIsNotTakenForOneThatWasNeverCut() throws Exception {
        BackendVolume volume = volume(MIB, 7);
        BackendSnapshot snapshot = snapshot(volume);
        Commands.run(
                "dmsetup",
                "remove",
                DeviceMapper.name(VolumeGroup.NAME, "cairn-s-" + snapshot.id()));
        Killing.kill(driver.process().orElseThrow());
        assertThat(driver.inventory().snapshots()).containsExactly(snapshot);
        assertThat(driver.findSnapshot(snapshot.id(), volume.id())).contains(snapshot);
        fill(volume.location(), 0, MIB, 8);
        detach(volume);
        verify(snapshot.location(), 0, MIB, 7);
        driver.deleteSnapshot(snapshot.id(), volume.id());
        driver.deleteVolume(volume.id());
        assertNothingIsLeft();
    }

    /** Where no udevd makes nodes, LVM may be killed before it does. */
    @Test
    void whatLacksItsNodeIsUsedAllTheSame() throws Exception {
        BackendVolume volume = volume(MIB, 7);
        BackendSnapshot snapshot = snapshot(volume);
        fill(volume.location(), 0, MIB, 8);
        removeNode("cairn-v-" + volume.id());
        BackendSnapshot second = snapshot(volume);
        detach(volume);
        Commands.run("lvchange", "-ay", "-K", VolumeGroup.NAME + "/cairn-v-" + volume.id());
        removeNode("cairn-v-" + volume.id());
        removeNode("cairn-s-" + snapshot.id());

        driver.reverting().orElseThrow().revert(volume.id(), snapshot.id());

        verify(volume.location(), 0, MIB, 7);
        verify(second.location(), 0, MIB, 8);
        driver.deleteSnapshot(second.id(), volume.id());
        driver.deleteSnapshot(snapshot.id(), volume.id());
        driver.deleteVolume(volume.id());
        assertNothingIsLeft();
    }

    private static void removeNode(String name) throws IOException {
        Files.delete(Path.of(DeviceMapper.path(DeviceMapper.name(VolumeGroup.NAME, name))));
    }

    @Test
    void whatWasLeftSuspendedIsWoken() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        Process dmsetup =
                new ProcessBuilder(
                                "dmsetup",
                                "suspend",
                                DeviceMapper.name(VolumeGroup.NAME, "cairn-v-" + volume.id()))
                        .inheritIO()
                        .start();
        assertThat(dmsetup.waitFor()).isZero();
        Killing.kill(driver.process().orElseThrow());
        BackendSnapshot cut = snapshot(volume);
        fill(volume.location(), 0, MIB, 2);
        verify(cut.location(), 0, MIB, 1);
        detach(volume);
    }
}
