package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Inventory;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What is in the pool. */
final class Lookup {
    /** An image takes several answers of the cluster, which has time for others meanwhile. */
    private static final int THREADS = 16;

    /** How many images are looked at before what they hold is told of. */
    private static final int AT_ONCE = 64;

    private static final Label LOST =
            new Label("", Mark.NONE, Optional.of(Instant.EPOCH), Optional.empty());

    private final Cluster cluster;
    private final Images images;
    private final Cards cards;

    Lookup(Cluster cluster, Images images, Cards cards) {
        this.cluster = cluster;
        this.images = images;
        this.cards = cards;
    }

    /** The card of a volume that is there whole. */
    Optional<Card> card(VolumeId id) throws OsException {
        return cards.of(id).filter(Lookup::isWhole);
    }

    private static boolean isWhole(Card card) {
        return card.adopting().isEmpty();
    }

    /**
     * As {@link #card}.
     *
     * @throws OsException NOT_FOUND if there is none
     */
    Card existingCard(VolumeId id) throws OsException {
        try (Pending<Optional<String>> reading = cards.reading(id)) {
            return existingCard(reading);
        }
    }

    /** The same, of what {@link Cards#reading} finds. */
    Card existingCard(Pending<Optional<String>> reading) throws OsException {
        return reading.get()
                .map(Card::parse)
                .filter(Lookup::isWhole)
                .orElseThrow(() -> new OsException(NOT_FOUND, "there is no such volume"));
    }

    Optional<BackendVolume> volume(VolumeId id) throws OsException {
        Optional<Card> card = card(id);
        if (card.isEmpty()) {
            return Optional.empty();
        }
        Optional<Image> there = Image.openIfThere(cluster, Names.image(id));
        if (there.isEmpty()) {
            return Optional.empty();
        }
        try (Image image = there.get()) {
            return Optional.of(asFound(id, card.get(), image));
        }
    }

    Optional<BackendSnapshot> snapshot(SnapshotId id, VolumeId volume) throws OsException {
        Optional<Image> there = Image.openIfThere(cluster, Names.image(volume));
        if (there.isEmpty()) {
            return Optional.empty();
        }
        try (Image image = there.get()) {
            Optional<Image.Snap> snap = image.snap(id.toString());
            return snap.isEmpty() ? Optional.empty() : asFound(id, volume, snap.get());
        }
    }

    /**
     * The image of a volume, for reading its snapshots.
     *
     * @throws OsException NOT_FOUND if there is none
     */
    Image opened(String name) throws OsException {
        return Image.openIfThere(cluster, name)
                .orElseThrow(() -> new OsException(NOT_FOUND, "the volume has no such snapshot"));
    }

    /**
     * A snapshot of a volume.
     *
     * @throws OsException NOT_FOUND if the volume has none of that id
     */
    Image.Snap existing(Image image, SnapshotId id) throws OsException {
        Optional<Card> card = cards.of(id);
        return image.snap(id.toString())
                .filter(_ -> card.isEmpty() || !card.get().cutting())
                .orElseThrow(() -> new OsException(NOT_FOUND, "the volume has no such snapshot"));
    }

    BackendVolume asFound(VolumeId id, Card card, Image image) throws OsException {
        long sizeBytes =
                card.reverting().isPresent()
                        ? card.reverting().get().sizeBytes()
                        : image.sizeBytes();
        return new BackendVolume(
                id, cluster.address().pool(), sizeBytes, location(id), card.label().mark());
    }

    String location(VolumeId id) {
        return cluster.address().of(Names.image(id));
    }

    /** Empty if it was not cut whole. */
    private Optional<BackendSnapshot> asFound(SnapshotId id, VolumeId volume, Image.Snap snap)
            throws OsException {
        Optional<Card> card = cards.of(id);
        if (card.isPresent() && card.get().cutting()) {
            return Optional.empty();
        }
        if (card.isEmpty() && isGone(id, volume)) {
            return Optional.empty();
        }
        // It is cut after its card was made, so that a card that is not there was lost.
        Label label = card.map(Card::label).orElse(LOST);
        return Optional.of(asFound(id, volume, label, snap.sizeBytes()));
    }

