package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Changes what is there already, and takes it away. */
final class Alteration {
    private static final String OPEN =
            "somebody has it open; see `rbd status`. Ceph forgets who was killed within 30 seconds";

    private final Cluster cluster;
    private final Images images;
    private final Cards cards;
    private final Lookup lookup;
    private final Reverts reverts;
    private final Instants instants;
    private final Depths depths;
    private final Serving serving;
    private final Grants grants;
    private final Renames renames;

    Alteration(
            Cluster cluster,
            Images images,
            Cards cards,
            Lookup lookup,
            Reverts reverts,
            Instants instants,
            Depths depths,
            Serving serving,
            Grants grants,
            Renames renames) {
        this.cluster = cluster;
        this.images = images;
        this.cards = cards;
        this.lookup = lookup;
        this.reverts = reverts;
        this.instants = instants;
        this.depths = depths;
        this.serving = serving;
        this.grants = grants;
        this.renames = renames;
    }

    void mark(VolumeId id, Mark mark) throws OsException {
        Card card = lookup.existingCard(id);
        if (lookup.volume(id).isEmpty()) {
            throw new OsException(NOT_FOUND, "there is no such volume");
        }
        cards.replace(id, card.marked(id.toString(), mark));
    }

    void mark(SnapshotId id, VolumeId volume, Mark mark) throws OsException {
        try (Image image = Image.openToRead(cluster, Names.image(volume))) {
            Image.Snap _ = lookup.existing(image, id);
        }
        Optional<Card> card = cards.of(id);
        if (card.isPresent()) {
            cards.replace(id, card.get().marked(id.toString(), mark));
            return;
        }
        Label found =
                new Label(
                        id.toString(),
                        mark,
                        Optional.of(Instant.EPOCH),
                        Optional.of(new Source.OfVolume(volume)));
        boolean _ = cards.make(id, Card.of(found));
    }

    BackendVolume grow(VolumeId id, long sizeBytes)
            throws OsException, InterruptedException, IOException {
        Card card = reverts.settled(id, lookup.existingCard(id));
        try (Image image = Image.open(cluster, Names.image(id))) {
            long before = image.sizeBytes();
            if (sizeBytes < before) {
                throw new OsException(
                        INVALID,
                        "it has %d bytes already; volumes do not shrink".formatted(before));
            }
            Creation.checkSize(sizeBytes);
            if (sizeBytes > before) {
                serving.checkGrowable(id);
                image.resize(sizeBytes, false);
            }
            // By the repeat of a call that was killed, too.
            serving.grown(id);
            return lookup.asFound(id, card, image);
        }
    }

    BackendVolume revert(VolumeId id, SnapshotId to)
            throws OsException, InterruptedException, IOException {
        // Whoever has it open stands against it, and copying it would not be of use.
        try (Depths.Hold _ = depths.hold(id)) {
            return revertAlone(id, to);
        }
    }

    private BackendVolume revertAlone(VolumeId id, SnapshotId to)
            throws OsException, InterruptedException, IOException {
        Card card = reverts.settled(id, lookup.existingCard(id));
        checkUnused(Target.of(id));
        long sizeBytes;
        try (Image image = Image.open(cluster, Names.image(id))) {
            Image.Snap _ = lookup.existing(image, to);
            checkAlone(image);
            sizeBytes = image.sizeBytes();
        }
        reverts.revert(id, card, new Card.Reverting(to, sizeBytes));
        return lookup.volume(id)
                .orElseThrow(() -> new OsException(NOT_FOUND, "there is no such volume"));
    }

    /**
     * @throws OsException IN_USE if others have it open too; UNAVAILABLE if Ceph only takes it so
     */
    private void checkAlone(Image image) throws OsException {
        OwnWatch.check(cluster, image);
        if (image.watchers().size() > 1) {
            throw new OsException(IN_USE, OPEN);
        }
    }

    /**
     * @throws OsException IN_USE if a target is attached or exported
     */
    private void checkUnused(Target target) throws OsException, InterruptedException, IOException {
        serving.check(target);
        grants.check(target);
    }

