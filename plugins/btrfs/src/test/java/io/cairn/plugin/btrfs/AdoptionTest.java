package io.cairn.plugin.btrfs;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.Source;
import io.cairn.spi.Adopting;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;
import io.cairn.tck.LoopFileSystem;
import io.cairn.tck.LoopFileSystem.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What is there of a file while it becomes a volume, and after a call was killed amid that. */
final class AdoptionTest {
    private static final int BYTES = 1 << 20;
    private static final String NAME = "disk.img";
    private static final Mark MARK = new Mark("adopted");

    @SuppressWarnings("NullAway.Init") // mounted before each test
    private LoopFileSystem mounted;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Driver driver;

    @BeforeEach
    void open() throws Exception {
        mounted = LoopFileSystem.create(Kind.BTRFS, 512L << 20);
        folder = Files.createDirectory(mounted.path().resolve("backend"));
        BtrfsDriverProvider provider = new BtrfsDriverProvider();
        driver =
                provider.open(
                        new BackendIdentity(new UUID(1, 2), "adoption"),
                        new Settings(
                                provider.info().options(),
                                Map.of(BtrfsDriverProvider.DIRECTORY, folder.toString())));
    }

    @AfterEach
    void close() throws Exception {
        if (driver != null) {
            driver.close();
        }
        mounted.close();
    }

    /** Whoever loses all else at any moment finds the content as the one or as the other. */
    @Test
    void whatChangesHandsIsInSightAtEveryMoment() throws Exception {
        String path = NAME;
        put(1);
        try (ExecutorService worker = Executors.newSingleThreadExecutor()) {
            for (int i = 0; i < 10; i++) {
                String file = path;
                VolumeId id = VolumeId.random();
                Future<BackendVolume> taken = worker.submit(() -> adopting().adopt(file, id, MARK));
                while (!taken.isDone()) {
                    // In this order, since it goes from the first to the second.
                    int files = adopting().unmanaged().size();
                    assertThat(files + driver.inventory().volumes().size()).isPositive();
                }
                assertThat(content(taken.get())).containsOnly(1);
                Future<String> given = worker.submit(() -> adopting().release(id, "disk"));
                while (!given.isDone()) {
                    int volumes = driver.inventory().volumes().size();
                    assertThat(volumes + adopting().unmanaged().size()).isPositive();
                }
                path = given.get();
            }
        }
        assertThat(Files.readAllBytes(folder.resolve(path))).containsOnly(1);
    }

    @Test
    void aCallThatWasKilledWithTheVolumeMadeIsRepeatedWithTheContentOfTheFile() throws Exception {
        VolumeId id = VolumeId.random();
        put(1);
        BackendVolume volume = adopting().adopt(NAME, id, MARK);
        // As it was before the file was removed, and written to since.
        put(2);
        label(id);
        assertThat(adopting().adopt(NAME, id, MARK)).isEqualTo(volume);
        assertThat(content(volume)).containsOnly(2);
        assertThat(folder.resolve(NAME)).doesNotExist();
        // Another file of that name is nobody's.
        put(3);
        assertThat(adopting().adopt(NAME, id, MARK)).isEqualTo(volume);
        assertThat(content(volume)).containsOnly(2);
        assertThat(Files.readAllBytes(folder.resolve(NAME))).containsOnly(3);
    }

    @Test
    void aCallThatWasKilledBeforeIsRepeated() throws Exception {
        VolumeId id = VolumeId.random();
        put(1);
        begin(id);
        BackendVolume volume = adopting().adopt(NAME, id, MARK);
        assertThat(content(volume)).containsOnly(1);
        assertThat(folder.resolve(NAME)).doesNotExist();
    }

    @Test
    void whatIsGivenUpAmidAnAdoptionIsAFileAgain() throws Exception {
        for (boolean made : List.of(false, true)) {
            VolumeId id = VolumeId.random();
            put(1);
            if (made) {
                BackendVolume _ = adopting().adopt(NAME, id, MARK);
                put(1);
                label(id);
            } else {
                begin(id);
            }
            driver.deleteVolume(id);
            assertThat(driver.inventory().volumes()).isEmpty();
            assertThat(folder.resolve("volumes")).isEmptyDirectory();
            assertThat(adopting().unmanaged()).containsExactly(new Unmanaged(NAME, BYTES, ""));
            assertThat(attributes()).isEmpty();
            BackendVolume other = adopting().adopt(NAME, VolumeId.random(), MARK);
            assertThat(content(other)).containsOnly(1);
            driver.deleteVolume(other.id());
        }
    }

    private List<String> attributes() throws IOException {
        return Files.getFileAttributeView(folder.resolve(NAME), UserDefinedFileAttributeView.class)
                .list();
    }

    private Adopting adopting() {
        return driver.adopting().orElseThrow();
    }

    private void put(int content) throws IOException {
        byte[] bytes = new byte[BYTES];
        Arrays.fill(bytes, (byte) content);
        Files.write(folder.resolve(NAME), bytes);
    }

    /** As a call leaves it that is killed before it has made anything of the volume. */
    private void begin(VolumeId id) throws Exception {
        Path home = Files.createDirectory(folder.resolve("volumes").resolve(id.toString()));
        try (Native os = new Native();
                Fd open = os.open(home.toString(), Native.O_RDONLY)) {
            os.setAttribute(open, Lookup.FILE, NAME.getBytes(UTF_8));
        }
        label(id);
    }

    private void label(VolumeId id) throws Exception {
        Source source = new Source.OfFile(NAME);
        try (Native os = new Native();
                Fd file = os.open(folder.resolve(NAME).toString(), Native.O_RDONLY)) {
            os.setLabel(
                    file, new Label(id.toString(), MARK, Optional.empty(), Optional.of(source)));
        }
    }

    private static byte[] content(BackendVolume volume) throws IOException {
        return Files.readAllBytes(Path.of(volume.location()));
    }
}
