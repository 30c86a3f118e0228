package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;

/**
 * Whatever single values of the state are damaged, the daemon starts, serves all that is not
 * damaged and loses no row.
 */
final class RandomDamageTest {
    private static final int ROUNDS = 5;
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int VOLUMES = 6;
    private static final long MIB = 1L << 20;

    /** The tables that objects are in, and the columns that tell their rows from each other. */
    private static final Map<String, String> TABLES =
            Map.of(
                    "volume",
                    "id",
                    "snapshot",
                    "id",
                    "connection",
                    "id",
                    "tombstone",
                    "id",
                    "intent",
                    "volume_id",
                    "hold",
                    "object_id",
                    "backend_count",
                    "backend",
                    "pool_count",
                    "pool");

    private static final List<String> TEXTS =
            List.of("", "junk", "\n", "\njunk\n", "a=b", "a,b=*", "%zz", "A b");
    private static final List<Long> NUMBERS = List.of(-1L, 0L, 7L, Long.MIN_VALUE, 1L << 40);

    private final Random random;

    /** What stood in rows that are damaged. */
    private final Set<Object> damaged = new HashSet<>();

    private final Map<VolumeId, Volume> volumes = new HashMap<>();
    private final Map<SnapshotId, Snapshot> snapshots = new HashMap<>();

    RandomDamageTest() {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("RandomDamageTest: -Dcairn.seed=" + seed);
        random = new Random(seed);
    }

