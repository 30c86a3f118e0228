package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.spi.Adopting;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Inventory;
import io.cairn.spi.Mark;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What an administrator does in a group and its pool beside Cairn, and pools that are not fit. */
@Tag("vm")
final class ForeignVolumesTest extends PoolFixture {
    @Test
    void whatOthersLieOverIsNotDeleted() throws Exception {
        BackendVolume volume = volume();
        BackendSnapshot snapshot = snapshot(volume);
        VolumeGroup.run(
                "lvcreate", "-s", "-L", "1m", "-n", "admins", full("cairn-s-" + snapshot.id()));
        assertFails(IN_USE, () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        VolumeGroup.run("lvremove", "-y", full("admins"));
        driver.deleteSnapshot(snapshot.id(), volume.id());
        VolumeGroup.run(
                "lvcreate", "-s", "-L", "1m", "-n", "admins", full("cairn-v-" + volume.id()));
        VolumeGroup.run("lvchange", "-an", full("cairn-v-" + volume.id()));
        assertFails(IN_USE, () -> driver.deleteVolume(volume.id()));
        assertThat(VolumeGroup.exists("admins")).isTrue();
        VolumeGroup.run("lvremove", "-y", full("admins"));
        driver.deleteVolume(volume.id());
    }

    /**
     * As after the pool was repaired, when volumes are in it of which the kernel counts nothing.
     */
    @Test
    void nothingIsTakenBackFromAPoolOfWhichTheKernelThinksOtherwise() throws Exception {
        BackendVolume volume = volume();
        BackendSnapshot snapshot = snapshot(volume);
        Inventory before = driver.inventory();
        transaction(2, 0);
        assertFails(UNAVAILABLE, () -> driver.inventory());
        assertFails(UNAVAILABLE, () -> driver.findSnapshot(snapshot.id(), volume.id()));
        assertFails(UNAVAILABLE, () -> driver.createSnapshot(snapshotOf(volume)));
        assertThat(VolumeGroup.names(pool, "lv_name=~\"^cairn-\"")).hasSize(2);
        transaction(0, 2);
        assertThat(driver.inventory()).isEqualTo(before);
    }

    private void transaction(long from, long to) throws Exception {
        try (Native os = new Native()) {
            DeviceMapper.tell(
                    os,
                    DeviceMapper.name(VolumeGroup.NAME, pool.getName(1).toString()) + "-tpool",
                    "set_transaction_id %d %d".formatted(from, to));
        }
    }

    @Test
    void aVolumeOfASimilarNameIsNotTakenForTheReleasedOne() throws Exception {
        BackendVolume volume = volume();
        String similar = "backup-" + volume.id();
        plant(similar);
        VolumeGroup.run("lvchange", "--addtag", "cairn.mine=1", full(similar));
        Adopting adopting = driver.adopting().orElseThrow();
        String released = adopting.release(volume.id(), "mine");
        assertThat(released).isEqualTo("volume-mine-" + volume.id());
        assertThat(adopting.release(volume.id(), "mine")).isEqualTo(released);
        for (LogicalVolume each : VolumeGroup.rows(pool, "lv_name=~\".\"")) {
            assertThat(each.tags()).hasSize(each.name().equals(similar) ? 1 : 0);
        }
    }

    @Test
    void moreTagsThanACommandCanNameAreRefusedAndAllGoesOn() throws Exception {
        plant("tagged");
        for (int i = 0; i < 40; i++) {
            VolumeGroup.run("lvchange", "--addtag", "cairn.foreign" + i, full("tagged"));
        }
        Adopting adopting = driver.adopting().orElseThrow();
        assertFails(
                UNSUPPORTED,
                () -> adopting.adopt("tagged", VolumeId.random(), new Mark("x".repeat(3000))));
        assertThat(driver.findVolume(volume().id())).isPresent();
    }

    /** Its content would be that of whenever the kernel makes it. */
    @Test
    void whatTheKernelHasNotMadeYetIsNotAdopted() throws Exception {
        plant("late");
        long thinId = VolumeGroup.rows(pool, "lv_name=late").getFirst().thinId();
        driver.close();
        VolumeGroup.asBeforeTransaction(pool, "late");
        try (Native os = new Native()) {
            DeviceMapper.tell(
                    os,
                    DeviceMapper.name(VolumeGroup.NAME, pool.getName(1).toString()) + "-tpool",
                    "delete " + thinId);
        }
        driver = open(Map.of());
        Adopting adopting = driver.adopting().orElseThrow();
        assertThat(adopting.unmanaged())
                .singleElement()
                .satisfies(each -> assertThat(each.obstacle()).contains("lvremove", "late"));
        assertFails(UNSUPPORTED, () -> adopting.adopt("late", VolumeId.random(), new Mark("late")));
        assertThat(VolumeGroup.rows(pool, "lv_name=late").getFirst().tags()).isEmpty();
        VolumeGroup.run("lvremove", "-y", full("late"));
        assertThat(adopting.unmanaged()).isEmpty();
        assertThat(driver.findVolume(volume().id())).isPresent();
    }

    @Test
    void nothingNewIsMadeInAPoolThatIsFull() throws Exception {
        BackendVolume volume = volume();
        BackendSnapshot snapshot = snapshot(volume);
        driver.close();
        driver = open(Map.of(LvmDriverProvider.METADATA_MOST, "1"));
        Inventory before = driver.inventory();
        assertFails(NO_SPACE, () -> driver.createSnapshot(snapshotOf(volume)));
        assertFails(NO_SPACE, this::volume);
        assertFails(
                NO_SPACE,
                () -> driver.reverting().orElseThrow().revert(volume.id(), snapshot.id()));
        assertThat(driver.inventory()).isEqualTo(before);
        driver.deleteSnapshot(snapshot.id(), volume.id());
        driver.deleteVolume(volume.id());
        assertThat(driver.inventory()).isEqualTo(new Inventory(List.of(), List.of()));
    }

    @Test
    void aPoolThatDoesNotZeroIsRefused() throws Exception {
        driver.close();
        VolumeGroup.run("lvchange", "--zero", "n", VolumeGroup.full(pool));
        assertFails(UNSUPPORTED, () -> driver = open(Map.of()));
        VolumeGroup.run("lvchange", "--zero", "y", VolumeGroup.full(pool));
        driver = open(Map.of());
    }

    @Test
    void whatIsNoThinPoolIsRefused() throws Exception {
        driver.close();
        Path real = pool;
        VolumeGroup.run("lvcreate", "-L", "1m", "-an", "-n", "thick", VolumeGroup.NAME);
        pool = Path.of("/", VolumeGroup.NAME, "thick");
        assertFails(INVALID, () -> driver = open(Map.of()));
        VolumeGroup.run("lvremove", "-y", full("thick"));
        assertFails(UNAVAILABLE, () -> driver = open(Map.of()));
        pool = Path.of("/", "no-such-group", "thick");
        assertFails(UNAVAILABLE, () -> driver = open(Map.of()));
        pool = real;
        driver = open(Map.of());
    }

    @Test
    void nothingCairnsIsLeftOfWhatWasNotYetAdopted() throws Exception {
        plant("half");
        VolumeId id = VolumeId.random();
        List<String> words = new ArrayList<>();
        Tags.of(new Label(id.toString(), new Mark("m"), Optional.empty(), Optional.empty()))
                .forEach(tag -> words.addAll(List.of("--addtag", tag)));
        words.add(full("half"));
        VolumeGroup.run("lvchange", words.toArray(String[]::new));
        driver.deleteVolume(id);
        assertThat(VolumeGroup.rows(pool, "lv_name=half").getFirst().tags()).isEmpty();
    }

    private void plant(String name) throws Exception {
        VolumeGroup.run(
                "lvcreate",
                "-V",
                VOLUME_BYTES + "b",
                "--thinpool",
                pool.getName(1).toString(),
                "-an",
                "-n",
                name,
                VolumeGroup.NAME);
    }

    private static String full(String name) {
        return VolumeGroup.NAME + "/" + name;
    }

    private BackendSnapshot snapshot(BackendVolume volume) throws Exception {
        return driver.createSnapshot(snapshotOf(volume));
    }
}
