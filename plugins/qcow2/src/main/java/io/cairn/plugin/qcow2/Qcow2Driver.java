package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.INVALID;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Source;
import io.cairn.plugin.local.Turns;
import io.cairn.plugin.local.qemu.Attached;
import io.cairn.plugin.local.qemu.Exported;
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

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** One folder of chains; the package says how it is laid out. */
final class Qcow2Driver implements Driver {
    private static final BackendFacts FACTS =
            new BackendFacts(
                    "overlay",
                    "Time grows with how many layers lie over each other, a little; space grows with"
                            + " what the volume changes afterwards, and what a deleted snapshot"
                            + " leaves is merged in the background.",
                    Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES));

    private final BackendFolder folder;
    private final Lookup lookup;
    private final Layers layers;
    private final String pool;
    private final Chores chores;
    private final Creation creation;
    private final Alteration alteration;
    private final Calls calls;
    private final Differing differing;
    private final Measuring measuring;
    private final Adoption adoption;
    private final Optional<Attaching> attaching;
    private final Optional<Exporting> exporting;
    private final Turns turns = new Turns();

    /**
     * Has the storage daemons go on where killed calls would have told them to.
     *
     * @param devices whether this process may make block devices of what storage daemons show
     */
    Qcow2Driver(
            Native os,
            String backend,
            BackendFolder folder,
            Lookup lookup,
            String pool,
            int mostLayers,
            QemuImg tool,
            LayeredDaemons daemons,
            boolean devices)
            throws OsException, IOException {
        this.folder = folder;
        this.lookup = lookup;
        this.layers = lookup.layers();
        this.pool = pool;
        this.chores = new Chores(backend, new Sweep(lookup, tool, daemons));
        Running running = new Running(lookup, daemons, chores);
        running.settleAll(os);
        this.creation = new Creation(folder, lookup, running, mostLayers);
        this.alteration = new Alteration(folder, lookup, creation, running, chores);
        this.calls = new Calls(folder::checkStillThere);
        this.adoption =
                new Adoption(calls, folder, lookup, creation, running, layers.hasLeases(os));
        adoption.finishAll(os);
        this.differing = new Differences(calls, lookup, tool);
        this.measuring = new Measured(calls, lookup, tool);
        this.attaching =
                devices
                        ? Optional.of(
                                new Attached(
                                        calls, running.served(), running::started, Layers.SECTOR))
                        : Optional.empty();
        this.exporting =
                // Those that run can be taken back, though none could be started any more.
                daemons.available() || !daemons.running().isEmpty()
                        ? Optional.of(
                                new Exported(
                                        calls,
                                        running.served(),
                                        running::started,
                                        daemons.available()))
                        : Optional.empty();
        chores.start();
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
                    check(spec);
                    Optional<BackendVolume> existing = lookup.existing(os, spec, Optional.empty());
                    return existing.isPresent()
                            ? existing.get()
                            : creation.make(os, spec, Optional.empty(), Optional.empty());
                });
    }

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume)
            throws DriverException, InterruptedException {
        return calls.call(
                "create volume %s from snapshot %s".formatted(spec.id(), source),
                os -> {
                    check(spec);
                    Optional<Source> from = Optional.of(new Source.OfSnapshot(source));
                    Optional<BackendVolume> existing = lookup.existing(os, spec, from);
                    if (existing.isPresent()) {
                        return existing.get();
                    }
                    creation.clear(os, spec.id());
                    Card card = lookup.existingCard(os, Target.of(sourceVolume, source));
                    checkHolds(os, spec, card);
                    return creation.make(os, spec, from, Optional.of(card.layer()));
                });
    }

    private BackendVolume cloneVolume(VolumeSpec spec, VolumeId source)
            throws DriverException, InterruptedException {
        return calls.call(
                "create volume %s from volume %s".formatted(spec.id(), source),
                os -> {
                    check(spec);
                    Optional<BackendVolume> existing =
                            lookup.existing(os, spec, Optional.of(new Source.OfVolume(source)));
                    if (existing.isPresent()) {
                        return existing.get();
                    }
                    creation.clear(os, spec.id());
                    checkHolds(os, spec, lookup.existingCard(os, Target.of(source)));
                    return creation.copy(os, spec, source);
                });
    }

    @Override
    public void deleteVolume(VolumeId id) throws DriverException, InterruptedException {
        calls.call(
                "delete volume " + id,
                os -> {
                    adoption.settle(os, id);
                    alteration.deleteVolume(os, id);
                    return id;
                });
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec)
            throws DriverException, InterruptedException {
        return calls.call(
                "create snapshot %s of volume %s".formatted(spec.id(), spec.volume()),
                os -> {
                    try (Turns.Turn _ = turns.take(spec.id())) {
                        return creation.cut(os, spec);
                    }
                });
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        calls.call(
                "delete snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    try (Turns.Turn _ = turns.take(id)) {
                        alteration.deleteSnapshot(os, id, volume);
                    }
                    return id;
                });
    }

    @Override
    public void markVolume(VolumeId id, Mark mark) throws DriverException, InterruptedException {
        calls.call(
                "mark volume " + id,
                os -> {
                    alteration.mark(os, Target.of(id), mark);
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
                        alteration.mark(os, Target.of(volume, id), mark);
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
        return Optional.of(adoption);
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
    public Optional<Background> background() {
        return Optional.of(chores::list);
    }

    @Override
    public Optional<Inspecting> inspecting() {
        return Optional.of(
                target ->
                        calls.call(
                                "inspect " + target,
                                os -> {
                                    Card card = lookup.existingCard(os, target);
                                    SortedMap<String, String> found = new TreeMap<>();
                                    found.put("layer", layers.path(card.layer()).toString());
                                    found.put(
                                            "layers",
                                            Integer.toString(
                                                    layers.chain(os, card.layer()).size()));
                                    found.put(
                                            "layer-bytes",
                                            Long.toString(layers.takenBytes(os, card.layer())));
                                    return found;
                                }));
    }

    @Override
    public Optional<Measuring> measuring() {
        return Optional.of(measuring);
    }

    @Override
    public Optional<Differing> differing() {
        return Optional.of(differing);
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
                os -> lookup.snapshot(os, id, volume));
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

    /** What goes on in the background. */
    Chores chores() {
        return chores;
    }

    @Override
    public void close() {
        chores.close();
        layers.close();
        folder.close();
    }

    private void check(VolumeSpec spec) throws OsException {
        if (!spec.pool().equals(pool)) {
            throw new OsException(
                    INVALID,
                    "there is no pool '%s' here; the only one is '%s'"
                            .formatted(spec.pool(), pool));
        }
        Alteration.checkSize(spec.sizeBytes());
    }

    private void checkHolds(Native os, VolumeSpec spec, Card source) throws OsException {
        long least = layers.head(os, source.layer()).sizeBytes();
        if (spec.sizeBytes() < least) {
            throw new OsException(
                    INVALID,
                    "%d bytes are less than the %d of its source"
                            .formatted(spec.sizeBytes(), least));
        }
    }
}
