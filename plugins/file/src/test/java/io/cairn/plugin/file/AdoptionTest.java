package io.cairn.plugin.file;

import static io.cairn.plugin.file.Opened.MIB;
import static io.cairn.plugin.file.Opened.open;
import static io.cairn.plugin.file.Opened.volume;
import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.Adopting;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.Mark;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Which files of the folder become volumes, and what is left of Cairn's at one that is no more. */
final class AdoptionTest {
    private static final Mark MARK = new Mark("adopted");

    @Test
    void eachFileThatCannotBeAdoptedSaysWhy(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            Adopting adopting = driver.adopting().orElseThrow();
            Files.createFile(folder.resolve("empty"));
            Files.writeString(folder.resolve("hard"), "content");
            Files.createLink(folder.resolve("hard2"), folder.resolve("hard"));
            Files.createSymbolicLink(folder.resolve("link"), folder.resolve("hard"));
            Files.write(folder.resolve("vm.qcow2"), new byte[] {'Q', 'F', 'I', (byte) 0xfb, 0});
            Files.writeString(folder.resolve(".hidden"), "content");
            Files.createDirectory(folder.resolve("inner"));
            assertThat(adopting.unmanaged())
                    .extracting(Unmanaged::path)
                    .containsExactly(".hidden", "empty", "hard", "hard2", "link", "vm.qcow2");
            assertThat(adopting.unmanaged())
                    .extracting(Unmanaged::obstacle)
                    .noneMatch(String::isBlank);
            assertFails(INVALID, () -> adopting.adopt(".hidden", VolumeId.random(), MARK));
            assertFails(INVALID, () -> adopting.adopt("volumes", VolumeId.random(), MARK));
            for (String name : new String[] {"empty", "hard", "link", "vm.qcow2", "inner"}) {
                assertFails(UNSUPPORTED, () -> adopting.adopt(name, VolumeId.random(), MARK));
            }
            assertThat(folder.resolve("volumes")).isEmptyDirectory();
        }
    }

    @Test
    void nothingOfCairnsIsLeftAtAReleasedFile(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            VolumeId id = volume(driver, MIB).id();
            String path = driver.adopting().orElseThrow().release(id, "db1");
            assertThat(path).isEqualTo("db1-%s.img".formatted(id));
            assertThat(
                            Opened.run(
                                    "python3",
                                    "-c",
                                    "import os,sys; print(os.listxattr(sys.argv[1]))",
                                    folder.resolve(path).toString()))
                    .doesNotContain("cairn");
            assertThat(folder.resolve("volumes")).isEmptyDirectory();
        }
    }

    @Test
    void aReleaseReplacesNoFile(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            BackendVolume volume = volume(driver, MIB);
            Path other = folder.resolve("db1-%s.img".formatted(volume.id()));
            Files.writeString(other, "content");
            Adopting adopting = driver.adopting().orElseThrow();
            assertFails(CONFLICT, () -> adopting.release(volume.id(), "db1"));
            assertThat(other).hasContent("content");
            assertThat(driver.findVolume(volume.id())).contains(volume);
            assertFails(INVALID, () -> adopting.release(volume.id(), "../db1"));
        }
    }

    @Test
    void anAdoptionThatWasCutOffLeavesTheFileToAdopt(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            VolumeId id = VolumeId.random();
            Path file = Files.writeString(folder.resolve("disk"), "content");
            // As far as it comes before the file is moved.
            Files.createDirectory(folder.resolve("volumes").resolve(id.toString()));
            Adopting adopting = driver.adopting().orElseThrow();
            assertThat(driver.findVolume(id)).isEmpty();
            assertThat(adopting.unmanaged()).containsExactly(new Unmanaged("disk", 7, ""));
            driver.deleteVolume(id);
            assertThat(file).hasContent("content");
            BackendVolume volume = adopting.adopt(file.toString(), id, MARK);
            assertThat(Path.of(volume.location())).hasContent("content");
        }
    }
}
