package io.cairn.daemon.volume;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Which volumes or snapshots a list shall hold, namely those to which everything given applies, and
 * in which order. It is checked by {@link Volumes}, not here.
 *
 * @param backend the name of their backend
 * @param volume for snapshots, the name of their volume; goes only with a backend
 * @param pool the pool they lie in; for snapshots, that of their volume
 * @param name their name; a {@code *} at its end stands for any rest
 * @param state the state they are in
 * @param source for volumes, the volume or snapshot they were made from; for snapshots, the volume
 *     they were cut of; by its id or as {@code BACKEND/VOLUME} or {@code BACKEND/VOLUME/SNAPSHOT}
 * @param older how long ago they came to be at least
 * @param newer how long ago they came to be at most
 * @param minSize the least size in bytes
 * @param maxSize the greatest size in bytes
 * @param labels labels that they bear, with just these values
 */
public record Filter(
        Optional<String> backend,
        Optional<String> volume,
        Optional<String> pool,
        Optional<String> name,
        Optional<ObjectState> state,
        Optional<String> source,
        Optional<Duration> older,
        Optional<Duration> newer,
        Optional<Long> minSize,
        Optional<Long> maxSize,
        Map<String, String> labels,
        Order order) {
    /** Everything, the newest first. */
    public static final Filter ALL = of(Optional.empty(), Optional.empty(), Optional.empty());

    public Filter {
        labels = Map.copyOf(labels);
    }

    /** What has these names, the newest first. */
    public static Filter of(
            Optional<String> backend, Optional<String> volume, Optional<String> name) {
        return new Filter(
                backend,
                volume,
                Optional.empty(),
                name,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                Order.NEWEST_FIRST);
    }

    /** Everything of one backend. */
    public static Filter ofBackend(String backend) {
        return of(Optional.of(backend), Optional.empty(), Optional.empty());
    }

    /** Every snapshot of one volume. */
    public static Filter ofVolume(String backend, String volume) {
        return of(Optional.of(backend), Optional.of(volume), Optional.empty());
    }

    /** Whether it leaves out nothing but other backends. */
    boolean wholeBackends() {
        return equals(of(backend, Optional.empty(), Optional.empty()).in(order))
                && backend.map(Names::valid).orElse(true);
    }

    /** Whether it leaves out nothing but other pools and backends. */
    boolean wholePools() {
        Filter all =
                new Filter(
                        backend,
                        volume,
                        Optional.empty(),
                        name,
                        state,
                        source,
                        older,
                        newer,
                        minSize,
                        maxSize,
                        labels,
                        order);
        return pool.map(Names::valid).orElse(false) && all.wholeBackends();
    }

    /** The same in another order. */
    public Filter in(Order other) {
        return new Filter(
                backend, volume, pool, name, state, source, older, newer, minSize, maxSize, labels,
                other);
    }

    /** The same of another state, or of any. */
    Filter of(Optional<ObjectState> other) {
        return new Filter(
                backend, volume, pool, name, other, source, older, newer, minSize, maxSize, labels,
                order);
    }
}
