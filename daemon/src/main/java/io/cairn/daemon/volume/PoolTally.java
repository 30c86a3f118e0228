package io.cairn.daemon.volume;

import io.cairn.daemon.config.PoolLimits;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Pools;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.ByteSize;
import io.cairn.spi.DriverException;
import io.cairn.spi.PoolStats;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What has been given out of each pool, and whether there is more to give. What is under way counts
 * from the moment it is let in, by the open intents, so that two that fit only one by one are never
 * both let in; it stops to count the moment it fails. Safe for many threads.
 */
final class PoolTally {
    /** Numbers of the storage that are younger are not asked for again before a refusal. */
    private static final Duration FRESH = Duration.ofSeconds(1);

    /** Backends that give no news for longer count on their own again. */
    private static final Duration FORGOTTEN = Duration.ofHours(1);

    private static final int REMEMBERED = 10_000;

    private final OpenIntents open;
    private final Map<Key, PoolCounts> done = new HashMap<>();
    private final Map<Key, Deque<Taken>> taken = new HashMap<>();

    record Key(String backend, String pool) {}

    /** What was written to storage of which news may not tell yet. */
    private record Taken(Instant at, long bytes) {}

    PoolTally(OpenIntents open, Map<Key, PoolCounts> counts) {
        this.open = open;
        replaceBy(counts);
    }

    synchronized void replaceBy(Map<Key, PoolCounts> counts) {
        done.clear();
        done.putAll(counts);
    }

    /** Counts what came otherwise than by an intent. */
    synchronized void takenIn(Map<Key, PoolCounts> more) {
        more.forEach((key, counts) -> done.merge(key, counts, PoolCounts::plus));
    }

    /** Says why the sizes would not fit into what sums are kept in; empty if they do. */
    synchronized Optional<String> tooMuch(Map<Key, PoolCounts> more) {
        for (Map.Entry<Key, PoolCounts> each : more.entrySet()) {
            PoolCounts there = done.getOrDefault(each.getKey(), PoolCounts.NONE);
            if (there.plus(each.getValue()).provisionedBytes() == Long.MAX_VALUE) {
                return Optional.of(
                        "the volumes of pool %s of backend %s would have %d bytes or more together, and cannot be counted"
                                .formatted(
                                        each.getKey().pool(),
                                        each.getKey().backend(),
                                        Long.MAX_VALUE));
            }
        }
        return Optional.empty();
    }

    synchronized void forget(String backend) {
        done.keySet().removeIf(key -> key.backend().equals(backend));
    }

    /** What each pool of a backend holds, by its name. */
    synchronized SortedMap<String, PoolCounts> of(String backend) {
        SortedMap<String, PoolCounts> pools = new TreeMap<>();
        done.forEach(
                (key, counts) -> {
                    if (key.backend().equals(backend)) {
                        pools.put(key.pool(), counts);
                    }
                });
        for (Intent intent : open.all()) {
            Optional<PoolChange> change = PoolChange.of(intent);
            if (intent.backend().equals(backend) && takesBytes(change) > 0) {
                pools.merge(
                        change.get().pool(),
                        new PoolCounts(0, 0, takesBytes(change)),
                        PoolCounts::plus);
            }
        }
        return pools;
    }

    /**
     * Opens an intent, whose room in its pool is kept from then on until it is settled.
     *
     * @throws OperationException NO_SPACE if the pool's limits do not allow it; nothing is open
     *     then
     */
    void admit(Intent intent, Backend backend) throws OperationException, InterruptedException {
        Optional<PoolChange> change = PoolChange.of(intent);
        if (takesBytes(change) == 0) {
            open.add(intent);
            return;
        }
        Optional<String> refusal = admit(intent, change.get(), backend, backend.pools());
        if (refusal.isPresent() && backend.pools().age().compareTo(FRESH) > 0) {
            try {
                refusal = admit(intent, change.get(), backend, backend.refreshPools());
            } catch (DriverException e) {
                throw OperationException.of(
                        e,
                        "cannot %s: %s; nothing was changed"
                                .formatted(intent.what(), e.getMessage()));
            }
        }
        if (refusal.isPresent()) {
            throw new OperationException(
                    Code.NO_SPACE,
                    "cannot %s: %s; nothing was changed".formatted(intent.what(), refusal.get()));
        }
    }

    /** Ends an intent; what it took is counted for good at the same instant. */
    synchronized void settled(Intent intent, VolumeEvent event) {
        open.remove(intent);
        Optional<PoolChange> changed = PoolChange.of(asDone(intent, event));
        if (changed.isEmpty() || event instanceof VolumeEvent.OperationUndone) {
            return;
        }
        PoolChange change = changed.get();
        Key key = new Key(intent.backend(), change.pool());
        done.merge(key, change.more(), PoolCounts::plus);
        if (change.takesBytes() > 0) {
            Deque<Taken> since = taken.computeIfAbsent(key, _ -> new ArrayDeque<>());
            since.add(new Taken(Instant.now(), change.takesBytes()));
            // Thin pools never ask for it, and news come long before so many are made.
            if (since.size() > REMEMBERED) {
                since.removeFirst();
            }
        }
    }

