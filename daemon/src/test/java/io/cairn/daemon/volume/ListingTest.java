package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Order.By;

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
    void snapshotsAreFoundByThePoolOfTheirVolumes() throws Exception {
        Volume volume = volumes.createVolume(BACKEND, NewVolume.named("a", MIB));
        Snapshot snapshot = volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        assertThat(volume.pool()).isEqualTo("default");
        assertThat(volumes.snapshots(ofPool("default"), 10, "").items())
                .extracting(Snapshot::id)
                .containsExactly(snapshot.id());
        assertThat(volumes.countSnapshots(ofPool("default"))).isEqualTo(1);
        assertThat(volumes.snapshots(ofPool("other"), 10, "").items()).isEmpty();
        assertThat(volumes.countSnapshots(ofPool("other"))).isZero();
        assertFails(
                Code.INVALID, "finds nothing", () -> volumes.countSnapshots(ofPool("../other")));
    }

    private static Filter ofPool(String pool) {
        Filter all = Filter.ALL;
        return new Filter(
                all.backend(),
                all.volume(),
                Optional.of(pool),
                all.name(),
                all.state(),
                all.source(),
                all.older(),
                all.newer(),
                all.minSize(),
                all.maxSize(),
                all.labels(),
                all.order());
    }

    @Test
    void aPageByNameStaysRightWhileNamesComeAndGo() throws Exception {
        for (String name : new String[] {"a", "c", "e", "g"}) {
            volumes.createVolume(BACKEND, NewVolume.named(name, MIB));
        }
        Filter filter = Filter.ALL.in(new Order(By.NAME, false));
        Page<Volume> first = volumes.volumes(filter, 2, "");
        volumes.createVolume(BACKEND, NewVolume.named("b", MIB));
        volumes.createVolume(BACKEND, NewVolume.named("d", MIB));
        volumes.deleteVolume(first.items().getLast().id());
        Page<Volume> second = volumes.volumes(filter, 9, first.continuation());
        assertThat(second.items()).extracting(Volume::name).containsExactly("d", "e", "g");
        assertThat(volumes.countVolumes(filter)).isEqualTo(5);
    }

    @Test
    void aContinuationOfAnotherListIsRefused() throws Exception {
        for (String name : new String[] {"a", "b"}) {
            Volume volume = volumes.createVolume(BACKEND, NewVolume.named(name, MIB));
            volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        }
        String continuation = volumes.volumes(Filter.ALL, 1, "").continuation();
        for (Filter other :
                List.of(
                        Filter.ofBackend(BACKEND),
                        Filter.ALL.in(new Order(By.NAME, true)),
                        Filter.ALL.in(new Order(By.CREATED, false)))) {
            assertFails(
                    Code.INVALID,
                    "is of a list of something else",
                    () -> volumes.volumes(other, 1, continuation));
        }
        assertFails(
                Code.INVALID,
                "is of a list of something else",
                () -> volumes.snapshots(Filter.ALL, 1, continuation));
        for (String mistyped :
                List.of(continuation + "0", continuation.substring(1), "::::", "5")) {
            assertFails(
                    Code.INVALID,
                    "is no continuation",
                    () -> volumes.volumes(Filter.ALL, 1, mistyped));
        }
        assertThat(volumes.volumes(Filter.ALL, 1, continuation).items()).hasSize(1);
    }

    @Test
    void aPageThatLooksAtMuchEndsEarlyAndTheListIsWhole(@TempDir Path folder) throws Exception {
        try (Shelf shelf = new Shelf(folder)) {
            Volume of =
                    shelf.state.volume(shelf.volume(Shelf.Row.of(BACKEND, "db1"))).orElseThrow();
            // The names are in the order of the sizes, so that what is big comes last by name.
            shelf.change(
                    "INSERT INTO snapshot (id, ordinal, backend, volume_id, name, description,"
                            + " labels, size_bytes, created_at, location)"
                            + " SELECT UUID(), n, ?, CAST(? AS UUID), 's' || (100000 + n),"
                            + " '', '', CASE WHEN n < 9000 THEN MOD(n, 4500) ELSE 9000 END, 1, '/x'"
                            + " FROM UNNEST(SEQUENCE_ARRAY(1, 12000, 1)) AS t(n)",
                    BACKEND,
                    of.id().toString());
            Filter filter =
                    new Filter(
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.of(4_000L),
                            Optional.empty(),
                            Map.of(),
                            new Order(By.NAME, false));
            List<String> names = new ArrayList<>();
            List<Integer> sizes = new ArrayList<>();
            String continuation = "";
            do {
                Page<Snapshot> page =
                        shelf.listing.snapshots(filter, List.of(BACKEND), 900, continuation);
                page.items().forEach(snapshot -> names.add(snapshot.name()));
                sizes.add(page.items().size());
                continuation = page.continuation();
            } while (!continuation.isEmpty());
            assertThat(names).hasSize(4_001).isSorted().doesNotHaveDuplicates();
            assertThat(sizes.subList(0, sizes.size() - 1)).anyMatch(size -> size < 900);
            assertThat(sizes).allMatch(size -> size > 0);
            assertThat(shelf.listing.countSnapshots(filter, List.of(BACKEND), _ -> 12_000))
                    .isEqualTo(4_001);
        }
    }

    @Test
    void filtersAndContinuationsThatMakeNoSenseAreRefused() {
        assertFails(Code.INVALID, "no continuation", () -> volumes.volumes(Filter.ALL, 1, "x"));
        assertFails(
                Code.INVALID,
                "needs 'backend'",
                () ->
                        volumes.snapshots(
                                Filter.of(Optional.empty(), Optional.of("db1"), Optional.empty()),
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
                        name,
                        Optional.of(MIB),
                        Optional.empty(),
                        "",
                        labels,
                        Particulars.NONE,
                        Optional.empty()));
    }

    private static Filter named(String name) {
        return Filter.of(Optional.empty(), Optional.empty(), Optional.of(name));
    }

    private static Filter label(String key, String value) {
        return new Filter(
                Optional.of(BACKEND),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Map.of(key, value),
                Order.NEWEST_FIRST);
    }
}
