package io.cairn.plugin.lvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.Attachment;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** A driver on a small volume group that is used plainly. */
abstract class PlainFixture {
    static final int MIB = 1 << 20;
    static final long VOLUME_BYTES = 8 * MIB;

    private static final BackendIdentity SELF = new BackendIdentity(new UUID(1, 2), "tests");
    private static final String GROUP_SIZE = "1g";

    @SuppressWarnings("NullAway.Init") // opened before each test
    PlainDriver driver;

    @BeforeAll
    static void makeGroup() throws Exception {
        VolumeGroup.make(GROUP_SIZE);
    }

    @AfterAll
    static void removeGroup() throws Exception {
        VolumeGroup.remove();
    }

    @BeforeEach
    void openOnFreshGroup() throws Exception {
        driver = open(Map.of());
    }

    @AfterEach
    void closeAndEmpty() throws Exception {
        driver.close();
        VolumeGroup.empty();
    }

    static PlainDriver open(Map<String, String> more) throws DriverException, InterruptedException {
        LvmDriverProvider provider = new LvmDriverProvider();
        Map<String, String> settings = new HashMap<>(more);
        settings.put(LvmDriverProvider.GROUP, VolumeGroup.NAME);
        return (PlainDriver) provider.open(SELF, new Settings(provider.info().options(), settings));
    }

    void reopen(Map<String, String> more) throws DriverException, InterruptedException {
        driver.close();
        driver = open(more);
    }

    static VolumeSpec spec(long sizeBytes) {
        return new VolumeSpec(VolumeId.random(), VolumeGroup.NAME, sizeBytes, new Mark("volume"));
    }

    BackendVolume volume(long sizeBytes) throws DriverException, InterruptedException {
        return driver.createVolume(spec(sizeBytes));
    }

    /** A volume that is attached, and has a byte everywhere. */
    BackendVolume volume(long sizeBytes, int each) throws Exception {
        BackendVolume volume = volume(sizeBytes);
        fill(attach(volume), 0, sizeBytes, each);
        return volume;
    }

    BackendSnapshot snapshot(BackendVolume volume) throws DriverException, InterruptedException {
        return driver.createSnapshot(
                new SnapshotSpec(SnapshotId.random(), volume.id(), new Mark("snapshot")));
    }

    String attach(BackendVolume volume) throws DriverException, InterruptedException {
        Attachment attached =
                driver.attaching().orElseThrow().attach(Target.of(volume.id()), false);
        return attached.device();
    }

    void detach(BackendVolume volume) throws DriverException, InterruptedException {
        driver.attaching().orElseThrow().detach(Target.of(volume.id()));
    }

    static void fill(String device, long from, long to, int each) throws IOException {
        byte[] bytes = new byte[MIB];
        Arrays.fill(bytes, (byte) each);
        try (FileChannel content = FileChannel.open(Path.of(device), StandardOpenOption.WRITE)) {
            for (long at = from; at < to; at += MIB) {
                int length = (int) Math.min(MIB, to - at);
                assertThat(content.write(ByteBuffer.wrap(bytes, 0, length), at)).isEqualTo(length);
            }
            content.force(true);
        }
    }

    /** Whether a part of a volume, active or not, has a byte everywhere. */
    static void verify(String location, long from, long to, int each) throws IOException {
        byte[] expected = new byte[MIB];
        Arrays.fill(expected, (byte) each);
        try (SeekableByteChannel content =
                Files.exists(Path.of(location))
                        ? FileChannel.open(Path.of(location), StandardOpenOption.READ)
                        : new ActiveVolume(location, false)) {
            for (long at = from; at < to; at += MIB) {
                int length = (int) Math.min(MIB, to - at);
                ByteBuffer found = ByteBuffer.allocate(length);
                SeekableByteChannel _ = content.position(at);
                while (found.hasRemaining() && content.read(found) >= 0) {
                    // reads on
                }
                assertThat(Arrays.mismatch(found.array(), 0, length, expected, 0, length))
                        .describedAs("%s from byte %d on", location, at)
                        .isNegative();
            }
        }
    }

    static String full(String name) {
        return VolumeGroup.NAME + "/" + name;
    }
}
