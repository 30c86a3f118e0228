package io.cairn.plugin.file;

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
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is in the folder. It never changes a file; at most it makes durable what it found. */
final class Lookup implements Images, Walk.Finder {
    static final String IMAGE = "volume.img";
    static final String NEW_IMAGE = "volume.new";
    static final String CUT = ".snap";

    private final Folder folder;
    private final String pool;

    Lookup(Folder folder, String pool) {
        this.folder = folder;
        this.pool = pool;
    }

    /** The folder of a volume; null if there is none. */
    @Override
    public @Nullable Fd home(Native os, VolumeId id) throws OsException {
        Fd home = os.openIfThere(folder.volumes(), id.toString());
        if (home == null) {
            folder.base().checkStillThere();
        }
        return home;
    }

    /** A file in the folder of a volume, for reading; null if it or the folder is not there. */
    @Nullable Fd file(Native os, @Nullable Fd home, String name) throws OsException {
        return home == null ? null : os.openIfThere(home, name);
    }

    /**
     * The file of a target, opened as asked.
     *
     * @throws OsException NOT_FOUND if there is none
     */
    @Override
    public Fd target(Native os, Target target, int access) throws OsException {
        try (Fd home = home(os, target.volume())) {
            if (home != null) {
                return os.open(home, name(target), access);
            }
        } catch (OsException e) {
            if (!e.is(OsException.ENOENT)) {
                throw e;
            }
        }
        throw new OsException(NOT_FOUND, "there is no %s".formatted(target));
    }

    /** The file of a target, for reading; null if there is none. */
    @Override
    public @Nullable Fd targetIfThere(Native os, Target target) throws OsException {
        try (Fd home = home(os, target.volume())) {
            return file(os, home, name(target));
        }
    }

    @Override
    public String hint(Target target) {
        return target.snapshot()
                .map(Object::toString)
                .orElseGet(() -> target.volume() + "/" + IMAGE);
    }

    private static String name(Target target) {
        return target.snapshot().map(id -> id + CUT).orElse(IMAGE);
    }

    Optional<BackendVolume> volume(Native os, VolumeId id) throws OsException {
        try (Fd home = home(os, id);
                Fd image = file(os, home, IMAGE)) {
            if (home == null || image == null) {
                return Optional.empty();
            }
            Entries.settle(os, image, home, folder.volumes());
            return Optional.of(asFound(os, id, image));
        }
    }

    Optional<BackendSnapshot> snapshot(Native os, SnapshotId id, VolumeId volume, @Nullable Fd home)
            throws OsException, IOException {
        try (Fd file = file(os, home, id + CUT)) {
            if (home == null || file == null) {
                return Optional.empty();
            }
            Entries.settle(os, file, home);
            return Optional.of(asFound(os, id, volume, file));
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
                Fd image = file(os, home, IMAGE)) {
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
    Optional<BackendSnapshot> existing(Native os, SnapshotSpec spec, Fd home)
            throws OsException, IOException {
        Optional<BackendSnapshot> found = snapshot(os, spec.id(), spec.volume(), home);
        if (found.isPresent()) {
            Entries.checkMark(found.get().mark(), spec.mark());
        }
        return found;
    }

    void inventory(InventoryVisitor visitor) throws OsException, InterruptedException, IOException {
        folder.base().checkStillThere();
        Walk.all(folder.base(), this, visitor);
    }

    @Override
    public String volumeName() {
        return IMAGE;
    }

    @Override
    public String snapshotEnd() {
        return CUT;
    }

    @Override
    public Optional<BackendVolume> found(Native os, VolumeId id, Fd home)
            throws OsException, IOException {
        try (Fd file = file(os, home, IMAGE)) {
            return file == null ? Optional.empty() : Optional.of(asFound(os, id, file));
        }
    }

    @Override
    public Optional<BackendSnapshot> found(Native os, SnapshotId id, VolumeId volume, Fd home)
            throws OsException, IOException {
        try (Fd file = file(os, home, id + CUT)) {
            return file == null ? Optional.empty() : Optional.of(asFound(os, id, volume, file));
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
            } else if (!name.equals(IMAGE) && !name.equals(NEW_IMAGE)) {
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

    /** How many names a snapshot's file has: 1 if it was never finished, 0 if it is not there. */
    int links(SnapshotId id) throws IOException {
        try {
            Path path = folder.path().resolve(BackendFolder.SNAPSHOTS).resolve(id.toString());
            return (Integer) Files.getAttribute(path, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException _) {
            return 0;
        }
    }

    String location(VolumeId volume, String name) {
        return "%s/%s/%s/%s".formatted(folder.path(), BackendFolder.VOLUMES, volume, name);
    }

    BackendVolume asFound(Native os, VolumeId id, Fd image) throws OsException {
        return new BackendVolume(
                id, pool, os.size(image), location(id, IMAGE), os.label(image).mark());
    }

    private BackendSnapshot asFound(Native os, SnapshotId id, VolumeId volume, Fd file)
            throws OsException, IOException {
        Label label = os.label(file);
        String location = location(volume, id + CUT);
        Instant cutAt =
                label.cutAt().isPresent()
                        ? label.cutAt().get()
                        : Files.getLastModifiedTime(Path.of(location)).toInstant();
        return new BackendSnapshot(id, volume, os.size(file), cutAt, location, label.mark());
    }
}
