package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** The storage daemons that have volumes and snapshots open, and who else may have. */
final class Running {
    private final Lookup lookup;
    private final StorageDaemons daemons;
    private final Chores chores;

    Running(Lookup lookup, StorageDaemons daemons, Chores chores) {
        this.lookup = lookup;
        this.daemons = daemons;
        this.chores = chores;
    }

    /** Keeps a layer from being merged, for what is to be done with it. */
    Chores.Hold hold(LayerId layer) throws InterruptedException {
        return chores.hold(List.of(layer));
    }

    boolean is(Target target) throws IOException {
        return daemons.of(target).isPresent();
    }

    /** The one of a target, unless it is about to end, which is then waited for. */
    Optional<StorageDaemon> of(Target target)
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

    /** The one of a target that has a card; starts it if there is none. */
    StorageDaemon started(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        Card card = settled(os, target);
        Optional<StorageDaemon> there = daemons.of(target);
        if (there.isPresent()) {
            return there.get();
        }
        List<LayerId> chain = lookup.layers().chain(os, card.layer());
        try (Chores.Hold _ = chores.hold(chain)) {
            // Anew, since what was merged until it was held is gone.
            List<Path> paths = new ArrayList<>();
            for (LayerId layer : lookup.layers().chain(os, card.layer())) {
                paths.add(lookup.layers().path(layer));
            }
            Collections.reverse(paths);
            lookup.syncHome(os, target.volume());
            return daemons.start(target, paths, target.fixed());
        }
    }

    /** Ends the one of a target if nothing is left that it serves. */
    void stopIfIdle(Native os, StorageDaemon daemon)
            throws OsException, InterruptedException, IOException {
        if (daemon.exports().isEmpty()) {
            interruptJobs(os, daemon);
            daemon.stop();
            // What was written to cannot be merged before.
            chores.soon();
        }
    }

    /** Takes back what a call began that failed: nothing stays that shows a target to nobody. */
    void undo(Native os, StorageDaemon daemon, Exception failure) {
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

    Card settled(Native os, VolumeId volume) throws OsException, InterruptedException, IOException {
        return settled(os, Target.of(volume));
    }

    /**
     * The card of a target, with its storage daemon writing to the layer that it names: the call
     * that was to tell it may have been killed.
     *
     * @throws OsException NOT_FOUND if there is no card
     */
    Card settled(Native os, Target target) throws OsException, InterruptedException, IOException {
        Card card = lookup.existingCard(os, target);
        Optional<StorageDaemon> daemon = daemons.of(target);
        if (daemon.isPresent() && !target.fixed()) {
            Path layer = lookup.layers().path(card.layer());
            if (!daemon.get().isTop(layer)) {
                lookup.syncHome(os, target.volume());
                interruptJobs(os, daemon.get());
                daemon.get().cut(layer);
            }
        }
        return card;
    }

    /** Has a storage daemon end its work in the background, which goes on later. */
    void interruptJobs(Native os, StorageDaemon daemon)
            throws OsException, InterruptedException, IOException {
        boolean _ = LiveCommitting.end(os, lookup.layers(), daemon);
    }

    /** Brings what was written to a target's block devices to its storage daemon. */
    void flush(Native os, Target target) throws OsException, InterruptedException, IOException {
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
     * @throws OsException IN_USE if a target is attached, exported or open for writing
     */
    void checkUnused(Native os, Target target, Card card)
            throws OsException, InterruptedException, IOException {
        checkNotServed(os, target);
        try (Fd file = lookup.layers().openIfThere(os, card.layer())) {
            if (file != null && !target.fixed() && ImageLocks.written(os, file)) {
                throw new OsException(
                        IN_USE,
                        "%s is open for writing; see `fuser` for who has it"
                                .formatted(file.path()));
            }
        }
    }

    /**
     * @throws OsException IN_USE if a target is attached or exported
     */
    void checkNotServed(Native os, Target target)
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

    /**
     * @throws OsException UNSUPPORTED if others than our storage daemon write to a layer
     */
    void checkUnwritten(Native os, LayerId layer) throws OsException {
        try (Fd file = lookup.layers().openIfThere(os, layer)) {
            if (file != null && ImageLocks.written(os, file)) {
                throw new OsException(
                        UNSUPPORTED,
                        "%s is open for writing, and not by an attachment or export of Cairn's: what is written there could not be held off; see `fuser` for who has it"
                                .formatted(file.path()));
            }
        }
    }
}
