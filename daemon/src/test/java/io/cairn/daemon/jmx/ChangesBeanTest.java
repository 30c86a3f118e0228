package io.cairn.daemon.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.cairn.daemon.access.Role;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;

import javax.management.InstanceNotFoundException;
import javax.management.MBeanException;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;

/** What changes volumes and snapshots, and who has access to them, as MBeans have it. */
final class ChangesBeanTest {
    private static final String VOLUME = "cairn:type=Volume,backend=fast,volume=";

    private House house;
    private ObjectName volume;

    @BeforeEach
    void open() throws Exception {
        house = new House();
        volume = house.volume("db1");
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void extendReturnsTheNewSizeInBytes() throws Exception {
        assertThat(house.invoke(volume, "extend", "2GiB")).isEqualTo(2L << 30);
        assertThat(house.get(volume, "SizeBytes")).isEqualTo(2L << 30);
        assertThat(house.invoke(House.FAST, "extendVolume", "db1", "3GiB")).isEqualTo(3L << 30);
        assertFails("INVALID: ", "a unit", () -> house.invoke(volume, "extend", "4"));
    }

    @Test
    void aRenamedVolumeIsAnMBeanUnderItsNewName() throws Exception {
        ObjectName snapshot = house.snapshot(volume, "s");
        String renamed = (String) house.invoke(volume, "rename", "orders");
        assertThat(renamed).isEqualTo(VOLUME + "orders");
        assertThatExceptionOfType(InstanceNotFoundException.class)
                .isThrownBy(() -> house.get(volume, "Name"));
        assertThat(house.server.isRegistered(snapshot)).isFalse();
        assertThat((ObjectName[]) house.get(new ObjectName(renamed), "Snapshots"))
                .containsExactly(
                        House.name("cairn:type=Snapshot,backend=fast,volume=orders,snapshot=s"));
    }

    @Test
    void aCloneSaysWhatItWasMadeFrom() throws Exception {
        ObjectName clone = House.name((String) house.invoke(volume, "cloneVolume", "copy"));
        assertThat(house.get(clone, "Origin")).isEqualTo("volume db1");
        assertThat(house.get(clone, "OriginVolume")).isEqualTo(volume.toString());
        assertThat(house.get(clone, "OriginSnapshot")).isEqualTo("");
        assertThat(house.get(clone, "SizeBytes")).isEqualTo(1L << 30);
        assertThat(house.invoke(House.FAST, "cloneVolume", "db1", "copy", ""))
                .isEqualTo(clone.toString());
    }

    @Test
    void snapshotsOfSeveralVolumesAreMadeByOneCall() throws Exception {
        ObjectName log = house.volume("db1-log");
        String made =
                (String)
                        house.invoke(
                                House.FAST,
                                "createGroupSnapshot",
                                "db1, " + house.get(log, "Id"),
                                "nightly",
                                "label.keep=yes");
        assertThat(made.lines())
                .containsExactly(
                        "cairn:type=Snapshot,backend=fast,volume=db1,snapshot=nightly",
                        "cairn:type=Snapshot,backend=fast,volume=db1-log,snapshot=nightly");
        for (String one : made.lines().toList()) {
            assertThat((String) house.get(House.name(one), "Labels"))
                    .contains("keep=yes")
                    .contains("cairn.group=");
        }
        assertThat(
                        house.invoke(
                                House.FAST,
                                "createGroupSnapshot",
                                "db1,db1-log",
                                "nightly",
                                "label.keep=yes"))
                .isEqualTo(made);
        assertFails(
                "NOT_FOUND: ",
                "has no volume ''",
                () -> house.invoke(House.FAST, "createGroupSnapshot", "db1,", "n", ""));
        assertFails(
                "INVALID: ",
                "'id' is not known here: use description, label.KEY",
                () -> house.invoke(House.FAST, "createGroupSnapshot", "db1", "n", "id=x"));
        assertFails(
                "INVALID: ",
                "a volume is given twice",
                () -> house.invoke(House.FAST, "createGroupSnapshot", "db1,db1", "n", ""));
    }

    @Test
    void whatWouldLoseSomethingWantsTheNameTypedAgain() throws Exception {
        house.snapshot(volume, "s");
        for (String operation : new String[] {"delete", "unmanage", "cleanup"}) {
            assertFails(
                    "INVALID: ",
                    "type db1 to have it done",
                    () -> house.invoke(volume, operation, "true"));
        }
        assertFails("INVALID: ", "type db1", () -> house.invoke(volume, "revert", "s", "String"));
        assertFails(
                "INVALID: ",
                "type db1 to delete volume db1 and its 1 snapshot: s",
                () -> house.invoke(volume, "deleteWithSnapshots", ""));
        assertThat(house.get(volume, "SnapshotCount")).isEqualTo(1L);
        assertThat(house.invoke(volume, "revert", "s", "db1")).isEqualTo(volume.toString());
        assertThat(house.invoke(volume, "deleteWithSnapshots", "db1"))
                .isEqualTo("deleted " + volume);
    }

    @Test
    void labelsAndDescriptionsAreSetOneByOne() throws Exception {
        ObjectName snapshot = house.snapshot(volume, "s");
        for (ObjectName each : new ObjectName[] {volume, snapshot}) {
            house.invoke(each, "setLabel", "team", "a, b");
            house.invoke(each, "setLabel", "keep", "yes");
            house.invoke(each, "removeLabel", "keep");
            house.invoke(each, "setDescription", "the orders");
            assertThat(house.get(each, "Labels")).isEqualTo("team=\"a, b\"");
            assertThat(house.get(each, "Description")).isEqualTo("the orders");
            assertFails(
                    "INVALID: ",
                    "not allowed",
                    () -> house.invoke(each, "setLabel", "no key", "x"));
        }
    }

    @Test
    void aTagSaysWhoHolds() throws Exception {
        ObjectName snapshot = house.snapshot(volume, "s");
        holdAndDelete(snapshot, "s");
        holdAndDelete(volume, "db1");
    }

    private void holdAndDelete(ObjectName held, String name) throws Exception {
        Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        house.invoke(held, "hold", "audit");
        Instant after = Instant.now();
        assertThat(house.get(held, "HoldCount")).isEqualTo(1L);
        CompositeData[] holds = (CompositeData[]) house.get(held, "Holds");
        assertThat(holds).hasSize(1);
        assertThat(holds[0].get("tag")).isEqualTo("audit");
        assertThat(holds[0].get("heldBy")).isEqualTo("in-process");
        assertThat(Instant.parse((String) holds[0].get("heldAt"))).isBetween(before, after);
        assertFails("IN_USE: ", "is held (audit)", () -> house.invoke(held, "delete", name));
        house.invoke(held, "release", "audit");
        house.invoke(held, "delete", name);
    }

    @Test
    void theBackendDescribesLabelsAndDeletesByNamesAndIds() throws Exception {
        house.snapshot(volume, "s");
        String id = (String) house.get(volume, "Id");
        for (String nameOrId : new String[] {"db1", id}) {
            assertThat(house.invoke(House.FAST, "setVolumeDescription", nameOrId, nameOrId))
                    .isEqualTo(volume.toString());
            assertThat(house.get(volume, "Description")).isEqualTo(nameOrId);
            house.invoke(House.FAST, "setVolumeLabel", nameOrId, "team", "a, b");
            assertThat(house.get(volume, "Labels")).isEqualTo("team=\"a, b\"");
            house.invoke(House.FAST, "removeVolumeLabel", nameOrId, "team");
            assertThat(house.get(volume, "Labels")).isEqualTo("");
            assertFails(
                    "INVALID: ",
                    "type db1 to delete volume db1 and its 1 snapshot: s",
                    () -> house.invoke(House.FAST, "deleteVolumeWithSnapshots", nameOrId, ""));
        }
        assertFails(
                "NOT_FOUND: ",
                "has no volume 'db2'",
                () -> house.invoke(House.FAST, "setVolumeLabel", "db2", "team", "x"));
        assertThat(house.invoke(House.FAST, "deleteVolumeWithSnapshots", id, id))
                .isEqualTo("deleted " + volume);
        assertFails(
                "NOT_FOUND: ",
                "was deleted at",
                () -> house.invoke(House.FAST, "setVolumeDescription", id, "x"));
    }

    @Test
    void theBackendTakesNamesAndIds() throws Exception {
        ObjectName snapshot = house.snapshot(volume, "s");
        String id = (String) house.get(volume, "Id");
        String snapshotId = (String) house.get(snapshot, "Id");
        assertThat(house.invoke(House.FAST, "findVolume", "db1")).isEqualTo(volume.toString());
        assertThat(house.invoke(House.FAST, "findVolume", id)).isEqualTo(volume.toString());
        assertThat(house.invoke(House.FAST, "findSnapshot", "db1/s"))
                .isEqualTo(snapshot.toString());
        assertThat(house.invoke(House.FAST, "findSnapshot", snapshotId))
                .isEqualTo(snapshot.toString());
        assertFails(
                "NOT_FOUND: ",
                "VOLUME/SNAPSHOT",
                () -> house.invoke(House.FAST, "findSnapshot", "s"));
        assertThat(house.invoke(House.FAST, "revertVolume", id, "s", id))
                .isEqualTo(volume.toString());
        assertThat(house.invoke(House.FAST, "createVolumeFromSnapshot", "db1/s", "copy", ""))
                .isEqualTo(VOLUME + "copy");
        assertThat(house.invoke(House.FAST, "renameVolume", "copy", "copy2"))
                .isEqualTo(VOLUME + "copy2");
    }

    @Test
    void aSnapshotTellsWhatItsDeletionWouldFree() throws Exception {
        ObjectName snapshot = house.snapshot(volume, "s");
        String id = (String) house.get(snapshot, "Id");
        Object bytes = house.invoke(snapshot, "measureFreedBytes");
        assertThat((Long) bytes).isBetween(0L, 1L << 16);
        assertThat(house.invoke(snapshot, "measureFreedText"))
                .isEqualTo(PoolBean.rounded((Long) bytes));
        assertThat(house.invoke(House.FAST, "measureFreedBytes", "db1/s")).isEqualTo(bytes);
        assertThat(house.invoke(House.FAST, "measureFreedBytes", id)).isEqualTo(bytes);
        assertFails(
                "NOT_FOUND: ",
                "has no snapshot 'db1/t'",
                () -> house.invoke(House.FAST, "measureFreedBytes", "db1/t"));
    }

    @Test
    void aDeletedSnapshotIsKnownByEveryPathToIt() throws Exception {
        ObjectName other = house.volume("db2");
        Object cut = house.get(house.snapshot(volume, "nightly"), "Id");
        Object otherCut = house.get(house.snapshot(other, "nightly"), "Id");
        house.invoke(House.FAST, "deleteSnapshot", "db1/nightly", "db1/nightly");
        house.invoke(House.FAST, "deleteSnapshot", "db2/nightly", "db2/nightly");
        Object id = house.get(volume, "Id");
        house.invoke(volume, "rename", "db3");
        for (String path :
                new String[] {
                    "db1/nightly",
                    "db2/nightly",
                    "db3/nightly",
                    id + "/nightly",
                    "db3/" + cut,
                    "db1/" + cut,
                    id + "/" + cut,
                    String.valueOf(otherCut)
                }) {
            assertThat((String) house.invoke(House.FAST, "deleteSnapshot", path, path))
                    .startsWith(path + " was deleted already, at 20");
        }
        for (String path : new String[] {"db4/nightly", "db3/" + otherCut, id + "/weekly"}) {
            assertFails(
                    "NOT_FOUND: ",
                    "has no snapshot '",
                    () -> house.invoke(House.FAST, "deleteSnapshot", path, path));
        }
        house.invoke(House.FAST, "deleteVolume", "db3", "db3");
        assertThat(
                        (String)
                                house.invoke(
                                        House.FAST,
                                        "deleteSnapshot",
                                        id + "/nightly",
                                        id + "/nightly"))
                .contains("was deleted already");
    }

    @Test
    void whatIsUnmanagedIsListedAPageAtATime() throws Exception {
        for (String name : new String[] {"a", "b", "c"}) {
            Files.write(house.images().resolve(name + ".img"), new byte[4096]);
        }
        Files.write(house.images().resolve("d\ne.img"), new byte[4096]);
        CompositeData first = (CompositeData) house.invoke(House.FAST, "listUnmanaged", 1, "");
        assertThat(paths(first)).containsExactly("a.img");
        Files.delete(house.images().resolve("a.img"));
        Files.delete(house.images().resolve("b.img"));
        CompositeData second =
                (CompositeData)
                        house.invoke(House.FAST, "listUnmanaged", 1, first.get("continuation"));
        assertThat(paths(second)).containsExactly("c.img");
        CompositeData last =
                (CompositeData)
                        house.invoke(House.FAST, "listUnmanaged", 9, second.get("continuation"));
        assertThat(last.get("continuation")).isEqualTo("");
        assertThat((String) house.invoke(House.FAST, "listUnmanagedText", 10, ""))
                .hasLineCount(4)
                .contains("d?e.img");
        assertFails(
                "INVALID: ",
                "is no continuation",
                () -> house.invoke(House.FAST, "listUnmanaged", 1, "c.img"));
    }

    private static List<Object> paths(CompositeData page) {
        return Arrays.stream((CompositeData[]) page.get("rows"))
                .map(row -> row.get("path"))
                .toList();
    }

    @Test
    void whatIsAttachedReadOnlyCannotBeWritten() throws Exception {
        Assumptions.assumeTrue(
                Files.isWritable(Path.of("/dev/loop-control")), "loop devices take root");
        ObjectName snapshot = house.snapshot(volume, "s");
        Path device = Path.of((String) house.invoke(volume, "attach", "ro"));
        Path cut = Path.of((String) house.invoke(snapshot, "attach"));
        try {
            for (Path each : List.of(device, cut)) {
                assertThat(Path.of("/sys/block", each.toFile().getName(), "ro"))
                        .content()
                        .isEqualTo("1\n");
            }
            CompositeData[] connections = (CompositeData[]) house.invoke(volume, "listConnections");
            assertThat(connections).extracting(row -> row.get("mode")).containsOnly("ro");
        } finally {
            house.cleanUp();
        }
    }

    @Test
    void aConnectorIsHeldToWhatConnectHoldsItTo() throws Exception {
        assertThat(house.invoke(BeanNames.DAEMON, "validateConnector", "nbd", "host=web1"))
                .isEqualTo("the connector is complete");
        for (String connector : new String[] {"host=\"a b\"", "host=web1,colour=red", "ip=::1"}) {
            assertThatExceptionOfType(MBeanException.class)
                    .isThrownBy(
                            () ->
                                    house.invoke(
                                            BeanNames.DAEMON,
                                            "validateConnector",
                                            "nbd",
                                            connector))
                    .withMessageStartingWith("INVALID: ");
        }
    }

    @Test
    void deletingWhatWasDeletedSucceedsAndSaysSo() throws Exception {
        ObjectName snapshot = house.snapshot(volume, "s");
        String id = (String) house.get(volume, "Id");
        assertFails(
                "INVALID: ",
                "give the same twice",
                () -> house.invoke(House.FAST, "deleteSnapshot", "db1/s", ""));
        assertThat(house.invoke(House.FAST, "deleteSnapshot", "db1/s", "db1/s"))
                .isEqualTo("deleted " + snapshot);
        assertThat((String) house.invoke(House.FAST, "deleteSnapshot", "db1/s", "db1/s"))
                .startsWith("db1/s was deleted already, at 20");
        assertThat(house.invoke(House.FAST, "deleteVolume", id, id)).isEqualTo("deleted " + volume);
        for (String again : new String[] {id, "db1"}) {
            assertThat((String) house.invoke(House.FAST, "deleteVolume", again, again))
                    .contains("was deleted already");
        }
        assertFails(
                "NOT_FOUND: ",
                "has no volume 'never'",
                () -> house.invoke(House.FAST, "deleteVolume", "never", "never"));
        assertFails(
                "NOT_FOUND: ",
                "was deleted at",
                () -> house.invoke(House.FAST, "findVolume", "db1"));
        assertThat((String) house.invoke(House.FAST, "listDeletedText", 10, ""))
                .contains("volume", "snapshot", id, "2 objects, no more");
        CompositeData page = (CompositeData) house.invoke(House.FAST, "listDeleted", 1, "");
        CompositeData[] rows = (CompositeData[]) page.get("rows");
        assertThat(rows[0].get("state")).isEqualTo("deleted");
        assertThat(page.get("continuation")).isNotEqualTo("");
    }

    @Test
    void aConnectionIsAnMBean() throws Exception {
        ObjectName connection = House.name((String) house.invoke(volume, "connect", "", ""));
        assertThat(connection.getKeyPropertyListString())
                .startsWith("type=Connection,backend=fast,volume=db1,connection=");
        assertThat(house.get(connection, "State")).isEqualTo("connected");
        assertThat(house.get(connection, "StateCode")).isEqualTo(2);
        assertThat(house.get(connection, "Volume")).isEqualTo(volume);
        assertThat(house.get(connection, "Mode")).isEqualTo("rw");
        assertThat((String) house.get(connection, "Connector"))
                .startsWith("{\"host\":\"")
                .contains(System.getProperty("os.arch"));
        assertThat((String) house.get(connection, "Info"))
                .isEqualTo("{\"access_mode\":\"rw\",\"driver_volume_type\":\"local\"}");
        assertThat(house.get(volume, "State")).isEqualTo("in-use");
        assertThat(house.get(volume, "AttachState")).isEqualTo("connected");
        assertThat((ObjectName[]) house.get(volume, "Connections")).containsExactly(connection);
        assertThat(house.server.queryNames(House.name("cairn:type=Connection,*"), null))
                .containsExactly(connection);
        assertThat(
                        house.server.queryNames(
                                House.name("cairn:type=Connection,backend=slow,*"), null))
                .isEmpty();
        assertThat((String) house.invoke(House.FAST, "listConnectionsText", 10, ""))
                .contains("connected", "db1", "1 connection");
        assertThat(house.invoke(volume, "cleanup", "db1")).isEqualTo("disconnected 1 connection");
        assertThat(house.server.isRegistered(connection)).isFalse();
    }

    @Test
    void aReaderChangesNothing() throws Exception {
        try (House reading = new House(Role.READER, new QueryLimits(50, 1_000))) {
            for (String operation :
                    new String[] {"adopt", "deleteVolume", "deleteSnapshot", "renameVolume"}) {
                assertThatExceptionOfType(SecurityException.class)
                        .isThrownBy(() -> reading.invoke(House.FAST, operation, "db1", "db1"))
                        .withMessageContaining("in-process is reader");
            }
        }
    }

    @Test
    void theHostSaysWhatItIs() throws Exception {
        assertThat((String) house.get(BeanNames.DAEMON, "HostName")).isNotEmpty();
        assertThat((String) house.get(BeanNames.DAEMON, "HostConnector")).startsWith("{\"host\"");
        assertThat(
                        house.invoke(
                                BeanNames.DAEMON,
                                "validateConnector",
                                "iscsi",
                                "host=web1,initiator=iqn.2026-01.example:web1"))
                .isEqualTo("the connector is complete");
        assertFails(
                "INVALID: ",
                "lacks 'initiator'",
                () -> house.invoke(BeanNames.DAEMON, "validateConnector", "iscsi", "host=web1"));
    }

    private static void assertFails(String code, String message, ThrowingCallable call) {
        assertThatExceptionOfType(MBeanException.class)
                .isThrownBy(call)
                .withMessageStartingWith(code)
                .withMessageContaining(message);
    }
}