    void deleteVolume(VolumeId id) throws OsException, InterruptedException, IOException {
        // An image that has not become a volume yet, or is none any more, is not Cairn's to delete.
        renames.takeBack(id);
        renames.forgetStranger(Names.image(id));
        parted(
                id,
                () -> {
                    boolean _ = images.remove(Names.image(id));
                });
    }

    /** Has a volume be no more Cairn's, but an image of another name. */
    void release(VolumeId id, String imageId, String name)
            throws OsException, InterruptedException, IOException {
        Card _ = reverts.settled(id, lookup.existingCard(id));
        parted(
                id,
                () -> {
                    try (Image image = Image.openToRead(cluster, Names.image(id))) {
                        OwnWatch.check(cluster, image);
                        if (!image.watchers().isEmpty()) {
                            throw new OsException(IN_USE, OPEN);
                        }
                    }
                    renames.rename(imageId, Names.image(id), name);
                });
    }

    /** What is done with the image of a volume that is to be none any more. */
    private interface Parting {
        void run() throws OsException, InterruptedException;
    }

    /**
     * Has a volume be one no more.
     *
     * @throws OsException IN_USE while it has snapshots, or is attached or exported
     */
    private void parted(VolumeId id, Parting parting)
            throws OsException, InterruptedException, IOException {
        checkUnused(Target.of(id));
        try (Depths.Hold _ = depths.hold(id)) {
            Optional<Image> there = Image.openIfThere(cluster, Names.image(id));
            if (there.isPresent()) {
                boolean any;
                try (Image image = there.get()) {
                    any = checkBare(image);
                }
                if (any) {
                    removeHalves(id);
                }
            }
            parting.run();
        }
        forget(id);
    }

    /** Removes what is kept of a volume beside its image, which is gone. */
    void forget(VolumeId id) throws OsException {
        try {
            instants.remove(id);
            cards.remove(id);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /**
     * Whether there is anything that calls left which were killed, and nothing else.
     *
     * @throws OsException IN_USE if there are snapshots
     */
    private boolean checkBare(Image image) throws OsException {
        List<Image.Snap> snaps = image.snaps();
        for (Image.Snap snap : snaps) {
            if (!isHalf(snap)) {
                throw new OsException(
                        IN_USE,
                        "it has snapshots, such as %s; delete them first".formatted(snap.name()));
            }
        }
        return !snaps.isEmpty();
    }

    private boolean isHalf(Image.Snap snap) throws OsException {
        if (Names.isInstant(snap.name())) {
            return true;
        }
        Optional<SnapshotId> id = Names.snapshotOf(snap.name());
        return id.isPresent() && cards.of(id.get()).filter(Card::cutting).isPresent();
    }

    private void removeHalves(VolumeId id) throws OsException {
        try (Image image = Image.open(cluster, Names.image(id))) {
            for (Image.Snap snap : image.snaps()) {
                if (isHalf(snap)) {
                    boolean _ = image.removeSnap(snap.name());
                    Optional<SnapshotId> cut = Names.snapshotOf(snap.name());
                    if (cut.isPresent()) {
                        cards.remove(cut.get());
                    }
                }
            }
        }
    }

    void deleteSnapshot(SnapshotId id, VolumeId volume)
            throws OsException, InterruptedException, IOException {
        checkUnused(Target.of(volume, id));
        try {
            Optional<Card> card = lookup.card(volume);
            if (card.flatMap(Card::reverting).filter(each -> each.to().equals(id)).isPresent()) {
                // The volume is half back to it, and would stay so.
                Card _ = reverts.settled(volume, card.orElseThrow());
            }
            try (Image image = Image.open(cluster, Names.image(volume))) {
                boolean _ = image.removeSnap(id.toString());
            }
        } catch (OsException e) {
            // With the image its snapshots are gone.
            if (!e.is(OsException.ENOENT)) {
                throw e;
            }
        }
        Optional<Source> of = cards.of(id).flatMap(card -> card.label().source());
        // Another volume may have a snapshot of that id by now.
        if (of.equals(Optional.of(new Source.OfVolume(volume)))) {
            try {
                cards.remove(id);
            } catch (OsException e) {
                throw e.withUnknownOutcome();
            }
        }
    }
}
