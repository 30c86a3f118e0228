package io.cairn.plugin.btrfs;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Entries;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Images;
import io.cairn.plugin.local.Label;
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
import java.util.List;
import java.util.Optional;

/** What is in the folder. It never changes anything; at most it makes durable what it found. */
final class Lookup implements Images, Walk.Finder {
    static final String VOLUME = "volume";
    static final String NEW_VOLUME = "volume.new";
    static final String IMAGE = "image";
    static final String CUT = ".snap";
    static final String MARK = ".mark";

    /** What the folder of a volume says of the file that it is made of. */
    static final String FILE = "user.cairn.file";

    /** A file that a volume is to become. */
    static final String RELEASED = "released";

    /** The end of what is to become a snapshot. */
    static final String HALF = ".half";

    /** What a volume's image says of the snapshot that is cut next, and a snapshot's of itself. */
    static final String CUT_LABEL = "user.cairn.cut";

    private final BackendFolder folder;
    private final String pool;

    Lookup(BackendFolder folder, String pool) {
        this.folder = folder;
        this.pool = pool;
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

    /** The image in a subvolume, for reading; null if it or the folder is not there. */
    @Nullable Fd image(Native os, @Nullable Fd home, String subvolume) throws OsException {
        return home == null ? null : os.openIfThere(home, subvolume + "/" + IMAGE);
    }

    @Override
    public Fd target(Native os, Target target, int access) throws OsException {
        try (Fd home = home(os, target.volume())) {
            if (home != null) {
                return os.open(home, subvolume(target) + "/" + IMAGE, access);
            }
        } catch (OsException e) {
            if (!e.is(OsException.ENOENT)) {
                throw e;
            }
        }
        throw new OsException(NOT_FOUND, "there is no %s".formatted(target));
    }

    @Override
    public @Nullable Fd targetIfThere(Native os, Target target) throws OsException {
        try (Fd home = home(os, target.volume())) {
            return image(os, home, subvolume(target));
        }
    }

    @Override
    public String hint(Target target) {
        return target.snapshot()
                .map(id -> id + CUT)
                .orElseGet(() -> "%s/%s/%s".formatted(target.volume(), VOLUME, IMAGE));
    }

    private static String subvolume(Target target) {
        return target.snapshot().map(id -> id + CUT).orElse(VOLUME);
    }

    /** The file of that name, while it is becoming that volume; else null. */
    @Nullable Fd becoming(Native os, VolumeId id, String name) throws OsException {
        Fd file;
        try {
            file =
                    os.stat(folder.root(), name).regular()
                            ? os.openIfThere(folder.root(), name)
                            : null;
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                return null;
            }
            throw e;
        }
        if (file == null) {
            return null;
        }
        try {
            Label label = os.label(file);
            if (label.id().equals(id.toString())
                    && label.source().equals(Optional.of(new Source.OfFile(name)))) {
                return file;
            }
        } catch (OsException | RuntimeException e) {
            file.close();
            throw e;
        }
        file.close();
        return null;
    }

    Optional<BackendVolume> volume(Native os, VolumeId id) throws OsException {
        try (Fd home = home(os, id);
                Fd image = image(os, home, VOLUME)) {
            if (home == null || image == null) {
                return Optional.empty();
            }
            Entries.settle(os, image, home, folder.volumes());
            return Optional.of(asFound(os, id, image));
        }
    }

    Optional<BackendSnapshot> snapshot(Native os, SnapshotId id, VolumeId volume, @Nullable Fd home)
            throws OsException {
        try (Fd image = image(os, home, id + CUT)) {
            if (home == null || image == null) {
                return Optional.empty();
            }
            try (Fd mark = os.openIfThere(home, id + MARK)) {
                if (mark != null) {
                    Entries.settle(os, mark);
                }
            }
            // A rename is what ended a cut by a clone.
            Entries.settle(os, home);
            return Optional.of(asFound(os, id, volume, home, image));
        }
    }

    /**
     * The volume that is to be made, if it is there already.
     *
     * @throws OsException CONFLICT if it is there otherwise
     */
    Optional<BackendVolume> existing(Native os, VolumeSpec spec, Optional<Source> source)
            throws OsException {
        try (Fd home = home(os, spec.id());
                Fd image = image(os, home, VOLUME)) {
            if (home == null || image == null) {
                return Optional.empty();
            }
            BackendVolume volume = asFound(os, spec.id(), image);
            Entries.checkMark(volume.mark(), spec.mark());
            if (volume.sizeBytes() != spec.sizeBytes()) {
                throw new OsException(
                        CONFLICT, "it exists with %d bytes".formatted(volume.sizeBytes()));
            }
            Optional<Source> from = os.label(image).source();
            if (!from.equals(source)) {
                throw new OsException(
                        CONFLICT,
                        "it exists, made from " + from.map(Object::toString).orElse("nothing"));
            }
            Entries.settle(os, image, home, folder.volumes());
            return Optional.of(volume);
        }
    }

    /**
     * The snapshot that is to be cut, if it is there already.
     *
     * @throws OsException CONFLICT if it is there otherwise
     */
    Optional<BackendSnapshot> existing(Native os, SnapshotSpec spec, Fd home) throws OsException {
        Optional<BackendSnapshot> found = snapshot(os, spec.id(), spec.volume(), home);
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

    @Override
    public Optional<BackendVolume> found(Native os, VolumeId id, Fd home) throws OsException {
        try (Fd image = image(os, home, VOLUME)) {
            return image == null ? Optional.empty() : Optional.of(asFound(os, id, image));
        }
    }

    @Override
    public Optional<BackendSnapshot> found(Native os, SnapshotId id, VolumeId volume, Fd home)
            throws OsException {
        try (Fd image = image(os, home, id + CUT)) {
            return image == null
                    ? Optional.empty()
                    : Optional.of(asFound(os, id, volume, home, image));
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

    private static boolean isOwn(String name) {
        return name.equals(VOLUME)
                || name.equals(NEW_VOLUME)
                || name.equals(RELEASED)
                || name.endsWith(MARK)
                || name.endsWith(HALF);
    }

    String location(VolumeId volume, String subvolume) {
        return "%s/%s/%s/%s/%s"
                .formatted(folder.path(), BackendFolder.VOLUMES, volume, subvolume, IMAGE);
    }

    BackendVolume asFound(Native os, VolumeId id, Fd image) throws OsException {
        return new BackendVolume(
                id, pool, os.size(image), location(id, VOLUME), os.label(image).mark());
    }

    private BackendSnapshot asFound(Native os, SnapshotId id, VolumeId volume, Fd home, Fd image)
            throws OsException {
        Label label = label(os, id, home, image);
        Instant cutAt =
                label.cutAt().isPresent() ? label.cutAt().get() : Subvolumes.created(os, image);
        return new BackendSnapshot(
                id, volume, os.size(image), cutAt, location(volume, id + CUT), label.mark());
    }

    /** What a snapshot was last marked with. */
    Label label(Native os, SnapshotId id, Fd home, Fd image) throws OsException {
        try (Fd mark = os.openIfThere(home, id + MARK)) {
            Label since = mark == null ? null : os.label(mark);
            // Who made that file may have been killed before he wrote into it.
            return since != null && since.id().equals(id.toString())
                    ? since
                    : os.label(image, CUT_LABEL);
        }
    }
}
