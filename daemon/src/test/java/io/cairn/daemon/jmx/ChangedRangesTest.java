package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.volume.FaultyDriver;
import io.cairn.plugin.file.FileDriverProvider;
import io.cairn.spi.ChangedRange;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;

/** Where snapshots differ, as an MBean tells it. */
final class ChangedRangesTest {
    private final FaultyDriver.Provider driver =
            new FaultyDriver.Provider(new FileDriverProvider());
    private House house;
    private ObjectName snapshot;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        driver.differing =
                Optional.of(
                        (_, _, _, fromByte, most) ->
                                List.of(new ChangedRange(0, 512), new ChangedRange(65_536, 4096))
                                        .stream()
                                        .filter(range -> range.offsetBytes() >= fromByte)
                                        .limit(most)
                                        .toList());
        house = House.in(folder, driver);
        ObjectName volume = house.volume("db1");
        ObjectName _ = house.snapshot(volume, "s1");
        snapshot = house.snapshot(volume, "s2");
    }

    @AfterEach
    void close() throws Exception {
        house.close();
    }

    @Test
    void theyArePagesOfRows() throws Exception {
        CompositeData page =
                (CompositeData) house.invoke(snapshot, "listChangedRanges", "s1", 1, "");
        assertThat(rows(page)).containsExactly("0+512");
        CompositeData rest =
                (CompositeData)
                        house.invoke(
                                snapshot, "listChangedRanges", "s1", 1, page.get("continuation"));
        assertThat(rows(rest)).containsExactly("65536+4096");
        CompositeData none =
                (CompositeData)
                        house.invoke(
                                snapshot, "listChangedRanges", "s1", 1, rest.get("continuation"));
        assertThat(rows(none)).isEmpty();
        assertThat(none.get("continuation")).isEqualTo("");
    }

    private static List<String> rows(CompositeData page) {
        return List.of((CompositeData[]) page.get("rows")).stream()
                .map(row -> row.get("offsetBytes") + "+" + row.get("lengthBytes"))
                .toList();
    }

    @Test
    void theyAreATableInPlainText() throws Exception {
        String text = (String) house.invoke(snapshot, "listChangedRangesText", "", 10, "");
        assertThat(text.lines().map(line -> line.replaceAll("\\s+", " ").strip()))
                .startsWith("OFFSET LENGTH SIZE", "0 512 512B", "65536 4096 4KiB");
    }

    @Test
    void aSnapshotThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> house.invoke(snapshot, "listChangedRanges", "s3", 10, ""))
                .hasStackTraceContaining("volume db1 has no snapshot 's3'");
    }
}
