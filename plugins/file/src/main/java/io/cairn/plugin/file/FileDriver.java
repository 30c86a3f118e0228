package io.cairn.plugin.file;

import static io.cairn.plugin.file.Lookup.CUT;
import static io.cairn.plugin.file.Lookup.IMAGE;
import static io.cairn.plugin.file.Lookup.NEW_IMAGE;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.plugin.local.Attachments;
import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Exports;
import io.cairn.plugin.local.ExtentDiffering;
import io.cairn.plugin.local.Extents;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Servers;
import io.cairn.plugin.local.Source;
import io.cairn.plugin.local.Turns;
import io.cairn.plugin.local.Uses;
import io.cairn.spi.Adopting;
import io.cairn.spi.Attaching;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Cloning;
import io.cairn.spi.Differing;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Exporting;
import io.cairn.spi.Growing;
import io.cairn.spi.Handing;
import io.cairn.spi.Inspecting;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Mark;
import io.cairn.spi.Measuring;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Reverting;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** One folder of image files; the package says how it is laid out. */
final class FileDriver implements Driver {
    private final Folder folder;
    private final String pool;
    private final BackendFacts facts;
    private final Lookup lookup;
    private final Creation creation;
    private final Alteration alteration;
    private final Uses uses;
    private final Calls calls;
    private final Optional<Attaching> attaching;
    private final Optional<Exporting> exporting;
    private final Adopting adopting;
    private final Optional<Measuring> measuring;
    private final Optional<Differing> differing;
    private final Turns turns = new Turns();

    /**
     * @param loops whether this process may make loop devices
     */
    FileDriver(Folder folder, String pool, Servers servers, boolean loops) {
        this.folder = folder;
        this.pool = pool;
        this.facts = folder.method().facts();
        this.lookup = new Lookup(folder, pool);
        this.creation = new Creation(folder, lookup);
        this.uses = new Uses(lookup, servers);
        this.alteration = new Alteration(lookup, creation, uses);
        this.calls = new Calls(folder.base()::checkStillThere);
        this.attaching =
                loops
                        ? Optional.of(new Attachments(calls, lookup, servers, Loops.SECTOR))
                        : Optional.empty();
        this.exporting =
                // Those that run can be taken back, though none could be started any more.
                servers.available() || servers.anyLeft()
                        ? Optional.of(new Exports(calls, lookup, servers))
                        : Optional.empty();
        this.adopting = new Adoption(calls, folder, lookup, uses);
        this.measuring =
                folder.measurable() ? Optional.of(this::freedByDeleting) : Optional.empty();
        this.differing =
                folder.method() == Method.REFLINK && folder.measurable()
                        ? Optional.of(new ExtentDiffering(calls, lookup))
                        : Optional.empty();
    }

    @Override
    public BackendFacts facts() {
        return facts;
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec)
            throws DriverException, InterruptedException {
        return calls.call(
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
        return calls.call(
                "create volume %s from snapshot %s".formatted(spec.id(), source),
                os -> {
                    checkPool(spec);
                    Optional<Source> from = Optional.of(new Source.OfSnapshot(source));
                    Optional<BackendVolume> existing = lookup.existing(os, spec, from);
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
                        checkHolds(spec, os.size(snapshot));
                        return creation.make(os, spec, from, snapshot);
                    }
                });
    }

