package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.Adopting;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Images that are not Cairn's. One becomes a volume by its name and its card, which says first that
 * it is about to, and stops being one by another name and without a card.
 */
final class Adoption implements Adopting {
    private static final String RELEASED = "[a-z0-9._-]{1,63}";

    /** In a name they would mean a namespace, a snapshot, or a line of a card. */
    private static final String PLAIN = "[^/@\\p{Cntrl}]+";

    /** These are of rbd/features.h. */
    private static final long LAYERING = 1;

    /** Exclusive-lock, object-map and fast-diff. */
    private static final long GIVEN = 1 << 2 | 1 << 3 | 1 << 4;

    /** Besides those: striping, deep-flatten, a pool for data, and operations. */
    private static final long INDIFFERENT = 1 << 1 | 1 << 5 | 1 << 7 | 1 << 8;

    private final Calling calling;
    private final Cluster cluster;
    private final Images images;
    private final Cards cards;
    private final Lookup lookup;
    private final Renames renames;
    private final Alteration alteration;
    private final ReentrantLock turn = new ReentrantLock();

    Adoption(
            Calling calling,
            Cluster cluster,
            Images images,
            Cards cards,
            Lookup lookup,
            Renames renames,
            Alteration alteration) {
        this.calling = calling;
        this.cluster = cluster;
        this.images = images;
        this.cards = cards;
        this.lookup = lookup;
        this.renames = renames;
        this.alteration = alteration;
    }

    @Override
    public List<Unmanaged> unmanaged() throws DriverException, InterruptedException {
        return calling.call(
                "list what is not Cairn's in " + cluster.address(),
                () -> {
                    List<Unmanaged> found = new ArrayList<>();
                    for (String name : images.names(each -> !each.startsWith(Names.IMAGE))) {
                        look(name).ifPresent(found::add);
                    }
                    found.sort(Comparator.comparing(Unmanaged::path));
                    return found;
                });
    }

    /** What there is of a name; empty if nothing is any more. */
    private Optional<Unmanaged> look(String name) throws OsException {
        try (Image image = Image.openToRead(cluster, name)) {
            String obstacle = obstacle(image).map(OsException::getMessage).orElse("");
            return Optional.of(new Unmanaged(name, image.sizeBytes(), obstacle));
        } catch (OsException e) {
            if (e.told().kind() == NOT_FOUND) {
                return Optional.empty();
            }
            if (e.told().kind() == UNAVAILABLE) {
                throw e;
            }
            return Optional.of(new Unmanaged(name, 0, e.getMessage()));
        }
    }

    /** Why an image cannot become a volume, if it cannot. */
    private Optional<OsException> obstacle(Image image) throws OsException {
        String name = cluster.address().of(image.name());
        List<Image.Watcher> watchers = image.watchers();
        if (!watchers.isEmpty()) {
            return Optional.of(
                    new OsException(
                            IN_USE,
                            "it is open, by %s; close it there, see `rbd status %s`"
                                    .formatted(watchers.getFirst().address(), name)));
        }
        List<Image.Snap> snaps = image.snaps();
        if (!snaps.isEmpty()) {
            return unsupported(
                    "it has snapshots, such as %s; only what has none can be adopted"
                            .formatted(snaps.getFirst().name()));
        }
        Optional<VolumeId> was = Names.releasedOf(image.name());
        if (was.isPresent() && lookup.card(was.get()).isPresent()) {
            return Optional.of(
                    new OsException(
                            IN_USE, "volume %s is about to become it".formatted(was.get())));
        }
        long features = image.features();
        if ((features & LAYERING) == 0) {
            return unsupported(
                    "it was made without layering, so that nothing can be made of its snapshots; copy it with `rbd deep cp`");
        }
        if ((features & GIVEN) != GIVEN) {
            return unsupported(
                    "it lacks features; give it those missing of them with `rbd feature enable %s exclusive-lock object-map fast-diff`, then `rbd object-map rebuild %s`"
                            .formatted(name, name));
        }
        if ((features & ~(LAYERING | GIVEN | INDIFFERENT)) != 0) {
            return unsupported(
                    "it is mirrored, journaled or being migrated (features %x); see `rbd info %s`"
                            .formatted(features, name));
        }
        if (image.sizeBytes() == 0) {
            return unsupported("it is empty; give it a size with `rbd resize`");
        }
        if (image.sizeBytes() % Creation.SECTOR != 0) {
            return unsupported(
                    "its %d bytes are no whole sectors of %d; grow it with `rbd resize`"
                            .formatted(image.sizeBytes(), Creation.SECTOR));
        }
        return image.name().matches(PLAIN)
                ? Optional.empty()
                : unsupported("its name has characters that no path here has; rename it");
    }

    private static Optional<OsException> unsupported(String why) {
        return Optional.of(new OsException(UNSUPPORTED, why));
    }

