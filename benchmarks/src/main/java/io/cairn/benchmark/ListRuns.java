package io.cairn.benchmark;

import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.Order;
import io.cairn.daemon.volume.Page;
import io.cairn.daemon.volume.Volumes;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A page of 100 among 100,000 volumes and as many snapshots, for every filter in every order. The
 * floor is the bare query of the database for as many whole rows in the order of an index. Each
 * list is read with what is in memory by then, the first time beside it.
 */
final class ListRuns {
    static final String NAME = "list";
    private static final int EXISTING = 100_000;
    private static final int PAGE = 100;

    /** Rounds until the code is compiled. */
    private static final int WARMUP = 10;

    private final List<Task> results = new ArrayList<>();

    void run(Path work, int rounds) throws Exception {
        try (Ground ground = Ground.make(Storage.MEMORY, work)) {
            Path folder = Files.createDirectories(ground.folder().resolve("lists"));
            try (House house = new House(Storage.MEMORY, folder)) {
                fill(house.store());
                house.store().checkpoint();
            }
            // Opened again, since counts are read then.
            try (House house = new House(Storage.MEMORY, folder)) {
                List<Task> tasks = new ArrayList<>();
                ListCase.all(false).forEach(each -> tasks.add(new Task(each, false)));
                ListCase.all(true).forEach(each -> tasks.add(new Task(each, true)));
                for (int round = -WARMUP; round < rounds; round++) {
                    for (Task task : tasks) {
                        task.measure(house, round >= 0);
                    }
                }
                for (int round = -1; round < rounds; round++) {
                    for (Task task : tasks) {
                        task.count(house, round >= 0);
                    }
                }
                results.addAll(tasks);
            }
        }
    }

    /**
     * One list. It takes turns with all others, so that it first finds in memory what they left,
     * and then what it left itself.
     */
    private static final class Task {
        private final ListCase of;
        private final boolean snapshots;
        private final List<Double> first = new ArrayList<>();
        private final List<Double> micros = new ArrayList<>();
        private final List<Double> next = new ArrayList<>();
        private final List<Double> floor = new ArrayList<>();
        private final List<Double> counting = new ArrayList<>();
        private int rows;
        private long counted;

        Task(ListCase of, boolean snapshots) {
            this.of = of;
            this.snapshots = snapshots;
        }

        void measure(House house, boolean counts) throws Exception {
            long begin = System.nanoTime();
            Page<?> page = list(house.volumes(), "");
            double fresh = micros(begin);
            begin = System.nanoTime();
            Page<?> _ = list(house.volumes(), "");
            double taken = micros(begin);
            begin = System.nanoTime();
            int bare = bare(house.store(), snapshots);
            double least = micros(begin);
            if (bare != PAGE + 1) {
                throw new IllegalStateException("the floor found %d rows".formatted(bare));
            }
            begin = System.nanoTime();
            if (!page.continuation().isEmpty()) {
                Page<?> _ = list(house.volumes(), page.continuation());
            }
            double following = micros(begin);
            rows = page.items().size();
            if (counts) {
                first.add(fresh);
                micros.add(taken);
                floor.add(least);
                next.add(following);
            }
        }

        private Page<?> list(Volumes volumes, String continuation) throws Exception {
            return snapshots
                    ? volumes.snapshots(of.filter(), PAGE, continuation)
                    : volumes.volumes(of.filter(), PAGE, continuation);
        }

        /** What it lists, in no order: once for each filter. */
        void count(House house, boolean counts) throws Exception {
            if (!of.filter().order().equals(Order.NEWEST_FIRST)) {
                return;
            }
            long begin = System.nanoTime();
            counted =
                    snapshots
                            ? house.volumes().countSnapshots(of.filter())
                            : house.volumes().countVolumes(of.filter());
            if (counts) {
                counting.add(micros(begin));
            }
        }
    }

    private static double micros(long begin) {
        return (System.nanoTime() - begin) / 1e3;
    }

    private static int bare(StateStore store, boolean snapshots) {
        String sql =
                snapshots
                        ? "SELECT * FROM snapshot s WHERE s.backend = ? ORDER BY s.backend DESC,"
                                + " s.created_at DESC, s.ordinal DESC LIMIT ? USING INDEX"
                        : "SELECT * FROM volume v WHERE v.name > ? ORDER BY v.name, v.backend"
                                + " LIMIT ? USING INDEX";
        return store.reads()
                .withHandle(
                        handle ->
                                handle.createQuery(sql)
                                        .bind(0, snapshots ? House.BACKEND : "")
                                        .bind(1, PAGE + 1)
                                        .map((row, _) -> row.getLong(2))
                                        .list()
                                        .size());
    }

