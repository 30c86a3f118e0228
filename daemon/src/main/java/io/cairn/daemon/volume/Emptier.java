package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.store.StoreException;
import io.cairn.spi.DriverException;
import io.cairn.spi.PoolStats;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Empties the trash of what is in it for long enough, and early where space runs low. Each backend
 * has a thread of its own here, so one that hangs keeps no other waiting.
 */
final class Emptier {
    private static final Duration EVERY = Duration.ofSeconds(5);

    /** So much goes early at one look. */
    private static final int EARLY = 10;

    /** How long what was deleted may take to be free, as it is cleared away in the background. */
    private static final Duration LATER = Duration.ofMinutes(2);

    private static final Logger LOG = LoggerFactory.getLogger(Emptier.class);

    private final Trash trash;
    private final Purging purging;
    private final TrashTime time;
    private final Backends backends;
    private final Background background;
    private final Set<String> watched = ConcurrentHashMap.newKeySet();

    private final Map<String, BlockingQueue<Boolean>> bells = new ConcurrentHashMap<>();

    /** Since when a pool is to have more free by what went early, by backend and pool. */
    private final Map<String, Long> waiting = new ConcurrentHashMap<>();

    /** Why the last that was to go did not, by its backend. */
    private final Map<String, String> problems = new ConcurrentHashMap<>();

    Emptier(
            Trash trash,
            Purging purging,
            TrashTime time,
            Backends backends,
            Background background) {
        this.trash = trash;
        this.purging = purging;
        this.time = time;
        this.backends = backends;
        this.background = background;
    }

    void start() {
        backends.all().forEach(backend -> watch(backend.name()));
        backends.onUp(backend -> watch(backend.name()));
    }

    /** Has somebody look at once. */
    void wake(String backend) {
        boolean _ = bell(backend).offer(true);
    }

    private BlockingQueue<Boolean> bell(String backend) {
        return bells.computeIfAbsent(backend, _ -> new ArrayBlockingQueue<>(1));
    }

    /** Empty if all that was to go went. */
    String problem(String backend) {
        return problems.getOrDefault(backend, "");
    }

    private void watch(String backend) {
        if (watched.add(backend)) {
            background.begin("cairn-trash-" + backend, () -> run(backend));
        }
    }

    private void run(String backend) {
        try {
            BlockingQueue<Boolean> bell = bell(backend);
            while (true) {
                Boolean _ = bell.poll(EVERY.toMillis(), TimeUnit.MILLISECONDS);
                try {
                    look(backend);
                } catch (RuntimeException e) {
                    LOG.error("The trash of backend {} is not emptied; tried again", backend, e);
                }
            }
        } catch (InterruptedException _) {
            // The daemon stops.
        }
    }

    /** Looks once at what is to go. */
    void look(String name) throws InterruptedException {
        Optional<Backend> backend = backends.find(name).filter(Backend::takesWork);
        String problem = "";
        if (trash.count(name) > 0) {
            problem = keepTime();
        }
        if (backend.isPresent() && trash.count(name) > 0) {
            Pass pass = new Pass(backend.get());
            pass.finish();
            pass.endTimes();
            for (PoolStats pool : backend.get().pools().pools()) {
                pass.makeRoom(pool);
            }
            problem = pass.problem.isEmpty() ? problem : pass.problem;
        }
        String before = problem.isEmpty() ? problems.remove(name) : problems.put(name, problem);
        if (!problem.isEmpty() && !problem.equals(before)) {
            LOG.warn("The trash of backend {} keeps what should go: {}", name, problem);
        }
    }

    /** Also for what is on a backend that is not up. */
    private String keepTime() {
        try {
            time.keep();
            return "";
        } catch (StoreException e) {
            return String.valueOf(Parts.unwritable(e).getMessage());
        }
    }

    /** One look at one backend. What cannot go now keeps nothing else. */
    private final class Pass {
        private final Backend backend;
        private String problem = "";

        Pass(Backend backend) {
            this.backend = backend;
        }

        /** Ends what was begun, or was asked for. */
        void finish() throws InterruptedException {
            Trash.forEach(
                    trash::going,
                    backend.name(),
                    item -> {
                        boolean _ = purge(item, "as was asked for");
                        return true;
                    });
        }

        void endTimes() throws InterruptedException {
            Instant before = time.now().minus(backend.trash().keep());
            Trash.forEach(
                    trash::oldest,
                    backend.name(),
                    item -> {
                        if (item.since().isAfter(before)) {
                            // As were all that come after it.
                            return false;
                        }
                        boolean _ = purge(item, "since its time is over");
                        return true;
                    });
        }

        /** By what the pool has free now: older figures may be from before all went that had to. */
        void makeRoom(PoolStats known) throws InterruptedException {
            String key = backend.name() + "/" + known.name();
            Long since = waiting.get(key);
            if (since != null && System.nanoTime() - since < LATER.toNanos()) {
                return;
            }
            if (!low(known)) {
                return;
            }
            Room room = new Room(known.name());
            Trash.forEach(trash::oldest, backend.name(), room::makeBy);
            if (room.waits) {
                waiting.put(key, System.nanoTime());
            }
        }

        /** What is made in one pool. */
        private final class Room {
            private final String pool;
            private Optional<PoolStats> now;
            private int left = EARLY;

            /** Whether what was freed is not to be seen yet. */
            private boolean waits;

            Room(String pool) throws InterruptedException {
                this.pool = pool;
                now = anew(pool);
            }

            /** Has one go, unless there is enough. Returns whether to go on. */
            boolean makeBy(Trashed item) throws InterruptedException {
                if (left == 0 || now.filter(Pass.this::low).isEmpty()) {
                    return false;
                }
                if (!item.pool().equals(pool)
                        || item.going()
                        || !purge(item, "early, since its pool runs low")) {
                    return true;
                }
                left--;
                long before = now.orElseThrow().freeBytes();
                now = anew(pool);
                waits = now.filter(stats -> stats.freeBytes() > before).isEmpty();
                return !waits;
            }
        }

        private boolean low(PoolStats pool) {
            return pool.freeBytes() < backend.trash().minFree().bytesOf(pool.totalBytes());
        }

        private Optional<PoolStats> anew(String pool) throws InterruptedException {
            try {
                return backend.refreshPools().pools().stream()
                        .filter(each -> each.name().equals(pool))
                        .findFirst();
            } catch (DriverException e) {
                return Optional.empty();
            }
        }

        private boolean purge(Trashed item, String why) throws InterruptedException {
            try {
                if (purging.purge(item) != Purging.Outcome.DELETED) {
                    return false;
                }
                LOG.info(
                        "Deleted {} of backend {} for good, {}: it was deleted at {}",
                        item.what(),
                        item.backend(),
                        why,
                        item.deletedAt());
                return true;
            } catch (OperationException e) {
                problem = String.valueOf(e.getMessage());
                return false;
            }
        }
    }
}
