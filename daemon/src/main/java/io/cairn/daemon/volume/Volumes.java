package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.VolumeEvent.SnapshotCreated;
import io.cairn.daemon.volume.VolumeEvent.SnapshotDeleted;
import io.cairn.daemon.volume.VolumeEvent.VolumeCreated;
import io.cairn.daemon.volume.VolumeEvent.VolumeDeleted;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/** Stand-in in memory until the real one arrives. */
@SuppressWarnings("NullAway") // goes away with the stand-in
public final class Volumes {
    private record Key(String backend, String volume, String name) {}

    private final Map<VolumeId, Long> volumeIds = new HashMap<>();
    private final Map<SnapshotId, Long> snapshotIds = new HashMap<>();
    private final NavigableMap<Long, Volume> volumes = new TreeMap<>();
    private final NavigableMap<Long, Snapshot> snapshots = new TreeMap<>();
    private final Map<VolumeId, NavigableMap<Long, Snapshot>> perVolume = new HashMap<>();
    private final Map<Key, Long> names = new HashMap<>();
    private final List<Consumer<VolumeEvent>> listeners = new CopyOnWriteArrayList<>();
    private long next;

    /** How many rows were read by lists, for tests. */
    public long listed;

    public synchronized Volume createVolume(String backend, NewVolume request)
            throws OperationException, InterruptedException {
        long size =
                request.sizeBytes()
                        .orElseThrow(
                                () -> new OperationException(Code.INVALID, "a size is missing"));
        return insert(backend, request, size, Optional.empty());
    }

    private Volume insert(String backend, NewVolume request, long size, Optional<Origin> origin)
            throws OperationException {
        VolumeId id = request.id().orElseGet(VolumeId::random);
        String name = request.name().isEmpty() ? id.toString() : request.name();
        Names.check("volume", name);
        Names.checkLabels(request.labels());
        Names.checkDescription(request.description());
        Optional<Volume> there = volume(backend, name);
        if (there.isPresent()) {
            if (there.get().sizeBytes() == size) {
                return there.get();
            }
            throw new OperationException(
                    Code.CONFLICT,
                    "volume %s of backend %s exists with %d bytes; choose another name"
                            .formatted(name, backend, there.get().sizeBytes()));
        }
        Volume volume =
                new Volume(
                        id,
                        backend,
                        request.pool().orElse("default"),
                        name,
                        request.description(),
                        request.labels(),
                        size,
                        ObjectState.AVAILABLE,
                        Instant.now(),
                        origin,
                        "/srv/" + id,
                        0);
        next++;
        volumes.put(next, volume);
        volumeIds.put(id, next);
        names.put(new Key(backend, name, ""), next);
        perVolume.put(id, new TreeMap<>());
        tell(new VolumeCreated(volume, false));
        return volume;
    }

    public synchronized Volume createFromSnapshot(SnapshotId source, NewVolume request)
            throws OperationException, InterruptedException {
        Snapshot snapshot = snapshot(source).orElseThrow(() -> missing("snapshot " + source));
        return insert(
                snapshot.backend(),
                request,
                request.sizeBytes().orElse(snapshot.sizeBytes()),
                Optional.of(new Origin(snapshot.volume(), source)));
    }

    public synchronized Snapshot createSnapshot(VolumeId volumeId, NewSnapshot request)
            throws OperationException, InterruptedException {
        Volume volume = volume(volumeId).orElseThrow(() -> missing("volume " + volumeId));
        SnapshotId id = request.id().orElseGet(SnapshotId::random);
        String name = request.name().isEmpty() ? id.toString() : request.name();
        Names.check("snapshot", name);
        Optional<Snapshot> there = snapshot(volume.backend(), volume.name(), name);
        if (there.isPresent()) {
            return there.get();
        }
        Snapshot snapshot =
                new Snapshot(
                        id,
                        volumeId,
                        volume.backend(),
                        volume.name(),
                        name,
                        request.description(),
                        request.labels(),
                        volume.sizeBytes(),
                        ObjectState.AVAILABLE,
                        Instant.now(),
                        "/srv/" + volumeId + "@" + id);
        next++;
        snapshots.put(next, snapshot);
        snapshotIds.put(id, next);
        perVolume.get(volumeId).put(next, snapshot);
        names.put(new Key(volume.backend(), volume.name(), name), next);
        tell(new SnapshotCreated(snapshot, false));
        return snapshot;
    }

    public synchronized void deleteVolume(VolumeId id)
            throws OperationException, InterruptedException {
        Volume volume = volume(id).orElseThrow(() -> missing("volume " + id));
        if (volume.snapshotCount() > 0) {
            throw new OperationException(
                    Code.IN_USE,
                    "volume %s of backend %s has %d snapshots; delete them first"
                            .formatted(volume.name(), volume.backend(), volume.snapshotCount()));
        }
        volumes.remove(volumeIds.remove(id));
        names.remove(new Key(volume.backend(), volume.name(), ""));
        perVolume.remove(id);
        tell(new VolumeDeleted(volume, false));
    }

