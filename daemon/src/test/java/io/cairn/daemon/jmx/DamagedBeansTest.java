package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.volume.FaultyDriver;
import io.cairn.plugin.file.FileDriverProvider;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

import javax.management.MBeanAttributeInfo;
import javax.management.MBeanException;
import javax.management.ObjectName;
import javax.management.RuntimeOperationsException;
import javax.management.openmbean.CompositeData;

/** What clients see of rows of the state that cannot be read. */
final class DamagedBeansTest {
    private final FaultyDriver.Provider driver =
            new FaultyDriver.Provider(new FileDriverProvider());

    @Test
    void whatIsDamagedIsReportedAndRefusedAndAllElseIsShown(@TempDir Path folder) throws Exception {
        try (House house = House.in(folder, driver)) {
            ObjectName hit = house.volume("hit");
            ObjectName snapshot = house.snapshot(hit, "one");
            ObjectName copy = House.name((String) house.invoke(snapshot, "createVolume", "copy"));
            ObjectName cut = house.snapshot(copy, "cut");
            assertThat(house.get(BeanNames.DAEMON, "DamagedCount")).isEqualTo(0);
            assertThat(house.get(BeanNames.DAEMON, "DamagedText")).isEqualTo("");
            Object id = house.get(hit, "Id");
            house.damage("UPDATE volume SET labels = 'junk' WHERE name = 'hit'");

            assertThat(house.server.queryNames(House.name("cairn:type=Volume,*"), null))
                    .isEqualTo(Set.of(copy));
            assertThat(house.server.queryNames(House.name("cairn:type=Snapshot,*"), null))
                    .isEqualTo(Set.of(snapshot, cut));
            assertThat(house.get(BeanNames.DAEMON, "DamagedCount")).isEqualTo(1);
            assertThat((String) house.get(BeanNames.DAEMON, "DamagedText"))
                    .isEqualTo(
                            "volume %s of backend fast: labels: they are not between line breaks"
                                    .formatted(id));
            assertThat((String) house.get(BeanNames.DAEMON, "StateReason"))
                    .contains("1 row of the state is damaged");
            assertThat((String) house.invoke(BeanNames.DAEMON, "listVolumesText", "", 10, ""))
                    .endsWith("1 volume, no more");
            assertThat(house.invoke(BeanNames.DAEMON, "countVolumes", "")).isEqualTo(1L);
            assertThatThrownBy(() -> house.get(hit, "Name"))
                    .isInstanceOf(RuntimeOperationsException.class)
                    .hasMessageStartingWith("FAULT: the row of volume " + id);
            assertThatThrownBy(() -> house.invoke(BeanNames.DAEMON, "find", id))
                    .isInstanceOf(MBeanException.class)
                    .hasMessageStartingWith("FAULT: the row of volume " + id);
            assertThatThrownBy(() -> house.invoke(House.FAST, "createSnapshot", "hit", "s", ""))
                    .isInstanceOf(MBeanException.class)
                    .hasMessageStartingWith("FAULT: the row of volume " + id);
            assertThatThrownBy(() -> house.invoke(House.FAST, "createVolume", "hit", House.GIB))
                    .isInstanceOf(MBeanException.class)
                    .hasMessageStartingWith("FAULT: the row of volume " + id);
            assertThat((String) house.get(copy, "Origin")).isEqualTo("snapshot one of volume hit");
            assertThat(house.get(copy, "OriginVolume")).isEqualTo("");
            for (ObjectName bean : house.server.queryNames(House.name("cairn:*"), null)) {
                for (MBeanAttributeInfo one : house.server.getMBeanInfo(bean).getAttributes()) {
                    assertThat(house.get(bean, one.getName())).isNotNull();
                }
            }
        }
    }

    @Test
    void aDamagedChangeOfAVolumeWithoutAnMBeanIsListedAndGivenUp(@TempDir Path folder)
            throws Exception {
        String id;
        try (House house = House.in(folder, driver)) {
            ObjectName volume = house.volume("hit");
            id = (String) house.get(volume, "Id");
            driver.diesBeforeTheNextChange();
            assertThatThrownBy(() -> house.snapshot(volume, "s"));
            house.damage("UPDATE intent SET kind = 'NONSENSE'", "UPDATE volume SET qos = 'junk'");
        }
        try (House house = House.in(folder, driver)) {
            house.volumes.start(Duration.ofSeconds(20));
            assertThat(house.get(BeanNames.DAEMON, "UnfinishedCount")).isEqualTo(1L);
            assertThat(house.get(BeanNames.DAEMON, "WaitingCount")).isEqualTo(1L);
            assertThat((CompositeData[]) house.get(BeanNames.DAEMON, "Unfinished"))
                    .extracting(row -> row.get("volumeId"))
                    .containsExactly(id);
            assertThat((String) house.invoke(BeanNames.DAEMON, "listUnfinishedText"))
                    .contains("unreadable change 'NONSENSE' of volume hit (" + id + ")");
            for (String slip : new String[] {"", "hit", "true"}) {
                assertThatThrownBy(
                                () -> house.invoke(BeanNames.DAEMON, "forgetUnfinished", id, slip))
                        .hasMessageStartingWith("INVALID: ");
            }
            assertThat((String) house.invoke(BeanNames.DAEMON, "forgetUnfinished", id, id))
                    .contains("NONSENSE");
            assertThat(house.get(BeanNames.DAEMON, "UnfinishedCount")).isEqualTo(0L);
            assertThatThrownBy(() -> house.invoke(BeanNames.DAEMON, "forgetUnfinished", id, id))
                    .hasMessageStartingWith("NOT_FOUND: nothing of it is unfinished");
        }
    }
}
