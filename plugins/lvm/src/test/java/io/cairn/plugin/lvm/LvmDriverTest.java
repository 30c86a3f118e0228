package io.cairn.plugin.lvm;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;
import io.cairn.tck.BaseDriverTest;
import io.cairn.tck.Capability;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The TCK on thin pools of a volume group of its own. */
@Tag("vm")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class LvmDriverTest extends BaseDriverTest {
    private static final long POOL_BYTES = 1L << 30;

    @BeforeAll
    void makeGroup() throws Exception {
        VolumeGroup.make();
    }

    @AfterAll
    void removeGroup() throws Exception {
        VolumeGroup.remove();
    }

    @Override
    protected DriverProvider provider() {
        return new LvmDriverProvider();
    }

    @Override
    protected Map<String, String> settings(Path storage) {
        return Map.of(
                LvmDriverProvider.GROUP, storage.getName(0).toString(),
                LvmDriverProvider.POOL, storage.getName(1).toString());
    }

    @Override
    protected Set<Trait> traits() {
        return Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES);
    }

    @Override
    protected Set<Capability> capabilities() {
        return EnumSet.of(
                Capability.GROWING,
                Capability.CLONING,
                Capability.REVERTING,
                Capability.ATTACHING,
                Capability.EXPORTING,
                Capability.ADOPTING,
                Capability.HANDING,
                Capability.MEASURING,
                Capability.INSPECTING,
                Capability.DIFFERING);
    }

    @Override
    protected long granularityBytes() {
        return VolumeGroup.EXTENT;
    }

    @Override
    protected Path prepare(Path temporary) throws Exception {
        return VolumeGroup.pool(POOL_BYTES);
    }

    @Override
    protected void release(Path storage) throws Exception {
        VolumeGroup.removePool(storage);
    }

    @Override
    protected void plant(Path storage, String name, long sizeBytes) throws Exception {
        VolumeGroup.run(
                "lvcreate",
                "-V",
                sizeBytes + "b",
                "--thinpool",
                storage.getName(1).toString(),
                "-an",
                "-n",
                name,
                storage.getName(0).toString());
    }

    @Override
    protected String locationOf(Path storage, String unmanaged) {
        return "/dev/%s/%s".formatted(storage.getName(0), unmanaged);
    }

    @Override
    protected SeekableByteChannel content(String location, boolean writable) throws IOException {
        return Files.exists(Path.of(location))
                ? super.content(location, writable)
                : new ActiveVolume(location, writable);
    }

    @Override
    protected SeekableByteChannel ordered(String location) throws IOException {
        return ActiveVolume.synced(location);
    }

    @Override
    protected List<String> leftBehind(Path storage) throws Exception {
        return VolumeGroup.names(storage, "lv_active=active");
    }

    @Override
    protected List<String> rubbish(Path storage, Inventory inventory) throws Exception {
        Set<String> known = new HashSet<>();
        inventory.volumes().forEach(volume -> known.add("cairn-v-" + volume.id()));
        inventory.snapshots().forEach(snapshot -> known.add("cairn-s-" + snapshot.id()));
        Set<String> found = new TreeSet<>();
        for (LogicalVolume each : VolumeGroup.rows(storage, "lv_name=~\".\"")) {
            if (each.name().startsWith("cairn-") || !Tags.own(each.tags()).isEmpty()) {
                found.add(each.name());
            }
        }
        found.removeAll(known);
        return List.copyOf(found);
    }
}
