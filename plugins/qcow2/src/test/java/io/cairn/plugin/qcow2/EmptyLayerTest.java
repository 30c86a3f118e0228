package io.cairn.plugin.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.tck.Tools;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Empty layers, beside what QEMU's own program makes and says of them. */
final class EmptyLayerTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long MIB = 1L << 20;
    private static final long MOST = 1L << 51;

    @TempDir private Path folder;

    @BeforeAll
    static void assumeInstalled() {
        assumeTrue(QemuImg.installed().isPresent(), "qemu-img is not installed");
    }

    private Path made(String name, Optional<LayerId> below, long sizeBytes) throws Exception {
        Path file = folder.resolve(name);
        try (Native os = new Native();
                Fd folderOfIt = os.open(folder.toString(), Native.O_RDONLY);
                Fd opened = os.open(folderOfIt, name, Native.O_RDWR | Native.O_CREAT, 0600)) {
            EmptyLayer.write(os, opened, below, sizeBytes);
        }
        return file;
    }

    /** What is the same of two that are the same. */
    private static JsonNode info(Path file) throws Exception {
        ObjectNode info =
                (ObjectNode)
                        JSON.readTree(
                                Tools.said("qemu-img", "info", "--output=json", file.toString()));
        info.remove(List.of("filename", "actual-size", "children"));
        return info;
    }

    @ParameterizedTest
    @ValueSource(longs = {512, MIB, 512 * MIB, 512 * MIB + 512, 3_000_000 * 512L, 5L << 40, MOST})
    void itIsWhatQemuImgMakes(long sizeBytes) throws Exception {
        Path theirs = folder.resolve("theirs");
        Tools.run(
                "qemu-img",
                "create",
                "-q",
                "-f",
                "qcow2",
                theirs.toString(),
                Long.toString(sizeBytes));

        Path ours = made("ours", Optional.empty(), sizeBytes);

        assertThat(info(ours)).isEqualTo(info(theirs));
        assertThat(Tools.said("qemu-img", "check", "-f", "qcow2", ours.toString()))
                .contains("No errors were found");
        assertThat(
                        Tools.said(
                                "qemu-img",
                                "compare",
                                "-s",
                                "-f",
                                "qcow2",
                                "-F",
                                "qcow2",
                                ours.toString(),
                                theirs.toString()))
                .contains("Images are identical");
    }

    @ParameterizedTest
    @ValueSource(longs = {MIB, 2048 * MIB})
    void itReadsAsWhatItLiesOverUntilItIsWritten(long sizeBytes) throws Exception {
        LayerId below = LayerId.random();
        Path lower = made(below.file(), Optional.empty(), MIB);
        Tools.run("qemu-io", "-c", "write -P 7 0 64k", lower.toString());
        LayerId theirs = LayerId.random();
        Tools.run(
                "qemu-img",
                "create",
                "-q",
                "-f",
                "qcow2",
                "-F",
                "qcow2",
                "-b",
                below.file(),
                folder.resolve(theirs.file()).toString(),
                Long.toString(sizeBytes));

        Path ours = made("ours", Optional.of(below), sizeBytes);

        JsonNode of = info(ours);
        JsonNode same = info(folder.resolve(theirs.file()));
        assertThat(of).isEqualTo(same);
        String said =
                Tools.said(
                        "qemu-io",
                        "-c",
                        "read -P 7 0 64k",
                        "-c",
                        "read -P 0 64k 64k",
                        "-c",
                        "write -P 8 %d 64k".formatted(sizeBytes - 65_536),
                        "-c",
                        "read -P 8 %d 64k".formatted(sizeBytes - 65_536),
                        ours.toString());
        assertThat(said).doesNotContain("Pattern verification failed");
        assertThat(Tools.said("qemu-img", "check", "-f", "qcow2", ours.toString()))
                .contains("No errors were found");
    }

    @Test
    void tooLargeOnesAreRefused() {
        assertThatThrownBy(() -> made("ours", Optional.empty(), MOST + 512))
                .isInstanceOfSatisfying(
                        OsException.class, e -> assertThat(e.told().kind()).isEqualTo(Kind.INVALID))
                .hasMessageContaining("too large for a qcow2 file, which has " + MOST);
        assertThat(folder.resolve("ours")).isEmptyFile();
    }

    @Test
    void itTakesLittleSpace() throws Exception {
        Path ours = made("ours", Optional.of(LayerId.random()), 5L << 40);

        assertThat(((Number) Files.getAttribute(ours, "unix:size")).longValue()).isLessThan(MIB);
    }
}
