package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.qemu.Served;
import io.cairn.plugin.local.qemu.StorageDaemon;
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
    private static final System.Logger LOG = System.getLogger(Running.class.getName());

    private final Lookup lookup;
    private final LayeredDaemons daemons;
    private final Chores chores;
    private final Served served;

    Running(Lookup lookup, LayeredDaemons daemons, Chores chores) {
        this.lookup = lookup;
        this.daemons = daemons;
        this.chores = chores;
        this.served = new Served(daemons.all(), new Interrupting(lookup, daemons, chores));
    }

    /** Interrupts the work in the background of one that ends, which goes on without it. */
    private record Interrupting(Lookup lookup, LayeredDaemons daemons, Chores chores)
            implements Served.Ending {
        @Override
        public void before(Native os, StorageDaemon daemon)
                throws OsException, InterruptedException, IOException {
            boolean _ = LiveCommitting.end(os, lookup.layers(), daemons.layered(daemon));
        }

        @Override
        public void after() {
            // What was written to cannot be merged before.
            chores.soon();
        }
    }

    /** Keeps a layer from being merged, for what is to be done with it. */
    Chores.Hold hold(LayerId layer) throws InterruptedException {
        return chores.hold(List.of(layer));
    }

    /** The same of several. */
    Chores.Hold hold(List<LayerId> layers) throws InterruptedException {
        return chores.hold(layers);
    }

    /** Has what is not needed any more removed in the background. */
    void mergeSoon() {
        chores.soon();
    }

    /** What is used of them, and how that ends. */
    Served served() {
        return served;
    }

    /** The one of a target that has a card; starts it if there is none. */
    LayeredDaemon started(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        Card card = settled(os, target);
        Optional<LayeredDaemon> there = daemons.of(target);
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
        Optional<LayeredDaemon> daemon = daemons.of(target);
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

    /**
     * Has all of them write to the layers that the cards name, for who is killed may leave one that
     * does not. For before anything else is done. One that refuses is told by the next call for its
     * target.
     */
    void settleAll(Native os) throws IOException {
        for (Target target : daemons.running()) {
            try {
                if (lookup.card(os, target).isPresent()) {
                    Card _ = settled(os, target);
                }
            } catch (OsException | IOException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "cannot tell the storage daemon of %s where to go on".formatted(target),
                        e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }

    /** Has a storage daemon end its work in the background, which goes on later. */
    void interruptJobs(Native os, LayeredDaemon daemon)
            throws OsException, InterruptedException, IOException {
        boolean _ = LiveCommitting.end(os, lookup.layers(), daemon);
    }

    /**
     * @throws OsException IN_USE if a target is attached, exported or open for writing
     */
    void checkUnused(Native os, Target target, Card card)
            throws OsException, InterruptedException, IOException {
        served.checkNot(os, target);
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
