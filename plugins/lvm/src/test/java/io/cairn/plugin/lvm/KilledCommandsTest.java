package io.cairn.plugin.lvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * The program that runs LVM's commands is killed amid them, which leaves volumes in the group's
 * metadata that the kernel does not have. {@code -Dcairn.lvm.seed=N} repeats a run, {@code
 * -Dcairn.lvm.kills=N} sets how many there are.
 */
@Tag("vm")
final class KilledCommandsTest extends PoolFixture {
    @Test
    void aSnapshotIsNeverCutLaterThanItIsFound() throws Exception {
        long seed = Long.getLong("cairn.lvm.seed", System.nanoTime());
        int kills = Integer.getInteger("cairn.lvm.kills", 30);
        System.out.printf("-Dcairn.lvm.seed=%d -Dcairn.lvm.kills=%d%n", seed, kills);
        Random random = new Random(seed);
        BackendVolume volume = volume();
        Path device = attached(volume);
        List<BackendSnapshot> whole = new ArrayList<>();
        List<Integer> contents = new ArrayList<>();
        int found = 0;
        int lost = 0;
        for (int i = 1; i <= kills; i++) {
            write(device, i);
            SnapshotSpec spec =
                    new SnapshotSpec(SnapshotId.random(), volume.id(), new Mark("s" + i));
            if (random.nextBoolean()) {
                Killing.during(random, driver.process(), () -> driver.createSnapshot(spec));
            } else {
                Killing.twice(random, driver::process, () -> driver.createSnapshot(spec));
            }
            boolean lookFirst = random.nextBoolean();
            Optional<BackendSnapshot> there =
                    lookFirst ? driver.findSnapshot(spec.id(), volume.id()) : Optional.empty();
            // What is there was cut before now, and what is not there never will be.
            write(device, -i);
            // Whatever LVM still had to do it does now.
            BackendVolume other = volume();
            if (!lookFirst) {
                there = driver.findSnapshot(spec.id(), volume.id());
            }
            if (there.isPresent()) {
                found++;
                whole.add(there.get());
                contents.add(i);
            } else {
                lost++;
            }
            assertThat(driver.inventory().snapshots()).containsExactlyInAnyOrderElementsOf(whole);
            driver.deleteVolume(other.id());
            if (there.isEmpty()) {
                whole.add(driver.createSnapshot(spec));
                contents.add(-i);
            }
        }
        System.out.printf("%d snapshots were there, %d were not%n", found, lost);
        for (int i = 0; i < whole.size(); i++) {
            assertThat(read(whole.get(i).location()))
                    .describedAs("snapshot %d", i)
                    .isEqualTo(contents.get(i));
        }
        driver.attaching().orElseThrow().detach(Target.of(volume.id()));
    }

    @Test
    void whateverIsKilledConvergesWhenRepeated() throws Exception {
        long seed = Long.getLong("cairn.lvm.seed", System.nanoTime());
        int kills = Integer.getInteger("cairn.lvm.kills", 30);
        System.out.printf("-Dcairn.lvm.seed=%d -Dcairn.lvm.kills=%d%n", seed, kills);
        Random random = new Random(seed);
        BackendVolume volume = volume();
        fill(volume.location(), 7);
        BackendSnapshot snapshot = driver.createSnapshot(snapshotOf(volume));
        for (int i = 0; i < kills; i++) {
            VolumeSpec larger =
                    new VolumeSpec(
                            VolumeId.random(),
                            volume.pool(),
                            VOLUME_BYTES + VolumeGroup.EXTENT,
                            new Mark("larger"));
            Killing.Call create =
                    () -> driver.createFromSnapshot(larger, snapshot.id(), volume.id());
            Killing.Call revert =
                    () -> driver.reverting().orElseThrow().revert(volume.id(), snapshot.id());
            if (random.nextBoolean()) {
                Killing.during(random, driver.process(), create);
                if (driver.findVolume(larger.id()).isPresent()) {
                    assertThat(read(larger.id())).isEqualTo(7);
                }
                create.run();
                assertThat(read(larger.id())).isEqualTo(7);
                Killing.during(random, driver.process(), () -> driver.deleteVolume(larger.id()));
                driver.deleteVolume(larger.id());
            } else {
                fill(volume.location(), i + 100);
                Killing.during(random, driver.process(), revert);
                assertThat(driver.findVolume(volume.id())).contains(volume);
                assertThat(read(volume.id())).isIn(7, i + 100);
                revert.run();
                assertThat(read(volume.id())).isEqualTo(7);
            }
            assertThat(driver.inventory().volumes()).containsExactly(volume);
            assertThat(driver.inventory().snapshots()).containsExactly(snapshot);
            assertThat(VolumeGroup.names(pool, "lv_name=~\"^cairn-\""))
                    .containsExactlyInAnyOrder(
                            "cairn-v-" + volume.id(), "cairn-s-" + snapshot.id());
        }
        assertThat(read(snapshot.location())).isEqualTo(7);
    }

