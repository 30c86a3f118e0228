package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

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
import io.cairn.tck.MemoryProvider.Flaw;
import io.cairn.tck.MemoryStorage.Volume;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Does everything under the storage's lock, so each call is whole by itself. */
final class MemoryDriver implements Driver {
    private static final String POOL = "memory";

    private final MemoryStorage storage;
    private final Flaw flaw;
    private Map<Long, byte[]> old = new HashMap<>();

    MemoryDriver(MemoryStorage storage, Flaw flaw) {
        this.storage = storage;
        this.flaw = flaw;
    }

    @Override
    public BackendFacts facts() {
        return new BackendFacts(
                "pages",
                "Grows with the number of pages.",
                flaw == Flaw.DECLARES_WRONG_TRAITS
                        ? Set.of(Trait.THIN, Trait.MULTI_ATTACH)
                        : Set.of(
                                Trait.THIN,
                                Trait.SHARED_SNAPSHOTS,
                                Trait.SHARED_CLONES,
                                Trait.MULTI_ATTACH));
    }

    @Override
    public BackendVolume createVolume(VolumeSpec spec) throws DriverException {
        synchronized (storage) {
            Optional<BackendVolume> existing = existing(spec, Optional.empty());
            if (existing.isPresent()) {
                return existing.get();
            }
            boolean keeps = flaw == Flaw.KEEPS_OLD_CONTENT;
            return make(spec, Optional.empty(), keeps ? old : new HashMap<>());
        }
    }

    @Override
    public BackendVolume createFromSnapshot(
            VolumeSpec spec, SnapshotId source, VolumeId sourceVolume) throws DriverException {
        synchronized (storage) {
            Optional<BackendVolume> existing = existing(spec, Optional.of(source));
            if (existing.isPresent()) {
                return existing.get();
            }
            BackendSnapshot snapshot =
                    findSnapshot(source, sourceVolume)
                            .orElseThrow(() -> new DriverException(NOT_FOUND, "no such snapshot"));
            if (spec.sizeBytes() < snapshot.sizeBytes()) {
                throw new DriverException(INVALID, "smaller than the snapshot");
            }
            Map<Long, byte[]> pages = storage.pages(snapshot.location());
            boolean shares = flaw == Flaw.SHARES_CLONES_WITH_THEIR_SOURCE;
            return make(spec, Optional.of(source), shares ? pages : new HashMap<>(pages));
        }
    }

    @Override
    public void deleteVolume(VolumeId id) throws DriverException {
        synchronized (storage) {
            Volume volume = storage.volumes.get(id);
            if (volume == null) {
                if (flaw == Flaw.FAILS_TO_DELETE_TWICE) {
                    throw new DriverException(NOT_FOUND, "no such volume");
                }
                return;
            }
            boolean cut =
                    storage.snapshots.values().stream()
                            .anyMatch(snapshot -> snapshot.volume().equals(id));
            if (cut && flaw != Flaw.DELETES_VOLUMES_WITH_SNAPSHOTS) {
                throw new DriverException(IN_USE, "it has snapshots");
            }
            if (flaw != Flaw.DELETES_WHAT_IS_USED) {
                checkUnused(Target.of(id), volume.shown().location());
            }
            old = storage.pages(volume.shown().location());
            if (flaw != Flaw.LEAVES_RUBBISH) {
                storage.remove(volume.shown().location());
            }
            storage.volumes.remove(id);
        }
    }

    @Override
    public BackendSnapshot createSnapshot(SnapshotSpec spec) throws DriverException {
        synchronized (storage) {
            BackendSnapshot existing = storage.snapshots.get(spec.id());
            if (existing != null && !existing.volume().equals(spec.volume())) {
                throw new DriverException(CONFLICT, "a snapshot of another volume");
            }
            if (existing != null && isAnother(existing.mark(), spec.mark())) {
                throw new DriverException(CONFLICT, "it exists with another mark");
            }
            if (existing != null && flaw != Flaw.CUTS_AGAIN) {
                return existing;
            }
            Volume volume = storage.volumes.get(spec.volume());
            if (volume == null) {
                throw new DriverException(NOT_FOUND, "no such volume");
            }
            BackendVolume source = volume.shown();
            BackendSnapshot snapshot =
                    existing != null
                            ? existing
                            : new BackendSnapshot(
                                    spec.id(),
                                    spec.volume(),
                                    source.sizeBytes(),
                                    Instant.now(),
                                    "snapshot/" + spec.id(),
                                    mark(spec.mark()));
            storage.put(
                    snapshot.location(),
                    snapshot.sizeBytes(),
                    new HashMap<>(storage.pages(source.location())));
            storage.snapshots.put(spec.id(), snapshot);
            return snapshot;
        }
    }

