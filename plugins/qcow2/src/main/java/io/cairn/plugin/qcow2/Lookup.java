package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.plugin.local.Walk;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What is in the folder. It never changes anything; at most it makes durable what it found. */
final class Lookup implements Walk.Finder {
    /** The card of a volume. */
    static final String VOLUME = "volume";

    /** What is to become that card, of a volume that is not there yet. */
    static final String NEW_VOLUME = "volume.new";

    /** What is to become that card, of a volume whose layer is an image that is adopted. */
    static final String ADOPTING = "volume.adopted";

    /** The end of what the card of a volume is called whose layer is given up. */
    static final String GOING = ".going";

    /** The same for a volume of which a copy is given up. */
    static final String COPIED = ".copied";

    /** That copy, until it has its place. */
    static final String COPY = "copy";

    /** The end of the name of a snapshot's card. */
    static final String CUT = ".snap";

    /** The end of what is to become one. */
    static final String HALF = ".half";

    /** The end of the name of what is to take a card's place. */
    static final String NEXT = ".next";

    private final BackendFolder folder;
    private final Layers layers;
    private final String pool;

    Lookup(BackendFolder folder, Layers layers, String pool) {
        this.folder = folder;
        this.layers = layers;
        this.pool = pool;
    }

    Layers layers() {
        return layers;
    }

    /** The folder of a volume; null if there is none. */
    @Override
    public @Nullable Fd home(Native os, VolumeId id) throws OsException {
        Fd home = os.openIfThere(folder.volumes(), id.toString());
        if (home == null) {
            folder.checkStillThere();
        }
        return home;
    }

    /** The card of a target. */
    Optional<Card> card(Native os, Target target) throws OsException {
        try (Fd home = home(os, target.volume())) {
            return home == null
                    ? Optional.empty()
                    : Optional.ofNullable(
                            Card.read(
                                    os,
                                    home,
                                    target.snapshot().map(id -> id + CUT).orElse(VOLUME)));
        }
    }

    /**
     * As {@link #card}.
     *
     * @throws OsException NOT_FOUND if there is none
     */
    Card existingCard(Native os, Target target) throws OsException {
        return card(os, target)
                .orElseThrow(
                        () ->
                                new OsException(
                                        NOT_FOUND,
                                        target.snapshot().isPresent()
                                                ? "the volume has no such snapshot"
                                                : "there is no such volume"));
    }

    Optional<BackendVolume> volume(Native os, VolumeId id) throws OsException {
        try (Fd home = home(os, id)) {
            if (home == null) {
                return Optional.empty();
            }
            Optional<BackendVolume> found = found(os, id, home);
            if (found.isPresent()) {
                Entries.settle(os, home, folder.volumes());
            }
            return found;
        }
    }

    Optional<BackendSnapshot> snapshot(Native os, SnapshotId id, VolumeId volume)
            throws OsException {
        try (Fd home = home(os, volume)) {
            if (home == null) {
                return Optional.empty();
            }
            Optional<BackendSnapshot> found = found(os, id, volume, home);
            if (found.isPresent()) {
                Entries.settle(os, home, folder.snapshots());
            }
            return found;
        }
    }

