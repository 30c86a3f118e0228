package io.cairn.plugin.file;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Inventory;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;
import io.cairn.tck.LoopFileSystem;
import io.cairn.tck.LoopFileSystem.Kind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

/** One clear error for each way the folder lets the driver down, and nothing half made. */
final class FailuresTest {
    private static final BackendIdentity SELF = new BackendIdentity(new UUID(1, 2), "files");
    private static final BackendIdentity USED =
            new BackendIdentity(SELF.daemon(), SELF.backend(), true);
    private static final long MIB = 1 << 20;

    /** Metadata of so many files is more than the smallest file system has room for. */
    private static final int MORE_THAN_FIT = 50_000;

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aFullFileSystemIsNoSpaceAndDeletingStillWorks(Kind kind) throws Exception {
        try (LoopFileSystem mounted = LoopFileSystem.create(kind, LoopFileSystem.LEAST_BYTES);
                Driver driver = open(mounted.path(), SELF, "copy")) {
            BackendVolume volume = volume(driver, 256 * MIB);
            BackendVolume kept = volume(driver, MIB);
            write(kept, MIB);
            fill(volume);
            Inventory before = driver.inventory();
            SnapshotSpec spec = spec(volume.id());
            assertFails(NO_SPACE, mounted.path(), () -> driver.createSnapshot(spec));
            assertThat(driver.inventory().snapshots()).isEmpty();
            assertThat(FileDriverFixture.strangers(mounted.path(), before))
                    .allMatch(path -> path.endsWith("lost+found"));
            driver.deleteVolume(volume.id());
            assertThat(driver.inventory().volumes()).containsExactly(kept);
            driver.createSnapshot(spec(kept.id()));
        }
    }

