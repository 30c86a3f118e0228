package io.cairn.plugin.qcow2;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Chore;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Removes the layers that nothing needs, and merges those that nothing names, in a thread of its
 * own. It gives way to whoever needs a layer.
 */
final class Chores implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofMinutes(5);

    /** Where something could not be merged, as what two have open. */
    private static final Duration RETRY = Duration.ofSeconds(10);

    private static final long PATIENCE_MILLIS = 5_000;
    private static final System.Logger LOG = System.getLogger(Chores.class.getName());

    private final Sweep sweep;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<LayerId, Integer> held = new HashMap<>();
    private final Thread thread;
    private @Nullable Merge merge;
    private long asked;
    private long swept;
    private boolean closed;
    private boolean waiting;
    private String problem = "";

    Chores(String backend, Sweep sweep) {
        this.sweep = sweep;
        this.thread = Thread.ofPlatform().daemon().name("qcow2-" + backend).unstarted(this::run);
    }

    /** One at work. */
    interface Merge {
        LayerId upper();

        /** Has it end soon, done or not. */
        void stop();

        /** How much of it is done, in bytes or in what else it counts. */
        Chore progress();
    }

    /** Keeps layers from being merged until it is closed. */
    final class Hold implements AutoCloseable {
        private final List<LayerId> layers;

        private Hold(Collection<LayerId> layers) {
            this.layers = List.copyOf(layers);
        }

        @Override
        public void close() {
            lock.lock();
            try {
                for (LayerId layer : layers) {
                    held.computeIfPresent(layer, (_, count) -> count == 1 ? null : count - 1);
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    void start() {
        thread.start();
    }

    /** Has it look for work now. */
    void soon() {
        lock.lock();
        try {
            asked++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until nobody works at these layers, and keeps it so. */
    Hold hold(Collection<LayerId> layers) throws InterruptedException {
        lock.lock();
        try {
            Hold hold = new Hold(layers);
            layers.forEach(layer -> held.merge(layer, 1, Integer::sum));
            try {
                while (merge != null && held.containsKey(merge.upper())) {
                    merge.stop();
                    changed.await();
                }
            } catch (InterruptedException e) {
                hold.close();
                throw e;
            }
            return hold;
        } finally {
            lock.unlock();
        }
    }

    /** What it is at and how far, and that it has not come to all that there is to do. */
    List<Chore> list() {
        lock.lock();
        try {
            if (merge != null) {
                return List.of(merge.progress());
            }
            if (swept == asked && !waiting && problem.isEmpty()) {
                return List.of();
            }
            return List.of(new Chore("look for layers to merge", 0, 0, problem));
        } finally {
            lock.unlock();
        }
    }

    /** Begins to work at a layer unless somebody keeps it. */
    boolean begin(Merge begun) {
        lock.lock();
        try {
            if (closed || held.containsKey(begun.upper())) {
                return false;
            }
            merge = begun;
            return true;
        } finally {
            lock.unlock();
        }
    }

    void end() {
        lock.lock();
        try {
            merge = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        while (true) {
            boolean all = false;
            long seen = asked();
            String failed = "";
            try (Native os = new Native()) {
                all = sweep.run(os, this);
            } catch (OsException | IOException | RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "cannot merge layers", e);
                failed = String.valueOf(e.getMessage());
            } catch (InterruptedException _) {
                return;
            }
            if (!await(seen, all, failed)) {
                return;
            }
        }
    }

    private long asked() {
        lock.lock();
        try {
            return asked;
        } finally {
            lock.unlock();
        }
    }

    /** False once it is to end. */
    private boolean await(long seen, boolean all, String failed) {
        lock.lock();
        try {
            problem = failed;
            waiting = !all;
            swept = seen;
            changed.signalAll();
            long left = (all ? PAUSE : RETRY).toNanos();
            while (!closed && asked == seen && left > 0) {
                left = changed.awaitNanos(left);
            }
            return !closed;
        } catch (InterruptedException _) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until what there is now to do is done, as far as it can be; false if time ran out. */
    boolean finish(Duration most) throws InterruptedException {
        lock.lock();
        try {
            long wanted = ++asked;
            changed.signalAll();
            long left = most.toNanos();
            while (swept < wanted && left > 0 && !closed) {
                left = changed.awaitNanos(left);
            }
            return swept >= wanted;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (merge != null) {
                merge.stop();
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        // However long that takes: what it found out does not hold once another has the folder.
        while (thread.isAlive()) {
            try {
                thread.join(PATIENCE_MILLIS);
                if (thread.isAlive()) {
                    thread.interrupt();
                }
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