    /**
     * The volume that is to be made, if it is there already.
     *
     * @throws OsException CONFLICT if it is there otherwise
     */
    Optional<BackendVolume> existing(Native os, VolumeSpec spec, Optional<Source> source)
            throws OsException {
        Optional<BackendVolume> found = volume(os, spec.id());
        if (found.isPresent()) {
            Entries.checkMark(found.get().mark(), spec.mark());
            if (found.get().sizeBytes() != spec.sizeBytes()) {
                throw new OsException(
                        CONFLICT, "it exists with %d bytes".formatted(found.get().sizeBytes()));
            }
            Optional<Source> from = existingCard(os, Target.of(spec.id())).label().source();
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
    Optional<BackendSnapshot> existing(Native os, SnapshotSpec spec) throws OsException {
        Optional<BackendSnapshot> found = snapshot(os, spec.id(), spec.volume());
        if (found.isPresent()) {
            Entries.checkMark(found.get().mark(), spec.mark());
        }
        return found;
    }

    void inventory(InventoryVisitor visitor) throws OsException, InterruptedException, IOException {
        folder.checkStillThere();
        Walk.all(folder, this, visitor);
    }

    @Override
    public String volumeName() {
        return VOLUME;
    }

    @Override
    public String snapshotEnd() {
        return CUT;
    }

    /** Makes durable which card a volume has, before it is acted on. */
    void syncHome(Native os, VolumeId id) throws OsException {
        try (Fd home = home(os, id)) {
            if (home != null) {
                Entries.settle(os, home);
            }
        }
    }

    /** Those that have a folder. */
    List<VolumeId> volumes() throws IOException {
        return Entries.names(folder.path().resolve(BackendFolder.VOLUMES)).stream()
                .map(Entries::volumeId)
                .flatMap(Optional::stream)
                .toList();
    }

    /**
     * Layers that cards name.
     *
     * @param half by cards that are not finished: the layers may be so, too
     */
    record Named(Set<LayerId> whole, Set<LayerId> half) {}

    /**
     * The layers that cards name, also the cards that are not finished. A layer that is needed and
     * was there before this began is among them, or below one of them: while a snapshot is cut, its
     * half card names the layer from before the volume's card ceases to, so the volume's is read
     * first. Half cards become whole and whole ones half, as when an image that was adopted is
     * given up at once, so both are read twice.
     */
    Named named() throws OsException, IOException {
        Set<LayerId> whole = new HashSet<>();
        Set<LayerId> half = new HashSet<>();
        folder.checkStillThere();
        for (VolumeId id : volumes()) {
            try (Native each = new Native();
                    Fd home = home(each, id)) {
                if (home == null) {
                    continue;
                }
                Card volume = Card.read(each, home, VOLUME);
                if (volume != null) {
                    whole.add(volume.layer());
                }
                addNamed(each, home, false, whole, half);
                // Last, since a half card becomes one of these, and a new one the volume's.
                addNamed(each, home, true, whole, half);
            }
        }
        return new Named(whole, half);
    }

    private static void addNamed(
            Native os, Fd home, boolean snapshots, Set<LayerId> whole, Set<LayerId> half)
            throws OsException, IOException {
        for (String name : Entries.names(Path.of(home.path()))) {
            if (isBegun(name)) {
                Card begun = Card.readHalf(os, home, name);
                if (begun != null) {
                    half.add(begun.layer());
                }
            } else if (name.equals(VOLUME) || (snapshots && name.endsWith(CUT))) {
                Card card = Card.read(os, home, name);
                if (card != null) {
                    whole.add(card.layer());
                }
            }
        }
    }

    /**
     * @throws OsException IN_USE if the volume has snapshots, or its folder what is not Cairn's
     */
    void checkAlone(Fd home) throws OsException, IOException {
        List<String> snapshots = new ArrayList<>();
        for (String name : Entries.names(Path.of(home.path()))) {
            if (name.endsWith(CUT)) {
                snapshots.add(name.substring(0, name.length() - CUT.length()));
            } else if (!isOwn(name)) {
                throw new OsException(
                        IN_USE, "%s/%s is not Cairn's; move it away".formatted(home.path(), name));
            }
        }
        if (!snapshots.isEmpty()) {
            throw new OsException(
                    IN_USE,
                    "it has %d snapshots, such as %s; delete them first"
                            .formatted(snapshots.size(), snapshots.getFirst()));
        }
    }

    @Override
    public Optional<BackendVolume> found(Native os, VolumeId id, Fd home) throws OsException {
        Sized sized = sized(os, home, VOLUME);
        return sized == null
                ? Optional.empty()
                : Optional.of(
                        new BackendVolume(
                                id,
                                pool,
                                sized.sizeBytes(),
                                location(Target.of(id)),
                                sized.card().label().mark()));
    }

    @Override
    public Optional<BackendSnapshot> found(Native os, SnapshotId id, VolumeId volume, Fd home)
            throws OsException {
        Sized sized = sized(os, home, id + CUT);
        return sized == null
                ? Optional.empty()
                : Optional.of(
                        new BackendSnapshot(
                                id,
                                volume,
                                sized.sizeBytes(),
                                sized.card().label().cutAt().orElse(Instant.EPOCH),
                                location(Target.of(volume, id)),
                                sized.card().label().mark()));
    }

    private static boolean isOwn(String name) {
        return name.startsWith(BackendFolder.STILL_OPEN)
                || name.equals(VOLUME)
                || name.equals(COPY)
                || isBegun(name);
    }

    /** Whether it is a card that is not, or no longer, one of a volume or a snapshot. */
    private static boolean isBegun(String name) {
        return name.endsWith(HALF)
                || name.endsWith(NEXT)
                || name.equals(NEW_VOLUME)
                || name.equals(ADOPTING)
                || name.endsWith(GOING)
                || name.endsWith(COPIED);
    }

    /** Where a target's card is, since it stays there whatever layer it goes on in. */
    String location(Target target) {
        return "%s/%s/%s/%s"
                .formatted(
                        folder.path(),
                        BackendFolder.VOLUMES,
                        target.volume(),
                        target.snapshot().map(id -> id + CUT).orElse(VOLUME));
    }

    private record Sized(Card card, long sizeBytes) {}

    private @Nullable Sized sized(Native os, Fd home, String name) throws OsException {
        Card before = null;
        while (true) {
            Card card = Card.read(os, home, name);
            if (card == null) {
                return null;
            }
            Optional<Layers.Head> head = layers.headIfThere(os, card.layer());
            if (head.isPresent()) {
                return new Sized(card, head.get().sizeBytes());
            }
            // Reverted meanwhile; else it is lost.
            if (card.equals(before)) {
                throw new OsException(
                        FAULT,
                        "%s is missing, and %s/%s with it; bring it back from a backup"
                                .formatted(layers.path(card.layer()), home.path(), name));
            }
            before = card;
        }
    }
}
