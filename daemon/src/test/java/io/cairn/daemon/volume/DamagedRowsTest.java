package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Rows that cannot be read: they are reported and left as they are, and all else goes on. */
final class DamagedRowsTest {
    private static final long MIB = 1L << 20;
    private static final Duration LONG = Duration.ofSeconds(20);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "intent | kind = 'NONSENSE' | kind: there is no 'NONSENSE'",
                "intent | kind = 'EXTEND_VOLUME' | size_bytes: 0 is no more than the volume has",
                "intent | kind = 'CREATE_VOLUME' | kind: the volume that it is to make is made",
                "intent | kind = 'ATTACH' | connection_id: it is missing",
                "intent | labels = 'junk' | labels: they are not between line breaks",
                "intent | name = 'No Name' | name: 'No Name' is no name",
                "intent | snapshot_id = NULL | snapshot_id: it is missing",
                "volume | labels = CONCAT(CHAR(10), 'junk', CHAR(10)) | labels: the line 'junk' is no KEY=VALUE",
                "volume | specs = 'junk' | specs: it is no list of KEY=VALUE",
                "volume | qos = 'a=%zz' | qos: it is no list of KEY=VALUE",
            })
    void aStartGoesOnAndTheChangeIsUnfinishedUntilItIsGivenUp(
            String table, String damage, String problem, @TempDir Path folder) throws Exception {
        Volume hit;
        try (House dying = House.open(folder)) {
            hit = dying.volumes.createVolume(BACKEND, NewVolume.named("hit", MIB));
            leaveASnapshotUnfinished(dying, hit);
            dying.damage("UPDATE %s SET %s".formatted(table, damage));
        }
        try (House next = House.open(folder)) {
            next.volumes.start(LONG);
            Unfinished change = next.volumes.unfinished().getFirst();
            assertThat(next.volumes.unfinished()).hasSize(1);
            assertThat(change.volume()).isEqualTo(hit.id());
            assertThat(change.backend()).isEqualTo(BACKEND);
            assertThat(change.what()).contains("volume hit (" + hit.id());
            assertThat(change.lastError()).contains(problem).contains("forgetUnfinished");
            assertThat(next.volumes.counts(BACKEND).unfinished()).isEqualTo(1);
            assertThat(next.volumes.damaged())
                    .anySatisfy(
                            row -> {
                                assertThat(row.table()).isEqualTo("intent");
                                assertThat(row.id()).isEqualTo(hit.id().toString());
                                assertThat(row.problem()).contains(problem);
                            })
                    .anySatisfy(row -> assertThat(row.table()).isEqualTo(table));
            assertThatThrownBy(
                            () ->
                                    next.volumes.createSnapshot(
                                            hit.id(), NewSnapshot.named("another")))
                    .isInstanceOfSatisfying(
                            OperationException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.FAULT))
                    .hasMessageContaining(problem)
                    .hasMessageContaining("nothing was changed");
            assertThat(next.inventory().snapshots()).isEmpty();
            next.volumes.createVolume(BACKEND, NewVolume.named("other", MIB));

            assertThat(next.volumes.forgetUnfinished(hit.id())).contains("hit");
            assertThat(next.volumes.unfinished()).isEmpty();
            assertThat(next.rows("intent")).isZero();
            assertThat(next.rows("volume")).isEqualTo(2);
            if (table.equals("intent")) {
                assertThat(next.volumes.damaged()).isEmpty();
                next.volumes.createSnapshot(hit.id(), NewSnapshot.named("another"));
            }
        }
    }

    @Test
    void aChangeOfAVolumeThatIsGoneIsListedAndGivenUp(@TempDir Path folder) throws Exception {
        Volume hit;
        try (House dying = House.open(folder)) {
            hit = dying.volumes.createVolume(BACKEND, NewVolume.named("hit", MIB));
            leaveASnapshotUnfinished(dying, hit);
            dying.damage("DELETE FROM volume");
        }
        try (House next = House.open(folder)) {
            next.volumes.start(LONG);
            assertThat(next.volumes.unfinished())
                    .singleElement()
                    .satisfies(
                            change ->
                                    assertThat(change.lastError())
                                            .contains("there is no volume " + hit.id()));
            next.volumes.forgetUnfinished(hit.id());
            assertThat(next.rows("intent")).isZero();
        }
    }

    @Test
    void aCreationThatCannotBeReadIsGivenUpAsIfItHadNotBegun(@TempDir Path folder)
            throws Exception {
        VolumeId half;
        try (House dying = House.open(folder)) {
            dying.driver.diesBeforeTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> dying.volumes.createVolume(BACKEND, NewVolume.named("half", MIB)));
            half = dying.volumes.volume(BACKEND, "half").orElseThrow().id();
            dying.damage("UPDATE intent SET kind = 'NONSENSE'");
        }
        try (House next = House.open(folder)) {
            next.volumes.start(LONG);
            assertThat(next.volumes.volume(half).orElseThrow().state())
                    .isEqualTo(ObjectState.ERROR);
            assertThat(next.volumes.countVolumes(Filter.ALL)).isEqualTo(1);
            next.volumes.forgetUnfinished(half);
            assertThat(next.rows("volume")).isZero();
            assertThat(next.volumes.countVolumes(Filter.ALL)).isZero();
            next.volumes.createVolume(BACKEND, NewVolume.named("half", MIB));
            assertThat(next.volumes.counts(BACKEND)).isEqualTo(new Counts(1, 0, 0));
        }
    }

    @Test
    void listsAndCountsGoOnWithoutWhatIsDamaged(@TempDir Path folder) throws Exception {
        try (House house = House.open(folder)) {
            Volume of = house.volumes.createVolume(BACKEND, NewVolume.named("v0", MIB));
            for (int i = 1; i < 10; i++) {
                house.volumes.createVolume(BACKEND, NewVolume.named("v" + i, MIB));
                house.volumes.createSnapshot(of.id(), NewSnapshot.named("s" + i));
            }
            house.damage(
                    "UPDATE volume SET labels = 'junk' WHERE name IN ('v3', 'v4', 'v5', 'v9')",
                    "UPDATE snapshot SET size_bytes = -1 WHERE name IN ('s2', 's3', 's9')",
                    "UPDATE snapshot SET volume_id = UUID() WHERE name = 's5'");
            for (int limit : new int[] {1, 2, 3, 100}) {
                assertThat(volumes(house, limit))
                        .containsExactly("v8", "v7", "v6", "v2", "v1", "v0");
                assertThat(snapshots(house, limit)).containsExactly("s8", "s7", "s6", "s4", "s1");
            }
            assertThat(house.volumes.countVolumes(Filter.ALL)).isEqualTo(6);
            assertThat(house.volumes.countVolumes(named("v*"))).isEqualTo(6);
            assertThat(house.volumes.countSnapshots(Filter.ALL)).isEqualTo(5);
            assertThat(house.volumes.countSnapshots(named("s*"))).isEqualTo(5);
            assertThat(house.volumes.damaged()).hasSize(8);
            assertThat(house.volumes.damaged().getLast().toString())
                    .startsWith("volume ")
                    .contains(" of backend fast: labels: ");
        }
    }

    @Test
    void whatIsDamagedIsLeftAloneByEveryOperation(@TempDir Path folder) throws Exception {
        try (House house = House.open(folder)) {
            Volumes volumes = house.volumes;
            Volume hit = volumes.createVolume(BACKEND, NewVolume.named("hit", MIB));
            Snapshot sound = volumes.createSnapshot(hit.id(), NewSnapshot.named("sound"));
            Volume whole = volumes.createVolume(BACKEND, NewVolume.named("whole", MIB));
            SnapshotId cut = volumes.createSnapshot(whole.id(), NewSnapshot.named("cut")).id();
            Snapshot _ = volumes.createSnapshot(whole.id(), NewSnapshot.named("more"));
            house.damage(
                    "UPDATE volume SET labels = 'junk' WHERE name = 'hit'",
                    "UPDATE snapshot SET labels = 'junk' WHERE name = 'cut'");
            var before = house.inventory();
            for (ThrowingCallable attempt :
                    List.<ThrowingCallable>of(
                            () -> volumes.createVolume(BACKEND, NewVolume.named("hit", MIB)),
                            () -> volumes.createSnapshot(hit.id(), NewSnapshot.named("s")),
                            () -> volumes.cloneVolume(hit.id(), NewVolume.named("c")),
                            () -> volumes.alterations().extend(hit.id(), 2 * MIB),
                            () -> volumes.alterations().label(hit.id(), "a", "b"),
                            () -> volumes.alterations().rename(hit.id(), "b"),
                            () -> volumes.alterations().hold(hit.id(), "tag", "me"),
                            () -> volumes.alterations().revert(hit.id(), "sound"),
                            () -> volumes.alterations().revert(whole.id(), "cut"),
                            () -> volumes.alterations().describe(cut, "it"),
                            () -> volumes.createFromSnapshot(cut, NewVolume.named("c")),
                            () -> volumes.deleteSnapshot(cut),
                            () -> volumes.deleteSnapshot(sound.id()),
                            () -> volumes.deleteVolume(hit.id()),
                            () -> volumes.deleteWithSnapshots(hit.id()),
                            () -> volumes.deleteWithSnapshots(whole.id()),
                            () -> volumes.release(hit.id()),
                            () -> volumes.dossiers().read(hit.id()),
                            () -> volumes.dossiers().read(whole.id()),
                            () -> volumes.dossiers().volumes(BACKEND))) {
                assertFails(Code.FAULT, "labels: they are not between line breaks", attempt);
            }
            assertThatThrownBy(() -> volumes.volume(hit.id()))
                    .isInstanceOf(DamagedRowException.class)
                    .hasMessageContaining("volume " + hit.id());
            assertThat(house.inventory()).isEqualTo(before);
            assertThat(volumes.unfinished()).isEmpty();
            assertThat(house.rows("volume")).isEqualTo(2);
            assertThat(house.rows("snapshot")).isEqualTo(3);
            assertThat(volumes.snapshot(BACKEND, "hit", "sound")).contains(sound);
            assertThat(volumes.snapshots(Filter.ofVolume(BACKEND, "hit"), 9, "").items())
                    .containsExactly(sound);
            // The content of a snapshot does not depend on the row of its volume.
            assertThat(volumes.createFromSnapshot(sound.id(), NewVolume.named("c")).origin())
                    .contains(Origin.of(sound));
        }
    }

    @Test
    void aSnapshotThatIsNotFoundKeepsItsVolumeFromBeingDeleted(@TempDir Path folder)
            throws Exception {
        try (House house = House.open(folder)) {
            Volume volume = house.volumes.createVolume(BACKEND, NewVolume.named("v", MIB));
            Snapshot _ = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("a"));
            Snapshot _ = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("b"));
            house.damage("UPDATE snapshot SET volume_id = UUID() WHERE name = 'a'");
            assertFails(
                    Code.FAULT,
                    "volume v has 2 snapshots and 1 of them are in the state",
                    () -> house.volumes.deleteWithSnapshots(volume.id()));
            assertThat(house.inventory().snapshots()).hasSize(2);
        }
    }

    @Test
    void connectionsAreListedWithoutThoseThatAreDamagedAndKeepTheirVolume(@TempDir Path folder)
            throws Exception {
        try (House house = House.open(folder)) {
            Connections connections = house.volumes.connections();
            List<VolumeId> ids = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Volume volume = house.volumes.createVolume(BACKEND, NewVolume.named("v" + i, MIB));
                ids.add(volume.id());
                Connection _ =
                        connections.connect(
                                Target.of(volume.id()),
                                new NewConnection("", false, Optional.empty(), Map.of()));
            }
            house.damage(
                    "UPDATE connection SET state = 'SIDEWAYS' WHERE volume_id = UUID('%s')"
                            .formatted(ids.get(0)),
                    "UPDATE connection SET info = 'password' WHERE volume_id IN (UUID('%s'), UUID('%s'))"
                            .formatted(ids.get(2), ids.get(3)));
            List<VolumeId> listed = new ArrayList<>();
            String continuation = "";
            do {
                Page<Connection> page = connections.of(BACKEND, 1, continuation);
                page.items().forEach(one -> listed.add(one.target().volume()));
                continuation = page.continuation();
            } while (!continuation.isEmpty());
            assertThat(listed).containsExactly(ids.get(1));
            assertThat(connections.of(ids.get(0))).isEmpty();
            assertFails(
                    Code.FAULT,
                    "state: there is no 'SIDEWAYS'",
                    () -> connections.cleanup(ids.get(0)));
            assertFails(
                    Code.IN_USE,
                    "volume v2 is in-use by 1 connection (hosts: none can be read)",
                    () -> house.volumes.deleteVolume(ids.get(2)));
            assertThat(house.volumes.damaged())
                    .hasSize(3)
                    .allSatisfy(row -> assertThat(row.problem()).doesNotContain("password"));
        }
    }

    @Test
    void aBackendThatIsForgottenTakesItsDamagedRowsAlong(@TempDir Path folder) throws Exception {
        try (House house = House.open(folder)) {
            house.volumes.createVolume(BACKEND, NewVolume.named("hit", MIB));
            house.damage(
                    "UPDATE volume SET backend = 'gone', labels = 'junk'",
                    "UPDATE backend_count SET backend = 'gone'");
        }
        try (House next = House.open(folder)) {
            assertThat(volumes(next, 10)).isEmpty();
            assertThat(next.volumes.damaged()).hasSize(1);
            next.volumes.dossiers().forget("gone");
            assertThat(next.volumes.damaged()).isEmpty();
            assertThat(next.rows("volume")).isZero();
        }
    }

    @Test
    void aCountThatNamesNoBackendStopsNoStart(@TempDir Path folder) throws Exception {
        try (House house = House.open(folder)) {
            house.volumes.createVolume(BACKEND, NewVolume.named("v", MIB));
            house.damage(
                    "UPDATE backend_count SET backend = 'a,b=*'",
                    "UPDATE pool_count SET backend = 'a,b=*'");
        }
        try (House next = House.open(folder)) {
            next.volumes.start(LONG);
            assertThat(next.volumes.damaged())
                    .extracting(DamagedRow::table)
                    .containsExactly("backend_count", "pool_count");
            assertThat(volumes(next, 10)).containsExactly("v");
            assertThat(Volumes.usedBackends(next.store)).isEmpty();
            assertThat(Volumes.holdingBackends(next.store)).isEmpty();
        }
    }

    private static void leaveASnapshotUnfinished(House house, Volume volume) {
        house.driver.diesBeforeTheNextChange();
        assertFails(
                Code.FAULT,
                "power cut",
                () -> house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s")));
    }

    private static List<String> volumes(House house, int limit) throws Exception {
        List<String> names = new ArrayList<>();
        String continuation = "";
        do {
            Page<Volume> page = house.volumes.volumes(Filter.ALL, limit, continuation);
            page.items().forEach(volume -> names.add(volume.name()));
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        return names;
    }

    private static List<String> snapshots(House house, int limit) throws Exception {
        List<String> names = new ArrayList<>();
        String continuation = "";
        do {
            Page<Snapshot> page = house.volumes.snapshots(Filter.ALL, limit, continuation);
            page.items().forEach(snapshot -> names.add(snapshot.name()));
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        return names;
    }

    private static Filter named(String name) {
        Filter all = Filter.ALL;
        return new Filter(
                all.backend(),
                all.volume(),
                all.pool(),
                Optional.of(name),
                all.state(),
                all.source(),
                all.older(),
                all.newer(),
                all.minSize(),
                all.maxSize(),
                all.labels(),
                all.order());
    }
}
