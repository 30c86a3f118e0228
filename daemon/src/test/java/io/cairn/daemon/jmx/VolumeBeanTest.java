package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.access.Role;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Arrays;
import java.util.List;

import javax.management.Attribute;
import javax.management.AttributeNotFoundException;
import javax.management.InstanceNotFoundException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanException;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;

/** Volumes and snapshots as a client in the process sees them. */
final class VolumeBeanTest {
    private final House house;

    VolumeBeanTest() throws Exception {
        house = new House();
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void aCreatedSnapshotIsAmongItsVolumesSnapshots() throws Exception {
        ObjectName volume = house.volume("db1");
        ObjectName first = house.snapshot(volume, "one");
        ObjectName second = house.snapshot(volume, "two");
        assertThat((ObjectName[]) house.get(volume, "Snapshots")).containsExactly(second, first);
        assertThat(house.get(second, "Volume")).isEqualTo(volume);
        assertThat(house.get(volume, "SnapshotCount")).isEqualTo(2L);
        assertThat(house.get(volume, "Backend")).isEqualTo(House.FAST);
    }

    @Test
    void anEmptyNameTakesTheId() throws Exception {
        ObjectName volume = house.volume("");
        assertThat(house.get(volume, "Name"))
                .isEqualTo(house.get(volume, "Id"))
                .isEqualTo(volume.getKeyProperty("volume"));
    }

    @Test
    void propertiesAreKept() throws Exception {
        ObjectName volume =
                House.name(
                        house.invoke(
                                        House.FAST,
                                        "createVolumeWith",
                                        "db1",
                                        "10 GiB",
                                        "description=\"a, b\",label.team=db,label.x=\"1,2\"")
                                .toString());
        assertThat(house.get(volume, "Description")).isEqualTo("a, b");
        assertThat(house.get(volume, "Labels")).isEqualTo("team=db,x=\"1,2\"");
        assertThat(house.get(volume, "SizeBytes")).isEqualTo(10L << 30);
        assertThat(house.get(volume, "Size")).isEqualTo("10GiB");
        assertThat((CompositeData[]) house.get(volume, "LabelRows"))
                .extracting(row -> row.get("key") + ":" + row.get("value"))
                .containsExactly("team:db", "x:1,2");
    }

    @Test
    void aVolumeMadeFromASnapshotSaysSoUntilTheSnapshotIsGone() throws Exception {
        ObjectName volume = house.volume("db1");
        ObjectName snapshot = house.snapshot(volume, "one");
        ObjectName copy =
                House.name(house.invoke(snapshot, "createVolumeWith", "c", "size=2GiB").toString());
        assertThat(house.get(copy, "OriginSnapshot")).isEqualTo(snapshot.toString());
        assertThat(house.get(copy, "OriginVolume")).isEqualTo(volume.toString());
        assertThat(house.get(copy, "Origin")).isEqualTo("snapshot one of volume db1");
        assertThat(house.get(volume, "Origin")).isEqualTo("");
        house.invoke(snapshot, "delete", "one");
        assertThat(house.get(copy, "OriginSnapshot")).isEqualTo("");
        assertThat((String) house.get(copy, "Origin")).endsWith("which is deleted");
    }

    @Test
    void everyAttributeOfEveryBeanHasItsDeclaredTypeAndNoneIsNull() throws Exception {
        ObjectName volume = house.volume("db1");
        house.invoke(house.snapshot(volume, "one"), "createVolume", "copy");
        for (ObjectName bean : house.server.queryNames(House.name("cairn:*"), null)) {
            for (MBeanAttributeInfo attribute : house.server.getMBeanInfo(bean).getAttributes()) {
                Object value = house.get(bean, attribute.getName());
                assertThat(value).as("%s of %s", attribute.getName(), bean).isNotNull();
                String type = value.getClass().getName();
                assertThat(attribute.getType())
                        .as("%s of %s", attribute.getName(), bean)
                        .isIn(type, primitive(type), CompositeData.class.getName());
            }
            String[] all =
                    Arrays.stream(house.server.getMBeanInfo(bean).getAttributes())
                            .map(MBeanAttributeInfo::getName)
                            .toArray(String[]::new);
            assertThat(house.server.getAttributes(bean, all)).hasSameSizeAs(all);
        }
    }

    @Test
    void deletingWantsTheNameTypedAgain() throws Exception {
        ObjectName volume = house.volume("db1");
        for (String slip : List.of("", "String", "true", "db2", "*")) {
            assertThatThrownBy(() -> house.invoke(volume, "delete", slip))
                    .isInstanceOf(MBeanException.class)
                    .hasMessageStartingWith("INVALID: ")
                    .hasMessageContaining("nothing was deleted: type db1");
        }
        house.invoke(volume, "delete", "db1");
        assertThat(house.server.isRegistered(volume)).isFalse();
    }

    @Test
    void theIdStandsForTheNameToBeTyped() throws Exception {
        ObjectName volume = house.volume("db1");
        house.invoke(volume, "delete", house.get(volume, "Id"));
        assertThat(house.server.isRegistered(volume)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "String | 1GiB | `` | INVALID: volume name 'String' is not allowed",
                "v | 10 | `` | INVALID: '10' is not a size: write a whole number and a unit",
                "v | String | `` | INVALID: 'String' is not a size",
                "v | 1GiB | String | INVALID: 'String' cannot be read: 'String' has no value",
                "v | 1GiB | colour=red | INVALID: 'colour' is not known here: use pool, description",
                "v | 1GiB | size=2GiB | INVALID: 'size' is not known here",
                "v | 1GiB | id=7 | INVALID: the id '7' is not a UUID",
                "db1 | 2GiB | `` | CONFLICT: volume db1",
            })
    void aFailureSaysCodeAndReasonWhereverAClientLooks(
            String name, String size, String properties, String message) throws Exception {
        house.volume("db1");
        assertThatThrownBy(
                        () -> house.invoke(House.FAST, "createVolumeWith", name, size, properties))
                .isInstanceOf(MBeanException.class)
                .hasMessageStartingWith(message)
                .satisfies(
                        e -> {
                            assertThat(e.getCause())
                                    .isInstanceOfAny(
                                            IllegalArgumentException.class,
                                            IllegalStateException.class)
                                    .hasMessage(e.getMessage())
                                    .hasNoCause();
                        });
    }

    @Test
    void wrongArgumentsAreRefusedWithTheRightOnes() throws Exception {
        assertThatThrownBy(
                        () ->
                                house.server.invoke(
                                        House.FAST,
                                        "createVolume",
                                        new Object[] {"x"},
                                        new String[] {"java.lang.String"}))
                .hasMessageContaining("createVolume takes name (java.lang.String), size");
        assertThatThrownBy(
                        () ->
                                house.server.invoke(
                                        House.FAST, "createVolume", new Object[] {"x", null}, null))
                .hasMessageContaining("argument 2, size, is null");
    }

    @Test
    void aReaderCannotChangeAnythingEvenWithoutTheConnector() throws Exception {
        try (House guarded = new House(Role.READER, QueryLimits.DEFAULT)) {
            guarded.volumes.createVolume(
                    "fast", io.cairn.daemon.volume.NewVolume.named("db1", 1L << 30));
            ObjectName volume = House.name("cairn:type=Volume,backend=fast,volume=db1");
            assertThat(guarded.get(volume, "Name")).isEqualTo("db1");
            assertThat((String) guarded.invoke(volume, "listSnapshotsText", 10, ""))
                    .contains("0 snapshots, no more");
            for (ObjectName bean : List.of(volume, House.FAST)) {
                String operation = bean.equals(volume) ? "createSnapshot" : "createVolume";
                Object[] arguments =
                        bean.equals(volume) ? new Object[] {"s"} : new Object[] {"v", "1GiB"};
                assertThatThrownBy(() -> guarded.invoke(bean, operation, arguments))
                        .isExactlyInstanceOf(SecurityException.class)
                        .hasMessageContaining("operator");
            }
        }
    }

    @Test
    void whatIsGoneIsNotFoundAsAnyMBeanThatIsGone() throws Exception {
        ObjectName gone = House.name("cairn:type=Volume,backend=fast,volume=gone");
        assertThatThrownBy(() -> house.get(gone, "Name"))
                .isInstanceOf(InstanceNotFoundException.class);
        assertThatThrownBy(() -> house.invoke(gone, "createSnapshot", ""))
                .isInstanceOf(InstanceNotFoundException.class);
        ObjectName volume = house.volume("db1");
        assertThatThrownBy(() -> house.get(volume, "Nonsense"))
                .isInstanceOf(AttributeNotFoundException.class)
                .hasMessageContaining("SizeBytes");
        assertThatThrownBy(() -> house.server.setAttribute(volume, new Attribute("Name", "x")))
                .isInstanceOf(AttributeNotFoundException.class)
                .hasMessageContaining("can only be read");
    }

    private static String primitive(String type) {
        return switch (type) {
            case "java.lang.Long" -> "long";
            case "java.lang.Integer" -> "int";
            case "java.lang.Double" -> "double";
            case "java.lang.Boolean" -> "boolean";
            default -> type;
        };
    }
}
