package io.cairn.plugin.btrfs;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Background;
import io.cairn.spi.Chore;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Watches how the file system gives back the space of subvolumes that were deleted, be they Cairn's
 * or not: its cleaner comes to them up to 30 seconds later (the mount option {@code commit}), one
 * after another.
 */
final class Cleaning implements Background, AutoCloseable {
    private static final String WHAT = "give back the space of deleted subvolumes";

    /**
     * From one look to the next, which goes through all that wait: one for each of many deletions
     * in a row would hold those up.
     */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private static final Duration AFTER_FAILURE = Duration.ofSeconds(30);

    private final Fd root;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean asked = true;
    private boolean looking;
    private boolean closed;
    private long lookedNanos = System.nanoTime() - PAUSE.toNanos();

    /** How many wait, and how many did since none waited. */
    private long left;

    private long most;
    private String problem = "";

    /**
     * @param root a folder of the file system, which stays open for longer
     */
    Cleaning(String backend, Fd root) {
        this.root = root;
        this.thread =
                Thread.ofPlatform().daemon().name("btrfs-cleaning-" + backend).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Has it look as soon as it may. */
    void soon() {
        lock.lock();
        try {
            asked = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<Chore> chores() {
        lock.lock();
        try {
            return asked || looking || left > 0 || !problem.isEmpty()
                    ? List.of(new Chore(WHAT, most - left, most, problem))
                    : List.of();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            while (await()) {
                look();
            }
        } catch (InterruptedException _) {
            // It is closed.
        }
    }

    /** Waits until there is something to look for; false once it is closed. */
    private boolean await() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed) {
                if (!asked && left == 0 && problem.isEmpty()) {
                    changed.await();
                    continue;
                }
                Duration pause = asked || problem.isEmpty() ? PAUSE : AFTER_FAILURE;
                long nanos = lookedNanos + pause.toNanos() - System.nanoTime();
                if (nanos <= 0) {
                    return true;
                }
                long _ = changed.awaitNanos(nanos);
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void look() {
        lock.lock();
        try {
            asked = false;
            looking = true;
        } finally {
            lock.unlock();
        }
        long count = 0;
        String failure = "";
        try (Native os = new Native()) {
            count = Subvolumes.deleted(os, root);
        } catch (OsException e) {
            failure = String.valueOf(e.getMessage());
        }
        lock.lock();
        try {
            looking = false;
            lookedNanos = System.nanoTime();
            problem = failure;
            if (failure.isEmpty()) {
                left = count;
                most = count == 0 ? 0 : Math.max(most, count);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until it looks no more, since it uses the folder. */
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
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
