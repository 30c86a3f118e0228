package io.cairn.daemon.metric;

import org.HdrHistogram.ConcurrentHistogram;
import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts and times of every operation of every backend. Safe for many threads; recording never
 * blocks.
 */
public final class Metrics {
    private record Key(String backend, Operation operation) {}

    /** Two significant digits: a latency is told to one per cent, in 20 kB an operation. */
    private static final int DIGITS = 2;

    private static final long LONGEST_MICROS = TimeUnit.HOURS.toMicros(1);

    private static final class Series {
        final LongAdder failures = new LongAdder();
        final ConcurrentHistogram micros = new ConcurrentHistogram(1, LONGEST_MICROS, DIGITS);
    }

    private final ConcurrentHashMap<Key, Series> all = new ConcurrentHashMap<>();

    public void succeeded(String backend, Operation operation, Duration took) {
        long micros = TimeUnit.NANOSECONDS.toMicros(took.toNanos());
        series(backend, operation).micros.recordValue(Math.clamp(micros, 1, LONGEST_MICROS));
    }

    public void failed(String backend, Operation operation) {
        series(backend, operation).failures.increment();
    }

    /** What is known of one operation on one backend; all zeroes if it never ran there. */
    public OperationStats of(String backend, Operation operation) {
        return stats(operation, all.get(new Key(backend, operation)));
    }

    private Series series(String backend, Operation operation) {
        return all.computeIfAbsent(new Key(backend, operation), _ -> new Series());
    }

    private static OperationStats stats(Operation operation, @Nullable Series series) {
        if (series == null) {
            return new OperationStats(operation, 0, 0, 0, 0, 0, 0);
        }
        long failures = series.failures.sum();
        long successes = series.micros.getTotalCount();
        return new OperationStats(
                operation,
                successes + failures,
                failures,
                series.micros.getValueAtPercentile(50),
                series.micros.getValueAtPercentile(90),
                series.micros.getValueAtPercentile(99),
                successes == 0 ? 0 : series.micros.getMaxValue());
    }
}