    @Override
    public BackendVolume adopt(String path, VolumeId id, Mark mark)
            throws DriverException, InterruptedException {
        return calling.call(
                "adopt %s as volume %s".formatted(path, id),
                () -> {
                    String name = plain(path);
                    Label label =
                            new Label(
                                    id.toString(),
                                    mark,
                                    Optional.empty(),
                                    Optional.of(new Source.OfFile(name)));
                    return alone(
                            () -> {
                                Optional<BackendVolume> existing = lookup.volume(id);
                                return existing.isPresent()
                                        ? same(existing.get(), label)
                                        : finish(id, name, begin(name, id, label), label);
                            });
                });
    }

    /** Has one adoption after another, since two could be of one image. */
    private <T> T alone(Calling.Work<T> work)
            throws OsException, InterruptedException, IOException {
        turn.lockInterruptibly();
        try {
            return work.run();
        } finally {
            turn.unlock();
        }
    }

    private BackendVolume same(BackendVolume found, Label label) throws OsException {
        Label there = lookup.existingCard(found.id()).label();
        if (!there.source().equals(label.source()) || !there.mark().equals(label.mark())) {
            throw new OsException(
                    CONFLICT,
                    "it exists, made from "
                            + there.source().map(Object::toString).orElse("nothing"));
        }
        return found;
    }

    /**
     * Says that an image is to become a volume, unless a killed call said so already.
     *
     * @return Ceph's id of it
     */
    private String begin(String name, VolumeId id, Label label)
            throws OsException, InterruptedException {
        Optional<Card> begun = cards.of(id).filter(each -> each.adopting().isPresent());
        if (begun.isPresent() && begun.get().label().source().equals(label.source())) {
            return begun.get().adopting().orElseThrow();
        }
        String imageId = adoptable(name);
        String image = Names.image(id);
        // Of another image, or of a volume whose making was killed.
        renames.takeBack(id);
        renames.forgetStranger(image);
        boolean _ = images.remove(image);
        cards.remove(id);
        if (!cards.make(id, Card.adopting(label, imageId))) {
            throw new OsException(CONFLICT, "somebody else is making it");
        }
        return imageId;
    }

    private String adoptable(String name) throws OsException {
        try (Image image =
                Image.openIfThere(cluster, name)
                        .orElseThrow(
                                () ->
                                        new OsException(
                                                NOT_FOUND,
                                                "there is no image "
                                                        + cluster.address().of(name)))) {
            OwnWatch.check(cluster, image);
            Optional<OsException> obstacle = obstacle(image);
            if (obstacle.isPresent()) {
                throw obstacle.get();
            }
            return image.id();
        }
    }

    private BackendVolume finish(VolumeId id, String name, String imageId, Label label)
            throws OsException {
        String image = Names.image(id);
        try {
            Optional<String> listed = renames.nameOf(imageId);
            if (!listed.equals(Optional.of(image))) {
                // Somebody may have done something with it since.
                if (!listed.equals(Optional.of(name)) || !adoptable(name).equals(imageId)) {
                    throw new OsException(
                            NOT_FOUND,
                            "the image that it was to be made of is %s by now"
                                    .formatted(listed.orElse("gone")));
                }
                renames.rename(imageId, name, image);
            }
        } catch (OsException e) {
            if (e.told().kind().outcomeKnown()) {
                try {
                    renames.takeBack(id);
                } catch (OsException other) {
                    e.addSuppressed(other);
                }
            }
            throw e;
        }
        try {
            renames.forget(name, imageId);
            cards.replace(id, Card.of(label));
            return lookup.volume(id)
                    .orElseThrow(() -> new OsException(NOT_FOUND, "it is gone already"));
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    @Override
    public String release(VolumeId id, String name) throws DriverException, InterruptedException {
        return calling.call(
                "release volume " + id,
                () -> {
                    if (!name.matches(RELEASED)) {
                        throw new OsException(
                                INVALID,
                                "'%s' is no name: lower-case letters, digits and . _ -, at most 63"
                                        .formatted(name));
                    }
                    return alone(() -> released(id, Names.released(name, id)));
                });
    }

    private String released(VolumeId id, String became)
            throws OsException, InterruptedException, IOException {
        String image = Names.image(id);
        Optional<String> imageId = renames.idOf(image);
        Optional<String> listed =
                imageId.isEmpty() ? Optional.empty() : renames.nameOf(imageId.get());
        if (listed.equals(Optional.of(image))) {
            alteration.release(id, imageId.orElseThrow(), became);
            return became;
        }
        // A call before this one did it, or got so far.
        List<String> candidates =
                listed.isPresent()
                        ? List.of(listed.get())
                        : images.names(each -> Names.releasedOf(each).equals(Optional.of(id)));
        if (candidates.isEmpty()) {
            throw new OsException(
                    NOT_FOUND,
                    "there is no such volume, and nothing in %s that it became"
                            .formatted(cluster.address()));
        }
        if (imageId.isPresent()) {
            renames.forget(image, imageId.get());
        }
        alteration.forget(id);
        return candidates.contains(became) ? became : candidates.getFirst();
    }

    /** A name that may be adopted. */
    private static String plain(String path) throws OsException {
        if (!path.matches(PLAIN) || path.startsWith(Names.IMAGE)) {
            throw new OsException(
                    INVALID, "only images of the backend's pool can be adopted, by their names");
        }
        return path;
    }
}
