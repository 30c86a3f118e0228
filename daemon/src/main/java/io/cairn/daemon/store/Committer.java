package io.cairn.daemon.store;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * The one thread that changes the database. It takes all changes that wait into one transaction:
 * HSQLDB syncs once per transaction under a lock of its own, so sharing is possible only above it.
 */
final class Committer implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Committer.class);

    private static final int MOST_AT_ONCE = 256;

    /** How long a running query may keep the database from being closed. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /**
     * Far below the 16 MiB at which HSQLDB would do it at a moment of its own choice. Replaying
     * this much after a crash takes about 2 s of processor time, half of it on average.
     */
    private static final long CHECKPOINT_BYTES = 2L << 20;

    /**
     * As long as a copy of the files wants no checkpoint: enough for some 15,000 changes, and still
     * below HSQLDB's own.
     */
    private static final long COPYING_BYTES = 12L << 20;

    private final Opening opening;
    private final FenceNote note;
    private final ReadPool pool;
    private final StoreOptions options;
    private final Path folder;
    private final FreeSpace space;
    private final Runnable reopened;
    private final Thread thread;
    private final Queue<Request<?>> waiting = new ConcurrentLinkedQueue<>();
    private final Tally tally =
            new Tally(new LongAdder(), new LongAdder(), new LongAdder(), new LongAdder());

    /** Whether checkpoints are put off, which the next one ends. */
    private volatile boolean copying;

    private volatile boolean idle;
    private volatile boolean ending;
    private volatile boolean ended;
    private volatile @Nullable Engine engine;
    private volatile @Nullable String fence;
    private long nextTry;
    private Duration pause;

    Committer(
            Engine engine,
            Opening opening,
            FenceNote note,
            ReadPool pool,
            StoreOptions options,
            Path folder,
            Runnable reopened) {
        this.engine = engine;
        this.opening = opening;
        this.note = note;
        this.pool = pool;
        this.options = options;
        this.folder = folder;
        this.space = new FreeSpace(folder, options);
        this.reopened = reopened;
        this.pause = options.retryAfter();
        this.thread = Thread.ofPlatform().name("cairn-state").daemon(true).unstarted(this);
    }

    void start() {
        thread.start();
    }

    <T extends @Nullable Object> T commit(Urgency urgency, Change<T> change) throws StoreException {
        return await(new Request<>(change, urgency));
    }

    void checkpoint() throws StoreException {
        boolean _ =
                errand(
                        Urgency.COMPLETING,
                        engine -> {
                            engine.checkpoint();
                            return true;
                        });
    }

    <T extends @Nullable Object> T errand(Urgency urgency, Errand<T> errand) throws StoreException {
        return await(Request.errand(errand, urgency));
    }

    /** Makes a checkpoint, the last one for as long as the log may grow. */
    LiveCopy beginCopy() throws StoreException {
        return errand(
                Urgency.ORDINARY,
                engine -> {
                    LiveCopy copy = LiveCopy.begin(engine);
                    copying = true;
                    return copy;
                });
    }

    /** Checkpoints may be made again. */
    void endCopy() {
        copying = false;
    }

    private <T extends @Nullable Object> T await(Request<T> request) throws StoreException {
        if (Thread.currentThread().equals(thread)) {
            throw new IllegalStateException(
                    "a change must not commit another: it runs on the thread that would do it");
        }
        waiting.add(request);
        if (ended) {
            // The thread is gone, perhaps just before it could see this request.
            refuseWaiting();
        } else if (idle) {
            LockSupport.unpark(thread);
        }
        return request.await();
    }

    /** What is counted since the store was opened. */
    record Tally(LongAdder commits, LongAdder batches, LongAdder fences, LongAdder reopenings) {}

    Tally tally() {
        return tally;
    }

    @Nullable String fence() {
        return fence;
    }

    boolean ended() {
        return ended;
    }

    long logBytes() {
        Engine open = engine;
        return open == null ? 0 : open.logBytes();
    }

    @Override
    public void run() {
        List<Request<?>> batch = new ArrayList<>(MOST_AT_ONCE);
        while (!ending || !waiting.isEmpty()) {
            take(batch);
            Engine open = engine;
            if (fence != null || open == null) {
                batch.forEach(r -> r.fail(StoreException.Kind.FENCED, fenced(), null));
                tryToReopen();
            } else if (!batch.isEmpty()) {
                serve(batch, open);
            }
            batch.clear();
            rest();
        }
        end();
    }

    private void take(List<Request<?>> batch) {
        while (batch.size() < MOST_AT_ONCE) {
            Request<?> request = waiting.poll();
            if (request == null) {
                return;
            }
            batch.add(request);
        }
    }

    private void rest() {
        idle = true;
        if (waiting.isEmpty() && !ending) {
            if (fence == null) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, Math.max(1, nextTry - System.nanoTime()));
            }
        }
        idle = false;
    }

    /** Ends with every request of the batch answered. */
    private void serve(List<Request<?>> batch, Engine open) {
        List<Request<?>> errands = new ArrayList<>();
        try {
            space.admit(batch);
            batch.removeIf(r -> r.isErrand() && errands.add(r));
            while (!batch.isEmpty()) {
                if (batch.size() == 1) {
                    alone(batch.getFirst(), open);
                    batch.clear();
                } else {
                    together(batch, open);
                }
            }
            while (!errands.isEmpty()) {
                run(errands.getFirst(), open);
                errands.removeFirst();
            }
            if (open.logBytes() >= (copying ? COPYING_BYTES : CHECKPOINT_BYTES)) {
                copying = false;
                open.checkpoint();
            }
        } catch (EngineFault | RuntimeException | Error e) {
            // After an Error, such as no memory, HSQLDB may have stopped halfway through anything.
            raise(e, open);
            batch.forEach(r -> r.fail(StoreException.Kind.FENCED, fenced(), e));
            errands.forEach(r -> r.fail(StoreException.Kind.FENCED, fenced(), e));
        }
    }

    /** Commits all, or answers the first that fails and leaves the others for another try. */
    private void together(List<Request<?>> batch, Engine open) throws EngineFault {
        for (Request<?> request : batch) {
            try {
                request.apply(open.statements());
            } catch (SQLException | ChangeRefused | RuntimeException e) {
                open.rollback();
                // Perhaps it only minds what the others did, so it is asked again by itself.
                alone(request, open);
                batch.remove(request);
                return;
            }
        }
        commit(batch, open);
        batch.clear();
    }

    private void alone(Request<?> request, Engine open) throws EngineFault {
        try {
            request.apply(open.statements());
        } catch (ChangeRefused e) {
            open.rollback();
            request.fail(StoreException.Kind.REFUSED, String.valueOf(e.getMessage()), e);
            return;
        } catch (SQLException | RuntimeException e) {
            open.rollback();
            request.fail(
                    StoreException.Kind.FAILED, "the state refused a change: " + e.getMessage(), e);
            return;
        }
        commit(List.of(request), open);
    }

    private static void run(Request<?> errand, Engine open) throws EngineFault {
        try {
            errand.run(open);
        } catch (ChangeRefused e) {
            open.rollback();
            errand.fail(StoreException.Kind.REFUSED, String.valueOf(e.getMessage()), e);
            return;
        } catch (IOException | SQLException e) {
            open.rollback();
            errand.fail(
                    StoreException.Kind.FAILED,
                    "something could not be done with the state's files: " + e.getMessage(),
                    e);
            return;
        }
        // It may have read something.
        open.rollback();
        errand.succeed();
    }

    private void commit(List<Request<?>> requests, Engine open) throws EngineFault {
        open.commit();
        tally.batches.increment();
        tally.commits.add(requests.size());
        requests.forEach(Request::succeed);
    }

    private String fenced() {
        return "the state takes no changes until its database was reopened: " + fence;
    }

    private void raise(Throwable fault, Engine open) {
        String reason = String.valueOf(fault.getMessage());
        fence = reason;
        tally.fences.increment();
        LOG.error(
                "The state's database in {} could not write and is fenced: {}",
                folder,
                reason,
                fault);
        if (open.goodBytes() >= 0) {
            try {
                note.write(open.goodBytes());
            } catch (IOException e) {
                LOG.error(
                        "The end of what is good in the log of {} could not be noted: {}",
                        folder,
                        e.getMessage(),
                        e);
            }
        }
        nextTry = System.nanoTime() + pause.toNanos();
    }

    private void tryToReopen() {
        if (System.nanoTime() - nextTry < 0) {
            return;
        }
        if (!space.enough()) {
            nextTry = System.nanoTime() + options.retryAfter().toNanos();
            return;
        }
        String reason = String.valueOf(fence);
        pool.suspend(PATIENCE);
        Engine old = engine;
        engine = null;
        if (old != null) {
            old.abandon(new EngineFault(reason));
        }
        Engine fresh = null;
        try {
            fresh = opening.open(pool);
            reopened.run();
            engine = fresh;
            fence = null;
            pause = options.retryAfter();
            tally.reopenings.increment();
            LOG.warn("The state's database in {} was reopened after: {}", folder, reason);
        } catch (StoreException | RuntimeException e) {
            if (fresh != null) {
                fresh.abandon(e);
            }
            fence = String.valueOf(e.getMessage());
            pool.shut(fence);
            Duration longest = options.retryAfter().multipliedBy(100);
            pause = pause.multipliedBy(2).compareTo(longest) > 0 ? longest : pause.multipliedBy(2);
            nextTry = System.nanoTime() + pause.toNanos();
            LOG.error("The state's database in {} cannot be reopened: {}", folder, fence, e);
        }
    }

    private void end() {
        pool.shut("it is closed");
        pool.suspend(PATIENCE);
        Engine open = engine;
        engine = null;
        if (open != null) {
            if (fence != null) {
                open.abandon(new EngineFault(fence));
            } else {
                try {
                    open.close();
                } catch (EngineFault e) {
                    LOG.warn(
                            "The state's database in {} was not closed in order, so the next start replays its log: {}",
                            folder,
                            e.getMessage(),
                            e);
                }
            }
        }
        ended = true;
        refuseWaiting();
    }

    private void refuseWaiting() {
        for (Request<?> r = waiting.poll(); r != null; r = waiting.poll()) {
            r.fail(StoreException.Kind.CLOSED, "the state in %s is closed".formatted(folder), null);
        }
    }

    /** Answers what waits, closes the database and returns when that is done. */
    void close() {
        ending = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
