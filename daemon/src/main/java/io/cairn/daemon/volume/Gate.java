package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;

import java.time.Duration;

/**
 * Counts the operations that run, and lets no more in once the daemon stops. Safe for many threads.
 */
final class Gate {
    private boolean shut;
    private int inside;

    synchronized void enter() throws OperationException {
        if (shut) {
            throw new OperationException(
                    Code.UNAVAILABLE,
                    "the daemon is stopping; nothing was changed; try again later");
        }
        inside++;
    }

    synchronized void leave() {
        inside--;
        notifyAll();
    }

    /**
     * Lets nobody in any more and waits for those inside.
     *
     * @return whether all of them left before the patience ended
     */
    synchronized boolean shut(Duration patience) throws InterruptedException {
        shut = true;
        long end = System.nanoTime() + patience.toNanos();
        while (inside > 0) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }
}
