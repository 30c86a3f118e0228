package io.cairn.plugin.file;

import static io.cairn.plugin.file.Opened.MIB;
import static io.cairn.plugin.file.Opened.open;
import static io.cairn.plugin.file.Opened.run;
import static io.cairn.plugin.file.Opened.unmount;
import static io.cairn.plugin.file.Opened.volume;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;
import io.cairn.tck.LoopFileSystem;
import io.cairn.tck.LoopFileSystem.Kind;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Loop devices, also those that others made. */
final class AttachmentsTest {
    @BeforeEach
    void findDevices() {
        assumeTrue(
                Files.isWritable(Path.of("/dev/loop-control")), "no loop devices can be made here");
    }

    @Test
    void aVolumeOfNoWholeSectorsIsNotAttached(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            Attaching attaching = driver.attaching().orElseThrow();
            Target target = Target.of(volume(driver, MIB + 1).id());
            assertThat(assertFails(UNSUPPORTED, () -> attaching.attach(target, false)))
                    .hasMessageContaining(Long.toString(MIB + 512));
            driver.growing().orElseThrow().grow(target.volume(), MIB + 512);
            assertThat(attaching.attach(target, false).sizeBytes()).isEqualTo(MIB + 512);
            assertFails(
                    INVALID,
                    () -> driver.growing().orElseThrow().grow(target.volume(), 2 * MIB + 1));
            attaching.detach(target);
        }
    }

    @Test
    void aDeviceThatAnotherMadeIsFoundAndDetached(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            Attaching attaching = driver.attaching().orElseThrow();
            BackendVolume volume = volume(driver, MIB);
            String device = run("losetup", "--find", "--show", volume.location());
            Attachment found = attaching.attached(Target.of(volume.id())).orElseThrow();
            assertThat(found).isEqualTo(new Attachment(device, false, MIB));
            attaching.detach(Target.of(volume.id()));
            assertThat(run("losetup", "--associated", volume.location())).isEmpty();
        }
    }

    @Test
    void aDeviceOfAPartIsNoAttachmentButAUse(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            Attaching attaching = driver.attaching().orElseThrow();
            BackendVolume volume = volume(driver, MIB);
            String device =
                    run(
                            "losetup",
                            "--find",
                            "--show",
                            "--read-only",
                            "-o",
                            "4096",
                            volume.location());
            try {
                assertThat(attaching.attached(Target.of(volume.id()))).isEmpty();
                assertFails(IN_USE, () -> driver.deleteVolume(volume.id()));
            } finally {
                run("losetup", "--detach", device);
            }
        }
    }

    @Test
    void aMountedVolumeIsNotDetachedAndWhatIsMadeOfItCanBeMounted(@TempDir Path folder)
            throws Exception {
        try (LoopFileSystem mounted = LoopFileSystem.create(Kind.XFS, LoopFileSystem.LEAST_BYTES);
                Driver driver = open(mounted.path(), Map.of())) {
            Attaching attaching = driver.attaching().orElseThrow();
            BackendVolume volume = volume(driver, 64 * MIB);
            Target target = Target.of(volume.id());
            String device = attaching.attach(target, false).device();
            run("mkfs.ext4", "-q", device);
            Path mountPoint = Files.createDirectory(folder.resolve("mounted"));
            run("mount", device, mountPoint.toString());
            BackendSnapshot snapshot;
            try {
                try (FileChannel file =
                        FileChannel.open(
                                mountPoint.resolve("letter"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE)) {
                    file.write(ByteBuffer.wrap(new byte[] {'h', 'i'}));
                    file.force(true);
                }
                snapshot =
                        driver.createSnapshot(
                                new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE));
                assertFails(IN_USE, () -> attaching.detach(target));
                assertThat(attaching.attached(target)).isPresent();
            } finally {
                unmount(mountPoint);
            }
            attaching.detach(target);
            // Now that it shares its content.
            device = attaching.attach(target, false).device();
            // Of a file system in use, which its journal makes whole.
            BackendVolume clone =
                    driver.createFromSnapshot(
                            new VolumeSpec(VolumeId.random(), "default", 64 * MIB, Mark.NONE),
                            snapshot.id(),
                            volume.id());
            Target copy = Target.of(clone.id());
            String other = attaching.attach(copy, false).device();
            assertThat(run("blockdev", "--getss", device)).isEqualTo("512");
            assertThat(run("blockdev", "--getss", other)).isEqualTo("512");
            run("mount", other, mountPoint.toString());
            try {
                assertThat(mountPoint.resolve("letter")).hasContent("hi");
            } finally {
                unmount(mountPoint);
            }
            attaching.detach(copy);
            attaching.detach(target);
        }
    }

    @Test
    void manyVolumesAtOnceGetDevicesOfTheirOwn(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            Attaching attaching = driver.attaching().orElseThrow();
            List<Target> targets = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                targets.add(Target.of(volume(driver, MIB).id()));
            }
            try {
                assertThat(
                                targets.parallelStream()
                                        .map(target -> attach(attaching, target))
                                        .map(Attachment::device)
                                        .distinct())
                        .hasSize(targets.size());
            } finally {
                for (Target target : targets) {
                    attaching.detach(target);
                }
            }
        }
    }

    private static Attachment attach(Attaching attaching, Target target) {
        try {
            return attaching.attach(target, false);
        } catch (DriverException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