    /** On XFS alone: it takes minutes to fill the metadata of btrfs. */
    @Test
    void reflinksOnAFullFileSystemAreMadeWholeOrNotAtAll() throws Exception {
        try (LoopFileSystem mounted = LoopFileSystem.create(Kind.XFS, LoopFileSystem.LEAST_BYTES);
                Driver driver = open(mounted.path(), SELF)) {
            BackendVolume kept = volume(driver, MIB);
            write(kept, MIB);
            fill(volume(driver, 512 * MIB));
            List<BackendSnapshot> cut = new ArrayList<>();
            List<BackendVolume> made = new ArrayList<>();
            assertFails(
                    NO_SPACE,
                    mounted.path(),
                    () -> {
                        for (int i = 0; i < MORE_THAN_FIT; i++) {
                            cut.add(driver.createSnapshot(spec(kept.id())));
                            made.add(
                                    driver.createFromSnapshot(
                                            new VolumeSpec(
                                                    VolumeId.random(), "default", MIB, Mark.NONE),
                                            cut.getLast().id(),
                                            kept.id()));
                        }
                    });
            Inventory after = driver.inventory();
            assertThat(after.snapshots()).containsExactlyInAnyOrderElementsOf(cut);
            assertThat(after.volumes()).containsAll(made).hasSize(made.size() + 2);
            assertThat(FileDriverFixture.strangers(mounted.path(), after)).isEmpty();
            for (BackendSnapshot snapshot : cut) {
                driver.deleteSnapshot(snapshot.id(), kept.id());
            }
            assertThat(driver.inventory().snapshots()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aFullFileSystemCanStillBeOpened(Kind kind) throws Exception {
        try (LoopFileSystem mounted = LoopFileSystem.create(kind, LoopFileSystem.LEAST_BYTES)) {
            String method;
            BackendVolume volume;
            try (Driver driver = open(mounted.path(), SELF)) {
                method = driver.facts().snapshotMethod();
                volume = volume(driver, 512 * MIB);
                fill(volume);
            }
            try (Driver driver = open(mounted.path(), SELF)) {
                assertThat(driver.facts().snapshotMethod()).isEqualTo(method);
                driver.deleteVolume(volume.id());
                assertThat(driver.inventory().volumes()).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aReadOnlyFileSystemIsUnavailableAndStillListed(Kind kind) throws Exception {
        try (LoopFileSystem mounted = LoopFileSystem.create(kind, LoopFileSystem.LEAST_BYTES)) {
            BackendVolume volume;
            try (Driver driver = open(mounted.path(), SELF)) {
                volume = volume(driver, MIB);
            }
            mounted.remount("ro");
            assertFails(UNAVAILABLE, mounted.path(), () -> open(mounted.path(), SELF).close());
            mounted.remount("rw");
            try (Driver driver = open(mounted.path(), SELF)) {
                assertThat(driver.inventory().volumes()).containsExactly(volume);
            }
        }
    }

    @Test
    void aFolderThatVanishedIsUnavailable(@TempDir Path folder) throws Exception {
        Path inner = Files.createDirectory(folder.resolve("inner"));
        try (Driver driver = open(inner, SELF)) {
            BackendVolume volume = volume(driver, MIB);
            Files.move(inner, folder.resolve("moved"));
            VolumeId absent = VolumeId.random();
            assertFails(UNAVAILABLE, inner, () -> driver.findVolume(absent));
            assertFails(UNAVAILABLE, inner, driver::inventory);
            assertFails(UNAVAILABLE, inner, driver::pools);
            Files.move(folder.resolve("moved"), inner);
            assertThat(driver.findVolume(volume.id())).contains(volume);
        }
    }

    @Test
    void aFolderThatIsNotThereIsUnavailable(@TempDir Path folder) {
        Path absent = folder.resolve("absent");
        assertFails(UNAVAILABLE, absent, () -> open(absent, SELF).close());
    }

    @Test
    void aFileInsteadOfTheFolderIsInvalid(@TempDir Path folder) throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        assertFails(INVALID, file, () -> open(file, SELF).close());
    }

    @Test
    void aFolderWithOtherThingsIsInvalidAndLeftAlone(@TempDir Path folder) throws Exception {
        Path other = Files.createFile(folder.resolve("letter.txt"));
        assertFails(INVALID, folder, () -> open(folder, SELF).close());
        try (var entries = Files.list(folder)) {
            assertThat(entries).containsExactly(other);
        }
    }

    @Test
    void aFolderOfAnotherDaemonIsAConflictThatNamesIt(@TempDir Path folder) throws Exception {
        open(folder, SELF).close();
        BackendIdentity other = new BackendIdentity(new UUID(3, 4), "files");
        DriverException e = assertFails(CONFLICT, folder, () -> open(folder, other).close());
        assertThat(e).hasMessageContaining(SELF.daemon().toString());
    }

    @Test
    void aSecondOpenerIsRefusedAndTheFirstKeepsItsLock(@TempDir Path folder) throws Exception {
        try (Driver first = open(folder, SELF)) {
            assertFails(UNAVAILABLE, folder, () -> open(folder, SELF).close());
            assertFails(UNAVAILABLE, folder, () -> open(folder, SELF).close());
            volume(first, MIB);
        }
        open(folder, SELF).close();
    }

    @Test
    void aClaimThatWasCutOffIsMadeAnew(@TempDir Path folder) throws Exception {
        Files.createFile(folder.resolve("cairn.backend"));
        open(folder, SELF).close();
        assertThat(folder.resolve("cairn.backend")).content().contains("backend=files");
    }

    @Test
    void anEmptyFolderOfABackendThatWasUsedIsLeftEmpty(@TempDir Path folder) throws Exception {
        DriverException e = assertFails(UNAVAILABLE, folder, () -> open(folder, USED).close());
        assertThat(e).hasMessageContaining("mounted");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aCutOffClaimIsNotFinishedForABackendThatWasUsed(@TempDir Path folder) throws Exception {
        Path marker = Files.writeString(folder.resolve("cairn.backend"), "daemon=");
        assertFails(UNAVAILABLE, folder, () -> open(folder, USED).close());
        assertThat(folder).isDirectoryContaining(marker::equals);
        assertThat(marker).hasContent("daemon=");
    }

    @Test
    void aBackendThatWasUsedBeginsAnewWhereItsMarkerWasWritten(@TempDir Path folder)
            throws Exception {
        DriverException e = assertFails(UNAVAILABLE, folder, () -> open(folder, USED).close());
        String told = String.valueOf(e.getMessage()).replaceFirst(".* the lines '", "");
        Files.writeString(
                folder.resolve("cairn.backend"),
                told.replaceFirst("' and '", "\n").replaceFirst("'$", "\n"));
        open(folder, USED).close();
        assertThat(folder.resolve("volumes")).isEmptyDirectory();
    }

    @Test
    void aReflinkIsRefusedWhereThereIsNone() throws Exception {
        try (LoopFileSystem mounted = LoopFileSystem.create(Kind.EXT4, 64 * MIB)) {
            assertFails(
                    UNSUPPORTED,
                    mounted.path(),
                    () -> open(mounted.path(), SELF, "reflink").close());
        }
    }

    @Test
    void aCopyOfAVolumeOpenForWritingIsRefused(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, SELF, "copy")) {
            BackendVolume volume = volume(driver, MIB);
            SnapshotSpec spec = spec(volume.id());
            try (FileChannel _ =
                    FileChannel.open(Path.of(volume.location()), StandardOpenOption.WRITE)) {
                assertFails(UNSUPPORTED, folder, () -> driver.createSnapshot(spec));
            }
            assertThat(FileDriverFixture.strangers(folder, driver.inventory())).isEmpty();
            assertThat(driver.createSnapshot(spec).id()).isEqualTo(spec.id());
        }
    }

    @Test
    void aProcessThatIsJustBeingForkedIsNoWriter(@TempDir Path folder) throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        Thread forking =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    while (!done.get()) {
                                        fork();
                                    }
                                });
        try {
            for (int i = 0; i < 50; i++) {
                try (Driver driver = open(folder, SELF, "copy")) {
                    BackendVolume volume = volume(driver, MIB);
                    write(volume, 4096);
                    BackendSnapshot cut = driver.createSnapshot(spec(volume.id()));
                    driver.deleteSnapshot(cut.id(), volume.id());
                    driver.deleteVolume(volume.id());
                    Files.write(folder.resolve("unmanaged"), new byte[4096]);
                    assertThat(driver.adopting().orElseThrow().unmanaged())
                            .containsExactly(new Unmanaged("unmanaged", 4096, ""));
                }
            }
        } finally {
            done.set(true);
            forking.join();
        }
    }

    private static void fork() {
        try {
            int _ = new ProcessBuilder("true").start().waitFor();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aCopyKeepsTheHoles(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, SELF, "copy")) {
            BackendVolume volume = volume(driver, 1 << 30);
            try (FileChannel file =
                    FileChannel.open(Path.of(volume.location()), StandardOpenOption.WRITE)) {
                for (long at = 0; at < volume.sizeBytes(); at += 64 * MIB) {
                    file.write(ByteBuffer.allocate(64 << 10).put(0, (byte) 1), at);
                }
            }
            BackendSnapshot snapshot = driver.createSnapshot(spec(volume.id()));
            assertThat(Blocks.bytes(Path.of(snapshot.location()))).isBetween(MIB, 2 * MIB);
            assertThat(Files.mismatch(Path.of(snapshot.location()), Path.of(volume.location())))
                    .isEqualTo(-1);
        }
    }

    @Test
    void aSnapshotWhoseLabelWasLostIsStillFound(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, SELF)) {
            BackendVolume volume = volume(driver, MIB);
            BackendSnapshot snapshot = driver.createSnapshot(spec(volume.id()));
            Files.delete(folder.resolve("snapshots").resolve(snapshot.id().toString()));
            new ProcessBuilder(
                            "python3",
                            "-c",
                            "import os,sys; os.removexattr(sys.argv[1], 'user.cairn')",
                            snapshot.location())
                    .inheritIO()
                    .start()
                    .waitFor();
            assertThat(driver.findSnapshot(snapshot.id(), volume.id()))
                    .contains(
                            new BackendSnapshot(
                                    snapshot.id(),
                                    volume.id(),
                                    MIB,
                                    snapshot.cutAt(),
                                    snapshot.location(),
                                    Mark.NONE));
            SnapshotSpec marked =
                    new SnapshotSpec(snapshot.id(), volume.id(), new Mark("that was lost"));
            assertThat(driver.createSnapshot(marked).cutAt()).isEqualTo(snapshot.cutAt());
        }
    }

    private static Driver open(Path folder, BackendIdentity self)
            throws DriverException, InterruptedException {
        return open(folder, self, "auto");
    }

    private static Driver open(Path folder, BackendIdentity self, String method)
            throws DriverException, InterruptedException {
        FileDriverProvider provider = new FileDriverProvider();
        Map<String, String> settings =
                Map.of(
                        FileDriverProvider.DIRECTORY,
                        folder.toString(),
                        FileDriverProvider.METHOD,
                        method);
        return provider.open(self, new Settings(provider.info().options(), settings));
    }

    private static BackendVolume volume(Driver driver, long sizeBytes)
            throws DriverException, InterruptedException {
        return driver.createVolume(
                new VolumeSpec(VolumeId.random(), "default", sizeBytes, Mark.NONE));
    }

    private static SnapshotSpec spec(VolumeId volume) {
        return new SnapshotSpec(SnapshotId.random(), volume, Mark.NONE);
    }

    private static void write(BackendVolume volume, long bytes) throws IOException {
        try (FileChannel file =
                FileChannel.open(Path.of(volume.location()), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate((int) bytes).put(0, (byte) 1), 0);
        }
    }

    /** Writes until there is no more space. */
    private static void fill(BackendVolume volume) throws IOException {
        try (FileChannel file =
                FileChannel.open(Path.of(volume.location()), StandardOpenOption.WRITE)) {
            for (long at = 0; at < volume.sizeBytes(); at += MIB) {
                file.write(ByteBuffer.allocate((int) MIB).put(0, (byte) 1), at);
            }
            file.force(true);
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }
}
