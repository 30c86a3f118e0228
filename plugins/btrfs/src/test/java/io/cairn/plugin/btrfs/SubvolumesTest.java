package io.cairn.plugin.btrfs;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.Attaching;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Background;
import io.cairn.spi.Chore;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;
import io.cairn.tck.LoopFileSystem;
import io.cairn.tck.LoopFileSystem.Kind;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** What volumes and snapshots are on btrfs, as its own tools see them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SubvolumesTest {
    private static final long MIB = 1L << 20;
    private static final BackendIdentity SELF = new BackendIdentity(new UUID(1, 2), "subvolumes");
    private static final Duration REST = Duration.ofMinutes(2);

    private @Nullable LoopFileSystem mounted;
    private Path folder = Path.of("/nonexistent");

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Driver driver;

    @BeforeAll
    void mount() throws Exception {
        mounted = LoopFileSystem.create(Kind.BTRFS, 1L << 30);
    }

    @AfterAll
    void unmount() throws Exception {
        if (mounted != null) {
            mounted.close();
        }
    }

    @BeforeEach
    void open() throws Exception {
        folder = Files.createTempDirectory(Objects.requireNonNull(mounted).path(), "case");
        driver = open(folder);
    }

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void whatNobodyWritesToIsCutAsASnapshotOfItsSubvolume() throws Exception {
        BackendVolume volume = volume();
        BackendSnapshot snapshot = cut(volume);
        String shown = show(snapshot);
        assertThat(shown).contains("readonly");
        assertThat(parent(shown)).isEqualTo(uuid(show(volume)));
        BackendVolume made =
                driver.createFromSnapshot(
                        new VolumeSpec(VolumeId.random(), "default", 2 * MIB, Mark.NONE),
                        snapshot.id(),
                        volume.id());
        assertThat(parent(show(made))).isEqualTo(uuid(shown));
        driver.reverting().orElseThrow().revert(volume.id(), snapshot.id());
        assertThat(parent(show(volume))).isEqualTo(uuid(shown));
    }

    @Test
    void whatWasDeletedIsToldUntilItsSpaceIsBack() throws Exception {
        BackendVolume volume = volume();
        Background background = driver.background().orElseThrow();
        boolean told = false;
        // The cleaner comes at any time.
        for (int i = 0; i < 5 && !told; i++) {
            List<BackendSnapshot> cut = List.of(cut(volume), cut(volume), cut(volume));
            for (BackendSnapshot each : cut) {
                driver.deleteSnapshot(each.id(), volume.id());
            }
            for (List<Chore> chores = background.chores();
                    !chores.isEmpty() && !told;
                    chores = background.chores()) {
                told = chores.getFirst().total() >= cut.size();
                Thread.sleep(10);
            }
        }
        assertThat(told).isTrue();
        String root = Objects.requireNonNull(mounted).path().toString();
        String _ = run("btrfs", "filesystem", "sync", root);
        String _ = run("btrfs", "subvolume", "sync", root);
        long until = System.nanoTime() + REST.toNanos();
        while (!background.chores().isEmpty()) {
            assertThat(System.nanoTime()).as("%s", background.chores()).isLessThan(until);
            Thread.sleep(10);
        }
        assertThat(driver.inventory().volumes()).containsExactly(volume);
    }

    @Test
    void whatIsAttachedIsCutAsACloneOfItsImage() throws Exception {
        BackendVolume volume = volume();
        Attaching attaching = driver.attaching().orElseThrow();
        String device = attaching.attach(Target.of(volume.id()), false).device();
        try {
            Path loop = Path.of("/sys/block").resolve(Path.of(device).getFileName());
            assertThat(Files.readString(loop.resolve("loop/dio")).strip()).isEqualTo("1");
            assertThat(Files.readString(loop.resolve("queue/logical_block_size")).strip())
                    .isEqualTo("4096");
            String shown = show(cut(volume));
            assertThat(shown).contains("readonly");
            assertThat(parent(shown)).isEqualTo("-");
        } finally {
            attaching.detach(Target.of(volume.id()));
        }
        assertThat(parent(show(cut(volume)))).isEqualTo(uuid(show(volume)));
    }

    @Test
    void aFileWithoutChecksumsIsNotAdoptedAndStaysWhereItWas() throws Exception {
        Path file = folder.resolve("nocow");
        Files.createFile(file);
        run("chattr", "+C", file.toString());
        Files.write(file, new byte[8192]);
        VolumeId id = VolumeId.random();
        assertThat(
                        assertFails(
                                UNSUPPORTED,
                                () ->
                                        driver.adopting()
                                                .orElseThrow()
                                                .adopt("nocow", id, Mark.NONE)))
                .hasMessageContaining("checksums");
        assertThat(file).hasSize(8192);
        assertThat(driver.findVolume(id)).isEmpty();
        assertThat(folder.resolve("volumes").resolve(id.toString())).doesNotExist();
    }

    @Test
    void aFileSystemWithoutChecksumsIsRefused() throws Exception {
        try (LoopFileSystem bare = LoopFileSystem.create(Kind.BTRFS, 256 * MIB)) {
            Path backend = Files.createDirectory(bare.path().resolve("backend"));
            bare.remount("nodatacow");
            assertThat(assertFails(UNSUPPORTED, () -> open(backend).close()))
                    .hasMessageContaining("nodatacow");
            assertThat(backend.resolve("probe")).doesNotExist();
            bare.remount("datacow,datasum");
            open(backend).close();
        }
    }

    @Test
    void aSnapshotThatIsSentIsInUse() throws Exception {
        BackendVolume volume = volume();
        Files.write(Path.of(volume.location()), new byte[1 << 20]);
        BackendSnapshot snapshot = cut(volume);
        // It fills the pipe, and waits for somebody to read.
        Process send =
                new ProcessBuilder("btrfs", "-q", "send", subvolume(snapshot.location()))
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        try {
            assertThat(send.getInputStream().read()).isNotNegative();
            assertThat(assertFails(IN_USE, () -> driver.deleteSnapshot(snapshot.id(), volume.id())))
                    .hasMessageContaining("btrfs send");
            // And its id is.
            SnapshotSpec other = new SnapshotSpec(snapshot.id(), volume().id(), Mark.NONE);
            assertFails(CONFLICT, () -> driver.createSnapshot(other));
        } finally {
            send.destroyForcibly().waitFor();
        }
        driver.deleteSnapshot(snapshot.id(), volume.id());
        assertThat(driver.inventory().snapshots()).isEmpty();
    }

    @Test
    void theIdOfASnapshotThatIsGoneIsFree() throws Exception {
        BackendVolume volume = volume();
        BackendSnapshot snapshot = cut(volume);
        String _ = run("btrfs", "subvolume", "delete", subvolume(snapshot.location()));
        BackendVolume other = volume();
        SnapshotSpec spec = new SnapshotSpec(snapshot.id(), other.id(), new Mark("cut"));
        assertThat(driver.createSnapshot(spec).volume()).isEqualTo(other.id());
        SnapshotSpec former = new SnapshotSpec(snapshot.id(), volume.id(), new Mark("cut"));
        assertFails(CONFLICT, () -> driver.createSnapshot(former));
        // Whose it was takes nothing away.
        driver.deleteSnapshot(snapshot.id(), volume.id());
        assertFails(CONFLICT, () -> driver.createSnapshot(former));
        driver.deleteSnapshot(snapshot.id(), other.id());
        assertThat(claims().list()).isEmpty();
    }

    @Test
    void aSnapshotIsThereWithoutItsClaim() throws Exception {
        BackendVolume volume = volume();
        BackendSnapshot snapshot = cut(volume);
        for (String claim : claims().list()) {
            claims().delete(claim);
        }
        SnapshotSpec again = new SnapshotSpec(snapshot.id(), volume.id(), new Mark("cut"));
        assertThat(driver.createSnapshot(again)).isEqualTo(snapshot);
        driver.deleteSnapshot(snapshot.id(), volume.id());
        assertThat(driver.inventory().snapshots()).isEmpty();
        driver.deleteVolume(volume.id());
    }

    private UserDefinedFileAttributeView claims() {
        return Files.getFileAttributeView(
                folder.resolve("snapshots"), UserDefinedFileAttributeView.class);
    }

    @Test
    void whatIsWrittenThroughTheCacheIsCutAsACloneOfItsImage() throws Exception {
        BackendVolume volume = volume();
        try (FileChannel writer =
                FileChannel.open(Path.of(volume.location()), StandardOpenOption.WRITE)) {
            writer.write(ByteBuffer.wrap("before".getBytes(UTF_8)), 0);
            BackendSnapshot snapshot = cut(volume);
            writer.write(ByteBuffer.wrap("after ".getBytes(UTF_8)), 0);
            assertThat(show(snapshot)).contains("readonly");
            assertThat(parent(show(snapshot))).isEqualTo("-");
            assertThat(Files.readString(Path.of(snapshot.location()), UTF_8)).startsWith("before");
        }
    }

    @Test
    void aSnapshotIsNotChangedByWhatItIsCalled() throws Exception {
        BackendVolume volume = volume();
        BackendSnapshot snapshot = cut(volume);
        String before = show(snapshot);
        driver.markSnapshot(snapshot.id(), volume.id(), new Mark("renamed"));
        assertThat(show(snapshot)).isEqualTo(before);
        assertThat(driver.findSnapshot(snapshot.id(), volume.id()).orElseThrow().mark())
                .isEqualTo(new Mark("renamed"));
        driver.deleteSnapshot(snapshot.id(), volume.id());
        assertThat(driver.findSnapshot(snapshot.id(), volume.id())).isEmpty();
        driver.deleteVolume(volume.id());
    }

    @Test
    void anAttachedVolumeKeepsWholeSectors() throws Exception {
        BackendVolume odd =
                driver.createVolume(
                        new VolumeSpec(VolumeId.random(), "default", MIB + 512, Mark.NONE));
        Attaching attaching = driver.attaching().orElseThrow();
        assertThat(assertFails(UNSUPPORTED, () -> attaching.attach(Target.of(odd.id()), false)))
                .hasMessageContaining("grow it to " + (MIB + 4096));
        BackendVolume volume = volume();
        attaching.attach(Target.of(volume.id()), false);
        try {
            assertFails(
                    INVALID, () -> driver.growing().orElseThrow().grow(volume.id(), 2 * MIB + 512));
        } finally {
            attaching.detach(Target.of(volume.id()));
        }
    }

    @Test
    void anotherFileSystemIsRefusedBeforeAnythingIsLeftThere(@TempDir Path elsewhere) {
        assertThat(assertFails(UNSUPPORTED, () -> open(elsewhere).close()))
                .hasMessageContaining("this driver needs btrfs");
        assertThat(elsewhere).isEmptyDirectory();
    }

    @Test
    void onAFullFileSystemASnapshotIsWholeOrNotThereAndAllCanBeDeleted() throws Exception {
        try (LoopFileSystem full = LoopFileSystem.create(Kind.BTRFS, 256 * MIB);
                Driver small = open(Files.createDirectory(full.path().resolve("backend")))) {
            BackendVolume volume =
                    small.createVolume(
                            new VolumeSpec(VolumeId.random(), "default", 512 * MIB, Mark.NONE));
            fill(Path.of(volume.location()));
            SnapshotSpec spec = new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE);
            try {
                small.createSnapshot(spec);
                small.deleteSnapshot(spec.id(), volume.id());
            } catch (DriverException e) {
                assertThat(e.kind()).describedAs(e.getMessage()).isEqualTo(NO_SPACE);
            }
            assertThat(small.inventory().snapshots()).isEmpty();
            small.deleteVolume(volume.id());
            assertThat(small.inventory().volumes()).isEmpty();
            run("btrfs", "filesystem", "sync", full.path().toString());
            small.createVolume(new VolumeSpec(VolumeId.random(), "default", MIB, Mark.NONE));
        }
    }

    private static void fill(Path file) throws IOException {
        ByteBuffer block = ByteBuffer.allocate((int) MIB);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            while (channel.position() < channel.size()) {
                channel.write(block.clear());
            }
            channel.force(true);
            throw new AssertionError("it was not filled");
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    private static Driver open(Path folder) throws DriverException {
        BtrfsDriverProvider provider = new BtrfsDriverProvider();
        return provider.open(
                SELF,
                new Settings(
                        provider.info().options(),
                        Map.of(BtrfsDriverProvider.DIRECTORY, folder.toString())));
    }

    private BackendVolume volume() throws DriverException, InterruptedException {
        return driver.createVolume(new VolumeSpec(VolumeId.random(), "default", MIB, Mark.NONE));
    }

    private BackendSnapshot cut(BackendVolume volume) throws DriverException, InterruptedException {
        return driver.createSnapshot(
                new SnapshotSpec(SnapshotId.random(), volume.id(), new Mark("cut")));
    }

    private static String show(BackendVolume volume) throws Exception {
        return show(volume.location());
    }

    private static String show(BackendSnapshot snapshot) throws Exception {
        return show(snapshot.location());
    }

    private static String show(String image) throws Exception {
        return run("btrfs", "subvolume", "show", subvolume(image));
    }

    private static String subvolume(String image) {
        return Objects.requireNonNull(Path.of(image).getParent()).toString();
    }

    private static String uuid(String shown) {
        return field(shown, "UUID");
    }

    private static String parent(String shown) {
        return field(shown, "Parent UUID");
    }

    private static String field(String shown, String name) {
        return shown.lines()
                .map(String::strip)
                .filter(line -> line.startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).strip())
                .findFirst()
                .orElseThrow();
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).describedAs(List.of(command) + ": " + said).isZero();
        return said;
    }
}
