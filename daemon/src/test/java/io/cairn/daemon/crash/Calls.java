package io.cairn.daemon.crash;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAccumulator;

/** How long what clients ask of a daemon takes, one call at a time on each thread. */
final class Calls {
    private final Map<Thread, Long> begun = new ConcurrentHashMap<>();
    private final LongAccumulator longest = new LongAccumulator(Math::max, 0);

    void begin() {
        begun.put(Thread.currentThread(), System.nanoTime());
    }

    void end() {
        Long since = begun.remove(Thread.currentThread());
        if (since != null) {
            longest.accumulate(System.nanoTime() - since);
        }
    }

    /** The longest that any call took that has ended. */
    Duration longest() {
        return Duration.ofNanos(longest.get());
    }

    /** How many calls have run for longer than that, and still do. */
    long longerThan(Duration limit) {
        return begun.values().stream()
                .filter(since -> System.nanoTime() - since > limit.toNanos())
                .count();
    }
}
