package io.cairn.plugin.lvm;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** A driver on a thin pool of its own, for tests of what other drivers do not have. */
abstract class PoolFixture {
    static final long VOLUME_BYTES = 1 << 20;

    private static final BackendIdentity SELF = new BackendIdentity(new UUID(1, 2), "tests");
    private static final long POOL_BYTES = 512 << 20;

    /** As {@link VolumeGroup#pool} has it. */
    Path pool = Path.of("/");

    @SuppressWarnings("NullAway.Init") // opened before each test
    LvmDriver driver;

    @BeforeAll
    static void makeGroup() throws Exception {
        VolumeGroup.make();
    }

    @AfterAll
    static void removeGroup() throws Exception {
        VolumeGroup.remove();
    }

    @BeforeEach
    void openOnFreshPool() throws Exception {
        pool = VolumeGroup.pool(POOL_BYTES);
        driver = open(Map.of());
    }

    @AfterEach
    void closeAndRemovePool() throws Exception {
        driver.close();
        VolumeGroup.removePool(pool);
    }

    /** Opens the pool, which is not open. */
    LvmDriver open(Map<String, String> more) throws DriverException, InterruptedException {
        LvmDriverProvider provider = new LvmDriverProvider();
        Map<String, String> settings = new HashMap<>(more);
        settings.put(LvmDriverProvider.GROUP, pool.getName(0).toString());
        settings.put(LvmDriverProvider.POOL, pool.getName(1).toString());
        return (LvmDriver) provider.open(SELF, new Settings(provider.info().options(), settings));
    }

    BackendVolume volume() throws DriverException, InterruptedException {
        return driver.createVolume(
                new VolumeSpec(
                        VolumeId.random(),
                        pool.getName(1).toString(),
                        VOLUME_BYTES,
                        new Mark("volume")));
    }

    static SnapshotSpec snapshotOf(BackendVolume volume) {
        return new SnapshotSpec(SnapshotId.random(), volume.id(), new Mark("snapshot"));
    }
}