    @Override
    public void deleteSnapshot(SnapshotId id, VolumeId volume) throws DriverException {
        synchronized (storage) {
            if (findSnapshot(id, volume).isPresent()) {
                if (flaw != Flaw.DELETES_WHAT_IS_USED) {
                    checkUnused(Target.of(volume, id), "snapshot/" + id);
                }
                storage.remove("snapshot/" + id);
                storage.snapshots.remove(id);
            }
        }
    }

    @Override
    public Optional<BackendVolume> findVolume(VolumeId id) {
        synchronized (storage) {
            return Optional.ofNullable(storage.volumes.get(id)).map(Volume::shown);
        }
    }

    @Override
    public Optional<BackendSnapshot> findSnapshot(SnapshotId id, VolumeId volume) {
        synchronized (storage) {
            return Optional.ofNullable(storage.snapshots.get(id))
                    .filter(snapshot -> snapshot.volume().equals(volume));
        }
    }

    @Override
    public void inventory(InventoryVisitor visitor) {
        synchronized (storage) {
            List<BackendVolume> volumes =
                    new ArrayList<>(storage.volumes.values().stream().map(Volume::shown).toList());
            if (flaw == Flaw.LISTS_TOO_LITTLE && volumes.size() > 1) {
                volumes.removeFirst();
            }
            volumes.forEach(visitor::volume);
            storage.snapshots.values().forEach(visitor::snapshot);
        }
    }

    @Override
    public List<PoolStats> pools() {
        long free = MemoryStorage.TOTAL - storage.usedBytes();
        return List.of(new PoolStats(POOL, MemoryStorage.TOTAL, free));
    }

    @Override
    public void markVolume(VolumeId id, Mark mark) throws DriverException {
        synchronized (storage) {
            Volume volume = volume(id);
            BackendVolume shown = volume.shown();
            storage.volumes.put(
                    id,
                    new Volume(
                            new BackendVolume(
                                    id, POOL, shown.sizeBytes(), shown.location(), mark(mark)),
                            volume.source()));
        }
    }

    @Override
    public void markSnapshot(SnapshotId id, VolumeId volume, Mark mark) throws DriverException {
        synchronized (storage) {
            BackendSnapshot old =
                    findSnapshot(id, volume)
                            .orElseThrow(() -> new DriverException(NOT_FOUND, "no such snapshot"));
            storage.snapshots.put(
                    id,
                    new BackendSnapshot(
                            id, volume, old.sizeBytes(), old.cutAt(), old.location(), mark(mark)));
        }
    }

    @Override
    public Optional<Growing> growing() {
        return flaw == Flaw.HIDES_A_CAPABILITY ? Optional.empty() : Optional.of(this::grow);
    }

    @Override
    public Optional<Cloning> cloning() {
        return Optional.of(this::cloneVolume);
    }

    @Override
    public Optional<Reverting> reverting() {
        return Optional.of(this::revert);
    }

    @Override
    public Optional<Attaching> attaching() {
        return Optional.of(new MemoryAttaching(storage, flaw));
    }

    @Override
    public Optional<Exporting> exporting() {
        return Optional.of(new MemoryExporting(storage));
    }

    @Override
    public Optional<Adopting> adopting() {
        return Optional.of(new MemoryAdopting(this, storage, flaw));
    }

    @Override
    public Optional<Handing> handing() {
        return Optional.of(storage::handOver);
    }

    @Override
    public Optional<Measuring> measuring() {
        return Optional.of(this::freedByDeleting);
    }

    @Override
    public Optional<Background> background() {
        return Optional.of(List::of);
    }

    @Override
    public Optional<Differing> differing() {
        return Optional.of(new MemoryDiffering(this, storage, flaw));
    }

    @Override
    public Optional<Inspecting> inspecting() {
        return Optional.of(this::inspect);
    }

    private SortedMap<String, String> inspect(Target target) throws DriverException {
        String location =
                target.snapshot().isPresent()
                        ? findSnapshot(target.snapshot().get(), target.volume())
                                .map(BackendSnapshot::location)
                                .orElse("")
                        : findVolume(target.volume()).map(BackendVolume::location).orElse("");
        if (location.isEmpty()) {
            throw new DriverException(
                    DriverException.Kind.NOT_FOUND, "there is no %s".formatted(target));
        }
        return new TreeMap<>(Map.of("key", location));
    }

    @Override
    public void close() {}

    private BackendVolume grow(VolumeId id, long sizeBytes) throws DriverException {
        synchronized (storage) {
            Volume volume = volume(id);
            if (sizeBytes < volume.shown().sizeBytes()) {
                throw new DriverException(INVALID, "volumes do not shrink");
            }
            BackendVolume grown =
                    new BackendVolume(
                            id, POOL, sizeBytes, volume.shown().location(), volume.shown().mark());
            storage.grow(grown.location(), sizeBytes);
            storage.volumes.put(id, new Volume(grown, volume.source()));
            return grown;
        }
    }

