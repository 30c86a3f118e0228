package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Settles what was left unfinished, at the start and then again and again: a backend that comes
 * back finds its intents carried out though nobody asks. Each backend has a thread of its own here,
 * so one that hangs keeps no other waiting.
 */
final class Settler {
    /** How soon an intent that could not be settled is tried again. */
    private static final Duration EVERY = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(Settler.class);

    private final OpenIntents open;
    private final Turns turns;
    private final Backends backends;
    private final Background background;
    private final Set<String> watched = ConcurrentHashMap.newKeySet();
    private final Map<String, BlockingQueue<Boolean>> bells = new ConcurrentHashMap<>();

    Settler(OpenIntents open, Turns turns, Backends backends, Background background) {
        this.open = open;
        this.turns = turns;
        this.backends = backends;
        this.background = background;
    }

    void start(Duration patience) throws InterruptedException {
        Map<String, Long> found =
                open.all().stream()
                        .filter(Settler::canBeSettled)
                        .collect(Collectors.groupingBy(Intent::backend, Collectors.counting()));
        found.forEach(
                (backend, count) ->
                        LOG.info("Settling {} unfinished changes of backend {}", count, backend));
        List<String> names = backends.all().stream().map(Backend::name).toList();
        CountDownLatch triedOnce = new CountDownLatch(names.size());
        names.forEach(name -> watch(name, triedOnce));
        // One that is opened later has none of its own yet, and one that answers again is waited
        // for.
        backends.onUp(
                backend -> {
                    watch(backend.name(), new CountDownLatch(1));
                    boolean _ = bell(backend.name()).offer(true);
                });
        boolean all = triedOnce.await(patience.toNanos(), TimeUnit.NANOSECONDS);
        if (!all) {
            LOG.warn("Not all unfinished changes are settled after {}: going on", patience);
        }
    }

    private void watch(String backend, CountDownLatch triedOnce) {
        if (watched.add(backend)) {
            background.begin("cairn-settle-" + backend, () -> run(backend, triedOnce));
        }
    }

    private BlockingQueue<Boolean> bell(String backend) {
        return bells.computeIfAbsent(backend, _ -> new ArrayBlockingQueue<>(1));
    }

    private void run(String backend, CountDownLatch triedOnce) {
        try {
            settleAll(backend);
            triedOnce.countDown();
            while (true) {
                Boolean _ = bell(backend).poll(EVERY.toMillis(), TimeUnit.MILLISECONDS);
                settleAll(backend);
            }
        } catch (InterruptedException _) {
            // The daemon stops; what is unfinished is settled after the next start.
            triedOnce.countDown();
        }
    }

    /** What cannot be read is for an operator. */
    private static boolean canBeSettled(Intent intent) {
        return !(intent instanceof Intent.Damaged);
    }

    /** Looks the backend up each time, since it may have been closed and opened anew. */
    private void settleAll(String backend) throws InterruptedException {
        for (Intent intent : open.all()) {
            if (!canBeSettled(intent)
                    || !intent.backend().equals(backend)
                    || backends.find(backend).filter(Backend::takesWork).isEmpty()) {
                continue;
            }
            try {
                boolean _ = turns.settle(intent, Duration.ZERO);
            } catch (OperationException _) {
                // Told as an event and shown as the intent's last error; it is tried again.
            } catch (RuntimeException e) {
                LOG.error("Settling '{}' failed; it is tried again", intent.what(), e);
            }
        }
    }
}
