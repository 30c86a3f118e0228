package io.cairn.benchmark;

import io.cairn.daemon.access.Connector;

import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs JMH benchmarks whose iterations take turns, each run in a JVM of its own that is set up as
 * the daemon's is.
 */
final class JmhRuns {
    private final Path work;
    private final boolean quick;

    JmhRuns(Path work, boolean quick) {
        this.work = work;
        this.quick = quick;
    }

    /**
     * How much is done: every client makes so many operations in each turn, and every turn comes
     * that often. The warm-up is as long as it takes until the JVM has compiled what is measured:
     * after 1,500 creations it takes half as long again as after 4,000, and no less after more.
     */
    private record Amount(int operations, int warmup, int rounds) {
        static Amount of(int clients, boolean quick, Pace pace) {
            if (pace == Pace.TENTHS) {
                return new Amount(5, 6, quick ? 8 : 16);
            }
            if (pace == Pace.MILLISECONDS) {
                return new Amount(50, quick ? 24 : 48, quick ? 6 : 12);
            }
            if (clients == 1) {
                return new Amount(150, 24, quick ? 6 : 8);
            }
            return clients < 32
                    ? new Amount(30, quick ? 2 : 4, quick ? 4 : 6)
                    : new Amount(10, 12, quick ? 6 : 8);
        }
    }

    /**
     * Microseconds for one operation of one client, by turn.
     *
     * @param turns in the order in which the benchmark takes them
     * @param pace how long an operation takes, so that fewer are done of what is slow
     */
    <T extends Enum<T>> Map<T, Series> run(
            Class<?> benchmark,
            List<T> turns,
            Map<String, String> parameters,
            int clients,
            Pace pace)
            throws RunnerException {
        Amount amount = Amount.of(clients, quick, pace);
        int turnCount = turns.size();
        ChainedOptionsBuilder options =
                new OptionsBuilder()
                        .include("\\b" + benchmark.getSimpleName() + "\\b")
                        .threads(clients)
                        .forks(1)
                        .warmupIterations(amount.warmup() * turnCount)
                        .warmupBatchSize(amount.operations())
                        .measurementIterations(amount.rounds() * turnCount)
                        .measurementBatchSize(amount.operations())
                        .timeout(TimeValue.minutes(2))
                        .shouldFailOnError(true)
                        .shouldDoGC(false)
                        .verbosity(VerboseMode.SILENT)
                        .jvmArgs(jvmOptions());
        parameters.forEach(options::param);
        List<IterationResult> iterations = new ArrayList<>();
        for (BenchmarkResult result :
                new Runner(options.build()).runSingle().getBenchmarkResults()) {
            iterations.addAll(result.getIterationResults());
        }
        Map<T, Series> series = new LinkedHashMap<>();
        int first = 0;
        for (T turn : turns) {
            List<Double> values = new ArrayList<>();
            for (int i = first; i < iterations.size(); i += turnCount) {
                double batch = iterations.get(i).getPrimaryResult().getScore();
                values.add(batch / amount.operations());
            }
            series.put(turn, new Series(values));
            first++;
        }
        return series;
    }

    private String[] jvmOptions() {
        List<String> options =
                new ArrayList<>(
                        List.of(
                                "-XX:+UseSerialGC",
                                "-Xms32m",
                                "-Xmx160m",
                                "-Xss512k",
                                "--enable-native-access=ALL-UNNAMED",
                                // JMH's own use of it.
                                "--sun-misc-unsafe-memory-access=allow",
                                Connector.NEEDED_JVM_OPTION,
                                "-Dcairn.bench.audit=" + work.resolve("audit.log")));
        String more = System.getenv("BENCH_JAVA_OPTS");
        if (more != null && !more.isBlank()) {
            options.addAll(List.of(more.strip().split("\\s+", -1)));
        }
        return options.toArray(String[]::new);
    }
}
