package io.cairn.plugin.lvm;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.spi.Adopting;
import io.cairn.spi.Attaching;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Background;
import io.cairn.spi.Cloning;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Exporting;
import io.cairn.spi.Growing;
import io.cairn.spi.Handing;
import io.cairn.spi.Inspecting;
import io.cairn.spi.Inventory;
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

/**
 * A volume group of LVM used plainly; the package says how. Nearly nothing of a call is that of a
 * thin pool: all content is written here, which takes long, and others go on meanwhile.
 */
final class PlainDriver implements Driver {
    private static final BackendFacts FACTS =
            new BackendFacts(
                    "copy on write",
                    "Time does not grow with the volume, but with how many volumes the volume group"
                            + " has, all of which LVM writes down anew; it takes as much space as the"
                            + " volume has unless snapshot.reserve is less, and each one makes the"
                            + " first write to a piece of the volume slower.",
                    Set.of());

    private final PlainGroup group;
    private final Fd lock;
    private final Calls calls = new Calls(() -> {});
    private final PlainLookup lookup;
    private final PlainCreation creation;
    private final PlainAlteration alteration;
    private final PlainDeletion deletion;
    private final PlainAttaching attaching;
    private final PlainExported exporting;
    private final SnapshotGuard guard;

    /**
     * @param lock keeps others from opening the group until it is closed
     */
    PlainDriver(PlainGroup group, Wipe wipe, Fd lock) {
        this.group = group;
        this.lock = lock;
        Restoring restoring = new Restoring(group);
        this.lookup = new PlainLookup(group, restoring);
        this.creation = new PlainCreation(group, lookup);
        this.alteration = new PlainAlteration(group, lookup, creation, restoring);
        this.deletion = new PlainDeletion(group, lookup, wipe);
        this.attaching = new PlainAttaching(calls, group, lookup);
        this.exporting = new PlainExported(calls, group, lookup, attaching);
        this.guard = new SnapshotGuard(group);
        group.lvm()
                .afterDeath(
                        () -> {
                            try (Native os = new Native()) {
                                group.wake(os);
                                // What is half done is finished or taken back first.
                                Inventory _ = lookup.inventory(os);
                            }
                        });
    }

    @Override
    public BackendFacts facts() {
        return FACTS;
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec)
            throws DriverException, InterruptedException {
        return calls.call("create volume " + spec.id(), os -> creation.empty(os, spec));
    }

    @Override
    public void deleteVolume(VolumeId id) throws DriverException, InterruptedException {
        calls.call(
                "delete volume " + id,
                os -> {
                    deletion.volume(os, id);
                    return id;
                });
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec)
            throws DriverException, InterruptedException {
        return calls.call(
                "create snapshot %s of volume %s".formatted(spec.id(), spec.volume()),
                os -> creation.cut(os, spec));
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        calls.call(
                "delete snapshot %s of volume %s".formatted(id, volume),
                os -> {
                    deletion.snapshot(os, id, volume);
                    return id;
                });
    }

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume)
            throws DriverException, InterruptedException {
        return calls.call(
                "create volume %s from snapshot %s".formatted(spec.id(), source),
                os -> creation.fromSnapshot(os, spec, source, sourceVolume));
    }

    @Override
    public void markVolume(VolumeId id, Mark mark) throws DriverException, InterruptedException {
        calls.call(
                "mark volume " + id,
                os ->
                        group.turn(
                                () -> {
                                    alteration.mark(os, id, mark);
                                    return id;
                                }));
    }

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark)
            throws DriverException, InterruptedException {
        calls.call(
                "mark snapshot %s of volume %s".formatted(id, volume),
                os ->
                        group.turn(
                                () -> {
                                    alteration.mark(os, id, volume, mark);
                                    return id;
                                }));
    }

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id)
            throws DriverException, InterruptedException {
        return calls.call(
                "look up volume " + id,
                os ->
                        group.turn(
                                () -> {
                                    Optional<LogicalVolume> found = lookup.volume(os, id);
                                    group.flush(os);
                                    return found.map(each -> lookup.asFound(each, id));
                                }));
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        return calls.call(
                "look up snapshot %s of volume %s".formatted(id, volume),
                os ->
                        group.turn(
                                () -> {
                                    Optional<LogicalVolume> found = lookup.snapshot(os, id, volume);
                                    group.flush(os);
                                    return found.map(each -> lookup.asFound(each, id, volume));
                                }));
    }

    @Override
    public void inventory(InventoryVisitor visitor) throws DriverException, InterruptedException {
        calls.call("list " + group.described(), os -> group.turn(() -> lookup.inventory(os)))
                .tellTo(visitor);
    }

    @Override
    public List<PoolStats> pools() throws DriverException, InterruptedException {
        return calls.call(
                "measure " + group.described(), _ -> group.turn(() -> List.of(group.stats())));
    }

    @Override
    public Optional<Growing> growing() {
        return Optional.of(
                (id, sizeBytes) ->
                        calls.call(
                                "grow volume %s to %d bytes".formatted(id, sizeBytes),
                                os -> {
                                    group.offerings().checkGrowable(Target.of(id));
                                    BackendVolume grown = alteration.grow(os, id, sizeBytes);
                                    group.offerings().grown(Target.of(id));
                                    return grown;
                                }));
    }

    @Override
    public Optional<Cloning> cloning() {
        return Optional.of(
                (spec, source) ->
                        calls.call(
                                "create volume %s from volume %s".formatted(spec.id(), source),
                                os -> creation.fromVolume(os, spec, source)));
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
        return Optional.of(attaching);
    }

    @Override
    public Optional<Exporting> exporting() {
        return Optional.of(exporting);
    }

    @Override
    public Optional<Adopting> adopting() {
        return Optional.of(new Adoption(new Calling(calls, group.lvm()), lookup));
    }

    @Override
    public Optional<Handing> handing() {
        return Optional.of(
                to ->
                        calls.call(
                                "hand the backend over to daemon " + to.daemon(),
                                os ->
                                        group.turn(
                                                () -> {
                                                    new Ownership(group).handOver(to);
                                                    group.flush(os);
                                                    return to;
                                                })));
    }

    @Override
    public Optional<Measuring> measuring() {
        return Optional.of(new PlainInspecting(calls, group, lookup));
    }

    @Override
    public Optional<Background> background() {
        return Optional.of(guard);
    }

    @Override
    public Optional<Inspecting> inspecting() {
        return Optional.of(new PlainInspecting(calls, group, lookup));
    }

    /** For tests: the program that runs LVM's commands, if one runs. */
    Optional<ProcessHandle> process() {
        return group.lvm().process();
    }

    @Override
    public void close() {
        guard.close();
        group.lvm().close();
        lock.close();
    }
}