    public synchronized void deleteSnapshot(SnapshotId id)
            throws OperationException, InterruptedException {
        Snapshot snapshot = snapshot(id).orElseThrow(() -> missing("snapshot " + id));
        long row = snapshotIds.remove(id);
        snapshots.remove(row);
        perVolume.get(snapshot.volume()).remove(row);
        names.remove(new Key(snapshot.backend(), snapshot.volumeName(), snapshot.name()));
        tell(new SnapshotDeleted(snapshot, false));
    }

    public synchronized Optional<Volume> volume(VolumeId id) {
        return Optional.ofNullable(volumeIds.get(id)).map(volumes::get).map(this::counted);
    }

    public synchronized Optional<Volume> volume(String backend, String nameOrId) {
        Long row = names.get(new Key(backend, nameOrId, ""));
        if (row != null) {
            return Optional.of(counted(volumes.get(row)));
        }
        return id(nameOrId, VolumeId::parse).flatMap(this::volume);
    }

    public synchronized Optional<Snapshot> snapshot(SnapshotId id) {
        return Optional.ofNullable(snapshotIds.get(id)).map(snapshots::get);
    }

    public synchronized Optional<Snapshot> snapshot(
            String backend, String volume, String nameOrId) {
        Long row = names.get(new Key(backend, volume, nameOrId));
        if (row != null) {
            return Optional.ofNullable(snapshots.get(row));
        }
        return id(nameOrId, SnapshotId::parse).flatMap(this::snapshot);
    }

    public synchronized Page<Volume> volumes(Filter filter, int limit, String continuation)
            throws OperationException {
        return page(
                volumes,
                volume ->
                        filter.backend().map(volume.backend()::equals).orElse(true)
                                && filter.pool().map(volume.pool()::equals).orElse(true)
                                && named(filter, volume.name())
                                && volume.labels()
                                        .entrySet()
                                        .containsAll(filter.labels().entrySet()),
                this::counted,
                limit,
                continuation);
    }

    public synchronized Page<Snapshot> snapshots(Filter filter, int limit, String continuation)
            throws OperationException {
        NavigableMap<Long, Snapshot> all = snapshots;
        if (filter.volume().isPresent()) {
            Optional<Volume> volume =
                    volume(filter.backend().orElseThrow(), filter.volume().orElseThrow());
            if (volume.isEmpty()) {
                return new Page<>(List.of(), "");
            }
            all = perVolume.get(volume.get().id());
        }
        return page(
                all,
                snapshot ->
                        filter.backend().map(snapshot.backend()::equals).orElse(true)
                                && named(filter, snapshot.name())
                                && snapshot.labels()
                                        .entrySet()
                                        .containsAll(filter.labels().entrySet()),
                snapshot -> snapshot,
                limit,
                continuation);
    }

    public synchronized Counts counts(String backend) {
        return new Counts(
                volumes.values().stream().filter(v -> v.backend().equals(backend)).count(),
                snapshots.values().stream().filter(s -> s.backend().equals(backend)).count(),
                0);
    }

    public List<Unfinished> unfinished() {
        return List.of(
                new Unfinished(
                        "fast",
                        "create snapshot nightly-1 of volume db1",
                        new VolumeId(new java.util.UUID(1, 2)),
                        Instant.EPOCH,
                        false,
                        "the backend does not answer"));
    }

    public void addListener(Consumer<VolumeEvent> listener) {
        listeners.add(listener);
    }

    private void tell(VolumeEvent event) {
        listeners.forEach(listener -> listener.accept(event));
    }

    private Volume counted(Volume v) {
        return new Volume(
                v.id(),
                v.backend(),
                v.pool(),
                v.name(),
                v.description(),
                v.labels(),
                v.sizeBytes(),
                v.state(),
                v.createdAt(),
                v.origin(),
                v.location(),
                perVolume.get(v.id()).size());
    }

    private <T> Page<T> page(
            NavigableMap<Long, T> all,
            Predicate<T> wanted,
            Function<T, T> finish,
            int limit,
            String continuation)
            throws OperationException {
        long before = Long.MAX_VALUE;
        if (!continuation.isEmpty()) {
            try {
                before = Long.parseLong(continuation);
            } catch (NumberFormatException e) {
                throw new OperationException(
                        Code.INVALID,
                        "'%s' is no continuation: pass the one that the last page gave, or none"
                                .formatted(Names.shortened(continuation)),
                        e);
            }
        }
        List<T> items = new ArrayList<>();
        for (Map.Entry<Long, T> row : all.headMap(before, false).descendingMap().entrySet()) {
            listed++;
            if (wanted.test(row.getValue())) {
                if (items.size() == limit) {
                    return new Page<>(items, Long.toString(before));
                }
                items.add(finish.apply(row.getValue()));
                before = row.getKey();
            }
        }
        return new Page<>(items, "");
    }

    private static boolean named(Filter filter, String name) {
        return filter.name()
                .map(
                        text ->
                                text.endsWith("*")
                                        ? name.startsWith(text.substring(0, text.length() - 1))
                                        : name.equals(text))
                .orElse(true);
    }

    private static <T> Optional<T> id(String text, Function<String, T> parse) {
        try {
            return Optional.of(parse.apply(text));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static OperationException missing(String what) {
        return new OperationException(Code.NOT_FOUND, what + " does not exist");
    }
}
