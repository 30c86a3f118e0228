package io.cairn.plugin.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Chore;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** What the work in the background makes of what killed calls, and damage, leave. */
final class SweepTest {
    private static final Duration REST = Duration.ofSeconds(30);
    private static final long BYTES = 1 << 20;

    @TempDir private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Qcow2Driver driver;

    @BeforeEach
    void open() throws Exception {
        open("64");
    }

    private void open(String mostLayers) throws Exception {
        assumeTrue(QemuImg.installed().isPresent(), "qemu-img is not installed");
        Qcow2DriverProvider provider = new Qcow2DriverProvider();
        driver =
                (Qcow2Driver)
                        provider.open(
                                new BackendIdentity(new UUID(1, 2), "sweep"),
                                new Settings(
                                        provider.info().options(),
                                        Map.of(
                                                Qcow2DriverProvider.DIRECTORY,
                                                folder.toString(),
                                                Qcow2DriverProvider.MOST_LAYERS,
                                                mostLayers)));
    }

    @AfterEach
    void close() {
        driver.close();
    }

    private VolumeId volume() throws Exception {
        VolumeId id = VolumeId.random();
        driver.createVolume(new VolumeSpec(id, "default", BYTES, Mark.NONE));
        return id;
    }

    private SnapshotId snapshot(VolumeId volume) throws Exception {
        SnapshotId id = SnapshotId.random();
        driver.createSnapshot(new SnapshotSpec(id, volume, Mark.NONE));
        return id;
    }

    private Path layerOf(VolumeId volume) throws IOException {
        return Qcow2Fixture.layerOf(folder.resolve("volumes").resolve(volume + "/volume"));
    }

    private List<Path> layers() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("layers"))) {
            return files.toList();
        }
    }

    @Test
    void whatIsHalfMadeOverWhatIsGoneHoldsNothingUp() throws Exception {
        VolumeId source = volume();
        LayerId half = LayerId.random();
        VolumeId begun = VolumeId.random();
        Path home = Files.createDirectory(folder.resolve("volumes").resolve(begun.toString()));
        try (Native os = new Native();
                Fd opened = os.open(home.toString(), Native.O_RDONLY)) {
            Label label = new Label("", Mark.NONE, Optional.empty(), Optional.empty());
            new Card(half, label).write(os, opened, Lookup.NEW_VOLUME);
        }
        new QemuImg(QemuImg.installed().orElseThrow())
                .create(
                        folder.resolve("layers").resolve(half.file()),
                        LayerId.ofFile(layerOf(source).toFile().getName()),
                        BYTES,
                        () -> {});
        driver.deleteVolume(source);
        VolumeId other = volume();
        SnapshotId cut = snapshot(other);
        driver.deleteSnapshot(cut, other);

        assertThat(driver.chores().finish(REST)).isTrue();

        assertThat(driver.chores().list()).isEmpty();
        assertThat(layers())
                .containsExactlyInAnyOrder(
                        folder.resolve("layers").resolve(half.file()), layerOf(other));
        driver.deleteVolume(begun);
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(layers()).containsExactly(layerOf(other));
    }

    @Test
    void aDamagedLayerThatIsNeededKeepsAllThatMayLieBelowIt() throws Exception {
        VolumeId volume = volume();
        SnapshotId lower = snapshot(volume);
        SnapshotId upper = snapshot(volume);
        Path damaged =
                Qcow2Fixture.layerOf(
                        folder.resolve("volumes").resolve("%s/%s.snap".formatted(volume, upper)));
        byte[] head = Files.readAllBytes(damaged);
        byte[] broken = head.clone();
        broken[0] = 0;
        Files.write(damaged, broken);
        List<Path> before = layers();

        driver.deleteSnapshot(lower, volume);
        assertThat(driver.chores().finish(REST)).isTrue();

        assertThat(driver.chores().list())
                .singleElement()
                .extracting(Chore::problem)
                .asString()
                .contains(damaged + " is needed and cannot be read");
        assertThat(layers()).containsExactlyInAnyOrderElementsOf(before);
        Files.write(damaged, head);
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(driver.chores().list()).isEmpty();
        assertThat(layers()).hasSize(2);
    }

    /** As if the call had been killed that was to have it go on in another layer. */
    @Test
    void aStorageDaemonThatWasNotToldIsToldByTheNextCall() throws Exception {
        assumeTrue(driver.exporting().isPresent(), "qemu-storage-daemon is not installed");
        VolumeId volume = volume();
        Target target = Target.of(volume);
        ConnectionId connection = ConnectionId.random();
        driver.exporting()
                .orElseThrow()
                .export(new ExportSpec(connection, target, false, "nbd", Map.of()));
        StorageDaemon daemon =
                new StorageDaemons(
                                folder,
                                Path.of("/run/cairn"),
                                new ServingOptions(false, Optional.empty()))
                        .of(target)
                        .orElseThrow();
        Path before = layerOf(volume);
        LayerId next = LayerId.random();
        new QemuImg(QemuImg.installed().orElseThrow())
                .create(
                        folder.resolve("layers").resolve(next.file()),
                        LayerId.ofFile(before.toFile().getName()),
                        BYTES,
                        () -> {});
        Path home = folder.resolve("volumes").resolve(volume.toString());
        try (Native os = new Native();
                Fd opened = os.open(home.toString(), Native.O_RDONLY)) {
            Label label =
                    new Label(volume.toString(), Mark.NONE, Optional.empty(), Optional.empty());
            new Card(next, label).write(os, opened, Lookup.VOLUME);
        }
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(daemon.chain()).containsExactly(before);

        SnapshotId cut = snapshot(volume);

        assertThat(daemon.isTop(layerOf(volume))).isTrue();
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(daemon.chain()).hasSize(2);
        assertThat(driver.findSnapshot(cut, volume)).isPresent();
        driver.exporting().orElseThrow().unexport(connection, target);
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(layers()).hasSize(2);
    }

    @Test
    void noSnapshotIsCutWhereTooManyLayersLieOverEachOther() throws Exception {
        close();
        open("3");
        VolumeId volume = volume();
        SnapshotId first = snapshot(volume);
        SnapshotId _ = snapshot(volume);

        assertThatThrownBy(() -> snapshot(volume))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining("3 layers lie over each other")
                .hasMessageContaining(Qcow2DriverProvider.MOST_LAYERS);

        assertThat(layers()).hasSize(3);
        driver.deleteSnapshot(first, volume);
        assertThat(driver.chores().finish(REST)).isTrue();
        SnapshotId _ = snapshot(volume);
        assertThat(layers()).hasSize(3);
    }

    @Test
    void aSecondNameThatCameToNoPlaceIsClearedAwayWhenItIsOpened() throws Exception {
        VolumeId volume = volume();
        Path link = folder.resolve("layers").resolve(LayerId.random().file() + ".link");
        Files.createLink(link, layerOf(volume));
        close();

        open();

        assertThat(layers()).containsExactly(layerOf(volume));
    }
}
