package io.cairn.daemon.driver;

/**
 * What a backend's lane is doing.
 *
 * @param threads the most calls it runs at once
 * @param running calls that run now, overdue ones included
 * @param waiting calls that wait for a thread
 * @param overdue calls that still run though their callers were told that no answer came
 * @param refused calls refused since the daemon started, because the lane was full or an earlier
 *     call for the volume still ran
 */
public record LaneLoad(int threads, int running, int waiting, int overdue, long refused) {}
