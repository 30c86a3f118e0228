package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.Source;
import io.cairn.spi.Adopting;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** Images of others, and every state in which a kill may leave one that comes or goes. */
@Timeout(120)
final class AdoptionTest {
    private static final Duration REST = Duration.ofSeconds(30);
    private static final int BYTES = 1 << 20;
    private static final Mark MARK = new Mark("adopted");
    private static final VolumeId ID = new VolumeId(new UUID(3, 4));
    private static final String IMAGE = "golden.qcow2";
    private static final String GIVEN = "db1-" + ID + ".qcow2";

    @TempDir private Path temporary;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Qcow2Driver driver;

    @BeforeEach
    void begin() throws Exception {
        assumeTrue(QemuImg.installed().isPresent(), "qemu-img is not installed");
        folder = Files.createDirectory(temporary.resolve("backend"));
        open();
    }

    private void open() throws Exception {
        Qcow2DriverProvider provider = new Qcow2DriverProvider();
        driver =
                (Qcow2Driver)
                        provider.open(
                                new BackendIdentity(new UUID(1, 2), "adoption"),
                                new Settings(
                                        provider.info().options(),
                                        Map.of(Qcow2DriverProvider.DIRECTORY, folder.toString())));
    }

    @AfterEach
    void close() {
        driver.close();
    }

    private Adopting adopting() {
        return driver.adopting().orElseThrow();
    }

    /** An image of others that holds one byte everywhere. */
    private Path image(String name, int each) throws Exception {
        byte[] content = new byte[BYTES];
        Arrays.fill(content, (byte) each);
        Path raw = Files.write(temporary.resolve("raw"), content);
        Path image = folder.resolve(name);
        img("convert", "-f", "raw", "-O", "qcow2", raw + "", image + "");
        return image;
    }

    private static void img(String... words) throws IOException {
        String[] command = new String[words.length + 1];
        command[0] = "qemu-img";
        System.arraycopy(words, 0, command, 1, words.length);
        String _ = OpenLayer.run(command);
    }

    private static void assertHolds(Path image, int each) throws IOException {
        byte[] expected = new byte[BYTES];
        Arrays.fill(expected, (byte) each);
        ByteBuffer found = ByteBuffer.allocate(BYTES);
        try (SeekableByteChannel content = OpenLayer.reading(image)) {
            assertThat(content.size()).isEqualTo(BYTES);
            while (found.hasRemaining() && content.read(found) >= 0) {
                // reads on
            }
        }
        assertThat(Arrays.mismatch(found.array(), expected)).isNegative();
    }

    private Path home() {
        return folder.resolve("volumes").resolve(ID.toString());
    }

    private Path layerOf(VolumeId volume) throws IOException {
        return Qcow2Fixture.layerOf(folder.resolve("volumes/%s/volume".formatted(volume)));
    }

