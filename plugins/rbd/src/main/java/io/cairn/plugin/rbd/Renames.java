package io.cairn.plugin.rbd;

import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.VolumeId;

import java.util.Optional;

/**
 * The names of images, which have two sides: by an object each is found by its name, and by a list
 * it has just one. A rename makes the object of the new name, changes the list, which decides it,
 * and removes the object of the old name; Ceph does not say if that fails. So whoever is killed, or
 * gets no answer, may leave an image that is found by a name which it does not have. Whatever
 * removes images by their names asks for that first, and what is to be found again is noted by
 * Ceph's id of it.
 */
final class Renames {
    /** Before an id as Ceph keeps it there is its length, in four bytes. */
    private static final int LENGTH_CHARS = 4;

    private final Cluster cluster;
    private final Images images;
    private final Objects objects;
    private final Cards cards;

    Renames(Cluster cluster, Images images, Objects objects, Cards cards) {
        this.cluster = cluster;
        this.images = images;
        this.objects = objects;
        this.cards = cards;
    }

    /** Ceph's id of the image that is found by a name, whatever it is listed by. */
    Optional<String> idOf(String name) throws OsException {
        return objects.read(Names.idOf(name))
                .filter(text -> text.length() > LENGTH_CHARS)
                .map(text -> text.substring(LENGTH_CHARS));
    }

    /** The name that an image is listed by; empty if it is there no more. */
    Optional<String> nameOf(String imageId) throws OsException {
        try (Image image = Image.openById(cluster, imageId)) {
            return Optional.of(image.listedName());
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Renames an image that is listed by its name.
     *
     * @throws OsException CONFLICT if there is one of the new name
     */
    void rename(String imageId, String from, String to) throws OsException {
        // Of a call that was killed.
        forget(to, imageId);
        try {
            images.rename(from, to);
        } catch (OsException e) {
            if (e.told().kind().outcomeKnown()) {
                try {
                    forget(to, imageId);
                } catch (OsException other) {
                    e.addSuppressed(other);
                }
            }
            throw e;
        }
        try {
            forget(from, imageId);
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /** Has an image be found no more by a name that it is not listed by. */
    void forget(String name, String imageId) throws OsException {
        if (idOf(name).equals(Optional.of(imageId))) {
            boolean _ = objects.remove(Names.idOf(name));
        }
    }

    /** Has no image be found by a name that is listed by another. */
    void forgetStranger(String name) throws OsException {
        Optional<String> id = idOf(name);
        if (id.isPresent()) {
            Optional<String> listed = nameOf(id.get());
            if (listed.isPresent() && !listed.get().equals(name)) {
                forget(name, id.get());
            }
        }
    }

    /**
     * Gives back an image that was to become a volume and has not, by the name that it had if that
     * is free.
     */
    void takeBack(VolumeId id) throws OsException {
        Optional<Card> card = cards.of(id);
        if (card.isPresent() && card.get().adopting().isPresent()) {
            takeBack(id, card.get().adopting().get(), card.get().label().source());
            cards.remove(id);
        }
    }

    private void takeBack(VolumeId id, String imageId, Optional<Source> source) throws OsException {
        String image = Names.image(id);
        if (!nameOf(imageId).equals(Optional.of(image))) {
            forget(image, imageId);
            return;
        }
        String name =
                source.orElse(null) instanceof Source.OfFile(String had)
                        ? had
                        : Names.released("", id);
        boolean taken = idOf(name).filter(other -> !other.equals(imageId)).isPresent();
        rename(imageId, image, taken ? Names.released("", id) : name);
    }
}
