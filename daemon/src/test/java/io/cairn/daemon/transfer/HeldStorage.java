package io.cairn.daemon.transfer;

import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Dossier;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Mark;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A driver of storage that holds what a test says, of any size and age, as no file system could. It
 * can only be looked at.
 */
final class HeldStorage implements Driver, DriverProvider, Exporting {
    private final Map<VolumeId, BackendVolume> volumes = new ConcurrentHashMap<>();
    private final Map<SnapshotId, BackendSnapshot> snapshots = new ConcurrentHashMap<>();
    private final Map<ConnectionId, Export> exports = new ConcurrentHashMap<>();

    void hold(Dossier dossier) {
        var volume = dossier.volume();
        volumes.put(
                volume.id(),
                new BackendVolume(
                        volume.id(),
                        volume.pool(),
                        volume.sizeBytes(),
                        volume.location(),
                        Mark.NONE));
        for (Dossier.Cut cut : dossier.cuts()) {
            var snapshot = cut.snapshot();
            snapshots.put(
                    snapshot.id(),
                    new BackendSnapshot(
                            snapshot.id(),
                            volume.id(),
                            snapshot.sizeBytes(),
                            snapshot.createdAt(),
                            snapshot.location(),
                            Mark.NONE));
        }
        for (Connection connection : dossier.connections()) {
            exports.put(
                    connection.id(),
                    new Export(connection.protocol(), connection.info(), connection.secrets()));
        }
    }

    @Override
    public String name() {
        return "held";
    }

    @Override
    public DriverInfo info() {
        return new DriverInfo("1", "tests", "holds what it is told", List.of());
    }

    @Override
    public Driver open(BackendIdentity self, Settings settings) {
        return this;
    }

    @Override
    public BackendFacts facts() {
        return new BackendFacts("nothing", "nothing", Set.of(Trait.MULTI_ATTACH));
    }

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id) {
        return Optional.ofNullable(volumes.get(id));
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume) {
        return Optional.ofNullable(snapshots.get(id)).filter(one -> one.volume().equals(volume));
    }

    @Override
    public void inventory(InventoryVisitor visitor) {
        volumes.values().forEach(visitor::volume);
        snapshots.values().forEach(visitor::snapshot);
    }

    @Override
    public List<PoolStats> pools() {
        return List.of(new PoolStats("p", 1, 1));
    }

    @Override
    public Optional<Exporting> exporting() {
        return Optional.of(this);
    }

    @Override
    public Set<String> protocols() {
        return Set.of("nbd");
    }

    @Override
    public Optional<Export> exported(ConnectionId id, Target target) {
        return Optional.ofNullable(exports.get(id));
    }

    @Override
    public Export export(ExportSpec spec) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void unexport(ConnectionId id, Target target) {
        throw new UnsupportedOperationException();
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void deleteVolume(VolumeId id) {
        throw new UnsupportedOperationException();
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume) {
        throw new UnsupportedOperationException();
    }

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void markVolume(VolumeId id, Mark mark) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
