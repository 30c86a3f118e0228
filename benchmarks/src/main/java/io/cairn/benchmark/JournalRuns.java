package io.cairn.benchmark;

import io.cairn.benchmark.JournalBenchmark.Turn;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The runs of {@link JournalBenchmark}, and what follows from them. */
final class JournalRuns {
    private final JmhRuns jmh;
    private final List<Figure> figures = new ArrayList<>();

    JournalRuns(JmhRuns jmh) {
        this.jmh = jmh;
    }

    void run(
            Storage storage,
            boolean quick,
            Path work,
            Predicate<String> wanted,
            Consumer<String> progress)
            throws Exception {
        List<Case> here = cases(quick).filter(each -> wanted.test(each.name())).toList();
        if (here.isEmpty()) {
            return;
        }
        try (Ground ground = Ground.make(storage, work)) {
            for (Case each : here) {
                progress.accept(each.name());
                Path folder = ground.folder().resolve(String.valueOf(each.existing()));
                Path house = folder.resolve("house");
                Path floor = folder.resolve("floor");
                if (!Files.exists(folder)) {
                    Seed.database(Files.createDirectories(house), each.existing());
                    Seed.database(Files.createDirectories(floor), each.existing());
                }
                ground.settle();
                add(
                        storage,
                        each,
                        jmh.run(
                                JournalBenchmark.class,
                                List.of(Turn.values()),
                                Map.of("house", house.toString(), "floor", floor.toString()),
                                each.clients(),
                                Pace.MICROSECONDS));
            }
        }
    }

    /** How many change something, and among how many snapshots. */
    private record Case(int existing, int clients) {
        String name() {
            return "journal/%d/%d".formatted(existing, clients);
        }
    }

    private static Stream<Case> cases(boolean quick) {
        return quick
                ? Stream.of(new Case(0, 1), new Case(0, 64))
                : SnapshotRuns.EXISTING.stream()
                        .flatMap(
                                existing ->
                                        SnapshotRuns.CLIENTS.stream()
                                                .map(clients -> new Case(existing, clients)));
    }

    private void add(Storage storage, Case of, Map<Turn, Series> series) {
        Series store = Objects.requireNonNull(series.get(Turn.STORE));
        double perSecond = 1e6 * of.clients() / store.median();
        figures.add(
                figure(
                        storage,
                        of,
                        store,
                        Objects.requireNonNull(series.get(Turn.DATABASE)),
                        "%,.0f/s; floor: HSQLDB alone".formatted(perSecond)));
        figures.add(
                figure(
                        storage,
                        of,
                        store,
                        Objects.requireNonNull(series.get(Turn.APPEND)),
                        "floor: append and sync, each client a file of its own"));
    }

    private static Figure figure(
            Storage storage, Case of, Series store, Series floor, String remark) {
        return new Figure(
                "commit",
                storage.label() + ", state store",
                of.existing(),
                of.clients(),
                "%,.0f µs".formatted(store.median()),
                "%,.0f µs".formatted(floor.median()),
                Optional.of(store.over(floor)),
                remark);
    }

    List<Figure> figures() {
        return List.copyOf(figures);
    }
}
