package io.cairn.plugin.rbd;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.Optional;

/**
 * The objects that say of volumes and snapshots what their images do not. One for each, and not the
 * image's metadata, since that is read whole whenever the image is opened.
 */
final class Cards {
    private final Objects objects;

    Cards(Objects objects) {
        this.objects = objects;
    }

    Optional<Card> of(VolumeId id) throws OsException {
        return objects.read(Names.card(id)).map(Card::parse);
    }

    /** The text of a volume's card, while other things are asked for. */
    Pending<Optional<String>> reading(VolumeId id) throws OsException {
        return objects.reading(Names.card(id));
    }

    Optional<Card> of(SnapshotId id) throws OsException {
        return objects.read(Names.card(id)).map(Card::parse);
    }

    /** False if there is one. */
    boolean make(VolumeId id, Card card) throws OsException {
        return objects.create(Names.card(id), card.text());
    }

    /** False if there is one, of whichever volume's snapshot. */
    boolean make(SnapshotId id, Card card) throws OsException {
        return objects.create(Names.card(id), card.text());
    }

    /** The same, while other things are done. */
    Pending<Boolean> making(SnapshotId id, Card card) throws OsException {
        return objects.creating(Names.card(id), card.text());
    }

    void replace(VolumeId id, Card card) throws OsException {
        objects.replace(Names.card(id), card.text());
    }

    void replace(SnapshotId id, Card card) throws OsException {
        objects.replace(Names.card(id), card.text());
    }

    /** The same, while other things are done. */
    Pending<Boolean> replacing(SnapshotId id, Card card) throws OsException {
        return objects.replacing(Names.card(id), card.text());
    }

    void remove(VolumeId id) throws OsException {
        boolean _ = objects.remove(Names.card(id));
    }

    void remove(SnapshotId id) throws OsException {
        boolean _ = objects.remove(Names.card(id));
    }
}
