package io.cairn.plugin.qcow2;

import static io.cairn.plugin.qcow2.Lookup.ADOPTING;
import static io.cairn.plugin.qcow2.Lookup.COPY;
import static io.cairn.plugin.qcow2.Lookup.VOLUME;
import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Candidates;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The steps by which an image comes and goes, each of which may be the last before a kill.
 *
 * <ul>
 *   <li>Coming: the card {@link Lookup#ADOPTING} names a layer that is not there; the image gets
 *       that layer's name; the card becomes the volume's.
 *   <li>Going: the card gets a name that tells what the image is to be called; the layer, or a copy
 *       of all that it lies over, gets that name in the backend's folder, and loses its own; the
 *       card goes.
 * </ul>
 */
final class Ownership {
    private static final System.Logger LOG = System.getLogger(Ownership.class.getName());

    private final BackendFolder folder;
    private final Lookup lookup;
    private final Layers layers;
    private final Candidates.Form form;

    Ownership(BackendFolder folder, Lookup lookup, Candidates.Form form) {
        this.folder = folder;
        this.lookup = lookup;
        this.layers = lookup.layers();
        this.form = form;
    }

    /**
     * What a volume's card is called once it is to be given up.
     *
     * @param alone whether its layer itself is to go, and not a copy
     */
    static String begun(String wanted, boolean alone) {
        return wanted + (alone ? Lookup.GOING : Lookup.COPIED);
    }

    void checkFree(Native os, String wanted) throws OsException {
        if (Layers.there(os, folder.root(), wanted).isPresent()) {
            throw Layers.taken(folder.root(), wanted);
        }
    }

    /** As {@link #finish}; what stands against it is told by the next call for that volume. */
    void finishIfPossible(Native os, VolumeId id) throws IOException {
        try {
            finish(os, id);
        } catch (OsException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "cannot end the adoption or release of volume %s".formatted(id),
                    e);
        }
    }

    /** Ends what was begun at a volume, or takes it back if that cannot be. */
    void finish(Native os, VolumeId id) throws OsException, IOException {
        try (Fd home = lookup.home(os, id)) {
            if (home == null) {
                return;
            }
            for (String name : Entries.names(Path.of(home.path()))) {
                if (name.equals(ADOPTING)) {
                    finishComing(os, id, home);
                } else if (name.endsWith(Lookup.GOING)) {
                    finishGoing(os, id, home, name, Lookup.GOING);
                } else if (name.endsWith(Lookup.COPIED)) {
                    finishGoing(os, id, home, name, Lookup.COPIED);
                }
            }
        }
    }

    private void finishComing(Native os, VolumeId id, Fd home) throws OsException, IOException {
        Card card = Card.readHalf(os, home, ADOPTING);
        if (card == null || !isFit(os, card.layer())) {
            // It was not taken, or another one was.
            giveBack(os, id);
            return;
        }
        if (Card.read(os, home, VOLUME) != null) {
            throw new OsException(
                    CONFLICT,
                    "that id is another volume now; delete it, and adopt the image again");
        }
        try {
            layers.sync(os);
            os.sync(folder.root());
            os.rename(home, ADOPTING, VOLUME);
            os.sync(home);
            os.sync(folder.volumes());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private boolean isFit(Native os, LayerId layer) throws OsException {
        try (Fd file = layers.openIfThere(os, layer)) {
            if (file == null) {
                return false;
            }
            long _ = form.sizeBytes(os, file);
            return true;
        } catch (OsException e) {
            if (e.told().kind() == UNSUPPORTED) {
                return false;
            }
            throw e;
        }
    }

    /** Takes an adoption back that did not come to its end, and an empty folder with it. */
    void giveBack(Native os, VolumeId id) throws OsException, IOException {
        try (Fd home = lookup.home(os, id)) {
            if (home == null) {
                return;
            }
            Card card = Card.readHalf(os, home, ADOPTING);
            if (card != null) {
                if (card.label().source().orElse(null) instanceof Source.OfFile of) {
                    boolean _ = layers.give(os, card.layer(), folder.root(), of.name());
                } else if (layers.headIfThere(os, card.layer()).isPresent()) {
                    throw new OsException(
                            FAULT,
                            "%s/%s does not say what %s was called; move it out of there"
                                    .formatted(home.path(), ADOPTING, layers.path(card.layer())));
                }
            }
            if (os.remove(home, ADOPTING, 0)) {
                os.sync(home);
            }
            removeIfEmpty(os, id, home);
        }
    }

    /** Removes the folder of a volume that is not there any more. */
    void removeIfEmpty(Native os, VolumeId id) throws OsException, IOException {
        try (Fd home = lookup.home(os, id)) {
            if (home != null) {
                removeIfEmpty(os, id, home);
            }
        }
    }

    private void removeIfEmpty(Native os, VolumeId id, Fd home) throws OsException, IOException {
        if (Entries.names(Path.of(home.path())).isEmpty()) {
            folder.removeVolume(os, id.toString());
            os.sync(folder.volumes());
        }
    }

    private void finishGoing(Native os, VolumeId id, Fd home, String name, String end)
            throws OsException {
        String wanted = name.substring(0, name.length() - end.length());
        Card card = Card.read(os, home, name);
        if (card == null) {
            return;
        }
        boolean given;
        try {
            given =
                    end.equals(Lookup.COPIED)
                            ? Layers.give(os, home, COPY, folder.root(), wanted)
                            : layers.give(os, card.layer(), folder.root(), wanted);
        } catch (OsException e) {
            if (e.told().kind().outcomeKnown()) {
                Creation.undo(e, () -> stay(os, home, name));
            }
            throw e;
        }
        if (!given && Layers.there(os, folder.root(), wanted).isEmpty()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0}/{1}, which volume {2} became, was moved away before all was noted",
                    folder.path(),
                    wanted,
                    id);
        }
        try {
            os.sync(folder.root());
            os.remove(home, name, 0);
            os.sync(home);
            folder.removeVolume(os, id.toString());
            os.sync(folder.volumes());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /** What cannot go is the volume that it was. */
    private static void stay(Native os, Fd home, String name) throws OsException {
        os.rename(home, name, VOLUME);
        os.remove(home, COPY, 0);
        os.sync(home);
    }
}
