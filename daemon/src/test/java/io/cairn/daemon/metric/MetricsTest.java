package io.cairn.daemon.metric;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.time.Duration;

final class MetricsTest {
    private final Metrics metrics = new Metrics();

    @Test
    void whatNeverRanIsAllZeroes() {
        assertThat(metrics.of("fast", Operation.CREATE_SNAPSHOT))
                .isEqualTo(new OperationStats(Operation.CREATE_SNAPSHOT, 0, 0, 0, 0, 0, 0));
    }

    @Test
    void failuresCountButTakeNoTime() {
        metrics.succeeded("fast", Operation.CREATE_SNAPSHOT, Duration.ofMillis(1));
        metrics.failed("fast", Operation.CREATE_SNAPSHOT);
        OperationStats stats = metrics.of("fast", Operation.CREATE_SNAPSHOT);
        assertThat(stats.count()).isEqualTo(2);
        assertThat(stats.failures()).isEqualTo(1);
        assertThat(stats.maxMicros()).isBetween(1_000L, 1_020L);
    }

    @Test
    void percentilesAreRightToOnePerCent() {
        for (int millis = 1; millis <= 100; millis++) {
            metrics.succeeded("fast", Operation.DELETE_VOLUME, Duration.ofMillis(millis));
        }
        OperationStats stats = metrics.of("fast", Operation.DELETE_VOLUME);
        assertThat(stats.p50Micros()).isBetween(50_000L, 50_500L);
        assertThat(stats.p90Micros()).isBetween(90_000L, 90_900L);
        assertThat(stats.p99Micros()).isBetween(99_000L, 99_990L);
    }

    @Test
    void backendsAndOperationsAreKeptApart() {
        metrics.failed("fast", Operation.CREATE_VOLUME);
        assertThat(metrics.of("slow", Operation.CREATE_VOLUME).count()).isZero();
        assertThat(metrics.of("fast", Operation.DELETE_VOLUME).count()).isZero();
    }

    @Test
    void whatTakesLongerThanAnHourIsCountedAsAnHour() {
        metrics.succeeded("fast", Operation.CREATE_VOLUME, Duration.ofHours(5));
        assertThat(metrics.of("fast", Operation.CREATE_VOLUME).maxMicros())
                .isBetween(3_600_000_000L, 3_636_000_000L);
    }
}
