package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.volume.Unfinished;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;

/** The daemon's and the backends' MBeans. */
final class DaemonBeanTest {
    private final House house;

    DaemonBeanTest() throws Exception {
        house = new House();
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void aListIsReadPageByPage() throws Exception {
        for (int i = 0; i < 5; i++) {
            house.volume("v" + i);
        }
        List<Object> names = new ArrayList<>();
        String continuation = "";
        do {
            CompositeData page =
                    (CompositeData)
                            house.invoke(BeanNames.DAEMON, "listVolumes", "", 2, continuation);
            for (CompositeData row : (CompositeData[]) page.get("rows")) {
                names.add(row.get("name"));
            }
            continuation = (String) page.get("continuation");
        } while (!continuation.isEmpty());
        assertThat(names).containsExactly("v4", "v3", "v2", "v1", "v0");
    }

    @Test
    void aTextTableSaysHowToGoOn() throws Exception {
        house.volume("a");
        house.volume("much-longer");
        String first = (String) house.invoke(BeanNames.DAEMON, "listVolumesText", "", 1, "");
        assertThat(first.lines().toList())
                .hasSize(3)
                .satisfies(
                        lines -> {
                            assertThat(lines.getFirst()).startsWith("NAME         BACKEND  POOL");
                            assertThat(lines.get(1)).startsWith("much-longer  fast");
                            assertThat(lines.getLast())
                                    .startsWith("1 volume; there are more: ask again with");
                        });
        String continuation = first.substring(first.lastIndexOf(' ') + 1);
        assertThat((String) house.invoke(BeanNames.DAEMON, "listVolumesText", "", 9, continuation))
                .contains("\na ")
                .endsWith("1 volume, no more");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "backend=fast | 3",
                "backend=slow | 0",
                "name=db* | 2",
                "backend=fast, name=db1 | 1",
                "label.team=db | 1",
                "pool=default,label.team=db | 1",
                "state=available | 3",
                "state=deleting | 0",
                "older=P1D | 0",
                "newer=PT1H,minSize=1GiB,sort=-name | 3",
                "maxSize=1023MiB | 0",
                "source=fast/db1 | 0",
            })
    void aFilterNarrowsAList(String filter, int found) throws Exception {
        house.volume("db1");
        house.invoke(House.FAST, "createVolumeWith", "db2", "1GiB", "label.team=db");
        house.volume("web");
        CompositeData page =
                (CompositeData) house.invoke(BeanNames.DAEMON, "listVolumes", filter, 10, "");
        assertThat((CompositeData[]) page.get("rows")).hasSize(found);
        assertThat(house.invoke(BeanNames.DAEMON, "countVolumes", filter)).isEqualTo((long) found);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "sort=colour | sort=colour is not known: use created, name or size",
                "state=broken | state=broken is not known: use creating, available, deleting",
                "older=7 days | '7 days' is no age: write an ISO-8601 duration",
                "older=PT0S | older=PT0S is not allowed: an age is above zero",
                "minSize=10 | '10' is not a size: write a whole number and a unit",
                "source=db1 | source=db1 cannot be read: write the id of a volume",
                "name=*db | name=*db finds nothing: names have",
                "colour=red | 'colour' is not known here: use backend, pool, name, state",
            })
    void aFilterThatCannotBeMeantIsRefused(String filter, String message) {
        for (String operation : new String[] {"listVolumes", "listVolumesText"}) {
            assertThatThrownBy(() -> house.invoke(BeanNames.DAEMON, operation, filter, 10, ""))
                    .hasMessageStartingWith("INVALID: " + message);
        }
        assertThatThrownBy(() -> house.invoke(BeanNames.DAEMON, "countVolumes", filter))
                .hasMessageStartingWith("INVALID: " + message);
    }

    @Test
    void callersKeepTheirTexts() throws Exception {
        assertThat(house.invoke(BeanNames.DAEMON, "putValue", "host/1", "a\nb"))
                .isEqualTo("stored host/1");
        assertThat(house.invoke(BeanNames.DAEMON, "getValue", "host/1")).isEqualTo("a\nb");
        assertThat(house.get(BeanNames.DAEMON, "ValueCount")).isEqualTo(1L);
        assertThat((String) house.invoke(BeanNames.DAEMON, "listValuesText", "host/", 9, ""))
                .contains("host/1  3           a?b")
                .endsWith("1 value, no more");
        CompositeData page =
                (CompositeData) house.invoke(BeanNames.DAEMON, "listValues", "", 9, "");
        assertThat((CompositeData[]) page.get("rows"))
                .extracting(row -> row.get("value"))
                .containsExactly("a\nb");
        house.invoke(BeanNames.DAEMON, "deleteValue", "host/1");
        assertThat(house.invoke(BeanNames.DAEMON, "deleteValue", "host/1"))
                .isEqualTo("there was no host/1");
        assertThatThrownBy(() -> house.invoke(BeanNames.DAEMON, "getValue", "host/1"))
                .hasMessage("NOT_FOUND: there is no value of host/1");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 1001})
    void aLimitThatAClientMadeOfJunkIsRefused(int limit) {
        assertThatThrownBy(() -> house.invoke(BeanNames.DAEMON, "listVolumes", "", limit, ""))
                .hasMessageStartingWith("INVALID: the limit " + limit + " is not allowed");
    }

    @Test
    void aFilterOfAVolumeWantsItsBackend() {
        assertThatThrownBy(
                        () -> house.invoke(BeanNames.DAEMON, "listSnapshots", "volume=db1", 10, ""))
                .hasMessageContaining("write backend=NAME,volume=db1");
    }

    @Test
    void theDaemonSaysWhyItIsDegraded() throws Exception {
        assertThat(house.get(BeanNames.DAEMON, "State")).isEqualTo("degraded");
        assertThat(house.get(BeanNames.DAEMON, "StateReason"))
                .isEqualTo("backend slow is down: no plugin brings a driver 'nfs'");
        assertThat(house.get(BeanNames.DAEMON, "StoreState")).isEqualTo("open");
    }

    @Test
    void aBackendShowsItsMetricsPoolsAndSettings() throws Exception {
        ObjectName slow = BeanNames.backend("slow");
        assertThat(house.get(slow, "CreateSnapshotCount")).isEqualTo(2L);
        assertThat(house.get(slow, "CreateSnapshotFailureCount")).isEqualTo(1L);
        assertThat((Long) house.get(slow, "CreateSnapshotP99Micros")).isBetween(2_900L, 3_100L);
        assertThat(house.get(slow, "DeleteVolumeCount")).isEqualTo(0L);
        assertThat(house.get(House.FAST, "PoolsText"))
                .isEqualTo("default: 75.0 GiB free of 100.0 GiB");
        assertThat(house.get(House.FAST, "Settings")).isEqualTo("folder=/srv/fast\npassword=***");
        assertThat(house.get(House.FAST, "Traits")).isEqualTo("thin,shared-snapshots");
        ObjectName pool = ((ObjectName[]) house.get(House.FAST, "Pools"))[0];
        assertThat(house.get(pool, "UsedPercent")).isEqualTo(25.0);
        assertThat(house.get(pool, "FreeBytes")).isEqualTo(75L << 30);
    }

    @Test
    void anAdministratorReadsTheAudit() throws Exception {
        house.volume("db1");
        house.invoke(BeanNames.DAEMON, "putValue", "k", "hidden");
        CompositeData[] rows = (CompositeData[]) house.invoke(BeanNames.DAEMON, "listAudit", 2);
        assertThat(rows).hasSize(2);
        assertThat((String) rows[0].get("line"))
                .startsWith("who=\"in-process\" role=admin from=\"local\" did=\"putValue on ")
                .contains("arguments=[\"k\", \"***\"] outcome=\"ok\"");
        assertThat((String) rows[1].get("line")).contains("createVolume", "db1");
        assertThat(Instant.parse((String) rows[1].get("at")))
                .isBetween(Instant.now().minusSeconds(60), Instant.now());
        assertThat((String) house.invoke(BeanNames.DAEMON, "listAuditText", 1))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\S+Z who=.*listAudit on .*\n1 line");
        assertThatThrownBy(() -> house.invoke(BeanNames.DAEMON, "listAudit", 0))
                .hasMessageStartingWith("INVALID: the limit 0 is not allowed");
    }

    @ParameterizedTest
    @EnumSource(names = {"READER", "OPERATOR"})
    void nobodyElseReadsTheAudit(Role role) throws Exception {
        try (House guarded = new House(role, QueryLimits.DEFAULT)) {
            for (String operation : List.of("listAudit", "listAuditText")) {
                assertThatThrownBy(() -> guarded.invoke(BeanNames.DAEMON, operation, 10))
                        .isExactlyInstanceOf(SecurityException.class)
                        .hasMessageContaining("admin");
            }
        }
    }

    @Test
    void whatIsUnfinishedIsShown() {
        Unfinished change =
                new Unfinished(
                        "fast",
                        "create snapshot nightly-1 of volume db1",
                        VolumeId.random(),
                        Instant.now(),
                        false,
                        "the backend does not answer");
        assertThat(Texts.unfinishedTable(List.of(change), 9))
                .contains(
                        "fast     create snapshot nightly-1 of volume db1  0 s  waiting  the backend")
                .endsWith("1 change not finished");
        assertThat(OpenForm.open(Texts.row(change)).get("running")).isEqualTo(false);
    }

    @Test
    void nothingIsUnfinishedWhereNothingFailed() throws Exception {
        assertThat((CompositeData[]) house.get(BeanNames.DAEMON, "Unfinished")).isEmpty();
        assertThat((String) house.invoke(BeanNames.DAEMON, "listUnfinishedText"))
                .endsWith("0 changes not finished");
    }
}
