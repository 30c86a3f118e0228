package io.cairn.plugin.btrfs;

import static io.cairn.plugin.btrfs.Alteration.there;
import static io.cairn.plugin.btrfs.Lookup.CUT;
import static io.cairn.plugin.btrfs.Lookup.VOLUME;
import static io.cairn.spi.DriverException.Kind.INVALID;

import io.cairn.plugin.btrfs.Creation.Content;
import io.cairn.plugin.local.Attachments;
import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Exports;
import io.cairn.plugin.local.ExtentDiffering;
import io.cairn.plugin.local.Extents;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Servers;
import io.cairn.plugin.local.Source;
import io.cairn.plugin.local.Turns;
import io.cairn.plugin.local.Uses;
import io.cairn.spi.Adopting;
import io.cairn.spi.Attaching;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Background;
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

import java.nio.file.FileStore;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** One folder of subvolumes; the package says how it is laid out. */
final class BtrfsDriver implements Driver {
    private static final BackendFacts FACTS =
            new BackendFacts(
                    "subvolume",
                    "Time does not grow with the volume or its fragments, unless it is in use, and"
                            + " then with the fragments; the file system is committed, with"
                            + " whatever else was written to it; space grows with what the volume changes afterwards.",
                    Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES));

    private final BackendFolder folder;
    private final String pool;
    private final Lookup lookup;
    private final Creation creation;
    private final Alteration alteration;
    private final Deletion deletion;
    private final Calls calls;
    private final Optional<Attaching> attaching;
    private final Optional<Exporting> exporting;
    private final Adopting adopting;
    private final Optional<Cleaning> cleaning;
    private final Turns turns = new Turns();

    /**
     * @param loops whether this process may make loop devices
     * @param cleaning watches what becomes of subvolumes that are deleted, if this process may look
     */
    BtrfsDriver(
            BackendFolder folder,
            String pool,
            Servers servers,
            boolean loops,
            Optional<Cleaning> cleaning) {
        this.folder = folder;
        this.pool = pool;
        this.lookup = new Lookup(folder, pool);
        Claims claims = new Claims(folder, lookup);
        this.creation = new Creation(folder, lookup, claims);
        Uses uses = new Uses(lookup, servers);
        this.deletion = new Deletion(folder, lookup, uses, claims);
        this.alteration = new Alteration(lookup, creation, uses);
        this.calls = new Calls(folder::checkStillThere);
        this.adopting = new Adoption(calls, folder, lookup, creation, uses);
        this.attaching =
                loops
                        ? Optional.of(new Attachments(calls, lookup, servers, Creation.SECTOR))
                        : Optional.empty();
        this.exporting =
                // Those that run can be taken back, though none could be started any more.
                servers.available() || servers.anyLeft()
                        ? Optional.of(new Exports(calls, lookup, servers))
                        : Optional.empty();
        this.cleaning = cleaning;
        cleaning.ifPresent(Cleaning::start);
    }

    @Override
    public BackendFacts facts() {
        return FACTS;
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
                    String none = "volume %s has no such snapshot".formatted(sourceVolume);
                    try (Fd home = there(lookup.home(os, sourceVolume), none);
                            Fd image = there(lookup.image(os, home, source + CUT), none);
                            Fd subvolume = os.open(home, source + CUT, Native.O_RDONLY)) {
                        checkHolds(spec, os.size(image));
                        return creation.make(os, spec, from, Content.ofSnapshot(subvolume, image));
                    }
                });
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
                    String none = "there is no volume to copy";
                    try (Fd home = there(lookup.home(os, source), none);
                            Fd image = there(lookup.image(os, home, VOLUME), none);
                            Fd subvolume = os.open(home, VOLUME, Native.O_RDONLY)) {
                        checkHolds(spec, os.size(image));
                        return creation.make(
                                os, spec, from, creation.content(os, source, subvolume, image));
                    }
                });
    }

    @Override
    public void deleteVolume(VolumeId id) throws DriverException, InterruptedException {
        try {
            calls.call(
                    "delete volume " + id,
                    os -> {
                        deletion.volume(os, id);
                        return id;
                    });
        } finally {
            cleanSoon();
        }
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec)
            throws DriverException, InterruptedException {
        return calls.call(
                "create snapshot %s of volume %s".formatted(spec.id(), spec.volume()),
                os -> {
                    String none = "there is no such volume";
                    try (Turns.Turn _ = turns.take(spec.id());
                            Fd home = there(lookup.home(os, spec.volume()), none);
                            Fd image = there(lookup.image(os, home, VOLUME), none);
                            Fd subvolume = os.open(home, VOLUME, Native.O_RDONLY)) {
                        return creation.cut(os, spec, home, subvolume, image);
                    }
                });
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        try {
            calls.call(
                    "delete snapshot %s of volume %s".formatted(id, volume),
                    os -> {
                        try (Turns.Turn _ = turns.take(id)) {
                            deletion.snapshot(os, id, volume);
                        }
                        return id;
                    });
        } finally {
            cleanSoon();
        }
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

    @Override
    public Optional<Reverting> reverting() {
        return Optional.of(
                (id, snapshot) -> {
                    try {
                        return calls.call(
                                "revert volume %s to snapshot %s".formatted(id, snapshot),
                                os -> alteration.revert(os, id, snapshot));
                    } finally {
                        cleanSoon();
                    }
                });
    }

    @Override
    public Optional<Background> background() {
        return cleaning.map(each -> each);
    }

    /** What was deleted waits for the file system's cleaner. */
    private void cleanSoon() {
        cleaning.ifPresent(Cleaning::soon);
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
                                    folder.handOver(os, to);
                                    return to;
                                }));
    }

    @Override
    public Optional<Measuring> measuring() {
        return Optional.of(
                (id, volume) ->
                        calls.call(
                                "measure snapshot %s of volume %s".formatted(id, volume),
                                os -> {
                                    Target target = Target.of(volume, id);
                                    try (Fd image = lookup.target(os, target, Native.O_RDONLY)) {
                                        return Extents.unsharedBytes(os, image);
                                    }
                                }));
    }

    @Override
    public Optional<Inspecting> inspecting() {
        return Optional.of(
                target ->
                        calls.call(
                                "inspect " + target,
                                os -> {
                                    try (Fd image = lookup.target(os, target, Native.O_RDONLY)) {
                                        SortedMap<String, String> found = new TreeMap<>();
                                        found.put(
                                                "taken-bytes",
                                                Long.toString(os.stat(image).takenBytes()));
                                        found.put(
                                                "extents",
                                                Integer.toString(Extents.count(os, image)));
                                        found.putAll(Subvolumes.info(os, image));
                                        return found;
                                    }
                                }));
    }

    @Override
    public Optional<Differing> differing() {
        return Optional.of(new ExtentDiffering(calls, lookup));
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
                    folder.checkStillThere();
                    FileStore store = Files.getFileStore(folder.path());
                    long total = store.getTotalSpace();
                    return List.of(
                            new PoolStats(pool, total, Math.min(total, store.getUsableSpace())));
                });
    }

    @Override
    public void close() {
        cleaning.ifPresent(Cleaning::close);
        folder.close();
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
