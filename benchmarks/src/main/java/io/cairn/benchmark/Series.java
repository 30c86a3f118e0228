package io.cairn.benchmark;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * One figure, measured once in each round of a benchmark.
 *
 * @param values in microseconds for one operation, by round
 */
record Series(List<Double> values) {
    Series {
        values = List.copyOf(values);
    }

    double median() {
        return median(values.stream().mapToDouble(Double::doubleValue));
    }

    /** How much more this is than the other: the median of what it was in each round. */
    double over(Series other) {
        return median(
                IntStream.range(0, values.size())
                        .mapToDouble(i -> values.get(i) / other.values.get(i)));
    }

    Series plus(Series other) {
        return new Series(
                IntStream.range(0, values.size())
                        .mapToObj(i -> values.get(i) + other.values.get(i))
                        .toList());
    }

    private static double median(DoubleStream values) {
        double[] sorted = values.toArray();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
