package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.Chore;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps volumes from being made of volumes that are made of volumes, without end: reading goes
 * through all of them, and the kernel opens no image above more than 15 others. What lies too deep
 * is copied, in a thread of its own.
 */
final class Depths implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Depths.class.getName());
    private static final Duration RETRY = Duration.ofMinutes(1);
    private static final Duration STOPPING = Duration.ofSeconds(60);
    private static final long PATIENCE_MILLIS = 60_000;

    private final Cluster cluster;
    private final Images images;
    private final int most;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Set<VolumeId> waiting = new LinkedHashSet<>();
    private final Set<VolumeId> held = new HashSet<>();
    private @Nullable VolumeId busy;
    private boolean stopped;
    private boolean closed;
    private boolean looked;
    private long done;
    private long total;
    private String problem = "";

    /**
     * @param most how many images an image may be made of, one of the other
     */
    Depths(String backend, Cluster cluster, Images images, int most) {
        this.cluster = cluster;
        this.images = images;
        this.most = most;
        this.thread = Thread.ofPlatform().daemon().name("rbd-" + backend).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Takes up a volume that was made of another, or is left alone no longer. */
    void made(VolumeId id) {
        lock.lock();
        try {
            waiting.add(id);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Leaves a volume alone until it is closed, and then takes it up again. */
    final class Hold implements AutoCloseable {
        private final VolumeId id;

        private Hold(VolumeId id) {
            this.id = id;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                held.remove(id);
                waiting.add(id);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Leaves a volume alone; returns once nothing of it is open here.
     *
     * @throws OsException IN_USE if it is being copied by another client, who cannot be stopped
     */
    Hold hold(VolumeId id) throws OsException, InterruptedException {
        lock.lock();
        try {
            Hold hold = new Hold(id);
            held.add(id);
            long left = STOPPING.toNanos();
            try {
                while (id.equals(busy)) {
                    stopped = true;
                    if (left <= 0) {
                        throw new OsException(
                                IN_USE,
                                "somebody has it open, and copies what it shares; wait until that is done");
                    }
                    left = changed.awaitNanos(left);
                }
            } catch (OsException | InterruptedException e) {
                hold.close();
                throw e;
            }
            return hold;
        } finally {
            lock.unlock();
        }
    }

    /** What is being done, and how much of it. */
    List<Chore> list() {
        lock.lock();
        try {
            VolumeId now = busy;
            if (now == null && waiting.isEmpty() && problem.isEmpty()) {
                return List.of();
            }
            String what =
                    now == null
                            ? "copy what volumes share that were made one of the other"
                            : "copy what image %s shares with those it was made of"
                                    .formatted(cluster.address().of(Names.image(now)));
            return List.of(new Chore(what, Math.min(done, total), total, problem));
        } finally {
            lock.unlock();
        }
    }

    /** How many images an image was made of, one of the other. */
    static int of(Cluster cluster, Image image) throws OsException {
        int depth = 0;
        Optional<String> parent = image.parentId();
        while (parent.isPresent()) {
            depth++;
            try (Image next = Image.openById(cluster, parent.get())) {
                parent = next.parentId();
            } catch (OsException e) {
                // In another pool, or gone just now.
                if (!e.is(OsException.ENOENT)) {
                    throw e;
                }
                return depth;
            }
        }
        return depth;
    }

    private void run() {
        while (true) {
            VolumeId next;
            try {
                look();
                next = next();
            } catch (InterruptedException _) {
                return;
            }
            if (next == null) {
                return;
            }
            String failed = "";
            try {
                flatten(next);
            } catch (OsException e) {
                if (e.told().kind() != IN_USE) {
                    LOG.log(System.Logger.Level.WARNING, "cannot flatten volume " + next, e);
                }
                failed = String.valueOf(e.getMessage());
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "cannot flatten volume " + next, e);
                failed = String.valueOf(e.getMessage());
            }
            ended(next, failed);
        }
    }

    /** Finds those that a daemon left which was stopped or killed. */
    private void look() {
        if (looked) {
            return;
        }
        looked = true;
        try {
            for (String name : images.names(each -> Names.volumeOf(each).isPresent())) {
                Optional<Image> there = Image.openIfThere(cluster, name);
                if (isClosed()) {
                    there.ifPresent(Image::close);
                    return;
                }
                if (there.isPresent()) {
                    try (Image image = there.get()) {
                        if (image.parentId().isPresent() && of(cluster, image) > most) {
                            made(Names.volumeOf(name).orElseThrow());
                        }
                    }
                }
            }
        } catch (OsException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot look for what lies too deep", e);
        }
    }

    /** The next one, which is then busy; null once it is to end. */
    private @Nullable VolumeId next() throws InterruptedException {
        lock.lock();
        try {
            while (!closed && (free().isEmpty() || !problem.isEmpty())) {
                if (problem.isEmpty()) {
                    changed.await();
                } else if (changed.awaitNanos(RETRY.toNanos()) <= 0) {
                    problem = "";
                }
            }
            if (closed) {
                return null;
            }
            VolumeId next = free().orElseThrow();
            waiting.remove(next);
            busy = next;
            stopped = false;
            done = 0;
            total = 0;
            return next;
        } finally {
            lock.unlock();
        }
    }

    private Optional<VolumeId> free() {
        return waiting.stream().filter(each -> !held.contains(each)).findFirst();
    }

    private void flatten(VolumeId id) throws OsException {
        String name = Names.image(id);
        Optional<Image> there = Image.openIfThere(cluster, name);
        if (there.isEmpty()) {
            return;
        }
        try (Image image = there.get()) {
            if (of(cluster, image) <= most) {
                return;
            }
        }
        try (Image image = Image.open(cluster, name)) {
            if (image.watchers().size() > 1) {
                // Who has it open would do it, and could not be stopped.
                throw new OsException(
                        IN_USE,
                        "somebody has %s open; what it shares is copied once nobody does"
                                .formatted(cluster.address().of(name)));
            }
            image.flatten(this::went);
        } catch (OsException e) {
            // Whoever had it stopped takes it up again or deletes it, or the daemon ends.
            if (!e.is(-Upcalls.CANCELED) && !e.is(OsException.ENOENT)) {
                throw e;
            }
        }
    }

    private boolean went(long objects, long of) {
        lock.lock();
        try {
            done = objects;
            total = of;
            return !stopped && !closed;
        } finally {
            lock.unlock();
        }
    }

    private void ended(VolumeId id, String failed) {
        lock.lock();
        try {
            busy = null;
            problem = failed;
            if (!failed.isEmpty()) {
                waiting.add(id);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        // However long that takes: its image must be closed before the connection is.
        while (thread.isAlive()) {
            try {
                thread.join(PATIENCE_MILLIS);
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