    @Test
    void whateverIsDamagedAllElseIsServed(@TempDir Path folder) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            damaged.clear();
            volumes.clear();
            snapshots.clear();
            Path of = folder.resolve("round-" + round);
            List<String> done;
            try (House house = House.open(of)) {
                fill(house);
                done = damage(house, 1 + random.nextInt(4));
            }
            try (House next = House.open(of)) {
                next.volumes.start(Duration.ofSeconds(20));
                check(next, done);
            }
        }
    }

    private void fill(House house) throws Exception {
        for (int i = 0; i < VOLUMES; i++) {
            Volume volume = house.volumes.createVolume(BACKEND, NewVolume.named("v" + i, MIB));
            Volume _ = house.volumes.alterations().label(volume.id(), "number", "" + i);
            for (int cut = 0; cut < i % 3; cut++) {
                Snapshot _ =
                        house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s" + cut));
            }
        }
        Volume doomed = house.volumes.createVolume(BACKEND, NewVolume.named("doomed", MIB));
        house.volumes.deleteVolume(doomed.id());
        Volume first = house.volumes.volume(BACKEND, "v0").orElseThrow();
        house.volumes.alterations().hold(first.id(), "tag", "me");
        Connection _ =
                house.volumes
                        .connections()
                        .connect(
                                Target.of(first.id()),
                                new NewConnection("", false, Optional.empty(), Map.of()));
        for (String name : List.of("v1", "v2")) {
            Volume volume = house.volumes.volume(BACKEND, name).orElseThrow();
            house.driver.diesBeforeTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> house.volumes.createSnapshot(volume.id(), NewSnapshot.named("never")));
        }
        for (Volume volume : house.volumes.volumes(Filter.ALL, 100, "").items()) {
            volumes.put(volume.id(), volume);
        }
        for (Snapshot snapshot : house.volumes.snapshots(Filter.ALL, 100, "").items()) {
            snapshots.put(snapshot.id(), snapshot);
        }
    }

    /** Says what was damaged. */
    private List<String> damage(House house, int values) {
        List<String> done = new ArrayList<>();
        while (done.size() < values) {
            String table = pick(TABLES.keySet().stream().sorted().toList());
            String column = pick(columns(house, table, "COLUMN_NAME"));
            String type =
                    columns(house, table, "DATA_TYPE")
                            .get(columns(house, table, "COLUMN_NAME").indexOf(column));
            Object row = pick(keys(house, table));
            @Nullable Object value =
                    random.nextInt(8) == 0
                            ? null
                            : switch (type) {
                                // A count at the end of all numbers lets nothing more be counted.
                                case "BIGINT" ->
                                        table.endsWith("_count")
                                                ? pick(List.of(-1L, 0L, 1L << 40))
                                                : pick(NUMBERS);
                                case "BOOLEAN" -> random.nextBoolean();
                                case "UUID" -> UUID.randomUUID();
                                default -> pick(TEXTS);
                            };
            String sql =
                    "UPDATE %s SET %s = ? WHERE %s = ?".formatted(table, column, TABLES.get(table));
            try {
                set(house, sql, type, value, row);
                damaged.add(row);
                done.add("%s.%s of %s is '%s'".formatted(table, column, row, value));
            } catch (StoreException _) {
                // The database does not take it, so that it cannot be there.
            }
        }
        return done;
    }

    private void check(House house, List<String> done) throws Exception {
        Map<VolumeId, Volume> listed = new HashMap<>();
        Map<SnapshotId, Snapshot> cuts = new HashMap<>();
        int limit = 1 + random.nextInt(4);
        String continuation = "";
        do {
            Page<Volume> page = house.volumes.volumes(Filter.ALL, limit, continuation);
            page.items().forEach(volume -> listed.put(volume.id(), volume));
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        do {
            Page<Snapshot> page = house.volumes.snapshots(Filter.ALL, limit, continuation);
            page.items().forEach(snapshot -> cuts.put(snapshot.id(), snapshot));
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        do {
            continuation =
                    house.volumes.connections().of(BACKEND, limit, continuation).continuation();
        } while (!continuation.isEmpty());
        do {
            continuation =
                    house.volumes.tombstones().list(BACKEND, limit, continuation).continuation();
        } while (!continuation.isEmpty());
        for (Unfinished change : house.volumes.unfinished()) {
            try {
                assertThat(house.volumes.forgetUnfinished(change.volume())).isNotEmpty();
            } catch (OperationException e) {
                // What is done in the background, as exporting again what is connected, ended.
                assertThat(e.code()).as(e.getMessage()).isEqualTo(Code.NOT_FOUND);
            }
        }
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> {
                            assertThat(house.volumes.unfinished()).as(done.toString()).isEmpty();
                            assertThat(house.rows("intent")).as(done.toString()).isZero();
                        });
        assertThat(house.rows("volume")).as(done.toString()).isEqualTo(volumes.size());
        assertThat(house.rows("snapshot")).as(done.toString()).isEqualTo(snapshots.size());
        assertThat(house.rows("connection")).as(done.toString()).isEqualTo(1);
        for (Volume volume : volumes.values()) {
            if (!damaged.contains(volume.id().value())) {
                assertThat(atRest(listed.get(volume.id())))
                        .as(done.toString())
                        .isEqualTo(atRest(volume))
                        .isEqualTo(
                                atRest(house.volumes.volume(BACKEND, volume.name()).orElseThrow()));
                Snapshot _ = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("after"));
            }
        }
        for (Snapshot snapshot : snapshots.values()) {
            if (!damaged.contains(snapshot.id().value())
                    && !damaged.contains(snapshot.volume().value())) {
                assertThat(cuts.get(snapshot.id())).as(done.toString()).isEqualTo(snapshot);
                house.volumes.deleteSnapshot(snapshot.id());
            }
        }
    }

    private static @Nullable Volume atRest(@Nullable Volume volume) {
        return volume == null ? null : volume.inState(ObjectState.AVAILABLE);
    }

    private static void set(
            House house, String sql, String type, @Nullable Object value, Object row)
            throws StoreException {
        boolean _ =
                house.store.commit(
                        statements -> {
                            PreparedStatement update = statements.prepare(sql);
                            if (value == null) {
                                update.setNull(
                                        1, type.equals("BIGINT") ? Types.BIGINT : Types.OTHER);
                            } else {
                                update.setObject(1, value);
                            }
                            update.setObject(2, row);
                            update.executeUpdate();
                            return true;
                        });
    }

    private static List<String> columns(House house, String table, String what) {
        return house.store
                .reads()
                .withHandle(
                        handle ->
                                handle.createQuery(
                                                "SELECT %s FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = ? ORDER BY ORDINAL_POSITION"
                                                        .formatted(what))
                                        .bind(0, table.toUpperCase(Locale.ROOT))
                                        .mapTo(String.class)
                                        .list());
    }

    private static List<Object> keys(House house, String table) {
        String key = TABLES.get(table);
        return house.store
                .reads()
                .withHandle(
                        handle ->
                                handle.createQuery("SELECT %s FROM %s".formatted(key, table))
                                        .map((row, _) -> row.getObject(1))
                                        .list());
    }

    private <E> E pick(List<E> among) {
        return among.get(random.nextInt(among.size()));
    }
}
