package io.cairn.daemon.volume;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.SortedSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock for each key, there only while somebody wants it. Several keys are locked in their order,
 * so that two callers never wait for each other.
 */
final class KeyedLocks<K extends Comparable<K>> {
    private static final class Entry {
        final ReentrantLock lock = new ReentrantLock();
        int wanted;
    }

    /** Locked keys; closing it, by the thread that locked them, unlocks them. */
    final class Held implements AutoCloseable {
        private final Deque<K> keys = new ArrayDeque<>();

        @Override
        public void close() {
            while (!keys.isEmpty()) {
                K key = keys.pop();
                release(key, true);
            }
        }
    }

    private final ConcurrentHashMap<K, Entry> entries = new ConcurrentHashMap<>();
    private final int most;

    /**
     * @param most so many may wait for one key; one more does not
     */
    KeyedLocks(int most) {
        this.most = most;
    }

    /**
     * Empty if it took longer than {@code patience}, or too many wait for one of the keys already;
     * then nothing is locked.
     */
    Optional<Held> lock(SortedSet<K> keys, Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        Held held = new Held();
        boolean whole = false;
        try {
            for (K key : keys) {
                if (!acquire(key, end - System.nanoTime())) {
                    return Optional.empty();
                }
                held.keys.push(key);
            }
            whole = true;
            return Optional.of(held);
        } finally {
            if (!whole) {
                held.close();
            }
        }
    }

    boolean isLocked(K key) {
        Entry entry = entries.get(key);
        return entry != null && entry.lock.isLocked();
    }

    /** Whether nobody has, or waits for, any key. */
    boolean idle() {
        return entries.isEmpty();
    }

    private boolean acquire(K key, long nanos) throws InterruptedException {
        Optional<Entry> joined = join(key);
        if (joined.isEmpty()) {
            return false;
        }
        Entry entry = joined.get();
        boolean locked = false;
        try {
            locked = entry.lock.tryLock(nanos, TimeUnit.NANOSECONDS);
            return locked;
        } finally {
            if (!locked) {
                release(key, false);
            }
        }
    }

    private Optional<Entry> join(K key) {
        AtomicReference<@Nullable Entry> joined = new AtomicReference<>();
        entries.compute(
                key,
                (_, present) -> {
                    Entry one = present == null ? new Entry() : present;
                    // Whoever has the lock does not wait.
                    if (one.wanted <= most) {
                        one.wanted++;
                        joined.set(one);
                    }
                    return one;
                });
        return Optional.ofNullable(joined.get());
    }

    private void release(K key, boolean locked) {
        entries.computeIfPresent(
                key,
                (_, entry) -> {
                    if (locked) {
                        entry.lock.unlock();
                    }
                    entry.wanted--;
                    return entry.wanted == 0 ? null : entry;
                });
    }
}