    /**
     * A volume a second until now, with a snapshot each; a thousand volumes came from the first,
     * and hosts are connected to two thirds of the volumes.
     */
    private static void fill(StateStore store) throws StoreException {
        String number = "MOD(n * 7919, %d)".formatted(EXISTING);
        String created = "(UNIX_MILLIS() - (%d - n) * 1000) * 1000000".formatted(EXISTING);
        String labels =
                "CASE MOD(n, 2) WHEN 0 THEN CHAR(10) || 'half=1' || CHAR(10) ELSE '' END"
                        + " || CASE MOD(n, 2000) WHEN 0 THEN 'rare=1' || CHAR(10) ELSE '' END";
        String size = "(1 + MOD(n * 31, 50)) * 1073741824";
        for (int from = 0; from < EXISTING; from += 5_000) {
            change(
                    store,
                    ("INSERT INTO volume (id, ordinal, backend, pool, name, description, labels,"
                                    + " size_bytes, created_at, origin_volume, origin_snapshot,"
                                    + " location, snapshot_count, connection_count) SELECT CAST('00000000-0000-4000-0000-' ||"
                                    + " LPAD(CAST(n AS VARCHAR(12)), 12, '0') AS UUID), NEXT VALUE"
                                    + " FOR ordinal, '%s', CASE MOD(n, 500) WHEN 0 THEN CAST('rare' AS"
                                    + " VARCHAR(63)) ELSE 'default' END, 'd' || %s, '', %s, %s, %s,"
                                    + " CASE MOD(n, 100) WHEN 1 THEN CAST('%s' AS UUID) ELSE NULL"
                                    + " END, CASE MOD(n, 100) WHEN 1 THEN UUID() ELSE NULL END,"
                                    + " '/x', 1, MOD(n, 3) FROM UNNEST(SEQUENCE_ARRAY(%d, %d, 1)) AS t(n)")
                            .formatted(
                                    House.BACKEND,
                                    number,
                                    labels,
                                    size,
                                    created,
                                    Seed.bareVolume(0),
                                    from,
                                    from + 4_999));
            change(
                    store,
                    ("INSERT INTO snapshot (id, ordinal, backend, volume_id, name, description,"
                                    + " labels, size_bytes, created_at, location)"
                                    + " SELECT UUID(), NEXT VALUE FOR ordinal, '%s',"
                                    + " CASE MOD(n, 100) WHEN 1 THEN CAST('%s' AS UUID) ELSE"
                                    + " CAST('00000000-0000-4000-0000-' || LPAD(CAST(n AS"
                                    + " VARCHAR(12)), 12, '0') AS UUID) END, 'd' || %s, '', %s, %s,"
                                    + " %s, '/x' FROM UNNEST(SEQUENCE_ARRAY(%d, %d, 1)) AS t(n)")
                            .formatted(
                                    House.BACKEND,
                                    Seed.bareVolume(1),
                                    number,
                                    labels,
                                    size,
                                    created,
                                    from,
                                    from + 4_999));
        }
        change(
                store,
                "INSERT INTO backend_count VALUES ('%s', %d, %d)"
                        .formatted(House.BACKEND, EXISTING, EXISTING));
    }

    private static void change(StateStore store, String sql) throws StoreException {
        boolean _ =
                store.commit(
                        statements -> {
                            PreparedStatement statement = statements.prepare(sql);
                            statement.executeUpdate();
                            return true;
                        });
    }

    List<Figure> figures() {
        return Stream.concat(
                        results.stream().map(ListRuns::figure),
                        results.stream()
                                .filter(task -> task.of.filter().order().equals(Order.NEWEST_FIRST))
                                .map(ListRuns::countFigure))
                .toList();
    }

    private static Figure countFigure(Task task) {
        return new Figure(
                "a count",
                (task.snapshots ? "snapshots, " : "volumes, ") + task.of.what(),
                EXISTING,
                1,
                "%,.0f µs".formatted(new Series(task.counting).median()),
                "",
                Optional.empty(),
                "%,d of them".formatted(task.counted));
    }

    private static Figure figure(Task task) {
        Series measured = new Series(task.micros);
        Series floor = new Series(task.floor);
        return new Figure(
                "a page of %d".formatted(PAGE),
                (task.snapshots ? "snapshots, " : "volumes, ") + task.of.what(),
                EXISTING,
                1,
                "%,.0f µs".formatted(measured.median()),
                "%,.0f µs".formatted(floor.median()),
                Optional.of(measured.over(floor)),
                "%d rows; after all others %,.0f µs; the next page %,.0f µs; floor: the rows of an index"
                        .formatted(
                                task.rows,
                                new Series(task.first).median(),
                                new Series(task.next).median()));
    }

    List<String> bars() {
        if (results.isEmpty()) {
            return List.of();
        }
        return List.of(
                bar("milliseconds of the slowest of %d lists among %,d", task -> task.micros),
                bar("the same, of the pages after those %d among %,d", task -> task.next));
    }

    private String bar(String what, Function<Task, List<Double>> micros) {
        double slowest =
                results.stream()
                        .mapToDouble(task -> new Series(micros.apply(task)).median())
                        .max()
                        .orElseThrow();
        return Bars.most(what.formatted(results.size(), EXISTING), slowest / 1e3, 10);
    }
}
