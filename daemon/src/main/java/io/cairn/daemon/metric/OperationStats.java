package io.cairn.daemon.metric;

/**
 * One operation on one backend since the daemon started.
 *
 * @param count how often it ended, well or badly
 * @param failures how often it ended badly
 * @param p50Micros of the successful ones, from the call to its acknowledgement; likewise the other
 *     percentiles and the maximum; all zero while there is none
 */
public record OperationStats(
        Operation operation,
        long count,
        long failures,
        long p50Micros,
        long p90Micros,
        long p99Micros,
        long maxMicros) {}
