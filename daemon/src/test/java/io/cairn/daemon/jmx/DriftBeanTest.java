package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;

/** What an operator sees of a check. */
final class DriftBeanTest {
    @SuppressWarnings("NullAway.Init") // opened before each test
    private House house;

    @BeforeEach
    void open() throws Exception {
        house = new House();
    }

    @AfterEach
    void close() throws Exception {
        house.close();
    }

    @Test
    void beforeTheFirstCheckNothingIsKnown() throws Exception {
        assertThat(house.get(House.FAST, "CheckState")).isEqualTo("never");
        assertThat(house.get(House.FAST, "CheckAgeMs")).isEqualTo(-1L);
        assertThat(house.get(House.FAST, "CheckedAt")).isEqualTo("");
        assertThat(house.get(House.FAST, "DriftText")).isEqualTo("");
        assertThat(house.get(House.FAST, "DriftCount")).isEqualTo(0L);
        assertThat((CompositeData[]) page(10, "").get("rows")).isEmpty();
    }

    @Test
    void whatIsMissingIsCountedAndListed() throws Exception {
        ObjectName volume = house.volume("db1");
        for (String name : new String[] {"one", "two", "three"}) {
            lose(house.snapshot(volume, name));
        }
        ObjectName kept = house.snapshot(volume, "kept");

        String table = (String) house.invoke(House.FAST, "checkBackend");

        assertThat(table)
                .contains("snapshot one of volume db1", "missing", "delete the snapshot")
                .contains("3 differences among 1 volume and 4 snapshots, checked at ")
                .doesNotContain("kept");
        assertThat(house.get(House.FAST, "DriftText")).isEqualTo(table);
        assertThat(house.get(House.FAST, "CheckState")).isEqualTo("done");
        assertThat(house.get(House.FAST, "CheckStateCode")).isEqualTo(3);
        assertThat((Long) house.get(House.FAST, "CheckAgeMs")).isNotNegative();
        assertThat(Instant.parse((String) house.get(House.FAST, "CheckedAt")))
                .isBefore(Instant.now());
        assertThat(house.get(House.FAST, "DriftCount")).isEqualTo(3L);
        assertThat(house.get(House.FAST, "MissingCount")).isEqualTo(3L);
        assertThat(house.get(House.FAST, "OrphanedCount")).isEqualTo(0L);
        assertThat(house.get(House.FAST, "SkippedCount")).isEqualTo(0L);
        assertThat(house.get(BeanNames.DAEMON, "DriftCount")).isEqualTo(3L);

        CompositeData first = page(2, "");
        assertThat((CompositeData[]) first.get("rows")).hasSize(2);
        String continuation = (String) first.get("continuation");
        CompositeData last = page(2, continuation);
        assertThat((CompositeData[]) last.get("rows"))
                .singleElement()
                .satisfies(row -> assertThat(row.get("kind")).isEqualTo("missing"));
        assertThat(last.get("continuation")).isEqualTo("");
        assertThat((String) house.invoke(House.FAST, "listDriftText", 2, ""))
                .contains("missing")
                .contains(continuation);

        house.invoke(kept, "delete", "kept");
        house.invoke(House.FAST, "checkBackend");
        assertThatThrownBy(() -> page(2, continuation))
                .hasMessageStartingWith("INVALID: ")
                .hasMessageContaining("is no continuation of what the last check found");
    }

    private void lose(ObjectName snapshot) throws Exception {
        Files.delete(Path.of((String) house.get(snapshot, "Location")));
        Files.delete(house.images().resolve("snapshots/" + house.get(snapshot, "Id")));
    }

    private CompositeData page(int limit, String continuation) throws Exception {
        return (CompositeData) house.invoke(House.FAST, "listDrift", limit, continuation);
    }
}
