package io.cairn.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.benchmark.SnapshotBenchmark.Turn;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openjdk.jmh.infra.ThreadParams;

import java.nio.file.Files;
import java.nio.file.Path;

/** Every turn of the benchmarks does what it measures; how fast it is, is not looked at. */
final class TurnsTest {
    private static final ThreadParams ONE = new ThreadParams(0, 1, 0, 1, 0, 1, 0, 1, 0, 1);

    @ParameterizedTest
    @CsvSource({"MEMORY,false", "MEMORY,true", "FOLDER,false", "FOLDER,true"})
    void snapshotsAreCreatedAndDeletedInEachTurn(Storage storage, boolean jmx, @TempDir Path folder)
            throws Exception {
        SnapshotBenchmark benchmark = new SnapshotBenchmark();
        benchmark.storage = storage;
        benchmark.jmx = jmx;
        benchmark.house = house(storage, folder.resolve("some"), 5);
        benchmark.none = house(storage, folder.resolve("none"), 0);
        benchmark.floor = folder.resolve("floor").toString();
        Seed.database(folder.resolve("floor"), 5);
        benchmark.open();
        SnapshotBenchmark.Client client = new SnapshotBenchmark.Client();
        client.open(benchmark, ONE);

        for (int round = 0; round < 2; round++) {
            for (Turn _ : Turn.of(true, false)) {
                benchmark.nextTurn();
                assertThat(benchmark.operation(client)).isNotNull();
                assertThat(benchmark.operation(client)).isNotNull();
            }
        }

        client.close(benchmark);
        try (House house = new House(storage, Path.of(benchmark.house))) {
            assertThat(house.volumes().counts(House.BACKEND).snapshots()).isEqualTo(5);
        }
    }

    @Test
    void changesAreCommittedInEachTurn(@TempDir Path folder) throws Exception {
        JournalBenchmark benchmark = new JournalBenchmark();
        benchmark.house = folder.resolve("house").toString();
        benchmark.floor = folder.resolve("floor").toString();
        Seed.database(folder.resolve("house"), 5);
        Seed.database(folder.resolve("floor"), 5);
        benchmark.open();
        JournalBenchmark.Client client = new JournalBenchmark.Client();
        client.open(benchmark, ONE);

        for (JournalBenchmark.Turn _ : JournalBenchmark.Turn.values()) {
            benchmark.nextTurn();
            assertThat(benchmark.change(client)).isPositive();
        }

        client.close(benchmark);
    }

    private static String house(Storage storage, Path folder, int existing) throws Exception {
        Seed.house(storage, Files.createDirectories(folder), existing);
        return folder.toString();
    }
}
