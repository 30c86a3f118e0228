package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;

import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;

/** Makes volumes and snapshots, in the order that the package says. */
final class Creation {
    /** Whoever attaches an image sees whole sectors. */
    static final long SECTOR = 512;

    private final Cluster cluster;
    private final Images images;
    private final Cards cards;
    private final Lookup lookup;
    private final Reverts reverts;
    private final Instants instants;
    private final Depths depths;
    private final Serving serving;
    private final Renames renames;

    Creation(
            Cluster cluster,
            Images images,
            Cards cards,
            Lookup lookup,
            Reverts reverts,
            Instants instants,
            Depths depths,
            Serving serving,
            Renames renames) {
        this.cluster = cluster;
        this.images = images;
        this.cards = cards;
        this.lookup = lookup;
        this.reverts = reverts;
        this.instants = instants;
        this.depths = depths;
        this.serving = serving;
        this.renames = renames;
    }

    /** Makes the image that is to become a volume. */
    private interface Making {
        void run() throws OsException, InterruptedException, IOException;
    }

    BackendVolume empty(VolumeSpec spec) throws OsException, InterruptedException, IOException {
        check(spec);
        Optional<BackendVolume> existing = lookup.existing(spec, Optional.empty());
        return existing.isPresent()
                ? existing.get()
                : make(
                        spec,
                        Optional.empty(),
                        () -> images.create(Names.image(spec.id()), spec.sizeBytes()));
    }

    BackendVolume fromSnapshot(VolumeSpec spec, SnapshotId source, VolumeId sourceVolume)
            throws OsException, InterruptedException, IOException {
        check(spec);
        Optional<Source> from = Optional.of(new Source.OfSnapshot(source));
        Optional<BackendVolume> existing = lookup.existing(spec, from);
        if (existing.isPresent()) {
            return existing.get();
        }
        try (Image image = Image.openToRead(cluster, Names.image(sourceVolume))) {
            checkHolds(spec, lookup.existing(image, source).sizeBytes());
        }
        return make(spec, from, () -> clone(spec, Names.image(sourceVolume), source.toString()));
    }

    BackendVolume fromVolume(VolumeSpec spec, VolumeId source)
            throws OsException, InterruptedException, IOException {
        check(spec);
        Optional<Source> from = Optional.of(new Source.OfVolume(source));
        Optional<BackendVolume> existing = lookup.existing(spec, from);
        if (existing.isPresent()) {
            instants.remove(spec.id());
            return existing.get();
        }
        Card _ = reverts.settled(source, lookup.existingCard(source));
        try (Image image = Image.openToRead(cluster, Names.image(source))) {
            checkHolds(spec, image.sizeBytes());
        }
        return make(
                spec,
                from,
                () -> {
                    serving.flush(source);
                    instants.cut(spec.id(), source);
                    clone(spec, Names.image(source), Names.instant(spec.id()));
                    // Before it is a volume: whoever finds one after a kill does nothing more.
                    instants.remove(spec.id());
                });
    }

    private void clone(VolumeSpec spec, String image, String snapshot)
            throws OsException, InterruptedException {
        String name = Names.image(spec.id());
        images.clone(image, snapshot, name);
        try (Image made = Image.open(cluster, name)) {
            if (made.sizeBytes() != spec.sizeBytes()) {
                made.resize(spec.sizeBytes(), false);
            }
        }
    }

    private BackendVolume make(VolumeSpec spec, Optional<Source> source, Making making)
            throws OsException, InterruptedException, IOException {
        VolumeId id = spec.id();
        renames.takeBack(id);
        renames.forgetStranger(Names.image(id));
        // What a killed call left, and the card of a volume whose image somebody else removed.
        boolean _ = images.remove(Names.image(id));
        cards.remove(id);
        instants.remove(id);
        Card card = Card.of(new Label(id.toString(), spec.mark(), Optional.empty(), source));
        try {
            making.run();
            if (!cards.make(id, card)) {
                throw new OsException(CONFLICT, "somebody else is making it");
            }
        } catch (OsException | InterruptedException | IOException | RuntimeException e) {
            undo(
                    e,
                    () -> {
                        boolean _ = images.remove(Names.image(id));
                        cards.remove(id);
                        instants.remove(id);
                    });
            throw e;
        }
        if (source.isPresent()) {
            depths.made(id);
        }
        return new BackendVolume(
                id, spec.pool(), spec.sizeBytes(), lookup.location(id), spec.mark());
    }

