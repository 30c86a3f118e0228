package io.cairn.plugin.rbd;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A thread with as much of a stack as a C program has. Loading Ceph's libraries takes more than the
 * 512 KiB of the daemon's threads: the table of all of Ceph's settings is built on the stack, and
 * the JVM ends when that is too small.
 */
final class LargeStack {
    private static final long BYTES = 8 << 20;

    private LargeStack() {}

    /** Does something there; an interrupt waits until it is done. */
    static <T> T call(Callable<T> work) throws OsException, DriverException {
        FutureTask<T> task = new FutureTask<>(work);
        Thread _ = Thread.ofPlatform().daemon().name("rbd-begin").stackSize(BYTES).start(task);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case OsException failed -> throw failed;
                case DriverException failed -> throw failed;
                case null, default -> throw new IllegalStateException(e.getCause());
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
