package io.cairn.benchmark;

import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.Mark;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Volumes and snapshots without content: what is left of an operation when storage costs none. */
final class MemoryDriver implements Driver {
    private static final String POOL = "default";

    /** Sizes, since a benchmark's volumes are known from its preparation on. */
    private static final long SIZE_BYTES = House.VOLUME_BYTES;

    private final Map<VolumeId, BackendVolume> volumes = new ConcurrentHashMap<>();
    private final Map<SnapshotId, BackendSnapshot> snapshots = new ConcurrentHashMap<>();

    /** Every backend it opens is another, and empty. */
    static final class Provider implements DriverProvider {
        @Override
        public String name() {
            return "memory";
        }

        @Override
        public DriverInfo info() {
            return new DriverInfo("1", "Cairn", "Keeps everything in memory", List.of());
        }

        @Override
        public Driver open(BackendIdentity self, Settings settings) {
            return new MemoryDriver();
        }
    }

    @Override
    public BackendFacts facts() {
        return new BackendFacts("memory", "nothing", Set.of());
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec) {
        return volumes.computeIfAbsent(
                spec.id(),
                id -> new BackendVolume(id, POOL, spec.sizeBytes(), "/" + id, spec.mark()));
    }

    @Override
    public void deleteVolume(VolumeId id) {
        volumes.remove(id);
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec) {
        return snapshots.computeIfAbsent(
                spec.id(),
                id ->
                        new BackendSnapshot(
                                id,
                                spec.volume(),
                                SIZE_BYTES,
                                Instant.now(),
                                "/" + id,
                                spec.mark()));
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume) {
        snapshots.remove(id);
    }

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume) throws DriverException {
        return createVolume(spec);
    }

    @Override
    public void markVolume(VolumeId id, Mark mark) {}

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark) {}

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id) {
        return Optional.ofNullable(volumes.get(id));
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume) {
        return Optional.ofNullable(snapshots.get(id));
    }

    @Override
    public void inventory(InventoryVisitor visitor) {
        volumes.values().forEach(visitor::volume);
        snapshots.values().forEach(visitor::snapshot);
    }

    @Override
    public List<PoolStats> pools() {
        return List.of(new PoolStats(POOL, 1L << 40, 1L << 40));
    }

    @Override
    public void close() {
        volumes.clear();
    }
}
