package io.cairn.plugin.local.qemu;

import io.cairn.plugin.local.OsException;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.concurrent.TimeUnit;

/** Where a storage daemon takes commands. Of several threads, each waits for the others. */
public final class StorageDaemonMonitor {
    private static final long PATIENCE_MILLIS = 60_000;
    private static final long PAUSE_MILLIS = 10;

    private final StorageDaemonFiles files;

    StorageDaemonMonitor(StorageDaemonFiles files) {
        this.files = files;
    }

    /** What is said to QEMU. */
    public interface Talk<T> {
        T with(Qmp qmp) throws QmpException, OsException, IOException, InterruptedException;
    }

    /** A condition of QEMU's. */
    public interface Condition {
        boolean met() throws QmpException, IOException;
    }

    /**
     * Connects for as long as the talk takes.
     *
     * @throws OsException if QEMU refuses
     * @throws IOException if it does not answer
     */
    public <T> T talk(Talk<T> talk) throws OsException, IOException, InterruptedException {
        try (Qmp qmp = Qmp.connect(files.qmp())) {
            return talk.with(qmp);
        } catch (QmpException e) {
            throw e.told();
        } catch (ClosedByInterruptException e) {
            throw interrupted(e);
        }
    }

    /** The same as callers know it. */
    static InterruptedException interrupted(ClosedByInterruptException e) {
        // Told by the exception now.
        boolean _ = Thread.interrupted();
        InterruptedException interrupted =
                new InterruptedException("interrupted while QEMU was at work");
        interrupted.initCause(e);
        return interrupted;
    }

    /**
     * Looks until something is so.
     *
     * @param what for the message of the failure, after a minute
     */
    public void await(String what, Condition condition)
            throws QmpException, OsException, IOException, InterruptedException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        while (!condition.met()) {
            if (System.nanoTime() - until >= 0) {
                throw files.fault(
                        "did not %s within %d seconds"
                                .formatted(what, TimeUnit.MILLISECONDS.toSeconds(PATIENCE_MILLIS)));
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }
}
