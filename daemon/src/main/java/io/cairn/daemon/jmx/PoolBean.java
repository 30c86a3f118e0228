package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.PoolCounts;
import io.cairn.spi.ByteSize;
import io.cairn.spi.PoolStats;

import javax.management.ObjectName;

/** A pool, as the backend last stated it. */
@Description("A pool: a part of a backend with its own capacity")
final class PoolBean {
    private final BackendStatus backend;
    private final PoolStats pool;
    private final PoolCounts counts;

    PoolBean(BackendStatus backend, PoolStats pool, PoolCounts counts) {
        this.backend = backend;
        this.pool = pool;
        this.counts = counts;
    }

    @Shown("The pool's name")
    String name() {
        return pool.name();
    }

    @Shown("The MBean of the pool's backend")
    ObjectName backend() {
        return BeanNames.backend(backend.name());
    }

    @Shown(value = "The pool's size in bytes", unit = Unit.BYTES)
    long totalBytes() {
        return pool.totalBytes();
    }

    @Shown(value = "What can still be written, in bytes", unit = Unit.BYTES)
    long freeBytes() {
        return pool.freeBytes();
    }

    @Shown(value = "What is taken of the pool, in per cent", unit = Unit.PERCENT)
    double usedPercent() {
        return pool.totalBytes() == 0
                ? 0
                : 100.0 * (pool.totalBytes() - pool.freeBytes()) / pool.totalBytes();
    }

    @Shown("The pool's size and what is free of it, for people")
    String space() {
        return text(pool);
    }

    @Shown("How many volumes lie in the pool")
    long volumeCount() {
        return counts.volumes();
    }

    @Shown("How many snapshots the volumes of the pool have")
    long snapshotCount() {
        return counts.snapshots();
    }

    @Shown(value = "How old the numbers are, in milliseconds", unit = Unit.MILLISECONDS)
    long statsAgeMs() {
        return backend.statsAgeMs();
    }

    @Shown("Why the numbers could not be refreshed; empty if they could")
    String statsProblem() {
        return backend.pools().problem();
    }

    Space figures() {
        return Space.of(backend, pool, counts);
    }

    static String text(PoolStats pool) {
        return "%s free of %s".formatted(rounded(pool.freeBytes()), rounded(pool.totalBytes()));
    }

    /** A size to about three digits, which {@link ByteSize#format} would give to the byte. */
    static String rounded(long bytes) {
        double value = bytes;
        int power = 0;
        while (value >= 1024 && power < 5) {
            value /= 1024;
            power++;
        }
        return power == 0
                ? bytes + " B"
                : String.format(
                        java.util.Locale.ROOT, "%.1f %siB", value, "KMGTP".charAt(power - 1));
    }
}
