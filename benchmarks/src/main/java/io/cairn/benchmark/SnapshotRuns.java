package io.cairn.benchmark;

import io.cairn.benchmark.SnapshotBenchmark.Turn;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** The runs of {@link SnapshotBenchmark}, and what follows from them. */
final class SnapshotRuns {
    private static final int MANY = 100_000;

    /** How many snapshots are there already. */
    static final List<Integer> EXISTING = List.of(0, 10_000, MANY);

    static final List<Integer> CLIENTS = List.of(1, 8, 64);

    private final JmhRuns jmh;
    private final Map<Case, Map<Turn, Series>> results = new LinkedHashMap<>();

    SnapshotRuns(JmhRuns jmh) {
        this.jmh = jmh;
    }

    /** Who snapshots what, and how many snapshots there are already. */
    record Case(Storage storage, boolean jmx, int existing, int clients) {
        String name() {
            return "snapshot/%s/%s/%d/%d".formatted(storage.label(), way(), existing, clients);
        }

        /** Whether it is to be seen what the snapshots cost that are there. */
        boolean atNone() {
            return existing > 0 && clients == 1 && !jmx;
        }

        String way() {
            return jmx ? "jmx" : "volumes";
        }
    }

    /** The cases of another driver, which are few: what the daemon adds is seen elsewhere. */
    static List<Case> ofDriver(Storage storage, boolean quick) {
        Case alone = new Case(storage, false, 0, 1);
        // LVM does one at a time, whoever asks.
        return quick || storage == Storage.THIN
                ? List.of(alone)
                : List.of(alone, new Case(storage, false, 0, 64));
    }

    /** The cases for two kinds of storage, of which the first is looked at more closely. */
    static List<Case> cases(Storage first, Storage second, boolean quick) {
        List<Case> cases = new ArrayList<>();
        if (quick) {
            cases.add(new Case(first, false, 0, 1));
            cases.add(new Case(first, false, MANY, 1));
            cases.add(new Case(first, false, 0, 64));
            cases.add(new Case(first, true, 0, 1));
            cases.add(new Case(second, false, 0, 1));
            return cases;
        }
        for (int existing : EXISTING) {
            for (int clients : CLIENTS) {
                cases.add(new Case(first, false, existing, clients));
                cases.add(new Case(first, true, existing, clients));
                cases.add(new Case(second, false, existing, clients));
                cases.add(new Case(second, true, existing, clients));
            }
        }
        return cases;
    }

    /** Runs what is wanted of the cases on storage of one kind. */
    void run(
            Storage storage,
            List<Case> cases,
            Path work,
            Predicate<String> wanted,
            Consumer<String> progress)
            throws Exception {
        List<Case> here =
                cases.stream()
                        .filter(of -> of.storage() == storage && wanted.test(of.name()))
                        .toList();
        if (here.isEmpty()) {
            return;
        }
        try (Ground ground = Ground.make(storage, work)) {
            for (Case each : here) {
                progress.accept(each.name());
                Path house = prepared(ground, storage, each.existing());
                Path none = each.atNone() ? prepared(ground, storage, 0) : Path.of("");
                ground.settle();
                results.put(
                        each,
                        jmh.run(
                                SnapshotBenchmark.class,
                                Turn.of(each.atNone(), storage.tool().isPresent()),
                                Map.of(
                                        "storage",
                                        storage.name(),
                                        "house",
                                        house.toString(),
                                        "floor",
                                        floorOf(house).toString(),
                                        "none",
                                        none.toString(),
                                        "jmx",
                                        String.valueOf(each.jmx())),
                                each.clients(),
                                storage.pace()));
            }
        }
    }

    /** A house with so many snapshots and a floor beside it, made if they are not there. */
    private static Path prepared(Ground ground, Storage storage, int existing) throws Exception {
        Path house = ground.folder().resolve(String.valueOf(existing)).resolve("house");
        if (!Files.exists(house)) {
            Files.createDirectories(house);
            Files.createDirectories(floorOf(house));
            ground.lead(House.images(house));
            ground.lead(House.bare(floorOf(house)));
            Seed.house(storage, house, existing);
            Seed.database(floorOf(house), existing);
        }
        return house;
    }

    private static Path floorOf(Path house) {
        return house.resolveSibling("floor");
    }

    List<Figure> figures() {
        List<Figure> figures = new ArrayList<>();
        results.forEach(
                (of, series) -> {
                    figures.add(
                            figure(
                                    "create",
                                    of,
                                    series,
                                    Turn.CREATE,
                                    Turn.FILES_OF_CREATE,
                                    Turn.COMMITS_OF_CREATE));
                    figures.add(
                            figure(
                                    "delete",
                                    of,
                                    series,
                                    Turn.DELETE,
                                    Turn.FILES_OF_DELETE,
                                    Turn.COMMITS_OF_DELETE));
                    if (series.containsKey(Turn.TOOL_OF_CREATE)) {
                        figures.add(byTool("create", of, series, Turn.CREATE, Turn.TOOL_OF_CREATE));
                        figures.add(byTool("delete", of, series, Turn.DELETE, Turn.TOOL_OF_DELETE));
                    }
                });
        return figures;
    }