    /**
     * A command that is killed between having the kernel make a volume and telling it that this was
     * the next transaction.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasMadeInATransactionThatNeverEndedIsTakenBack(boolean snapshot) throws Exception {
        BackendVolume volume = volume();
        Path device = attached(volume);
        write(device, 1);
        SnapshotSpec spec = snapshotOf(volume);
        BackendSnapshot first = driver.createSnapshot(spec);
        String made;
        if (snapshot) {
            made = "cairn-s-" + driver.createSnapshot(snapshotOf(volume)).id();
        } else {
            made = "cairn-v-" + volume().id();
        }
        driver.close();
        long transaction = VolumeGroup.asBeforeTransaction(pool, made);
        driver = open(Map.of());
        assertThat(VolumeGroup.names(pool, "lv_name=" + made)).isEmpty();
        assertThat(driver.inventory().volumes()).containsExactly(volume);
        assertThat(driver.inventory().snapshots()).containsExactly(first);
        write(device, 2);
        BackendSnapshot second = driver.createSnapshot(snapshotOf(volume));
        assertThat(read(first.location())).isEqualTo(1);
        assertThat(read(second.location())).isEqualTo(2);
        assertThat(
                        VolumeGroup.rows(pool, "lv_name=cairn-s-" + second.id())
                                .getFirst()
                                .transaction())
                .isGreaterThanOrEqualTo(transaction);
        driver.attaching().orElseThrow().detach(Target.of(volume.id()));
    }

    /** As by a removal that was killed when what it removes had just been made, for that. */
    @Test
    void whatWasBeingTakenBackIsNoSnapshot() throws Exception {
        BackendVolume volume = volume();
        Path device = attached(volume);
        write(device, 1);
        BackendSnapshot first = driver.createSnapshot(snapshotOf(volume));
        SnapshotId late = driver.createSnapshot(snapshotOf(volume)).id();
        driver.close();
        String dead = "cairn-d-" + late;
        VolumeGroup.run("lvrename", VolumeGroup.NAME, "cairn-s-" + late, dead);
        driver = open(Map.of());
        assertThat(driver.findSnapshot(late, volume.id())).isEmpty();
        assertThat(driver.inventory().snapshots()).containsExactly(first);
        assertThat(VolumeGroup.names(pool, "lv_name=" + dead)).isEmpty();
        driver.attaching().orElseThrow().detach(Target.of(volume.id()));
    }

    /** Which the way to take something back relies on. */
    @Test
    void renamingHasNothingMade() throws Exception {
        BackendVolume volume = volume();
        String made = "cairn-s-" + driver.createSnapshot(snapshotOf(volume)).id();
        driver.close();
        long transaction = VolumeGroup.asBeforeTransaction(pool, made);
        long before = VolumeGroup.transactionOfKernel(pool);
        VolumeGroup.run("lvrename", VolumeGroup.NAME, made, made.replace("-s-", "-d-"));
        assertThat(VolumeGroup.transactionOfKernel(pool))
                .isEqualTo(before)
                .isEqualTo(transaction - 1);
        driver = open(Map.of());
        assertThat(driver.inventory().snapshots()).isEmpty();
        assertThat(VolumeGroup.names(pool, "lv_name=~\"^cairn-[sd]-\"")).isEmpty();
    }