    @Override
    public void deleteVolume(VolumeId id) throws DriverException, InterruptedException {
        calls.call(
                "delete volume " + id,
                os -> {
                    try (Fd home = lookup.home(os, id)) {
                        boolean there = false;
                        try (Fd image = lookup.file(os, home, IMAGE)) {
                            if (home != null && image != null) {
                                there = true;
                                lookup.checkAlone(home);
                                uses.checkUnused(os, Target.of(id), image);
                            }
                        }
                        if (home != null && there) {
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
        return calls.call(
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
        calls.call(
                "delete snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    try (Turns.Turn _ = turns.take(id);
                            Fd home = lookup.home(os, volume)) {
                        Target target = Target.of(volume, id);
                        try (Fd file = lookup.file(os, home, id + CUT)) {
                            if (file != null) {
                                uses.checkUnattached(os, lookup.hint(target), file);
                                uses.checkUnexported(target);
                            }
                        }
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
    public void markVolume(VolumeId id, Mark mark) throws DriverException, InterruptedException {
        calls.call(
                "mark volume " + id,
                os -> {
                    alteration.mark(os, id, mark);
                    return id;
                });
    }

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark)
            throws DriverException, InterruptedException {
        calls.call(
                "mark snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    try (Turns.Turn _ = turns.take(id)) {
                        alteration.mark(os, id, volume, mark);
                    }
                    return id;
                });
    }

    @Override
    public Optional<Growing> growing() {
        return Optional.of(
                (id, sizeBytes) ->
                        calls.call(
                                "grow volume %s to %d bytes".formatted(id, sizeBytes),
                                os -> alteration.grow(os, id, sizeBytes)));
    }

    @Override
    public Optional<Cloning> cloning() {
        return Optional.of(this::cloneVolume);
    }

    private BackendVolume cloneVolume(VolumeSpec spec, VolumeId source)
            throws DriverException, InterruptedException {
        return calls.call(
                "create volume %s from volume %s".formatted(spec.id(), source),
                os -> {
                    checkPool(spec);
                    Optional<Source> from = Optional.of(new Source.OfVolume(source));
                    Optional<BackendVolume> existing = lookup.existing(os, spec, from);
                    if (existing.isPresent()) {
                        return existing.get();
                    }
                    try (Fd home = lookup.home(os, source);
                            Fd image = lookup.file(os, home, IMAGE)) {
                        if (image == null) {
                            throw new OsException(NOT_FOUND, "there is no volume to copy");
                        }
                        checkHolds(spec, os.size(image));
                        creation.hold(os, source, image);
                        return creation.make(os, spec, from, image);
                    }
                });
    }

    @Override
    public Optional<Reverting> reverting() {
        return Optional.of(
                (id, snapshot) ->
                        calls.call(
                                "revert volume %s to snapshot %s".formatted(id, snapshot),
                                os -> alteration.revert(os, id, snapshot)));
    }

    @Override
    public Optional<Attaching> attaching() {
        return attaching;
    }

    @Override
    public Optional<Exporting> exporting() {
        return exporting;
    }

    @Override
    public Optional<Adopting> adopting() {
        return Optional.of(adopting);
    }

    @Override
    public Optional<Handing> handing() {
        return Optional.of(
                to ->
                        calls.call(
                                "hand the backend over to daemon " + to.daemon(),
                                os -> {
                                    folder.base().handOver(os, to);
                                    return to;
                                }));
    }

    @Override
    public Optional<Measuring> measuring() {
        return measuring;
    }

    @Override
    public Optional<Differing> differing() {
        return differing;
    }

    @Override
    public Optional<Inspecting> inspecting() {
        return Optional.of(
                target ->
                        calls.call(
                                "inspect " + target,
                                os -> {
                                    try (Fd file = lookup.target(os, target, Native.O_RDONLY)) {
                                        SortedMap<String, String> found = new TreeMap<>();
                                        found.put(
                                                "taken-bytes",
                                                Long.toString(os.stat(file).takenBytes()));
                                        if (Extents.told(os, file)) {
                                            found.put(
                                                    "extents",
                                                    Integer.toString(Extents.count(os, file)));
                                        }
                                        return found;
                                    }
                                }));
    }

    private long freedByDeleting(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        return calls.call(
                "measure snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    try (Fd file = lookup.target(os, Target.of(volume, id), Native.O_RDONLY)) {
                        return folder.clones()
                                ? Extents.unsharedBytes(os, file)
                                : os.stat(file).takenBytes();
                    }
                });
    }

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id)
            throws DriverException, InterruptedException {
        return calls.call("look up volume " + id, os -> lookup.volume(os, id));
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        return calls.call(
                "look up snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    try (Fd home = lookup.home(os, volume)) {
                        return lookup.snapshot(os, id, volume, home);
                    }
                });
    }

    @Override
    public void inventory(InventoryVisitor visitor) throws DriverException, InterruptedException {
        calls.call(
                "list " + folder.path(),
                _ -> {
                    lookup.inventory(visitor);
                    return visitor;
                });
    }

    @Override
    public List<PoolStats> pools() throws DriverException, InterruptedException {
        return calls.call(
                "measure " + folder.path(),
                _ -> {
                    folder.base().checkStillThere();
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
                lookup.checkAlone(home);
                os.remove(home, NEW_IMAGE, 0);
                os.remove(folder.volumes(), id.toString(), Native.AT_REMOVEDIR);
            }
            os.sync(folder.volumes());
        } catch (OsException e) {
            throw e.withUnknownOutcome();
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

    private void checkPool(VolumeSpec spec) throws OsException {
        if (!spec.pool().equals(pool)) {
            throw new OsException(
                    INVALID,
                    "there is no pool '%s' here; the only one is '%s'"
                            .formatted(spec.pool(), pool));
        }
    }
}
