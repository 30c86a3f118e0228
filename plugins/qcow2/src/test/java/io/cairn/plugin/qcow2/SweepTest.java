package io.cairn.plugin.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.Source;
import io.cairn.plugin.local.qemu.ServingOptions;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Chore;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Inventory;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;
import io.cairn.tck.Told;

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
    void whatIsDamagedKeepsNothingElseFromBeingListed() throws Exception {
        VolumeId lost = volume();
        VolumeId whole = volume();
        SnapshotId cut = snapshot(whole);
        Path layer = layerOf(lost);
        Files.delete(layer);
        Told told = new Told();
        driver.inventory(told);
        assertThat(told.whole()).containsExactlyInAnyOrder(Target.of(whole), Target.of(whole, cut));
        assertThat(told.unreadable()).containsExactly(Target.of(lost));
        assertThat(told.problems().getFirst()).contains(layer + " is missing");
        assertThatThrownBy(driver::inventory).hasMessageContaining("is missing");
    }

    /** On NFS, where who is killed leaves neither of the two their names. */
    @Test
    void whatWasToTakeThePlaceOfACardOrALayerDoesSo() throws Exception {
        VolumeId volume = volume();
        snapshot(volume);
        Inventory before = driver.inventory();
        driver.close();
        try (Stream<Path> cards = Files.list(home(volume))) {
            for (Path card : cards.toList()) {
                Files.move(card, Path.of(card + Lookup.NEXT));
            }
        }
        try (Stream<Path> layers = Files.list(folder.resolve(Layers.LAYERS))) {
            for (Path layer : layers.toList()) {
                Files.move(layer, Path.of(layer + ".link"));
            }
        }
        open();
        assertThat(driver.inventory()).isEqualTo(before);
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(driver.inventory()).isEqualTo(before);
    }

    private Path home(VolumeId volume) {
        return folder.resolve("volumes").resolve(volume.toString());
    }

    private void makeLayer(LayerId layer, Optional<LayerId> below) throws Exception {
        try (Native os = new Native();
                Fd layers = os.open(folder.resolve("layers").toString(), Native.O_RDONLY);
                Fd file = os.open(layers, layer.file(), Native.O_RDWR | Native.O_CREAT, 0600)) {
            EmptyLayer.write(os, file, below, BYTES);
        }
    }

    /** On NFS, where the machine failed while a listing had a card open that was removed. */
    @Test
    void whatNfsKeptOfACardGoesWithItsVolume() throws Exception {
        VolumeId volume = volume();
        Files.copy(
                home(volume).resolve(Lookup.VOLUME),
                home(volume).resolve(".nfs0000000000000a1c00000001"));
        driver.deleteVolume(volume);
        assertThat(home(volume)).doesNotExist();
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
        makeLayer(half, LayerId.ofFile(layerOf(source).toFile().getName()));
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
    void whatAKilledCloneBeganAtItsSourceGoesWithWhatItBegan() throws Exception {
        VolumeId source = volume();
        VolumeId clone = VolumeId.random();
        Path home = Files.createDirectory(folder.resolve("volumes").resolve(clone.toString()));
        begin(home, clone, Optional.of(new Source.OfVolume(source)), layerOf(source));
        Path sourceHome = folder.resolve("volumes").resolve(source.toString());
        begin(sourceHome, source, Optional.empty(), layerOf(source));

        driver.deleteVolume(clone);

        assertThat(home).doesNotExist();
        assertThat(sourceHome.resolve(Lookup.NEW_VOLUME)).doesNotExist();
        assertThat(layers()).containsExactly(layerOf(source));
    }

    /** What is there after the process was killed right before a volume got its card. */
    private void begin(Path home, VolumeId id, Optional<Source> source, Path below)
            throws Exception {
        LayerId layer = LayerId.random();
        try (Native os = new Native();
                Fd opened = os.open(home.toString(), Native.O_RDONLY)) {
            Label label = new Label(id.toString(), Mark.NONE, Optional.empty(), source);
            new Card(layer, label).write(os, opened, Lookup.NEW_VOLUME);
        }
        makeLayer(layer, LayerId.ofFile(below.toFile().getName()));
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

    @Test
    void aStorageDaemonThatWasNotToldIsToldByTheNextCall() throws Exception {
        VolumeId volume = volume();
        ConnectionId connection = export(volume);
        LayeredDaemon daemon = storageDaemon(volume);
        Path before = layerOf(volume);
        goOnUntold(volume);
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(daemon.chain()).containsExactly(before);

        SnapshotId cut = snapshot(volume);

        assertThat(daemon.isTop(layerOf(volume))).isTrue();
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(daemon.chain()).hasSize(2);
        assertThat(driver.findSnapshot(cut, volume)).isPresent();
        driver.exporting().orElseThrow().unexport(connection, Target.of(volume));
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(layers()).hasSize(2);
    }

    @Test
    void aStorageDaemonThatWasNotToldIsToldWhenTheBackendIsOpened() throws Exception {
        VolumeId volume = volume();
        SnapshotId below = snapshot(volume);
        ConnectionId connection = export(volume);
        LayeredDaemon daemon = storageDaemon(volume);
        driver.deleteSnapshot(below, volume);
        goOnUntold(volume);
        // Nothing is in its way but that it was not told.
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(driver.chores().list()).allMatch(chore -> chore.problem().isEmpty());
        close();

        open();

        assertThat(daemon.isTop(layerOf(volume))).isTrue();
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(driver.chores().list()).isEmpty();
        assertThat(daemon.chain()).hasSize(2);
        driver.exporting().orElseThrow().unexport(connection, Target.of(volume));
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(layers()).containsExactly(layerOf(volume));
    }

    private ConnectionId export(VolumeId volume) throws Exception {
        assumeTrue(driver.exporting().isPresent(), "qemu-storage-daemon is not installed");
        ConnectionId connection = ConnectionId.random();
        driver.exporting()
                .orElseThrow()
                .export(new ExportSpec(connection, Target.of(volume), false, "nbd", Map.of()));
        return connection;
    }

    private LayeredDaemon storageDaemon(VolumeId volume) throws IOException {
        return new LayeredDaemons(
                        folder, Path.of("/run/cairn"), new ServingOptions(false, Optional.empty()))
                .of(Target.of(volume))
                .orElseThrow();
    }

    /** As if the call had been killed that was to have it go on in another layer. */
    private void goOnUntold(VolumeId volume) throws Exception {
        LayerId next = LayerId.random();
        try (Native os = new Native();
                Fd opened = os.open(home(volume).toString(), Native.O_RDONLY)) {
            Label label =
                    new Label(volume.toString(), Mark.NONE, Optional.empty(), Optional.empty());
            // Named before it is made, or a look at all layers that goes on takes it away.
            new Card(next, label).write(os, opened, Lookup.NEW_VOLUME);
            makeLayer(next, LayerId.ofFile(layerOf(volume).toFile().getName()));
            os.rename(opened, Lookup.NEW_VOLUME, Lookup.VOLUME);
        }
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
        Path layer = layerOf(volume());
        Path other = layerOf(volume());
        Files.createLink(Path.of(other + ".link"), layer);
        close();

        open();

        assertThat(layers()).containsExactlyInAnyOrder(layer, other);
        assertThat(Files.isSameFile(layer, other)).isFalse();
    }
}
