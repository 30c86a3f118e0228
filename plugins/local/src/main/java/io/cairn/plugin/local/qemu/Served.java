package io.cairn.plugin.local.qemu;

import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Target;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The targets that storage daemons serve, from the first that uses one to the last. */
public final class Served {
    private final StorageDaemons daemons;
    private final Ending ending;

    /** What a driver does when nobody uses a target any more. */
    public interface Ending {
        /** Before its storage daemon is asked to end. */
        void before(Native os, StorageDaemon daemon)
                throws OsException, InterruptedException, IOException;

        /** Once it is gone. */
        void after();
    }

    /** Has a target served that is about to be used. */
    public interface Starting {
        /**
         * The storage daemon of a target; starts it if there is none.
         *
         * @throws OsException NOT_FOUND if there is no such target
         */
        StorageDaemon started(Native os, Target target)
                throws OsException, InterruptedException, IOException;
    }

    public Served(StorageDaemons daemons, Ending ending) {
        this.daemons = daemons;
        this.ending = ending;
    }

    public boolean is(Target target) throws IOException {
        return daemons.of(target).isPresent();
    }

    /** The one of a target, unless it is about to end, which is then waited for. */
    public Optional<StorageDaemon> of(Target target)
            throws OsException, InterruptedException, IOException {
        Optional<StorageDaemon> daemon = daemons.of(target);
        if (daemon.isPresent()) {
            try {
                int _ = daemon.get().exports().size();
            } catch (IOException e) {
                // As when the call was interrupted that asked it to end.
                if (!daemon.get().ends()) {
                    throw e;
                }
                return daemons.of(target);
            }
        }
        return daemon;
    }

    /** Ends the one of a target if nothing is left that it serves. */
    public void stopIfIdle(Native os, StorageDaemon daemon)
            throws OsException, InterruptedException, IOException {
        if (daemon.exports().isEmpty()) {
            ending.before(os, daemon);
            daemon.stop();
            ending.after();
        }
    }

    /** Takes back what a call began that failed: nothing stays that shows a target to nobody. */
    public void undo(Native os, StorageDaemon daemon, Exception failure) {
        // So that what takes it back is not interrupted too.
        boolean interrupted = Thread.interrupted();
        try {
            if (daemon.exportedFuse().isPresent() && loops(os, daemon).isEmpty()) {
                daemon.unexportFuse();
            }
            stopIfIdle(os, daemon);
        } catch (OsException | IOException e) {
            failure.addSuppressed(e);
        } catch (InterruptedException e) {
            interrupted = true;
            failure.addSuppressed(e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Brings what was written to a target's block devices to its storage daemon. */
    public void flush(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        for (Loops.Loop loop : loops(os, target)) {
            if (!loop.readOnly()) {
                Loops.flush(os, loop);
            }
        }
    }

    /** The block devices of a target that can be used. */
    List<Loops.Loop> loops(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        Optional<StorageDaemon> daemon = daemons.of(target);
        return daemon.isEmpty() ? List.of() : loops(os, daemon.get());
    }

    private static List<Loops.Loop> loops(Native os, StorageDaemon daemon)
            throws OsException, InterruptedException, IOException {
        Optional<Path> shown = daemon.exportedFuse();
        if (shown.isEmpty()) {
            return List.of();
        }
        try (Fd file = os.open(shown.get().toString(), Native.O_RDONLY)) {
            return Loops.of(os, file, shown.get().toString());
        } catch (OsException e) {
            // Who showed it died.
            if (e.is(OsException.ENOTCONN)) {
                return List.of();
            }
            throw e;
        }
    }

    /** Takes away the devices of a target that show nothing any more, since who served it died. */
    void abandonLost(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        // Where its storage daemon died, asking for that has cleared them away.
        if (daemons.of(target).isPresent() && loops(os, target).isEmpty()) {
            for (Loops.Loop loop : Loops.at(daemons.shown(target).toString())) {
                Loops.abandon(os, loop);
            }
        }
    }

    /**
     * Ends the storage daemon of a target that serves nobody.
     *
     * @throws OsException IN_USE if the target is attached or exported
     */
    public void checkNot(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        Optional<StorageDaemon> daemon = daemons.of(target);
        abandonLost(os, target);
        if (daemon.isEmpty()) {
            return;
        }
        for (Loops.Loop loop : loops(os, target)) {
            throw new OsException(
                    IN_USE, "it is attached as %s; detach it first".formatted(loop.device()));
        }
        if (!daemon.get().exports().isEmpty()) {
            throw new OsException(IN_USE, "it is exported; take the export back first");
        }
        stopIfIdle(os, daemon.get());
    }
}
