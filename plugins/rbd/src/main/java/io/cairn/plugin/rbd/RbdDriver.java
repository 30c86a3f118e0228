package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import com.fasterxml.jackson.databind.JsonNode;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.Turns;
import io.cairn.plugin.local.qemu.Served;
import io.cairn.plugin.local.qemu.StorageDaemons;
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
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** One pool of a Ceph cluster; the package says how it is used. */
final class RbdDriver implements Driver {
    private static final BackendFacts FACTS =
            new BackendFacts(
                    "rbd snapshot",
                    "Time does not grow with the volume; the cluster's monitors take part in each,"
                            + " and take those of different volumes together. Space grows with"
                            + " what the volume changes afterwards.",
                    Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES));

    private final Cluster cluster;
    private final Ownership ownership;
    private final Calling calling;
    private final Cards cards;
    private final Lookup lookup;
    private final Reverts reverts;
    private final Creation creation;
    private final Alteration alteration;
    private final Depths depths;
    private final Differing differing;
    private final Measuring measuring;
    private final Adopting adopting;
    private final Optional<Attaching> attaching;
    private final Exporting exporting;
    private final Turns turns = new Turns();

    /**
     * @param patience how long Ceph may take to forget clients that were killed
     * @param deepest how many images an image may be made of, one of the other
     * @param attachBy by whom volumes are attached
     * @param lacks what is missing for attachments and exports
     */
    RbdDriver(
            String backend,
            Cluster cluster,
            Objects objects,
            Ownership ownership,
            Duration patience,
            int deepest,
            StorageDaemons daemons,
            AttachBy attachBy,
            Lacks lacks) {
        this.cluster = cluster;
        this.ownership = ownership;
        this.calling = new Calling(ownership);
        this.cards = new Cards(objects);
        Images images = new Images(cluster, patience);
        this.lookup = new Lookup(cluster, images, cards);
        this.reverts = new Reverts(cluster, cards);
        Instants instants = new Instants(cluster, objects);
        this.depths = new Depths(backend, cluster, images, deepest);
        KernelDevices kernel = new KernelDevices(cluster);
        Serving serving = new Serving(cluster, lookup, reverts, kernel, daemons);
        Grants grants = new Grants(cluster, cards, lookup, reverts, depths, serving);
        Renames renames = new Renames(cluster, images, objects, cards);
        this.creation =
                new Creation(
                        cluster, images, cards, lookup, reverts, instants, depths, serving,
                        renames);
        this.alteration =
                new Alteration(
                        cluster, images, cards, lookup, reverts, instants, depths, serving, grants,
                        renames);
        this.adopting = new Adoption(calling, cluster, images, cards, lookup, renames, alteration);
        this.differing = new Differences(calling, cluster, lookup);
        this.measuring = new Measured(calling, cluster, lookup);
        Calls calls = calling.calls();
        Served.Starting starting = (_, target) -> serving.started(target);
        this.attaching =
                lacks.attaching().isPresent()
                        ? Optional.empty()
                        : Optional.of(
                                new Attached(
                                        calls,
                                        kernel,
                                        new io.cairn.plugin.local.qemu.Attached(
                                                calls,
                                                serving.served(),
                                                starting,
                                                (int) Creation.SECTOR),
                                        serving,
                                        grants,
                                        lacks.ways(attachBy)));
        this.exporting =
                new Exported(
                        calls,
                        new io.cairn.plugin.local.qemu.Exported(
                                calls, serving.served(), starting, lacks.nbd().isEmpty()),
                        grants,
                        serving,
                        lacks.nbd());
        depths.start();
    }

    @Override
    public BackendFacts facts() {
        return FACTS;
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec)
            throws DriverException, InterruptedException {
        return calling.call("create volume " + spec.id(), () -> creation.empty(spec));
    }

    @Override
    public void deleteVolume(VolumeId id) throws DriverException, InterruptedException {
        calling.call(
                "delete volume " + id,
                () -> {
                    alteration.deleteVolume(id);
                    return id;
                });
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec)
            throws DriverException, InterruptedException {
        return calling.call(
                "create snapshot %s of volume %s".formatted(spec.id(), spec.volume()),
                () -> {
                    try (Turns.Turn _ = turns.take(spec.id())) {
                        return creation.cut(spec);
                    }
                });
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        calling.call(
                "delete snapshot %s of volume %s".formatted(id, volume),
                () -> {
                    try (Turns.Turn _ = turns.take(id)) {
                        alteration.deleteSnapshot(id, volume);
                    }
                    return id;
                });
    }

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume)
            throws DriverException, InterruptedException {
        return calling.call(
                "create volume %s from snapshot %s".formatted(spec.id(), source),
                () -> creation.fromSnapshot(spec, source, sourceVolume));
    }

    @Override
    public void markVolume(VolumeId id, Mark mark) throws DriverException, InterruptedException {
        calling.call(
                "mark volume " + id,
                () -> {
                    alteration.mark(id, mark);
                    return id;
                });
    }

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark)
            throws DriverException, InterruptedException {
        calling.call(
                "mark snapshot %s of volume %s".formatted(id, volume),
                () -> {
                    try (Turns.Turn _ = turns.take(id)) {
                        alteration.mark(id, volume, mark);
                    }
                    return id;
                });
    }

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id)
            throws DriverException, InterruptedException {
        return calling.call(
                "look up volume " + id,
                () -> {
                    Optional<BackendVolume> found = lookup.volume(id);
                    Optional<Card> card = lookup.card(id);
                    if (found.isPresent() && card.isPresent()) {
                        Card _ = reverts.settled(id, card.get());
                    }
                    return found;
                });
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume)
            throws DriverException, InterruptedException {
        return calling.call(
                "look up snapshot %s of volume %s".formatted(id, volume),
                () -> lookup.snapshot(id, volume));
    }

    @Override
    public void inventory(InventoryVisitor visitor) throws DriverException, InterruptedException {
        calling.call(
                "list " + cluster.address(),
                () -> {
                    lookup.inventory(visitor);
                    return visitor;
                });
    }

    @Override
    public List<PoolStats> pools() throws DriverException, InterruptedException {
        return calling.call("measure " + cluster.address(), this::stats);
    }

    private List<PoolStats> stats() throws OsException, IOException {
        String pool = cluster.address().pool();
        for (JsonNode each : cluster.ask("df").path("pools")) {
            if (each.path("name").asText().equals(pool)) {
                JsonNode stats = each.path("stats");
                long free = stats.path("max_avail").asLong();
                return List.of(new PoolStats(pool, free + stats.path("stored").asLong(), free));
            }
        }
        // It is there, since we have it open.
        throw new OsException(
                UNAVAILABLE,
                "the cluster's manager has not counted pool %s yet, as in the first seconds after that was made; see `ceph mgr stat` if this lasts"
                        .formatted(pool));
    }

    @Override
    public Optional<Growing> growing() {
        return Optional.of(
                (id, sizeBytes) ->
                        calling.call(
                                "grow volume %s to %d bytes".formatted(id, sizeBytes),
                                () -> alteration.grow(id, sizeBytes)));
    }

    @Override
    public Optional<Cloning> cloning() {
        return Optional.of(
                (spec, source) ->
                        calling.call(
                                "create volume %s from volume %s".formatted(spec.id(), source),
                                () -> creation.fromVolume(spec, source)));
    }

    @Override
    public Optional<Reverting> reverting() {
        return Optional.of(
                (id, snapshot) ->
                        calling.call(
                                "revert volume %s to snapshot %s".formatted(id, snapshot),
                                () -> alteration.revert(id, snapshot)));
    }

    @Override
    public Optional<Attaching> attaching() {
        return attaching;
    }

    @Override
    public Optional<Exporting> exporting() {
        return Optional.of(exporting);
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
                                () -> {
                                    ownership.handOver(to);
                                    return to;
                                }));
    }

    @Override
    public Optional<Measuring> measuring() {
        return Optional.of(measuring);
    }

    @Override
    public Optional<Background> background() {
        return Optional.of(depths::list);
    }

    @Override
    public Optional<Inspecting> inspecting() {
        return Optional.of(target -> calling.call("inspect " + target, () -> inspect(target)));
    }

    private SortedMap<String, String> inspect(Target target) throws OsException {
        Card _ = lookup.existingCard(target.volume());
        try (Image image = Image.openToRead(cluster, Names.image(target.volume()))) {
            SortedMap<String, String> found = new TreeMap<>();
            String of = lookup.location(target.volume());
            if (target.snapshot().isPresent()) {
                Image.Snap snap = lookup.existing(image, target.snapshot().get());
                found.put("snapshot-number", Long.toString(snap.number()));
                of = "%s@%s".formatted(of, snap.name());
            } else {
                found.put("clients", Integer.toString(image.watchers().size()));
            }
            found.put("image", of);
            found.put("image-id", image.id());
            found.put("image-features", Long.toHexString(image.features()));
            found.put("images-below", Integer.toString(Depths.of(cluster, image)));
            return found;
        }
    }

    @Override
    public Optional<Differing> differing() {
        return Optional.of(differing);
    }

    /** For tests. */
    Cluster cluster() {
        return cluster;
    }

    @Override
    public void close() {
        depths.close();
        ownership.close();
        cluster.close();
    }
}
