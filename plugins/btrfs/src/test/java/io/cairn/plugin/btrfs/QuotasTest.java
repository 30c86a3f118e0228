package io.cairn.plugin.btrfs;

import static org.assertj.core.api.Assertions.assertThat;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;
import io.cairn.tck.LoopFileSystem;
import io.cairn.tck.LoopFileSystem.Kind;
import io.cairn.tck.Tools;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SortedMap;
import java.util.UUID;

/** What is told of a subvolume where the file system's quotas are on, beside what its tool says. */
final class QuotasTest {
    private static final int MIB = 1 << 20;

    /** {@code _IOWR(0x94, 40, struct btrfs_ioctl_quota_ctl_args)} of linux/btrfs.h. */
    private static final long QUOTA_CTL = 0xC0109428L;

    /** Since Linux 6.7; the tool of this test may be older. */
    private static final long ENABLE_SIMPLE = 4;

    @SuppressWarnings("NullAway.Init") // mounted before each test
    private LoopFileSystem mounted;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Driver driver;

    @BeforeEach
    void open() throws Exception {
        mounted = LoopFileSystem.create(Kind.BTRFS, 512L * MIB);
        Path folder = Files.createDirectory(mounted.path().resolve("backend"));
        BtrfsDriverProvider provider = new BtrfsDriverProvider();
        driver =
                provider.open(
                        new BackendIdentity(new UUID(1, 2), "quotas"),
                        new Settings(
                                provider.info().options(),
                                Map.of(BtrfsDriverProvider.DIRECTORY, folder.toString())));
    }

    @AfterEach
    void close() throws Exception {
        if (driver != null) {
            driver.close();
        }
        if (mounted != null) {
            mounted.close();
        }
    }

    private static void write(BackendVolume volume, int bytes, long seed) throws IOException {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        try (FileChannel file =
                FileChannel.open(Path.of(volume.location()), StandardOpenOption.WRITE)) {
            ByteBuffer rest = ByteBuffer.wrap(content);
            while (rest.hasRemaining()) {
                file.write(rest, rest.position());
            }
            file.force(true);
        }
    }

    private BackendVolume volume() throws Exception {
        return driver.createVolume(
                new VolumeSpec(VolumeId.random(), "default", 4 * MIB, Mark.NONE));
    }

    private BackendSnapshot snapshot(BackendVolume volume) throws Exception {
        return driver.createSnapshot(new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE));
    }

    private SortedMap<String, String> told(BackendSnapshot snapshot) throws Exception {
        Tools.run("btrfs", "filesystem", "sync", mounted.path().toString());
        return driver.inspecting()
                .orElseThrow()
                .inspect(Target.of(snapshot.volume(), snapshot.id()));
    }

    /** Of a subvolume: what it refers to, and what is its alone. */
    private List<String> shown(String id) throws Exception {
        for (String line :
                Tools.said("btrfs", "qgroup", "show", "--raw", mounted.path().toString())
                        .lines()
                        .toList()) {
            String[] words = line.strip().split(" +", -1);
            if (words[0].equals("0/" + id)) {
                return List.of(words[1], words[2]);
            }
        }
        throw new IOException("there is no group of subvolume " + id);
    }

    @Test
    void whatIsASnapshotsAloneIsToldWhereQuotasAreOn() throws Exception {
        BackendVolume volume = volume();
        write(volume, 2 * MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        assertThat(told(snapshot)).doesNotContainKeys("quotas", "exclusive-bytes");

        Tools.run("btrfs", "quota", "enable", mounted.path().toString());
        Tools.run("btrfs", "quota", "rescan", "-w", mounted.path().toString());
        long before = Long.parseLong(told(snapshot).getOrDefault("exclusive-bytes", ""));
        // All of it: an extent is shared for as long as anything refers to a part of it.
        write(volume, 2 * MIB, 2);
        SortedMap<String, String> told = told(snapshot);

        assertThat(told).containsEntry("quotas", "on");
        assertThat(Long.parseLong(told.getOrDefault("exclusive-bytes", "")) - before)
                .isEqualTo(2 * MIB);
        assertThat(List.of(told.get("referenced-bytes"), told.get("exclusive-bytes")))
                .isEqualTo(shown(told.getOrDefault("subvolume-id", "")));
        Tools.run("btrfs", "quota", "disable", mounted.path().toString());
        assertThat(told(snapshot)).doesNotContainKeys("quotas", "exclusive-bytes");
    }

    /** Simple quotas count who wrote first, and so nothing of a snapshot's content. */
    @Test
    void simpleQuotasAreToldAsSuch() throws Exception {
        try (Native os = new Native();
                Fd root = os.open(mounted.path().toString(), Native.O_RDONLY)) {
            MemorySegment arguments = os.buffer(2 * Long.BYTES).fill((byte) 0);
            arguments.set(JAVA_LONG, 0, ENABLE_SIMPLE);
            int _ = os.ioctl(root, QUOTA_CTL, arguments.address(), "enable simple quotas of");
        }
        BackendVolume volume = volume();
        write(volume, 2 * MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        SortedMap<String, String> told = told(snapshot);
        SortedMap<String, String> ofVolume =
                driver.inspecting().orElseThrow().inspect(Target.of(volume.id()));

        assertThat(told).containsEntry("quotas", "simple");
        assertThat(Long.parseLong(told.getOrDefault("exclusive-bytes", ""))).isLessThan(MIB);
        assertThat(Long.parseLong(ofVolume.getOrDefault("exclusive-bytes", "")))
                .isGreaterThanOrEqualTo(2 * MIB);
    }

    /** Backups by the file system's own means hold on to what a snapshot is called there. */
    @Test
    void snapshotsCanBeSentOneOnTopOfTheOther() throws Exception {
        BackendVolume volume = volume();
        write(volume, 2 * MIB, 1);
        BackendSnapshot first = snapshot(volume);
        write(volume, MIB, 2);
        BackendSnapshot second = snapshot(volume);
        Path one = Objects.requireNonNull(Path.of(first.location()).getParent());
        Path two = Objects.requireNonNull(Path.of(second.location()).getParent());
        Path received = Files.createDirectory(mounted.path().resolve("received"));

        Tools.run(
                "sh", "-c", "btrfs -q send '%s' | btrfs -q receive '%s'".formatted(one, received));
        Tools.run(
                "sh",
                "-c",
                "btrfs -q send -p '%s' '%s' | btrfs -q receive '%s'".formatted(one, two, received));

        for (Path each : List.of(one, two)) {
            Path copy = received.resolve(each.getFileName());
            BackendSnapshot of = each.equals(one) ? first : second;
            Path image = Path.of(of.location()).getFileName();
            assertThat(copy.resolve(image)).hasSameBinaryContentAs(each.resolve(image));
            try (Native os = new Native();
                    Fd subvolume = os.open(copy.toString(), Native.O_RDONLY)) {
                assertThat(Subvolumes.info(os, subvolume))
                        .containsEntry("received-uuid", told(of).get("uuid"));
            }
        }
        driver.deleteSnapshot(first.id(), volume.id());
        assertThat(received.resolve(two.getFileName())).isDirectory();
    }
}
