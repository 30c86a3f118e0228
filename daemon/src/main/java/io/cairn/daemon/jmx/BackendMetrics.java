package io.cairn.daemon.jmx;

import io.cairn.daemon.jmx.BeanType.Computed;
import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.metric.OperationStats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The numbers of every operation, so that a new operation has its attributes by itself. */
final class BackendMetrics {
    private BackendMetrics() {}

    static List<Computed<BackendBean>> all() {
        List<Computed<BackendBean>> attributes = new ArrayList<>();
        for (Operation operation : Operation.values()) {
            String prefix =
                    Arrays.stream(operation.toString().split("-", -1))
                            .map(
                                    word ->
                                            word.substring(0, 1).toUpperCase(Locale.ROOT)
                                                    + word.substring(1))
                            .collect(Collectors.joining());
            attributes.add(
                    metric(
                            operation,
                            prefix + "Count",
                            "How often %s ended, well or badly, since the daemon started",
                            Unit.NONE,
                            OperationStats::count));
            attributes.add(
                    metric(
                            operation,
                            prefix + "FailureCount",
                            "How often %s failed since the daemon started",
                            Unit.NONE,
                            OperationStats::failures));
            attributes.add(
                    metric(
                            operation,
                            prefix + "P50Micros",
                            "Half of all successful %s took at most so long, in microseconds",
                            Unit.MICROSECONDS,
                            OperationStats::p50Micros));
            attributes.add(
                    metric(
                            operation,
                            prefix + "P90Micros",
                            "90 % of all successful %s took at most so long, in microseconds",
                            Unit.MICROSECONDS,
                            OperationStats::p90Micros));
            attributes.add(
                    metric(
                            operation,
                            prefix + "P99Micros",
                            "99 % of all successful %s took at most so long, in microseconds",
                            Unit.MICROSECONDS,
                            OperationStats::p99Micros));
            attributes.add(
                    metric(
                            operation,
                            prefix + "MaxMicros",
                            "The slowest successful %s took so long, in microseconds",
                            Unit.MICROSECONDS,
                            OperationStats::maxMicros));
        }
        return attributes;
    }

    private static Computed<BackendBean> metric(
            Operation operation,
            String attribute,
            String description,
            Unit unit,
            Function<OperationStats, Long> value) {
        return new Computed<>(
                attribute,
                long.class,
                description.replace("%s", operation.toString()),
                unit,
                unit == Unit.NONE,
                bean -> value.apply(bean.stats(operation)));
    }
}
