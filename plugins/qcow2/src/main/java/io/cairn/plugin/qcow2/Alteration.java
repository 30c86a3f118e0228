package io.cairn.plugin.qcow2;

import static io.cairn.plugin.qcow2.Lookup.CUT;
import static io.cairn.plugin.qcow2.Lookup.HALF;
import static io.cairn.plugin.qcow2.Lookup.NEW_VOLUME;
import static io.cairn.plugin.qcow2.Lookup.NEXT;
import static io.cairn.plugin.qcow2.Lookup.VOLUME;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.Optional;

/** Changes what is there already, and takes it away. */
final class Alteration {
    private final BackendFolder folder;
    private final Lookup lookup;
    private final Layers layers;
    private final Creation creation;
    private final Running running;
    private final Chores chores;

    Alteration(
            BackendFolder folder,
            Lookup lookup,
            Creation creation,
            Running running,
            Chores chores) {
        this.folder = folder;
        this.lookup = lookup;
        this.layers = lookup.layers();
        this.creation = creation;
        this.running = running;
        this.chores = chores;
    }

    void mark(Native os, Target target, Mark mark) throws OsException {
        Card card = lookup.existingCard(os, target);
        String id =
                target.snapshot()
                        .map(SnapshotId::toString)
                        .orElseGet(() -> target.volume().toString());
        String name = target.snapshot().map(snapshot -> snapshot + CUT).orElse(VOLUME);
        try (Fd home = os.open(folder.volumes(), target.volume().toString(), Native.O_RDONLY)) {
            card.marked(id, mark).write(os, home, name + NEXT);
            os.rename(home, name + NEXT, name);
            try {
                os.sync(home);
            } catch (OsException e) {
                throw e.withUnknownOutcome();
            }
        }
    }

    BackendVolume grow(Native os, VolumeId id, long sizeBytes)
            throws OsException, InterruptedException, IOException {
        Target target = Target.of(id);
        Card card = running.settled(os, id);
        long before = layers.head(os, card.layer()).sizeBytes();
        if (sizeBytes < before) {
            throw new OsException(
                    INVALID, "it has %d bytes already; volumes do not shrink".formatted(before));
        }
        checkSize(sizeBytes);
        if (sizeBytes > before) {
            if (running.served().is(target)) {
                throw new OsException(
                        IN_USE,
                        "it is attached or exported, and who uses it would not see that it is larger; detach it or take the export back first");
            }
            // All of them, for they are opened too.
            try (Chores.Hold _ = chores.hold(layers.chain(os, card.layer()))) {
                layers.resize(card.layer(), sizeBytes);
            }
        }
        layers.syncOne(os, card.layer());
        return lookup.volume(os, id)
                .orElseThrow(() -> new OsException(NOT_FOUND, "there is no such volume"));
    }

    static void checkSize(long sizeBytes) throws OsException {
        if (sizeBytes % Layers.SECTOR != 0) {
            throw new OsException(
                    INVALID,
                    "%d bytes are no whole sectors of %d bytes: take %d"
                            .formatted(
                                    sizeBytes,
                                    Layers.SECTOR,
                                    Math.ceilDiv(sizeBytes, Layers.SECTOR) * Layers.SECTOR));
        }
    }

    BackendVolume revert(Native os, VolumeId id, SnapshotId to)
            throws OsException, InterruptedException, IOException {
        Card card = running.settled(os, id);
        Card snapshot = lookup.existingCard(os, Target.of(id, to));
        try (Chores.Hold _ = running.hold(card.layer());
                Fd home = os.open(folder.volumes(), id.toString(), Native.O_RDONLY)) {
            running.checkUnused(os, Target.of(id), card);
            long sizeBytes = layers.head(os, card.layer()).sizeBytes();
            creation.replace(os, home, card, Optional.of(snapshot.layer()), sizeBytes);
            // What was written since goes; nobody lies over what a volume is written to.
            removeLater(os, card.layer());
        }
        chores.soon();
        return lookup.volume(os, id)
                .orElseThrow(() -> new OsException(NOT_FOUND, "there is no such volume"));
    }

    void deleteVolume(Native os, VolumeId id)
            throws OsException, InterruptedException, IOException {
        try (Fd home = lookup.home(os, id)) {
            if (home != null) {
                lookup.checkAlone(home);
                Card card = Card.read(os, home, VOLUME);
                if (card != null) {
                    try (Chores.Hold _ = running.hold(card.layer())) {
                        running.checkUnused(os, Target.of(id), card);
                        // First, or it would become the card of a volume that is to be gone.
                        creation.removeNew(os, home);
                        os.remove(home, VOLUME, 0);
                        settled(os, home);
                        removeLater(os, card.layer());
                    }
                } else {
                    removeNewOfSource(os, home);
                }
            }
            removeRest(os, id, home);
        }
        chores.soon();
    }

    /**
     * Removes what a killed call began at the volume that was to be cloned. Before the clone's
     * unfinished card, which leads there.
     */
    private void removeNewOfSource(Native os, Fd home) throws OsException {
        Card begun = Card.readHalf(os, home, NEW_VOLUME);
        if (begun != null && begun.label().source().orElse(null) instanceof Source.OfVolume of) {
            try (Fd source = lookup.home(os, of.id())) {
                if (source != null) {
                    creation.removeNew(os, source);
                    settled(os, source);
                }
            }
        }
    }

    /** What is done already is not undone by a layer that stays; it is tried again. */
    private void removeLater(Native os, LayerId layer) {
        try {
            boolean _ = layers.remove(os, layer);
        } catch (OsException _) {
            chores.soon();
        }
    }

    private static void settled(Native os, Fd folder) throws OsException {
        try {
            os.sync(folder);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private void removeRest(Native os, VolumeId id, @Nullable Fd home)
            throws OsException, IOException {
        try {
            if (home != null) {
                creation.removeBegun(os, home);
                folder.removeVolume(os, id.toString());
            }
            os.sync(folder.volumes());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    void deleteSnapshot(Native os, SnapshotId id, VolumeId volume)
            throws OsException, InterruptedException, IOException {
        running.served().checkNot(os, Target.of(volume, id));
        try (Fd home = lookup.home(os, volume)) {
            boolean ours = false;
            if (home != null) {
                os.remove(home, id + CUT + NEXT, 0);
                ours = os.remove(home, id + CUT, 0);
                os.remove(home, id + HALF, 0);
                creation.removeNew(os, home);
                settled(os, home);
            }
            String claimed = os.linked(folder.snapshots(), id.toString());
            if (ours || claimed.equals(Creation.claimed(id, volume))) {
                os.remove(folder.snapshots(), id.toString(), 0);
            }
            settled(os, folder.snapshots());
        }
        chores.soon();
    }
}
