package io.cairn.plugin.file;

import static io.cairn.plugin.file.Lookup.CUT;
import static io.cairn.plugin.file.Lookup.IMAGE;
import static io.cairn.plugin.file.Lookup.NEW_IMAGE;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Inventory;
import io.cairn.spi.PoolStats;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;

/** One folder of image files; the package says how it is laid out. */
final class FileDriver implements Driver {
    private final Folder folder;
    private final String pool;
    private final BackendFacts facts;
    private final Lookup lookup;
    private final Creation creation;
    private final Turns turns = new Turns();

    FileDriver(Folder folder, String pool) {
        this.folder = folder;
        this.pool = pool;
        this.facts = folder.method().facts();
        this.lookup = new Lookup(folder, pool);
        this.creation = new Creation(folder, lookup);
    }

    @Override
    public BackendFacts facts() {
        return facts;
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec)
            throws DriverException, InterruptedException {
        return call(
                "create volume " + spec.id(),
                os -> {
                    checkPool(spec);
                    Optional<BackendVolume> existing = lookup.existing(os, spec, Optional.empty());
                    return existing.isPresent()
                            ? existing.get()
                            : creation.make(os, spec, Optional.empty(), null);
                });
    }

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume)
            throws DriverException, InterruptedException {
        return call(
                "create volume %s from snapshot %s".formatted(spec.id(), source),
                os -> {
                    checkPool(spec);
                    Optional<BackendVolume> existing =
                            lookup.existing(os, spec, Optional.of(source));
                    if (existing.isPresent()) {
                        return existing.get();
                    }
                    try (Fd home = lookup.home(os, sourceVolume);
                            Fd snapshot = lookup.file(os, home, source + CUT)) {
                        if (snapshot == null) {
                            throw new OsException(
                                    NOT_FOUND,
                                    "volume %s has no such snapshot".formatted(sourceVolume));
                        }
                        long least = os.size(snapshot);
                        if (spec.sizeBytes() < least) {
                            throw new OsException(
                                    INVALID,
                                    "%d bytes are less than the %d of the snapshot"
                                            .formatted(spec.sizeBytes(), least));
                        }
                        return creation.make(os, spec, Optional.of(source), snapshot);
                    }
                });
    }

    @Override
    public void deleteVolume(VolumeId id) throws DriverException, InterruptedException {
        call(
                "delete volume " + id,
                os -> {
                    try (Fd home = lookup.home(os, id)) {
                        if (home != null && lookup.isThere(os, home, IMAGE)) {
                            lookup.checkUnused(os, id, home);
                            os.remove(home, IMAGE, 0);
                        }
                        removeRest(os, id, home);
                    }
                    return id;
                });
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec)
            throws DriverException, InterruptedException {
        return call(
                "create snapshot %s of volume %s".formatted(spec.id(), spec.volume()),
                os -> {
                    try (Turns.Turn _ = turns.take(spec.id());
                            Fd home = lookup.home(os, spec.volume());
                            Fd image = lookup.file(os, home, IMAGE)) {
                        if (home == null || image == null) {
                            throw new OsException(NOT_FOUND, "there is no such volume");
                        }
                        return creation.cut(os, spec, home, image);
                    }
                });
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        call(
                "delete snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    try (Turns.Turn _ = turns.take(id);
                            Fd home = lookup.home(os, volume)) {
                        boolean ours = home != null && os.remove(home, id + CUT, 0);
                        try {
                            if (ours || lookup.links(id) == 1) {
                                os.remove(folder.snapshots(), id.toString(), 0);
                            }
                            os.sync(folder.snapshots());
                            if (home != null) {
                                os.sync(home);
                            }
                        } catch (OsException e) {
                            throw e.withUnknownOutcome();
                        }
                    }
                    return id;
                });
    }

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id)
            throws DriverException, InterruptedException {
        return call("look up volume " + id, os -> lookup.volume(os, id));
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        return call(
                "look up snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    try (Fd home = lookup.home(os, volume)) {
                        return lookup.snapshot(os, id, volume, home);
                    }
                });
    }

    @Override
    public Inventory inventory() throws DriverException, InterruptedException {
        return call("list " + folder.path(), _ -> lookup.inventory());
    }

    @Override
    public List<PoolStats> pools() throws DriverException, InterruptedException {
        return call(
                "measure " + folder.path(),
                _ -> {
                    folder.checkStillThere();
                    FileStore store = Files.getFileStore(folder.path());
                    long total = store.getTotalSpace();
                    return List.of(
                            new PoolStats(pool, total, Math.min(total, store.getUsableSpace())));
                });
    }

    @Override
    public void close() {
        folder.close();
    }

    /** What is left where there is no volume, or no longer. */
    private void removeRest(Native os, VolumeId id, @Nullable Fd home)
            throws OsException, IOException {
        try {
            if (home != null) {
                lookup.checkUnused(os, id, home);
                os.remove(home, NEW_IMAGE, 0);
                os.remove(folder.volumes(), id.toString(), Native.AT_REMOVEDIR);
            }
            os.sync(folder.volumes());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
        }
    }

    private void checkPool(VolumeSpec spec) throws OsException {
        if (!spec.pool().equals(pool)) {
            throw new OsException(
                    INVALID,
                    "there is no pool '%s' here; the only one is '%s'"
                            .formatted(spec.pool(), pool));
        }
    }

    private <T> T call(String what, Work<T> work) throws DriverException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted before it began to " + what);
        }
        try (Native os = new Native()) {
            return work.run(os);
        } catch (OsException e) {
            throw (e.is(OsException.ENOENT) ? missing(e) : e).told();
        } catch (IOException e) {
            throw new DriverException(UNAVAILABLE, e.toString(), e);
        }
    }

    /** Whatever is looked for may be missing because the whole folder is. */
    private OsException missing(OsException e) {
        try {
            folder.checkStillThere();
            return e;
        } catch (OsException gone) {
            gone.initCause(e);
            return gone;
        }
    }

    private interface Work<T> {
        T run(Native os) throws OsException, InterruptedException, IOException;
    }
}
