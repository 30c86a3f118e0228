package io.cairn.plugin.qcow2;

import static io.cairn.plugin.qcow2.Lookup.COPY;
import static io.cairn.plugin.qcow2.Lookup.CUT;
import static io.cairn.plugin.qcow2.Lookup.HALF;
import static io.cairn.plugin.qcow2.Lookup.NEW_VOLUME;
import static io.cairn.plugin.qcow2.Lookup.NEXT;
import static io.cairn.plugin.qcow2.Lookup.VOLUME;
import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Makes cards and layers, in the order that the package says. */
final class Creation {
    private final BackendFolder folder;
    private final Lookup lookup;
    private final Layers layers;
    private final Running running;
    private final int mostLayers;

    /**
     * @param mostLayers how many may lie over each other before no snapshot is cut any more
     */
    Creation(BackendFolder folder, Lookup lookup, Running running, int mostLayers) {
        this.folder = folder;
        this.lookup = lookup;
        this.layers = lookup.layers();
        this.running = running;
        this.mostLayers = mostLayers;
    }

    /** What a call does while a volume's card is not yet what it is to become. */
    private interface Step {
        void run() throws OsException, InterruptedException, IOException;
    }

    /** Makes a volume that is not there, over a layer that is not written any more. */
    BackendVolume make(Native os, VolumeSpec spec, Optional<Source> source, Optional<LayerId> below)
            throws OsException, InterruptedException, IOException {
        if (below.isPresent()) {
            checkDepth(os, below.get());
        }
        return make(os, spec, source, below, () -> {});
    }

    /** Makes a volume with the content that another one has now. */
    BackendVolume copy(Native os, VolumeSpec spec, VolumeId of)
            throws OsException, InterruptedException, IOException {
        Card card = running.settled(os, of);
        try (Chores.Hold _ = running.hold(card.layer())) {
            checkDepth(os, card.layer());
            checkUnwritten(os, of, card);
            return make(
                    os,
                    spec,
                    Optional.of(new Source.OfVolume(of)),
                    Optional.of(card.layer()),
                    () -> {
                        running.served().flush(os, Target.of(of));
                        goOn(os, of, card, () -> {});
                    });
        }
    }

    private BackendVolume make(
            Native os,
            VolumeSpec spec,
            Optional<Source> source,
            Optional<LayerId> below,
            Step before)
            throws OsException, InterruptedException, IOException {
        String name = spec.id().toString();
        os.makeFolder(folder.volumes(), name, 0700);
        try (Fd home = os.open(folder.volumes(), name, Native.O_RDONLY)) {
            try {
                removeNew(os, home);
                Label label = new Label(name, spec.mark(), Optional.empty(), source);
                Card card = new Card(LayerId.random(), label);
                card.begin(os, home, NEW_VOLUME);
                layers.create(
                        os,
                        card.layer(),
                        below,
                        spec.sizeBytes(),
                        () -> Card.sync(os, home, NEW_VOLUME));
                before.run();
                os.rename(home, NEW_VOLUME, VOLUME);
                os.sync(home);
                os.sync(folder.volumes());
                return new BackendVolume(
                        spec.id(),
                        spec.pool(),
                        spec.sizeBytes(),
                        lookup.location(Target.of(spec.id())),
                        spec.mark());
            } catch (OsException | InterruptedException | IOException | RuntimeException e) {
                undo(
                        e,
                        () -> {
                            Card made = Card.readHalf(os, home, VOLUME);
                            os.remove(home, VOLUME, 0);
                            os.sync(home);
                            if (made != null) {
                                layers.remove(os, made.layer());
                            }
                            removeNew(os, home);
                            folder.removeVolume(os, name);
                            os.sync(folder.volumes());
                        });
                throw e;
            }
        }
    }

    /** Removes what a killed call left of a volume that is not there. */
    void clear(Native os, VolumeId id) throws OsException {
        try (Fd home = lookup.home(os, id)) {
            if (home != null && Card.read(os, home, VOLUME) == null) {
                removeNew(os, home);
                folder.removeVolume(os, id.toString());
            }
        }
    }

    /** Removes a volume's unfinished cards, and what they were made for. */
    void removeNew(Native os, Fd home) throws OsException {
        removeNew(os, home, NEW_VOLUME);
        removeNew(os, home, VOLUME + NEXT);
    }

    /** As {@link #removeNew}, and all else that killed calls left at a volume without snapshots. */
    void removeBegun(Native os, Fd home) throws OsException, IOException {
        removeNew(os, home);
        for (String name : Entries.names(Path.of(home.path()))) {
            if (name.endsWith(HALF) || name.endsWith(NEXT) || name.equals(COPY)) {
                os.remove(home, name, 0);
            }
        }
    }

    private void removeNew(Native os, Fd home, String name) throws OsException {
        Card half = Card.readHalf(os, home, name);
        if (half != null) {
            Card whole = Card.read(os, home, VOLUME);
            if (whole == null || !whole.layer().equals(half.layer())) {
                layers.remove(os, half.layer());
                layers.sync(os);
            }
        }
        os.remove(home, name, 0);
    }

    /** Cuts a snapshot, or returns the one that is there. The caller has the turn of its id. */
    BackendSnapshot cut(Native os, SnapshotSpec spec)
            throws OsException, InterruptedException, IOException {
        Optional<BackendSnapshot> existing = lookup.existing(os, spec);
        if (existing.isPresent()) {
            return existing.get();
        }
        Card card = running.settled(os, spec.volume());
        try (Chores.Hold _ = running.hold(card.layer())) {
            checkDepth(os, card.layer());
            checkUnwritten(os, spec.volume(), card);
            return cut(os, spec, card);
        }
    }