    /** How large something is that was adopted is known only now. */
    private static Intent asDone(Intent intent, VolumeEvent event) {
        return intent instanceof Intent.AdoptVolume adopt
                        && event instanceof VolumeEvent.VolumeCreated created
                ? new Intent.AdoptVolume(created.volume(), adopt.path(), adopt.begunAt())
                : intent;
    }

    private static long takesBytes(Optional<PoolChange> change) {
        return change.map(PoolChange::takesBytes).orElse(0L);
    }

    private synchronized Optional<String> admit(
            Intent intent, PoolChange change, Backend backend, Pools seen) {
        Optional<PoolStats> pool =
                seen.pools().stream().filter(one -> one.name().equals(change.pool())).findFirst();
        Optional<String> refusal =
                pool.flatMap(stats -> refusal(change.takesBytes(), backend, stats, seen.at()));
        if (refusal.isEmpty()) {
            open.add(intent);
        }
        return refusal;
    }

    private Optional<String> refusal(long bytes, Backend backend, PoolStats pool, Instant seen) {
        PoolLimits limits = backend.limits();
        boolean thin = backend.thin();
        Key key = new Key(backend.name(), pool.name());
        long reserve = limits.reserveBytes(pool.totalBytes());
        long most = limits.mostBytes(pool.totalBytes(), thin);
        long underWay = underWay(key);
        long provisioned =
                PoolCounts.sum(
                        done.getOrDefault(key, PoolCounts.NONE).provisionedBytes(), underWay);
        if (bytes > most - provisioned) {
            return Optional.of(
                    "pool %s of backend %s has volumes of %s together and takes %s at most, which is %s times its %s%s; with %s more it would be too many: delete volumes, enlarge the pool%s"
                            .formatted(
                                    pool.name(),
                                    backend.name(),
                                    text(provisioned),
                                    text(most),
                                    plain(limits.ratio(thin)),
                                    text(pool.totalBytes()),
                                    reserve == 0 ? "" : " less a reserve of " + text(reserve),
                                    text(bytes),
                                    thin
                                            ? ", or set a higher overcommit.ratio and open the backend anew"
                                            : ", or ask for less"));
        }
        // A thin volume takes its space as it is written, so that it begins where any is left.
        long needed = thin ? 1 : bytes;
        long free = pool.freeBytes() - reserve - (thin ? 0 : underWay + unseen(key, seen));
        if (needed > free) {
            return Optional.of(
                    "pool %s of backend %s has %s free of %s, of which a reserve of %s is kept%s: free space there, enlarge the pool, or set a smaller reserve and open the backend anew"
                            .formatted(
                                    pool.name(),
                                    backend.name(),
                                    text(pool.freeBytes()),
                                    text(pool.totalBytes()),
                                    text(reserve),
                                    thin
                                            ? ""
                                            : " and %s is left for %s more"
                                                    .formatted(
                                                            text(Math.max(0, free)), text(bytes))));
        }
        return Optional.empty();
    }

    private long underWay(Key key) {
        long bytes = 0;
        Collection<Intent> all = open.all();
        for (Intent intent : all) {
            Optional<PoolChange> change = PoolChange.of(intent);
            if (intent.backend().equals(key.backend())
                    && change.isPresent()
                    && change.get().pool().equals(key.pool())) {
                bytes += change.get().takesBytes();
            }
        }
        return bytes;
    }

    /** What was given out after the backend was asked how much is free. */
    private long unseen(Key key, Instant asked) {
        Deque<Taken> since = taken.getOrDefault(key, new ArrayDeque<>());
        Instant forgotten = Instant.now().minus(FORGOTTEN);
        while (!since.isEmpty()
                && (since.getFirst().at().isBefore(asked)
                        || since.getFirst().at().isBefore(forgotten))) {
            since.removeFirst();
        }
        return since.stream().mapToLong(Taken::bytes).sum();
    }

    /** To the byte, and readable too where that is a long number. */
    private static String text(long bytes) {
        String exact = ByteSize.format(bytes);
        if (exact.length() <= 8) {
            return exact;
        }
        int power = (Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes)) / 10;
        return String.format(
                Locale.ROOT,
                "%.2f %ciB (%d bytes)",
                bytes / Math.pow(1024, power),
                " KMGTPE".charAt(power),
                bytes);
    }

    private static String plain(double ratio) {
        return ratio == Math.rint(ratio) ? Long.toString((long) ratio) : Double.toString(ratio);
    }
}