    private static Figure byTool(
            String what, Case of, Map<Turn, Series> series, Turn cairn, Turn tool) {
        Series measured = get(series, cairn);
        Series script = get(series, tool);
        return new Figure(
                what,
                of.storage().label() + ", beside the tool",
                of.existing(),
                of.clients(),
                "%,.0f µs".formatted(measured.median()),
                "%,.0f µs".formatted(script.median()),
                Optional.of(measured.over(script)),
                "not its floor, but what a script takes that calls `%s` and records nothing"
                        .formatted(of.storage().tool().orElseThrow()));
    }

    private static Figure figure(
            String what, Case of, Map<Turn, Series> series, Turn cairn, Turn files, Turn commits) {
        Series measured = get(series, cairn);
        Series floor = get(series, files).plus(get(series, commits));
        return new Figure(
                what,
                of.storage().label() + ", " + of.way(),
                of.existing(),
                of.clients(),
                "%,.0f µs".formatted(measured.median()),
                "%,.0f µs".formatted(floor.median()),
                Optional.of(measured.over(floor)),
                "%,.0f/s; floor: files %,.0f + commits %,.0f µs"
                        .formatted(
                                throughput(of, measured),
                                get(series, files).median(),
                                get(series, commits).median()));
    }

    /** What the figures say about what is asked of them. */
    List<String> bars(Storage first) {
        List<String> bars = new ArrayList<>();
        find(Storage.SUBVOLUMES, 0, 1)
                .ifPresent(
                        series ->
                                bars.add(
                                        Bars.most(
                                                "create over its floor (subvolumes, 1 client)",
                                                get(series, Turn.CREATE)
                                                        .over(floorOfCreate(series)),
                                                1.2)));
        find(Storage.CHAINS, 0, 1)
                .ifPresent(
                        series ->
                                bars.add(
                                        Bars.most(
                                                "create over qemu-img create and the commits (chains, 1 client)",
                                                get(series, Turn.CREATE)
                                                        .over(floorOfCreate(series)),
                                                1.1)));
        find(Storage.THIN, 0, 1)
                .ifPresent(
                        series ->
                                bars.add(
                                        Bars.most(
                                                "create over lvcreate and the commits (thin, 1 client)",
                                                get(series, Turn.CREATE)
                                                        .over(floorOfCreate(series)),
                                                1.1)));
        find(Storage.IMAGES, 0, 1)
                .ifPresent(
                        series ->
                                bars.add(
                                        Bars.most(
                                                "create over librbd's calls and the commits (images, 1 client)",
                                                get(series, Turn.CREATE)
                                                        .over(floorOfCreate(series)),
                                                1.2)));
        find(first, 0, 1)
                .ifPresent(
                        series ->
                                bars.add(
                                        Bars.most(
                                                "create over its floor (%s, volumes, 1 client)"
                                                        .formatted(first.label()),
                                                get(series, Turn.CREATE)
                                                        .over(floorOfCreate(series)),
                                                1.5)));
        find(first, MANY, 1)
                .ifPresent(
                        series ->
                                bars.add(
                                        Bars.most(
                                                "create at %,d snapshots over create at none"
                                                        .formatted(MANY),
                                                get(series, Turn.CREATE)
                                                        .over(get(series, Turn.CREATE_AT_NONE)),
                                                1.2)));
        for (int existing : new int[] {0, MANY}) {
            Optional<Map<Turn, Series>> alone = find(first, existing, 1);
            Optional<Map<Turn, Series>> crowd = find(first, existing, 64);
            if (alone.isPresent() && crowd.isPresent()) {
                bars.add(
                        Bars.least(
                                "creates per second of 64 clients over those of one, at %,d snapshots"
                                        .formatted(existing),
                                64
                                        * get(alone.get(), Turn.CREATE).median()
                                        / get(crowd.get(), Turn.CREATE).median(),
                                4));
            }
        }
        return bars;
    }

    private Optional<Map<Turn, Series>> find(Storage storage, int existing, int clients) {
        return Optional.ofNullable(results.get(new Case(storage, false, existing, clients)));
    }

    private static Series floorOfCreate(Map<Turn, Series> series) {
        return get(series, Turn.FILES_OF_CREATE).plus(get(series, Turn.COMMITS_OF_CREATE));
    }

    private static double throughput(Case of, Series series) {
        return 1e6 * of.clients() / series.median();
    }

    private static Series get(Map<Turn, Series> series, Turn turn) {
        return Objects.requireNonNull(series.get(turn));
    }
}
