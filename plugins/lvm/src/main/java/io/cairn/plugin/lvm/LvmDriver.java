package io.cairn.plugin.lvm;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Offerings;
import io.cairn.spi.Adopting;
import io.cairn.spi.Attaching;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;
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

import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One thin pool of LVM; the package says how it is used. */
final class LvmDriver implements Driver {
    private static final BackendFacts FACTS =
            new BackendFacts(
                    "thin snapshot",
                    "Time does not grow with the volume, but with how many volumes the volume group"
                            + " has, all of which LVM writes down anew; space grows with what the volume changes afterwards.",
                    Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES));

    private final ThinPool pool;
    private final Fd lock;
    private final Lookup lookup;
    private final Creation creation;
    private final Alteration alteration;
    private final Calling calling;
    private final Exported exported;
    private final Attaching attaching;
    private final Adopting adopting;
    private final Measuring measuring;
    private final Differing differing;

    /**
     * @param lock keeps others from opening the pool until it is closed
     * @param offerings how volumes are exported
     */
    LvmDriver(ThinPool pool, Fd lock, Offerings offerings) {
        this.pool = pool;
        this.lock = lock;
        this.lookup = new Lookup(pool);
        this.creation = new Creation(pool, lookup);
        this.alteration = new Alteration(pool, lookup, creation);
        this.calling = new Calling(new Calls(() -> {}), pool.lvm());
        Activation activation = new Activation(pool);
        this.exported = new Exported(calling, pool, lookup, activation, offerings);
        this.attaching = new Attached(calling, lookup, activation, exported);
        this.adopting = new Adoption(calling, lookup);
        ThinTool tool = new ThinTool(pool);
        this.measuring = new Measured(calling, lookup, tool);
        this.differing = new Differences(calling, lookup, tool);
    }

    @Override
    public BackendFacts facts() {
        return FACTS;
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec)
            throws DriverException, InterruptedException {
        return calling.call("create volume " + spec.id(), os -> creation.empty(os, spec));
    }

    @Override
    public void deleteVolume(VolumeId id) throws DriverException, InterruptedException {
        calling.call(
                "delete volume " + id,
                os -> {
                    alteration.deleteVolume(os, id);
                    return id;
                });
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec)
            throws DriverException, InterruptedException {
        return calling.call(
                "create snapshot %s of volume %s".formatted(spec.id(), spec.volume()),
                os -> creation.cut(os, spec));
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        calling.call(
                "delete snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    alteration.deleteSnapshot(os, id, volume);
                    return id;
                });
    }

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume)
            throws DriverException, InterruptedException {
        return calling.call(
                "create volume %s from snapshot %s".formatted(spec.id(), source),
                os -> creation.fromSnapshot(os, spec, source, sourceVolume));
    }

    @Override
    public void markVolume(VolumeId id, Mark mark) throws DriverException, InterruptedException {
        calling.call(
                "mark volume " + id,
                os -> {
                    alteration.mark(os, id, mark);
                    return id;
                });
    }

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark)
            throws DriverException, InterruptedException {
        calling.call(
                "mark snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    alteration.mark(os, id, volume, mark);
                    return id;
                });
    }

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id)
            throws DriverException, InterruptedException {
        return calling.call(
                "look up volume " + id,
                os -> {
                    Optional<LogicalVolume> found = lookup.volume(os, id);
                    pool.flush(os);
                    return found.map(each -> lookup.asFound(each, id));
                });
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        return calling.call(
                "look up snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    Optional<LogicalVolume> found = lookup.snapshot(os, id, volume);
                    pool.flush(os);
                    return found.map(each -> lookup.asFound(each, id, volume));
                });
    }

    @Override
    public void inventory(InventoryVisitor visitor) throws DriverException, InterruptedException {
        calling.call("list " + pool, lookup::inventory).tellTo(visitor);
    }

    @Override
    public List<PoolStats> pools() throws DriverException, InterruptedException {
        return calling.calls()
                .call(
                        "measure " + pool,
                        os -> {
                            PoolStatus status = pool.status(os);
                            long total = status.totalData() * pool.chunkBytes();
                            long used = status.usedData() * pool.chunkBytes();
                            return List.of(new PoolStats(pool.name(), total, total - used));
                        });
    }

    @Override
    public Optional<Growing> growing() {
        return Optional.of(
                (id, sizeBytes) ->
                        calling.call(
                                "grow volume %s to %d bytes".formatted(id, sizeBytes),
                                os -> {
                                    exported.checkGrowable(Target.of(id));
                                    BackendVolume grown = alteration.grow(os, id, sizeBytes);
                                    exported.grown(Target.of(id));
                                    return grown;
                                }));
    }

    @Override
    public Optional<Cloning> cloning() {
        return Optional.of(
                (spec, source) ->
                        calling.call(
                                "create volume %s from volume %s".formatted(spec.id(), source),
                                os -> creation.fromVolume(os, spec, source)));
    }

    @Override
    public Optional<Reverting> reverting() {
        return Optional.of(
                (id, snapshot) ->
                        calling.call(
                                "revert volume %s to snapshot %s".formatted(id, snapshot),
                                os -> alteration.revert(os, id, snapshot)));
    }

    @Override
    public Optional<Attaching> attaching() {
        return Optional.of(attaching);
    }

    @Override
    public Optional<Exporting> exporting() {
        return Optional.of(exported);
    }

    @Override
    public Optional<Adopting> adopting() {
        return Optional.of(adopting);
    }

    @Override
    public Optional<Handing> handing() {
        return Optional.of(
                to ->
                        calling.call(
                                "hand the backend over to daemon " + to.daemon(),
                                os -> {
                                    new Ownership(pool).handOver(to);
                                    pool.flush(os);
                                    return to;
                                }));
    }

    @Override
    public Optional<Inspecting> inspecting() {
        return Optional.of(new Inspected(calling, pool, lookup));
    }

    @Override
    public Optional<Measuring> measuring() {
        return Optional.of(measuring);
    }

    @Override
    public Optional<Differing> differing() {
        return Optional.of(differing);
    }

    /** For tests: the program that runs LVM's commands, if one runs. */
    Optional<ProcessHandle> process() {
        return pool.lvm().process();
    }

    @Override
    public void close() {
        pool.lvm().close();
        lock.close();
    }
}