    /** Whether a snapshot was deleted since its image was opened. */
    private boolean isGone(SnapshotId id, VolumeId volume) throws OsException {
        Optional<Image> there = Image.openIfThere(cluster, Names.image(volume));
        if (there.isEmpty()) {
            return true;
        }
        try (Image image = there.get()) {
            return image.snap(id.toString()).isEmpty();
        }
    }

    BackendSnapshot asFound(SnapshotId id, VolumeId volume, Label label, long sizeBytes) {
        return new BackendSnapshot(
                id,
                volume,
                sizeBytes,
                label.cutAt().orElse(Instant.EPOCH),
                "%s@%s".formatted(location(volume), id),
                label.mark());
    }

    /**
     * The volume that is to be made, if it is there already.
     *
     * @throws OsException CONFLICT if it is there otherwise
     */
    Optional<BackendVolume> existing(VolumeSpec spec, Optional<Source> source) throws OsException {
        Optional<BackendVolume> found = volume(spec.id());
        if (found.isPresent()) {
            Entries.checkMark(found.get().mark(), spec.mark());
            if (found.get().sizeBytes() != spec.sizeBytes()) {
                throw new OsException(
                        CONFLICT, "it exists with %d bytes".formatted(found.get().sizeBytes()));
            }
            Optional<Source> from = existingCard(spec.id()).label().source();
            if (!from.equals(source)) {
                throw new OsException(
                        CONFLICT,
                        "it exists, made from " + from.map(Object::toString).orElse("nothing"));
            }
        }
        return found;
    }

    /**
     * The snapshot that is to be cut, if it is there already.
     *
     * @throws OsException CONFLICT if it is there otherwise
     */
    Optional<BackendSnapshot> existing(Image image, SnapshotSpec spec) throws OsException {
        Optional<Image.Snap> snap = image.snap(spec.id().toString());
        if (snap.isEmpty()) {
            return Optional.empty();
        }
        Optional<BackendSnapshot> found = asFound(spec.id(), spec.volume(), snap.get());
        if (found.isPresent()) {
            Entries.checkMark(found.get().mark(), spec.mark());
        }
        return found;
    }

    void inventory(InventoryVisitor visitor) throws OsException, InterruptedException {
        List<VolumeId> ids =
                images.names(each -> Names.volumeOf(each).isPresent()).stream()
                        .map(name -> Names.volumeOf(name).orElseThrow())
                        .toList();
        try (ExecutorService threads =
                Executors.newFixedThreadPool(
                        THREADS, Thread.ofPlatform().daemon().name("rbd-list-", 0).factory())) {
            // So many are in memory at once, and no more.
            for (int from = 0; from < ids.size(); from += AT_ONCE) {
                List<VolumeId> some = ids.subList(from, Math.min(ids.size(), from + AT_ONCE));
                List<Callable<Inventory>> looks = new ArrayList<>();
                some.forEach(id -> looks.add(() -> of(id)));
                List<Future<Inventory>> found = threads.invokeAll(looks);
                for (int i = 0; i < some.size(); i++) {
                    tell(some.get(i), found.get(i), visitor);
                }
            }
        }
    }

    /** What is damaged keeps nothing else from being told of. */
    private static void tell(VolumeId id, Future<Inventory> found, InventoryVisitor visitor)
            throws OsException, InterruptedException {
        try {
            found.get().tellTo(visitor);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof OsException failed)) {
                throw new IllegalStateException(e.getCause());
            }
            if (failed.told().kind() != FAULT) {
                throw failed;
            }
            visitor.unreadable(Target.of(id), Names.image(id), String.valueOf(failed.getMessage()));
        }
    }

    /** One volume with its snapshots; nothing if it is not there whole. */
    private Inventory of(VolumeId id) throws OsException {
        Optional<Card> card = card(id);
        Optional<Image> there =
                card.isEmpty() ? Optional.empty() : Image.openIfThere(cluster, Names.image(id));
        if (card.isEmpty() || there.isEmpty()) {
            return new Inventory(List.of(), List.of());
        }
        try (Image image = there.get()) {
            List<BackendSnapshot> snapshots = new ArrayList<>();
            for (Image.Snap snap : image.snaps()) {
                Optional<SnapshotId> snapshot = Names.snapshotOf(snap.name());
                if (snapshot.isPresent()) {
                    asFound(snapshot.get(), id, snap).ifPresent(snapshots::add);
                }
            }
            return new Inventory(List.of(asFound(id, card.get(), image)), snapshots);
        }
    }
}
