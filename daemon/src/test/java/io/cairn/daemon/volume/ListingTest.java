package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.volume.OperationException.Code;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Lists, filters and continuations. */
final class ListingTest {
    private static final long MIB = 1L << 20;

    private House house;
    private Volumes volumes;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        house = House.open(folder);
        volumes = house.volumes;
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void pagesJoinToTheWholeListNewestFirst() throws Exception {
        for (int i = 0; i < 7; i++) {
            volumes.createVolume(BACKEND, NewVolume.named("v" + i, MIB));
        }
        List<String> names = new ArrayList<>();
        String continuation = "";
        do {
            Page<Volume> page = volumes.volumes(Filter.ALL, 3, continuation);
            page.items().forEach(volume -> names.add(volume.name()));
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        assertThat(names).containsExactly("v6", "v5", "v4", "v3", "v2", "v1", "v0");
    }

    @Test
    void aPageStaysRightWhileObjectsComeAndGo() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
        for (int i = 0; i < 6; i++) {
            volumes.createSnapshot(volume.id(), NewSnapshot.named("s" + i));
        }
        Filter filter = Filter.ofVolume(BACKEND, "db1");
        Page<Snapshot> first = volumes.snapshots(filter, 2, "");
        volumes.createSnapshot(volume.id(), NewSnapshot.named("new"));
        volumes.deleteSnapshot(first.items().getLast().id());
        Page<Snapshot> second = volumes.snapshots(filter, 2, first.continuation());
        assertThat(second.items()).extracting(Snapshot::name).containsExactly("s3", "s2");
        assertThat(second.items()).extracting(Snapshot::volumeName).containsOnly("db1");
    }

    @Test
    void aListThatEndsWithThePageHasNoContinuation() throws Exception {
        volumes.createVolume(BACKEND, NewVolume.named("a", MIB));
        volumes.createVolume(BACKEND, NewVolume.named("b", MIB));
        assertThat(volumes.volumes(Filter.ALL, 2, "").continuation()).isEmpty();
    }

    @Test
    void namesFilterExactlyOrByTheirBeginning() throws Exception {
        for (String name : new String[] {"db_1", "db_2", "dbx1", "web"}) {
            volumes.createVolume(BACKEND, NewVolume.named(name, MIB));
        }
        assertThat(namesOf(named("db_*"))).containsExactly("db_2", "db_1");
        assertThat(namesOf(named("web"))).containsExactly("web");
        assertThat(namesOf(named("we"))).isEmpty();
        assertThat(namesOf(named("*"))).hasSize(4);
    }

    @Test
    void labelsFilterByWholeKeysAndValues() throws Exception {
        labelled("a", Map.of("team", "db", "tier", "1"));
        labelled("b", Map.of("team", "db2"));
        labelled("c", Map.of("steam", "db"));
        labelled("d", Map.of("team", "d%_!"));
        assertThat(namesOf(label("team", "db"))).containsExactly("a");
        assertThat(namesOf(label("team", "d%"))).isEmpty();
        assertThat(namesOf(label("team", "d%_!"))).containsExactly("d");
    }

    @Test
    void snapshotsOfABackendAreThoseOfAllItsVolumes() throws Exception {
        for (String name : new String[] {"a", "b"}) {
            Volume volume = volumes.createVolume(BACKEND, NewVolume.named(name, MIB));
            volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        }
        assertThat(volumes.snapshots(Filter.ofBackend(BACKEND), 10, "").items())
                .extracting(Snapshot::volumeName)
                .containsExactly("b", "a");
        assertThat(volumes.snapshots(Filter.ofBackend("other"), 10, "").items()).isEmpty();
        assertThat(volumes.snapshots(Filter.ofVolume(BACKEND, "zzz"), 10, "").items()).isEmpty();
    }

    @Test
    void aPageIsReadInTheOrderOfAnIndex() {
        assertThat(plan("snapshot s WHERE s.volume_id = UUID() AND s.ordinal < 9", "s.volume_id"))
                .contains("SNAPSHOT_ORDER_IN_VOLUME");
        assertThat(plan("snapshot s WHERE s.backend = 'b' AND s.ordinal < 9", "s.backend"))
                .contains("SNAPSHOT_ORDER");
        assertThat(plan("volume v WHERE v.backend = 'b' AND v.ordinal < 9", "v.backend"))
                .contains("VOLUME_ORDER");
    }

    private String plan(String from, String range) {
        String sql =
                "EXPLAIN PLAN FOR SELECT * FROM %s ORDER BY %s DESC, %sordinal DESC LIMIT 9"
                        .formatted(from, range, range.substring(0, 2));
        return house.store
                .reads()
                .withHandle(handle -> handle.createQuery(sql).mapTo(String.class).list())
                .toString();
    }

    @Test
    void filtersAndContinuationsThatMakeNoSenseAreRefused() {
        assertFails(Code.INVALID, "no continuation", () -> volumes.volumes(Filter.ALL, 1, "x"));
        assertFails(
                Code.INVALID,
                "needs 'backend'",
                () ->
                        volumes.snapshots(
                                new Filter(
                                        Optional.empty(),
                                        Optional.of("db1"),
                                        Optional.empty(),
                                        Optional.empty(),
                                        Map.of()),
                                1,
                                ""));
        assertFails(
                Code.INVALID,
                "use 'name'",
                () -> volumes.volumes(Filter.ofVolume(BACKEND, "db1"), 1, ""));
    }

    private List<String> namesOf(Filter filter) throws OperationException {
        return volumes.volumes(filter, 100, "").items().stream().map(Volume::name).toList();
    }

    private void labelled(String name, Map<String, String> labels) throws Exception {
        volumes.createVolume(
                BACKEND,
                new NewVolume(
                        name, Optional.of(MIB), Optional.empty(), "", labels, Optional.empty()));
    }

    private static Filter named(String name) {
        return new Filter(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(name), Map.of());
    }

    private static Filter label(String key, String value) {
        return new Filter(
                Optional.of(BACKEND),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Map.of(key, value));
    }
}
