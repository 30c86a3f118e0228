package io.cairn.plugin.lvm;

/**
 * How much a snapshot that is copied on write takes of the group, beforehand: the kernel gives it
 * up for good once it has no room for what its volume changes.
 *
 * @param percent of what it can ever need
 * @param extendAt how full of it, in percent, it gets as much again
 * @param extentBytes what it is a multiple of
 */
record Reserve(long percent, long extendAt, long extentBytes) {
    /** What is copied at a time. Smaller ones take more of the kernel's memory and of its time. */
    static final long CHUNK = 64 << 10;

    private static final long ALL = 100;

    /** {@code struct disk_exception} of the kernel's persistent store. */
    private static final long EXCEPTION_BYTES = 16;

    private static final long CHUNKS_PER_AREA = CHUNK / EXCEPTION_BYTES;

    /** A header, and a first area of exceptions. */
    private static final long FIRST_CHUNKS = 2;

    /**
     * What a snapshot can never need more than: all of its volume, and an area of exceptions for
     * every so many chunks. Once an area is full the kernel begins the next.
     */
    long full(long originBytes) {
        long chunks = (originBytes + CHUNK - 1) / CHUNK;
        return rounded((FIRST_CHUNKS + chunks + chunks / CHUNKS_PER_AREA) * CHUNK);
    }

    /** What it has at first. */
    long first(long originBytes) {
        long full = full(originBytes);
        return percent >= ALL
                ? full
                : Math.min(full, rounded(full / ALL * percent + (FIRST_CHUNKS + 1) * CHUNK));
    }

    /** What it has once what it had is nearly full. */
    long next(long originBytes, long reserveBytes) {
        return Math.min(full(originBytes), reserveBytes + first(originBytes));
    }

    /** Whether it is so full that it gets more. */
    boolean isLow(SnapshotStatus status) {
        return status.usedBytes() * ALL >= status.reserveBytes() * extendAt;
    }

    private long rounded(long bytes) {
        return (bytes + extentBytes - 1) / extentBytes * extentBytes;
    }
}
