package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.cairn.daemon.config.PoolLimits;
import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.driver.Pools;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.plugin.file.FileDriverProvider;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.DriverException;
import io.cairn.spi.PoolStats;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/** What is given out of a pool, and what is refused. */
@Timeout(120)
final class PoolTallyTest {
    private static final long MIB = 1L << 20;
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir private Path folder;
    private final FaultyDriver.Provider driver =
            new FaultyDriver.Provider(new FileDriverProvider());
    private final List<House> houses = new ArrayList<>();

    @AfterEach
    void close() {
        houses.forEach(House::close);
    }

    @Test
    void aVolumeBeyondTheRatioIsRefusedBeforeAnythingIsTouched() throws Exception {
        space(100 * MIB, 90 * MIB);
        Volumes volumes = open(limits(1.5, Reserve.NONE)).volumes;
        create(volumes, "a", 100 * MIB);
        List<VolumeEvent> before = List.copyOf(houses.getFirst().events);

        assertFails(
                Code.NO_SPACE,
                "cannot create volume b on backend fast: pool default of backend fast has volumes of"
                        + " 100MiB together and takes 150MiB at most, which is 1.5 times its 100MiB;"
                        + " with 50.00 MiB (52428801 bytes) more it would be too many: delete volumes, enlarge the"
                        + " pool, or set a higher overcommit.ratio and open the backend anew; nothing"
                        + " was changed",
                () -> create(volumes, "b", 50 * MIB + 1));

        assertThat(volumes.unfinished()).isEmpty();
        assertThat(volumes.volume(BACKEND, "b")).isEmpty();
        assertThat(houses.getFirst().inventory().volumes()).hasSize(1);
        assertThat(houses.getFirst().events).isEqualTo(before);
    }

    @Test
    void whatJustFitsIsMadeAndShownAsProvisioned() throws Exception {
        space(100 * MIB, 90 * MIB);
        Volumes volumes = open(limits(1.5, Reserve.NONE)).volumes;

        create(volumes, "a", 150 * MIB);

        assertThat(volumes.poolCounts(BACKEND))
                .containsOnly(entry("default", new PoolCounts(1, 0, 150 * MIB)));
    }

    @Test
    void aVolumeFromASnapshotIsHeldToTheSameLimits() throws Exception {
        space(100 * MIB, 90 * MIB);
        Volumes volumes = open(limits(1, Reserve.NONE)).volumes;
        Volume source = create(volumes, "a", 60 * MIB);
        Snapshot cut = volumes.createSnapshot(source.id(), NewSnapshot.named("s"));

        assertFails(
                Code.NO_SPACE,
                "takes 100MiB at most",
                () -> volumes.createFromSnapshot(cut.id(), NewVolume.named("b")));
        assertThat(volumes.poolCounts(BACKEND))
                .containsOnly(entry("default", new PoolCounts(1, 1, 60 * MIB)));
    }

    @Test
    void anExtensionIsHeldToTheSameLimits() throws Exception {
        space(100 * MIB, 90 * MIB);
        House house = open(limits(1.5, new Reserve(10 * MIB, 0)));
        Volume volume = create(house.volumes, "a", 60 * MIB);
        Volume other = create(house.volumes, "b", 60 * MIB);
        List<VolumeEvent> before = List.copyOf(house.events);

        assertFails(
                Code.NO_SPACE,
                "takes 135MiB at most, which is 1.5 times its 100MiB less a reserve of 10MiB",
                () -> house.volumes.alterations().extend(volume.id(), 75 * MIB + 1));
        assertThat(house.events).isEqualTo(before);
        assertThat(house.volumes.volume(volume.id())).contains(volume);

        assertThat(house.volumes.alterations().extend(volume.id(), 75 * MIB).sizeBytes())
                .isEqualTo(75 * MIB);
        assertThat(house.volumes.poolCounts(BACKEND))
                .containsOnly(entry("default", new PoolCounts(2, 0, 135 * MIB)));
        space(100 * MIB, 5 * MIB);
        Pools _ = house.backend().refreshPools();
        house.volumes.deleteVolume(other.id());
        assertFails(
                Code.NO_SPACE,
                "of which a reserve of 10MiB",
                () -> house.volumes.alterations().extend(volume.id(), 76 * MIB));
    }

    @Test
    void aCreationThatIsRepeatedIsNotRefusedThoughThePoolIsFull() throws Exception {
        space(100 * MIB, 90 * MIB);
        Volumes volumes = open(limits(1, Reserve.NONE)).volumes;
        Volume made = create(volumes, "a", 100 * MIB);

        assertThat(create(volumes, "a", 100 * MIB)).isEqualTo(made);
    }