    BackendSnapshot cut(SnapshotSpec spec) throws OsException, InterruptedException, IOException {
        VolumeId volume = spec.volume();
        Cut cut = null;
        try (Pending<Optional<String>> reading = cards.reading(volume);
                Image image = opened(volume, reading)) {
            if (lookup.existingCard(reading).reverting().isEmpty()) {
                Optional<BackendSnapshot> existing = lookup.existing(image, spec);
                if (existing.isPresent()) {
                    return asAsked(existing.get(), spec);
                }
                cut = cut(image, spec);
            }
        }
        if (cut == null) {
            Card _ = reverts.settled(volume, lookup.existingCard(volume));
            return cut(spec);
        }
        // Its card was written on while the image was closed.
        try (Pending<Boolean> acknowledging = cut.acknowledging()) {
            boolean _ = acknowledging.get();
            return cut.snapshot();
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private Image opened(VolumeId volume, Pending<Optional<String>> reading) throws OsException {
        try {
            return Image.open(cluster, Names.image(volume));
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                Card _ = lookup.existingCard(reading);
            }
            throw e;
        }
    }

    private BackendSnapshot asAsked(BackendSnapshot existing, SnapshotSpec spec)
            throws OsException {
        if (existing.mark().equals(spec.mark())) {
            return existing;
        }
        // Its card was lost, and this is what it said.
        Label label = label(spec, existing.cutAt());
        boolean _ = cards.make(spec.id(), Card.of(label));
        return lookup.asFound(spec.id(), spec.volume(), label, existing.sizeBytes());
    }

    private static Label label(SnapshotSpec spec, Instant cutAt) {
        return new Label(
                spec.id().toString(),
                spec.mark(),
                Optional.of(cutAt),
                Optional.of(new Source.OfVolume(spec.volume())));
    }

    /**
     * A snapshot that is there.
     *
     * @param acknowledging what has it count
     */
    private record Cut(BackendSnapshot snapshot, Pending<Boolean> acknowledging) {}

    private Cut cut(Image image, SnapshotSpec spec)
            throws OsException, InterruptedException, IOException {
        SnapshotId id = spec.id();
        Label label = label(spec, Instant.now());
        // Before it is there, for after that Ceph has to be asked anew.
        long sizeBytes = image.sizeBytes();
        prepare(image, spec, label);
        try {
            if (!image.cut(id.toString())) {
                throw new OsException(CONFLICT, "somebody else is cutting it");
            }
        } catch (OsException e) {
            // Otherwise it may be there yet, and the card says that it does not count.
            if (e.told().kind().outcomeKnown()) {
                undo(e, () -> cards.remove(id));
            }
            throw e;
        }
        try {
            return new Cut(
                    lookup.asFound(id, spec.volume(), label, sizeBytes),
                    cards.replacing(id, Card.of(label)));
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    /** Has its card say that it does not count yet, and what was written be where it is cut. */
    private void prepare(Image image, SnapshotSpec spec, Label label)
            throws OsException, InterruptedException, IOException {
        SnapshotId id = spec.id();
        try (Pending<Boolean> making = cards.making(id, Card.cutting(label))) {
            try {
                serving.flush(spec.volume());
            } catch (OsException | InterruptedException | IOException | RuntimeException e) {
                undo(
                        e,
                        () -> {
                            if (making.get()) {
                                cards.remove(id);
                            }
                        });
                throw e;
            }
            if (!making.get()) {
                claim(spec, label);
                // What is there of it was not cut whole, and its content may go on changing.
                boolean _ = image.removeSnap(id.toString());
            }
        }
    }

    /** Takes over the card that a killed call made. */
    private void claim(SnapshotSpec spec, Label label) throws OsException {
        Optional<Source> of = label.source();
        Optional<Source> found = cards.of(spec.id()).flatMap(each -> each.label().source());
        if (!found.equals(of) && found.orElse(null) instanceof Source.OfVolume other) {
            if (lookup.snapshot(spec.id(), other.id()).isPresent()) {
                throw new OsException(CONFLICT, "that id is a snapshot of another volume");
            }
        }
        cards.remove(spec.id());
        if (!cards.make(spec.id(), Card.cutting(label))) {
            throw new OsException(CONFLICT, "somebody else is cutting it");
        }
    }

    private void check(VolumeSpec spec) throws OsException {
        if (!spec.pool().equals(cluster.address().pool())) {
            throw new OsException(
                    INVALID,
                    "there is no pool '%s' here; the only one is '%s'"
                            .formatted(spec.pool(), cluster.address().pool()));
        }
        checkSize(spec.sizeBytes());
    }

    static void checkSize(long sizeBytes) throws OsException {
        if (sizeBytes % SECTOR != 0) {
            throw new OsException(
                    INVALID,
                    "%d bytes are no whole sectors of %d bytes: take %d"
                            .formatted(
                                    sizeBytes, SECTOR, Math.ceilDiv(sizeBytes, SECTOR) * SECTOR));
        }
    }

    private static void checkHolds(VolumeSpec spec, long least) throws OsException {
        if (spec.sizeBytes() < least) {
            throw new OsException(
                    INVALID,
                    "%d bytes are less than the %d of its source"
                            .formatted(spec.sizeBytes(), least));
        }
    }

    /** Takes back what was half done. */
    private interface Undoing {
        void run() throws OsException, InterruptedException;
    }

    private static void undo(Exception failure, Undoing undoing) {
        // So that what takes it back is not interrupted too.
        boolean interrupted = Thread.interrupted();
        try {
            undoing.run();
        } catch (OsException e) {
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
}