    private List<Path> layers() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(Layers.LAYERS))) {
            return files.toList();
        }
    }

    /** A card as a killed call leaves it. */
    private void card(LayerId layer, String name) throws Exception {
        Files.createDirectories(home());
        Label label =
                new Label(
                        ID.toString(),
                        MARK,
                        Optional.empty(),
                        Optional.of(new Source.OfFile(IMAGE)));
        try (Native os = new Native();
                Fd home = os.open(home().toString(), Native.O_RDONLY)) {
            new Card(layer, label).write(os, home, name);
        }
    }

    private void reopen() throws Exception {
        driver.close();
        open();
        assertThat(driver.chores().finish(REST)).isTrue();
    }

    private void assertAdopted() throws Exception {
        BackendVolume volume = adopting().adopt(IMAGE, ID, MARK);
        assertThat(volume.sizeBytes()).isEqualTo(BYTES);
        assertThat(driver.inventory().volumes()).containsExactly(volume);
        assertThat(driver.chores().finish(REST)).isTrue();
        assertHolds(layerOf(ID), 7);
        assertThat(folder.resolve(IMAGE)).doesNotExist();
        assertThat(layers()).hasSize(1);
        assertThat(home()).isDirectoryContaining("glob:**/volume");
        try (Stream<Path> files = Files.list(home())) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void aCardWithoutItsImageIsForgotten() throws Exception {
        image(IMAGE, 7);
        card(LayerId.random(), Lookup.ADOPTING);
        reopen();
        assertThat(home()).doesNotExist();
        assertThat(adopting().unmanaged()).containsExactly(new Unmanaged(IMAGE, BYTES, ""));
        assertAdopted();
    }

    @Test
    void aHalfWrittenCardIsForgotten() throws Exception {
        image(IMAGE, 7);
        Files.createDirectories(home());
        Files.writeString(home().resolve(Lookup.ADOPTING), "layer ");
        reopen();
        assertThat(home()).doesNotExist();
        assertAdopted();
    }

    @Test
    void anImageThatWasTakenIsAVolume() throws Exception {
        LayerId layer = LayerId.random();
        Path image = image(IMAGE, 7);
        card(layer, Lookup.ADOPTING);
        Files.move(image, folder.resolve("layers").resolve(layer.file()));
        reopen();
        assertThat(driver.findVolume(ID)).isPresent();
        assertAdopted();
    }

    @Test
    void anImageThatWasTakenIsNotRemovedBeforeItIsAVolume() throws Exception {
        LayerId layer = LayerId.random();
        Path image = image(IMAGE, 7);
        card(layer, Lookup.ADOPTING);
        Files.move(image, folder.resolve("layers").resolve(layer.file()));
        driver.chores().soon();
        assertThat(driver.chores().finish(REST)).isTrue();
        assertAdopted();
    }

    @Test
    void whatWasNotAdoptedToTheEndIsGivenBackWhenItIsDeleted() throws Exception {
        LayerId layer = LayerId.random();
        Path image = image(IMAGE, 7);
        card(layer, Lookup.ADOPTING);
        Files.move(image, folder.resolve("layers").resolve(layer.file()));
        driver.deleteVolume(ID);
        assertThat(home()).doesNotExist();
        assertHolds(image, 7);
        assertAdopted();
    }

    /** Begins to give up a volume, up to the state that is given. */
    private void begin(boolean linked, boolean removed) throws Exception {
        image(IMAGE, 7);
        adopting().adopt(IMAGE, ID, MARK);
        Path layer = layerOf(ID);
        driver.close();
        Files.move(home().resolve("volume"), home().resolve(GIVEN + Lookup.GOING));
        if (linked) {
            Files.createLink(folder.resolve(GIVEN), layer);
        }
        if (removed) {
            Files.delete(layer);
        }
        open();
        assertThat(driver.chores().finish(REST)).isTrue();
    }

    private void assertGiven() throws Exception {
        assertThat(driver.inventory().volumes()).isEmpty();
        assertThat(adopting().unmanaged()).containsExactly(new Unmanaged(GIVEN, BYTES, ""));
        assertHolds(folder.resolve(GIVEN), 7);
        assertThat(home()).doesNotExist();
        assertThat(layers()).isEmpty();
        assertThat(adopting().release(ID, "db1")).isEqualTo(GIVEN);
    }

    @Test
    void aVolumeThatWasToGoGoes() throws Exception {
        begin(false, false);
        assertGiven();
    }

    @Test
    void aVolumeWithBothNamesGoes() throws Exception {
        begin(true, false);
        assertGiven();
    }

    @Test
    void aVolumeThatWentIsForgotten() throws Exception {
        begin(true, true);
        assertGiven();
    }

    @Test
    void aVolumeThatWentAndWasMovedAwayIsForgotten() throws Exception {
        begin(true, true);
        Files.delete(folder.resolve(GIVEN));
        Files.createDirectory(home());
        Files.writeString(
                home().resolve(GIVEN + Lookup.GOING), "layer %s\n".formatted(new UUID(5, 6)));
        reopen();
        assertThat(home()).doesNotExist();
        assertFails(NOT_FOUND, () -> adopting().release(ID, "db1"));
    }

    @Test
    void theEmptyFolderOfAVolumeThatWentGoes() throws Exception {
        begin(true, true);
        Files.createDirectory(home());
        assertThat(adopting().release(ID, "db1")).isEqualTo(GIVEN);
        assertGiven();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatCannotGoStaysTheVolume(boolean linked) throws Exception {
        image(IMAGE, 7);
        BackendVolume volume = adopting().adopt(IMAGE, ID, MARK);
        Path layer = layerOf(ID);
        driver.close();
        Files.move(home().resolve("volume"), home().resolve(GIVEN + Lookup.GOING));
        if (linked) {
            // As an operator may have it who misses his image.
            Files.createSymbolicLink(folder.resolve(GIVEN), layer);
        } else {
            Files.writeString(folder.resolve(GIVEN), "another");
        }
        open();
        assertThat(driver.findVolume(ID)).contains(volume);
        assertHolds(layer, 7);
        assertFails(CONFLICT, () -> adopting().release(ID, "db1"));
        assertThat(driver.findVolume(ID)).contains(volume);
        Files.delete(folder.resolve(GIVEN));
        assertThat(adopting().release(ID, "db1")).isEqualTo(GIVEN);
        assertGiven();
    }

    @Test
    void whatAKilledCutLeftHoldsNothingUp() throws Exception {
        image(IMAGE, 7);
        adopting().adopt(IMAGE, ID, MARK);
        Files.copy(home().resolve("volume"), home().resolve(SnapshotId.random() + Lookup.HALF));
        assertThat(adopting().release(ID, "db1")).isEqualTo(GIVEN);
        assertThat(driver.chores().finish(REST)).isTrue();
        assertGiven();
    }

    @Test
    void whatWasTakenAndCannotBeAVolumeIsGivenBack() throws Exception {
        LayerId layer = LayerId.random();
        card(layer, Lookup.ADOPTING);
        Path raw = Files.writeString(temporary.resolve("raw"), "another");
        Files.move(raw, folder.resolve("layers").resolve(layer.file()));
        reopen();
        assertThat(folder.resolve(IMAGE)).hasContent("another");
        assertThat(home()).doesNotExist();
        assertThat(layers()).isEmpty();
    }

    @Test
    void whatIsToGoIsNotDeletedWithItsVolume() throws Exception {
        image(IMAGE, 7);
        adopting().adopt(IMAGE, ID, MARK);
        Files.move(home().resolve("volume"), home().resolve(GIVEN + Lookup.GOING));
        driver.deleteVolume(ID);
        assertGiven();
    }

    @Test
    void whatLiesOverOthersIsGivenUpAsACopyOfAll() throws Exception {
        image(IMAGE, 7);
        VolumeId source = VolumeId.random();
        adopting().adopt(IMAGE, source, MARK);
        SnapshotId snapshot = SnapshotId.random();
        driver.createSnapshot(new SnapshotSpec(snapshot, source, Mark.NONE));
        driver.createFromSnapshot(
                new VolumeSpec(ID, "default", BYTES, Mark.NONE), snapshot, source);
        assertThat(adopting().release(ID, "db1")).isEqualTo(GIVEN);
        assertThat(driver.chores().finish(REST)).isTrue();
        assertThat(Files.getPosixFilePermissions(folder.resolve(GIVEN)))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        driver.deleteSnapshot(snapshot, source);
        driver.deleteVolume(source);
        assertThat(driver.chores().finish(REST)).isTrue();
        assertGiven();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCopyThatWasMadeGoes(boolean linked) throws Exception {
        image(IMAGE, 7);
        adopting().adopt(IMAGE, ID, MARK);
        driver.close();
        Path copy = home().resolve(Lookup.COPY);
        Files.copy(layerOf(ID), copy);
        Files.move(home().resolve("volume"), home().resolve(GIVEN + Lookup.COPIED));
        if (linked) {
            Files.createLink(folder.resolve(GIVEN), copy);
        }
        open();
        assertThat(driver.chores().finish(REST)).isTrue();
        assertGiven();
    }

    @Test
    void aVolumeStaysWhereItsNewNameIsTaken() throws Exception {
        image(IMAGE, 7);
        BackendVolume volume = adopting().adopt(IMAGE, ID, MARK);
        image(GIVEN, 8);
        assertFails(CONFLICT, () -> adopting().release(ID, "db1"));
        assertThat(driver.findVolume(ID)).contains(volume);
        assertHolds(layerOf(ID), 7);
        assertHolds(folder.resolve(GIVEN), 8);
        Files.delete(folder.resolve(GIVEN));
        assertThat(adopting().release(ID, "db1")).isEqualTo(GIVEN);
        assertGiven();
    }

    private void assertUnfit(String why) throws Exception {
        assertFails(UNSUPPORTED, () -> adopting().adopt(IMAGE, ID, MARK));
        assertThat(adopting().unmanaged())
                .filteredOn(each -> each.path().equals(IMAGE))
                .singleElement()
                .satisfies(each -> assertThat(each.obstacle()).contains(why));
        assertThat(home()).doesNotExist();
        assertThat(folder.resolve(IMAGE)).exists();
    }

    @Test
    void whatIsNoQcow2ImageIsNotAdopted() throws Exception {
        Files.write(folder.resolve(IMAGE), new byte[BYTES]);
        assertUnfit("it is no qcow2 image");
        Files.write(folder.resolve(IMAGE), new byte[10]);
        assertUnfit("it is no qcow2 image");
    }

    @Test
    void whatLiesOverAnotherImageIsNotAdopted() throws Exception {
        image("base.qcow2", 7);
        img(
                "create",
                "-q",
                "-f",
                "qcow2",
                "-F",
                "qcow2",
                "-b",
                "base.qcow2",
                folder.resolve(IMAGE) + "");
        assertUnfit("it lies over another image");
    }

    @Test
    void whatHasSnapshotsInsideIsNotAdopted() throws Exception {
        img("snapshot", "-q", "-c", "before", image(IMAGE, 7) + "");
        assertUnfit("it has snapshots of its own inside");
    }

    @Test
    void whatIsEncryptedIsNotAdopted() throws Exception {
        String[] create = {
            "create",
            "-q",
            "-f",
            "qcow2",
            "--object",
            "secret,id=s,data=0123456789",
            "-o",
            "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
            folder.resolve(IMAGE) + "",
            "1M"
        };
        for (int left = 20; ; left--) {
            try {
                img(create);
                break;
            } catch (IOException e) {
                // It measures how fast the processor is, and gives up where others use that.
                if (left == 0 || !String.valueOf(e.getMessage()).contains("accurate CPU usage")) {
                    throw e;
                }
                Files.deleteIfExists(folder.resolve(IMAGE));
            }
        }
        assertUnfit("it is encrypted");
    }

    @Test
    void whatHasItsDataElsewhereIsNotAdopted() throws Exception {
        img(
                "create",
                "-q",
                "-f",
                "qcow2",
                "-o",
                "data_file=" + folder.resolve("data"),
                folder.resolve(IMAGE) + "",
                "1M");
        assertUnfit("its data is in another file");
    }

    @Test
    void whatHasFeaturesThatAreNotKnownIsNotAdopted() throws Exception {
        Path image = image(IMAGE, 7);
        incompatible(image, 0x80);
        assertUnfit("of version 3 with features 0x80");
    }

    private static void incompatible(Path image, int features) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            // The last of eight bytes.
            file.seek(79);
            file.write(features);
        }
    }

    @Test
    void whatWasNotClosedIsNotAdopted() throws Exception {
        Path image = image(IMAGE, 7);
        incompatible(image, 1);
        assertUnfit("it is damaged, or was not closed");
        img("check", "-q", "-r", "all", image + "");
        assertAdopted();
    }

    @Test
    void anImageOfAnOldVersionIsAdopted() throws Exception {
        Path image = image("new.qcow2", 7);
        img("convert", "-O", "qcow2", "-o", "compat=0.10", image + "", folder.resolve(IMAGE) + "");
        assertAdopted();
    }
}