    @Test
    void roomIsGivenBackByADeletionAndByAFailure() throws Exception {
        space(100 * MIB, 90 * MIB);
        House house = open(limits(1, Reserve.NONE));
        Volume first = create(house.volumes, "a", 100 * MIB);
        house.volumes.deleteVolume(first.id());
        driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(DriverException.Kind.UNSUPPORTED, "not today");
                });
        assertFails(Code.UNSUPPORTED, "not today", () -> create(house.volumes, "b", 100 * MIB));
        house.failTheNextCommit();
        assertThatThrownBy(() -> create(house.volumes, "c", 100 * MIB))
                .isInstanceOf(OperationException.class);

        Volume made = createWhenTheStoreIsBack(house.volumes, "d", 100 * MIB);

        assertThat(made.sizeBytes()).isEqualTo(100 * MIB);
        assertThat(house.volumes.poolCounts(BACKEND))
                .containsOnly(entry("default", new PoolCounts(1, 0, 100 * MIB)));
    }

    @Test
    void aCreationWhoseOutcomeIsUnknownKeepsItsRoomAcrossARestart() throws Exception {
        space(100 * MIB, 90 * MIB);
        House first = open(limits(1, Reserve.NONE));
        driver.diesAfterTheNextChange();
        assertThatThrownBy(() -> create(first.volumes, "a", 60 * MIB))
                .isInstanceOf(OperationException.class);
        assertFails(
                Code.NO_SPACE,
                "has volumes of 60MiB together",
                () -> create(first.volumes, "b", 60 * MIB));
        houses.removeLast().close();

        House second = open(limits(1, Reserve.NONE));

        assertThat(second.volumes.poolCounts(BACKEND))
                .containsOnly(entry("default", new PoolCounts(0, 0, 60 * MIB)));
        second.volumes.start(LONG);
        assertThat(second.volumes.poolCounts(BACKEND))
                .containsOnly(entry("default", new PoolCounts(1, 0, 60 * MIB)));
    }

    @Test
    void whereVolumesAreThinNoneIsMadeOnceTheReserveIsTouched() throws Exception {
        space(100 * MIB, 10 * MIB);
        Volumes volumes = open(limits(20, new Reserve(0, 10))).volumes;

        assertFails(
                Code.NO_SPACE,
                "pool default of backend fast has 10MiB free of 100MiB, of which a reserve of 10MiB"
                        + " is kept: free space there",
                () -> create(volumes, "a", MIB));
    }

    @Test
    void whereVolumesAreThickTheyNeverHaveMoreThanThePool() throws Exception {
        thick();
        space(100 * MIB, 100 * MIB);
        Volumes volumes = open(limits(20, new Reserve(10 * MIB, 0))).volumes;
        create(volumes, "a", 60 * MIB);

        assertFails(
                Code.NO_SPACE,
                "takes 90MiB at most, which is 1 times its 100MiB less a reserve of 10MiB",
                () -> create(volumes, "b", 31 * MIB));
        create(volumes, "b", 30 * MIB);
    }

    @Test
    void whereVolumesAreThickWhatIsMadeCountsBeforeTheStorageTellsOfIt() throws Exception {
        thick();
        space(100 * MIB, 60 * MIB);
        House house = open(limits(1, Reserve.NONE));
        create(house.volumes, "a", 40 * MIB);

        assertFails(
                Code.NO_SPACE,
                "has 60MiB free of 100MiB, of which a reserve of 0B is kept and 20MiB is left for"
                        + " 30MiB more",
                () -> create(house.volumes, "b", 30 * MIB));
        space(100 * MIB, 50 * MIB);
        Pools _ = house.backend().refreshPools();
        create(house.volumes, "b", 30 * MIB);
    }

    @Test
    void oldNumbersAreAskedForAgainBeforeARefusal() throws Exception {
        space(10 * MIB, 5 * MIB);
        Volumes volumes = open(limits(1, Reserve.NONE)).volumes;
        Thread.sleep(1_100);
        space(100 * MIB, 95 * MIB);

        assertThat(create(volumes, "a", 50 * MIB).sizeBytes()).isEqualTo(50 * MIB);
    }

    @Test
    void whatFitsOnlyOneByOneIsNeverBothMade() throws Exception {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("PoolTallyTest: -Dcairn.seed=" + seed);
        space(64 * MIB, 60 * MIB);
        Volumes volumes = open(limits(1, Reserve.NONE)).volumes;
        try (ExecutorService clients = Executors.newFixedThreadPool(16)) {
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                Random random = new Random(seed + i);
                String name = "c" + i;
                all.add(clients.submit(() -> client(volumes, name, random)));
            }
            int refused = 0;
            for (Future<Integer> one : all) {
                refused += one.get();
            }
            assertThat(refused).isPositive();
        }
        long sizes =
                volumes.volumes(Filter.ALL, 1_000, "").items().stream()
                        .mapToLong(Volume::sizeBytes)
                        .sum();
        assertThat(provisioned(volumes)).isEqualTo(sizes).isLessThanOrEqualTo(64 * MIB);
        // Nothing was left reserved: what is free now can be had to the byte.
        if (sizes < 64 * MIB) {
            create(volumes, "rest", 64 * MIB - sizes);
        }
    }

    @Test
    void countsOfPoolsAreKeptAcrossARestart() throws Exception {
        House first = open(PoolLimits.DEFAULT);
        Volume volume = create(first.volumes, "a", 3 * MIB);
        create(first.volumes, "b", MIB);
        first.volumes.createSnapshot(volume.id(), NewSnapshot.named("x"));
        Snapshot gone = first.volumes.createSnapshot(volume.id(), NewSnapshot.named("y"));
        first.volumes.deleteSnapshot(gone.id());
        houses.removeLast().close();

        assertThat(open(PoolLimits.DEFAULT).volumes.poolCounts(BACKEND))
                .containsOnly(entry("default", new PoolCounts(2, 1, 4 * MIB)));
    }

    @Test
    void theSchemaStepCountsWhatIsThereAndNotWhatIsBeingMade() throws Exception {
        Path state = folder.resolve("state");
        try (StateStore store =
                StateStore.open(state, StoreOptions.DEFAULTS, Volumes.schema().subList(0, 1))) {
            boolean _ =
                    store.commit(
                            statements -> {
                                for (String row :
                                        List.of(
                                                "1, 'fast', 'p', 'a', '', '', 1000, 1, NULL, NULL, '/a', 2",
                                                "2, 'fast', 'p', 'b', '', '', 500, 1, NULL, NULL, '/b', 1",
                                                "3, 'fast', 'q', 'c', '', '', 9223372036854775807, 1,"
                                                        + " NULL, NULL, '/c', 0",
                                                "4, 'fast', 'q', 'd', '', '', 9223372036854775807, 1,"
                                                        + " NULL, NULL, '/d', 0",
                                                "5, 'slow', 'p', 'e', '', '', 7, 1, NULL, NULL, '', 0")) {
                                    statements
                                            .prepare(
                                                    "INSERT INTO volume VALUES (UUID(), %s)"
                                                            .formatted(row))
                                            .executeUpdate();
                                }
                                statements
                                        .prepare(
                                                "INSERT INTO intent (volume_id, kind, begun_at) SELECT id,"
                                                        + " 'CREATE_VOLUME', 1 FROM volume WHERE name = 'e'")
                                        .executeUpdate();
                                return true;
                            });
        }

        try (StateStore store = StateStore.open(state, StoreOptions.DEFAULTS, Volumes.schema())) {
            assertThat(new State(store, new OpenIntents()).poolCounts())
                    .containsOnly(
                            entry(new PoolTally.Key("fast", "p"), new PoolCounts(2, 3, 1500)),
                            entry(
                                    new PoolTally.Key("fast", "q"),
                                    new PoolCounts(2, 0, Long.MAX_VALUE)));
        }
    }

    private static int client(Volumes volumes, String name, Random random) throws Exception {
        List<Volume> made = new ArrayList<>();
        int refused = 0;
        for (int i = 0; i < 30; i++) {
            if (!made.isEmpty() && random.nextInt(3) == 0) {
                volumes.deleteVolume(made.removeLast().id());
                continue;
            }
            try {
                made.add(create(volumes, name + "-" + i, (1 + random.nextInt(24)) * MIB));
            } catch (OperationException e) {
                assertThat(e.code()).isEqualTo(Code.NO_SPACE);
                refused++;
            }
            assertThat(provisioned(volumes)).isLessThanOrEqualTo(64 * MIB);
        }
        return refused;
    }

    private static long provisioned(Volumes volumes) {
        return volumes.poolCounts(BACKEND).values().stream()
                .mapToLong(PoolCounts::provisionedBytes)
                .sum();
    }

    /** A store that failed to write takes changes again after a moment. */
    private static Volume createWhenTheStoreIsBack(Volumes volumes, String name, long sizeBytes)
            throws Exception {
        while (true) {
            try {
                return create(volumes, name, sizeBytes);
            } catch (OperationException e) {
                assertThat(e.code()).isEqualTo(Code.UNAVAILABLE);
                Thread.sleep(50);
            }
        }
    }

    private static Volume create(Volumes volumes, String name, long sizeBytes) throws Exception {
        return volumes.createVolume(BACKEND, NewVolume.named(name, sizeBytes));
    }

    private static PoolLimits limits(double ratio, Reserve reserve) {
        return new PoolLimits(OptionalDouble.of(ratio), reserve);
    }

    private void space(long totalBytes, long freeBytes) {
        driver.space =
                pools ->
                        Stream.of(pools.getFirst())
                                .map(pool -> new PoolStats(pool.name(), totalBytes, freeBytes))
                                .toList();
    }

    private void thick() {
        driver.facts =
                facts -> new BackendFacts(facts.snapshotMethod(), facts.snapshotCost(), Set.of());
    }

    private House open(PoolLimits limits) throws Exception {
        House house = new House(folder, LONG, limits, driver);
        houses.add(house);
        return house;
    }
}
