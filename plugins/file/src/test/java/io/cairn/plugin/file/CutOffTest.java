package io.cairn.plugin.file;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;
import io.cairn.tck.LoopFileSystem;
import io.cairn.tck.LoopFileSystem.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.UUID;

/** Calls that fail in the middle: the kind of the failure is the truth about what they changed. */
final class CutOffTest {
    private static final BackendIdentity SELF = new BackendIdentity(new UUID(1, 2), "files");
    private static final long MIB = 1 << 20;

    @SuppressWarnings("NullAway.Init") // before each test
    private LoopFileSystem mounted;

    @SuppressWarnings("NullAway.Init") // before each test
    private Driver driver;

    @BeforeEach
    void mount() throws Exception {
        mounted = LoopFileSystem.create(Kind.XFS, LoopFileSystem.LEAST_BYTES);
        driver = open();
    }

    @AfterEach
    void unmount() throws Exception {
        // Neither is there where this machine cannot make the file system and the test is skipped.
        try (LoopFileSystem _ = mounted) {
            if (driver != null) {
                driver.close();
            }
        }
    }

    @Test
    void aVolumeDeletedInPartIsDeletedWholeByTheRepeat() throws Exception {
        BackendVolume volume = volume();
        Path volumes = mounted.path().resolve("volumes");
        change("+a", volumes);
        assertFails(FAULT, () -> driver.deleteVolume(volume.id()));
        assertThat(driver.findVolume(volume.id())).isEmpty();
        assertFails(FAULT, () -> driver.deleteVolume(volume.id()));
        change("-a", volumes);
        driver.deleteVolume(volume.id());
        assertNothingElse();
    }

    @Test
    void aStrangerWhereAVolumeWasLeavesItsDeletionOpen() throws Exception {
        BackendVolume volume = volume();
        Path home = mounted.path().resolve("volumes").resolve(volume.id().toString());
        Files.delete(home.resolve("volume.img"));
        Path stranger = Files.createFile(home.resolve("letter.txt"));
        assertFails(FAULT, () -> driver.deleteVolume(volume.id()));
        Files.delete(stranger);
        driver.deleteVolume(volume.id());
        assertNothingElse();
    }

    @Test
    void aVolumeThatCannotBeTouchedIsKnownToBeThere() throws Exception {
        BackendVolume volume = volume();
        Path home = mounted.path().resolve("volumes").resolve(volume.id().toString());
        change("+a", home);
        assertFails(UNSUPPORTED, () -> driver.deleteVolume(volume.id()));
        assertThat(driver.findVolume(volume.id())).contains(volume);
    }