    /** As by a command that was killed amid a snapshot. */
    @Test
    void whatWasLeftSuspendedIsWoken() throws Exception {
        BackendVolume volume = volume();
        Path device = attached(volume);
        write(device, 1);
        suspend(volume);
        Killing.kill(driver.process().orElseThrow());
        BackendSnapshot first = driver.createSnapshot(snapshotOf(volume));
        write(device, 2);
        suspend(volume);
        driver.close();
        driver = open(Map.of());
        write(device, 3);
        assertThat(read(first.location())).isEqualTo(1);
        driver.attaching().orElseThrow().detach(Target.of(volume.id()));
        assertThat(read(volume.id())).isEqualTo(3);
    }

    @Test
    void whatWasLeftSuspendedIsDetached() throws Exception {
        BackendVolume volume = volume();
        Path device = attached(volume);
        write(device, 1);
        suspend(volume);
        Killing.kill(driver.process().orElseThrow());
        driver.attaching().orElseThrow().detach(Target.of(volume.id()));
        assertThat(read(volume.id())).isEqualTo(1);
    }

    @Test
    void aPoolThatWasLeftSuspendedIsWoken() throws Exception {
        BackendVolume volume = volume();
        Path device = attached(volume);
        write(device, 1);
        suspend(DeviceMapper.name(VolumeGroup.NAME, pool.getName(1).toString()) + "-tpool");
        BackendSnapshot cut = driver.createSnapshot(snapshotOf(volume));
        write(device, 2);
        assertThat(read(cut.location())).isEqualTo(1);
        driver.attaching().orElseThrow().detach(Target.of(volume.id()));
    }

    @Test
    void whatSomebodySuspendedIsWokenToBeCut() throws Exception {
        BackendVolume volume = volume();
        Path device = attached(volume);
        write(device, 1);
        suspend(volume);
        BackendSnapshot cut = driver.createSnapshot(snapshotOf(volume));
        write(device, 2);
        assertThat(read(cut.location())).isEqualTo(1);
        driver.attaching().orElseThrow().detach(Target.of(volume.id()));
    }

    private void suspend(BackendVolume volume) throws Exception {
        suspend(DeviceMapper.name(VolumeGroup.NAME, "cairn-v-" + volume.id()));
    }

    private static void suspend(String name) throws Exception {
        Process dmsetup = new ProcessBuilder("dmsetup", "suspend", name).inheritIO().start();
        assertThat(dmsetup.waitFor()).isZero();
    }

    private Path attached(BackendVolume volume) throws DriverException, InterruptedException {
        return Path.of(
                driver.attaching().orElseThrow().attach(Target.of(volume.id()), false).device());
    }

    private void fill(String location, int number) throws IOException {
        try (ActiveVolume content = new ActiveVolume(location, true)) {
            content.write(bytes(number));
        }
    }

    private static void write(Path device, int number) throws IOException {
        try (FileChannel content = FileChannel.open(device, StandardOpenOption.WRITE)) {
            content.write(bytes(number));
            content.force(true);
        }
    }

    private int read(VolumeId id) throws Exception {
        return read(driver.findVolume(id).orElseThrow().location());
    }

    private static int read(String location) throws IOException {
        try (SeekableByteChannel content = new ActiveVolume(location, false)) {
            ByteBuffer found = ByteBuffer.allocate(Integer.BYTES);
            while (found.hasRemaining() && content.read(found) >= 0) {
                // reads on
            }
            return found.flip().getInt();
        }
    }

    private static ByteBuffer bytes(int number) {
        return ByteBuffer.allocate(4096).putInt(number).rewind();
    }
}
