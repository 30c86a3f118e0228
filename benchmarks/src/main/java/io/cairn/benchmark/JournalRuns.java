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
        List<Integer> numbers =
                (quick ? List.of(1, 64) : List.of(1, 8, 64))
                        .stream().filter(clients -> wanted.test(name(clients))).toList();
        if (numbers.isEmpty()) {
            return;
        }
        try (Ground ground = Ground.make(storage, work)) {
            Path house = Files.createDirectories(ground.folder().resolve("house"));
            Path floor = Files.createDirectories(ground.folder().resolve("floor"));
            Seed.database(house, 0);
            Seed.database(floor, 0);
            for (int clients : numbers) {
                progress.accept(name(clients));
                Map<Turn, Series> series =
                        jmh.run(
                                JournalBenchmark.class,
                                List.of(Turn.values()),
                                Map.of("house", house.toString(), "floor", floor.toString()),
                                clients);
                Series store = Objects.requireNonNull(series.get(Turn.STORE));
                Series append = Objects.requireNonNull(series.get(Turn.APPEND));
                double perSecond = 1e6 * clients / store.median();
                figures.add(
                        figure(
                                storage,
                                clients,
                                store,
                                Objects.requireNonNull(series.get(Turn.DATABASE)),
                                "%,.0f/s; floor: HSQLDB alone".formatted(perSecond)));
                figures.add(
                        figure(
                                storage,
                                clients,
                                store,
                                append,
                                "floor: append and sync, each client a file of its own"));
            }
        }
    }

    private static Figure figure(
            Storage storage, int clients, Series store, Series floor, String remark) {
        return new Figure(
                "commit",
                storage.label() + ", state store",
                0,
                clients,
                "%,.0f µs".formatted(store.median()),
                "%,.0f µs".formatted(floor.median()),
                Optional.of(store.over(floor)),
                remark);
    }

    private static String name(int clients) {
        return "journal/" + clients;
    }

    List<Figure> figures() {
        return List.copyOf(figures);
    }
}
