package io.cairn.daemon.volume;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The threads that work though nobody asks. All of them end when they are interrupted, and nothing
 * that they use is closed before that.
 */
final class Background {
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private boolean stopped;

    /** Begins work on a thread of its own, unless all work has been stopped. */
    synchronized void begin(String name, Runnable work) {
        if (stopped) {
            return;
        }
        Thread thread =
                Thread.ofVirtual()
                        .name(name)
                        .unstarted(
                                () -> {
                                    try {
                                        work.run();
                                    } finally {
                                        threads.remove(Thread.currentThread());
                                    }
                                });
        threads.add(thread);
        thread.start();
    }

    /** Interrupts all work; none begins any more. */
    synchronized void stop() {
        stopped = true;
        threads.forEach(Thread::interrupt);
    }

    /**
     * Waits for the work that was stopped.
     *
     * @return whether all of it ended before the patience did
     */
    boolean await(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        for (Thread thread : threads) {
            Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
            if (!thread.join(left)) {
                return false;
            }
        }
        return true;
    }
}