    private BackendSnapshot cut(Native os, SnapshotSpec spec, Card card)
            throws OsException, InterruptedException, IOException {
        VolumeId volume = spec.volume();
        String name = spec.id().toString();
        claim(os, name, claimed(spec.id(), volume));
        try (Fd home = os.open(folder.volumes(), volume.toString(), Native.O_RDONLY)) {
            try {
                running.served().flush(os, Target.of(volume));
                Instant cutAt = Instant.now();
                Label label = new Label(name, spec.mark(), Optional.of(cutAt), Optional.empty());
                new Card(card.layer(), label).begin(os, home, name + HALF);
                long sizeBytes = goOn(os, volume, card, () -> Card.sync(os, home, name + HALF));
                os.rename(home, name + HALF, name + CUT);
                os.sync(home);
                os.sync(folder.snapshots());
                return new BackendSnapshot(
                        spec.id(),
                        volume,
                        sizeBytes,
                        cutAt,
                        lookup.location(Target.of(volume, spec.id())),
                        spec.mark());
            } catch (OsException | InterruptedException | IOException | RuntimeException e) {
                undo(
                        e,
                        () -> {
                            os.remove(home, name + HALF, 0);
                            os.remove(home, name + CUT, 0);
                            os.sync(home);
                            os.remove(folder.snapshots(), name, 0);
                            os.sync(folder.snapshots());
                        });
                throw e;
            }
        }
    }

    /**
     * Has a volume go on in an empty layer, after which the one that it was written to stays as it
     * is.
     *
     * @param with is made durable with the layer, before the volume goes on in it
     * @return the volume's size
     */
    private long goOn(Native os, VolumeId volume, Card card, Layers.Syncing with)
            throws OsException, InterruptedException, IOException {
        long sizeBytes = layers.head(os, card.layer()).sizeBytes();
        boolean idle = !running.served().is(Target.of(volume));
        try (Fd home = os.open(folder.volumes(), volume.toString(), Native.O_RDONLY)) {
            replace(
                    os,
                    home,
                    card,
                    Optional.of(card.layer()),
                    sizeBytes,
                    () -> {
                        if (idle) {
                            // What a storage daemon left that was killed. One that runs does it.
                            layers.syncOne(os, card.layer());
                        }
                        with.run();
                    });
        }
        // Who was killed before leaves a storage daemon that writes to the lower one, and an upper
        // one that is empty: they read the same, until the next call tells it.
        Card _ = running.settled(os, volume);
        return sizeBytes;
    }

    /** Gives a volume an empty layer over another one, at once. */
    void replace(Native os, Fd home, Card card, Optional<LayerId> below, long sizeBytes)
            throws OsException {
        replace(os, home, card, below, sizeBytes, () -> {});
    }

    private void replace(
            Native os,
            Fd home,
            Card card,
            Optional<LayerId> below,
            long sizeBytes,
            Layers.Syncing with)
            throws OsException {
        removeNew(os, home);
        Card next = card.on(LayerId.random());
        next.begin(os, home, VOLUME + NEXT);
        try {
            layers.create(
                    os,
                    next.layer(),
                    below,
                    sizeBytes,
                    () -> {
                        Card.sync(os, home, VOLUME + NEXT);
                        with.run();
                    });
            os.rename(home, VOLUME + NEXT, VOLUME);
        } catch (OsException | RuntimeException e) {
            undo(e, () -> removeNew(os, home));
            throw e;
        }
        try {
            os.sync(home);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private void checkDepth(Native os, LayerId top) throws OsException {
        List<LayerId> chain = layers.chain(os, top);
        if (chain.size() >= mostLayers) {
            throw new OsException(
                    UNSUPPORTED,
                    "%d layers lie over each other there, and %s allows no more: delete snapshots, and wait until what they leave is merged"
                            .formatted(chain.size(), Qcow2DriverProvider.MOST_LAYERS));
        }
    }

    /** What others write to would go on changing. */
    private void checkUnwritten(Native os, VolumeId volume, Card card)
            throws OsException, InterruptedException, IOException {
        if (!running.served().is(Target.of(volume))) {
            running.checkUnwritten(os, card.layer());
        }
    }

    /** Where the link of a snapshot's id leads. */
    static String claimed(SnapshotId id, VolumeId volume) {
        return "../%s/%s/%s%s".formatted(BackendFolder.VOLUMES, volume, id, CUT);
    }

    /** Takes the id of a snapshot, which is unique over all volumes. */
    private void claim(Native os, String name, String target) throws OsException {
        if (os.makeLink(folder.snapshots(), name, target)) {
            return;
        }
        if (os.linked(folder.snapshots(), name).equals(target)) {
            return;
        }
        try (Fd other = os.openIfThere(folder.snapshots(), name)) {
            if (other != null) {
                throw new OsException(CONFLICT, "that id is a snapshot of another volume");
            }
        }
        os.remove(folder.snapshots(), name, 0);
        os.makeLink(folder.snapshots(), name, target);
    }

    /** Durably, or the half made would come back with the power after the failure was known. */
    static void undo(Exception failure, Undoing undoing) {
        try {
            undoing.run();
        } catch (OsException | IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Takes back what was half done. */
    interface Undoing {
        void run() throws OsException, IOException;
    }
}