    @Test
    void aSnapshotDeletedInPartIsDeletedWholeByTheRepeat() throws Exception {
        BackendVolume volume = volume();
        BackendSnapshot snapshot = driver.createSnapshot(spec(volume));
        Path snapshots = mounted.path().resolve("snapshots");
        change("+a", snapshots);
        assertFails(FAULT, () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        assertThat(driver.findSnapshot(snapshot.id(), volume.id())).isEmpty();
        assertFails(FAULT, () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        change("-a", snapshots);
        driver.deleteSnapshot(snapshot.id(), volume.id());
        assertNothingElse();
    }

    @Test
    void aCutThatFailedDoesNotComeBackAfterALossOfPower() throws Exception {
        BackendVolume volume = volume();
        change("+i", mounted.path().resolve("volumes").resolve(volume.id().toString()));
        assertFails(UNSUPPORTED, () -> driver.createSnapshot(spec(volume)));
        losePower();
        assertThat(driver.inventory().volumes()).containsExactly(volume);
        assertNothingElse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"copy", "reflink"})
    void whatWasChangedSurvivesALossOfPower(String method) throws Exception {
        driver.close();
        driver = open(method);
        BackendVolume reverted = volume();
        write(reverted, 'a');
        BackendSnapshot snapshot = driver.createSnapshot(spec(reverted));
        write(reverted, 'b');
        losePowerAfter(
                () -> driver.reverting().orElseThrow().revert(reverted.id(), snapshot.id()),
                method);
        assertThat(content(reverted)).isEqualTo('a');
        Mark mark = new Mark("renamed");
        losePowerAfter(
                () -> {
                    driver.markVolume(reverted.id(), mark);
                    driver.markSnapshot(snapshot.id(), reverted.id(), mark);
                },
                method);
        assertThat(driver.findVolume(reverted.id()).orElseThrow().mark()).isEqualTo(mark);
        assertThat(driver.findSnapshot(snapshot.id(), reverted.id()).orElseThrow().mark())
                .isEqualTo(mark);
        losePowerAfter(() -> driver.growing().orElseThrow().grow(reverted.id(), 2 * MIB), method);
        assertThat(driver.findVolume(reverted.id()).orElseThrow().sizeBytes()).isEqualTo(2 * MIB);
        VolumeSpec clone = new VolumeSpec(VolumeId.random(), "default", 2 * MIB, Mark.NONE);
        losePowerAfter(
                () -> driver.cloning().orElseThrow().cloneVolume(clone, reverted.id()), method);
        assertThat(content(driver.findVolume(clone.id()).orElseThrow())).isEqualTo('a');
        String file = "db1-%s.img".formatted(clone.id());
        losePowerAfter(() -> driver.adopting().orElseThrow().release(clone.id(), "db1"), method);
        assertThat(driver.findVolume(clone.id())).isEmpty();
        assertThat(driver.adopting().orElseThrow().unmanaged())
                .containsExactly(new Unmanaged(file, 2 * MIB, ""));
        VolumeId adopted = VolumeId.random();
        losePowerAfter(() -> driver.adopting().orElseThrow().adopt(file, adopted, mark), method);
        assertThat(driver.findVolume(adopted).orElseThrow().mark()).isEqualTo(mark);
        assertThat(content(driver.findVolume(adopted).orElseThrow())).isEqualTo('a');
        assertNothingElse();
    }

    private interface Change {
        void run() throws DriverException, InterruptedException;
    }

    private void losePowerAfter(Change change, String method) throws Exception {
        change.run();
        driver.close();
        mounted.losePower();
        driver = open(method);
    }

    private static void write(BackendVolume volume, char content) throws IOException {
        try (FileChannel file =
                FileChannel.open(Path.of(volume.location()), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {(byte) content}), MIB / 2);
            file.force(false);
        }
    }

    private static char content(BackendVolume volume) throws IOException {
        ByteBuffer found = ByteBuffer.allocate(1);
        try (FileChannel file = FileChannel.open(Path.of(volume.location()))) {
            file.read(found, MIB / 2);
        }
        return (char) found.get(0);
    }

    private void losePower() throws Exception {
        driver.close();
        mounted.losePower();
        driver = open();
    }

    private Driver open() throws DriverException, InterruptedException {
        // By copies, whose files are synced before they get their lasting names.
        return open("copy");
    }

    private Driver open(String method) throws DriverException, InterruptedException {
        FileDriverProvider provider = new FileDriverProvider();
        Map<String, String> settings =
                Map.of(
                        FileDriverProvider.DIRECTORY,
                        mounted.path().toString(),
                        FileDriverProvider.METHOD,
                        method);
        return provider.open(SELF, new Settings(provider.info().options(), settings));
    }

    private BackendVolume volume() throws DriverException, InterruptedException {
        return driver.createVolume(new VolumeSpec(VolumeId.random(), "default", MIB, Mark.NONE));
    }

    private static SnapshotSpec spec(BackendVolume volume) {
        return new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE);
    }

    private void assertNothingElse() throws Exception {
        assertThat(FileDriverFixture.strangers(mounted.path(), driver.inventory())).isEmpty();
    }

    /** Makes a folder append-only or immutable, which binds root too. */
    private static void change(String attribute, Path path)
            throws IOException, InterruptedException {
        Process chattr =
                new ProcessBuilder("chattr", attribute, path.toString()).inheritIO().start();
        assumeTrue(chattr.waitFor() == 0, "chattr does not work here");
    }
}