    private BackendVolume cloneVolume(VolumeSpec spec, VolumeId source) throws DriverException {
        synchronized (storage) {
            Optional<BackendVolume> existing = existing(spec, Optional.of(source));
            if (existing.isPresent()) {
                return existing.get();
            }
            BackendVolume original = volume(source).shown();
            if (spec.sizeBytes() < original.sizeBytes()) {
                throw new DriverException(INVALID, "smaller than its source");
            }
            Map<Long, byte[]> pages = storage.pages(original.location());
            boolean shares = flaw == Flaw.SHARES_CLONES_WITH_THEIR_SOURCE;
            return make(spec, Optional.of(source), shares ? pages : new HashMap<>(pages));
        }
    }

    private BackendVolume revert(VolumeId id, SnapshotId source) throws DriverException {
        synchronized (storage) {
            BackendVolume volume = volume(id).shown();
            BackendSnapshot snapshot =
                    findSnapshot(source, id)
                            .orElseThrow(() -> new DriverException(NOT_FOUND, "no such snapshot"));
            checkUnused(Target.of(id), volume.location());
            storage.put(
                    volume.location(),
                    flaw == Flaw.SHRINKS_WHEN_REVERTED ? snapshot.sizeBytes() : volume.sizeBytes(),
                    new HashMap<>(storage.pages(snapshot.location())));
            return volume;
        }
    }

    private long freedByDeleting(SnapshotId id, VolumeId volume) throws DriverException {
        synchronized (storage) {
            Optional<BackendSnapshot> snapshot = findSnapshot(id, volume);
            if (snapshot.isEmpty() && flaw == Flaw.MEASURES_WHAT_IS_NOT_THERE) {
                return 0;
            }
            String location =
                    snapshot.orElseThrow(() -> new DriverException(NOT_FOUND, "no such snapshot"))
                            .location();
            return switch (flaw) {
                case MEASURES_WHAT_IS_SHARED -> storage.unsharedBytes(location, _ -> false);
                case MEASURES_ITS_VOLUME_ALONE ->
                        storage.unsharedBytes(location, ("volume/" + volume)::equals);
                case MEASURES_NOTHING -> 0;
                default -> storage.unsharedBytes(location, other -> !other.equals(location));
            };
        }
    }

    void checkUnused(Target target, String location) throws DriverException {
        boolean exported =
                storage.exports.values().stream().anyMatch(spec -> spec.target().equals(target));
        if (exported || storage.attached.containsKey(location) || storage.isOpen(location)) {
            throw new DriverException(IN_USE, "it is in use");
        }
    }

    private Volume volume(VolumeId id) throws DriverException {
        Volume volume = storage.volumes.get(id);
        if (volume == null) {
            throw new DriverException(NOT_FOUND, "no such volume");
        }
        return volume;
    }

    private Optional<BackendVolume> existing(VolumeSpec spec, Optional<Object> source)
            throws DriverException {
        if (!spec.pool().equals(POOL)) {
            throw new DriverException(INVALID, "no such pool");
        }
        Volume volume = storage.volumes.get(spec.id());
        if (volume == null) {
            return Optional.empty();
        }
        boolean sameSource = volume.source().equals(source) || flaw == Flaw.IGNORES_THE_SOURCE;
        if (volume.shown().sizeBytes() != spec.sizeBytes()
                || !sameSource
                || isAnother(volume.shown().mark(), spec.mark())) {
            throw new DriverException(CONFLICT, "it exists otherwise");
        }
        return Optional.of(volume.shown());
    }

    private BackendVolume make(VolumeSpec spec, Optional<Object> source, Map<Long, byte[]> pages) {
        String location = "volume/" + spec.id();
        long size =
                flaw == Flaw.ROUNDS_SIZES
                        ? Math.ceilDiv(spec.sizeBytes(), 512) * 512
                        : spec.sizeBytes();
        storage.put(location, size, pages);
        BackendVolume shown =
                new BackendVolume(spec.id(), POOL, spec.sizeBytes(), location, mark(spec.mark()));
        storage.volumes.put(spec.id(), new Volume(shown, source));
        return shown;
    }

    private boolean isAnother(Mark found, Mark wanted) {
        return !found.equals(wanted) && !found.equals(Mark.NONE) && flaw != Flaw.IGNORES_THE_MARK;
    }

    private Mark mark(Mark mark) {
        return flaw == Flaw.FORGETS_MARKS ? Mark.NONE : mark;
    }
}
