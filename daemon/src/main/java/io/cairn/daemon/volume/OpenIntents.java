package io.cairn.daemon.volume;

import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The open intents, in memory. The state store has the same ones; what is here answers the hot path
 * and gives volumes and snapshots their state. Safe for many threads.
 */
final class OpenIntents {
    private record Open(Intent intent, String lastError) {}

    /** An intent stands under each volume that it keeps from other changes. */
    private final Map<VolumeId, Open> byVolume = new ConcurrentHashMap<>();

    void add(Intent intent) {
        intent.volumes().forEach(volume -> byVolume.put(volume, new Open(intent, "")));
    }

    void remove(Intent intent) {
        intent.volumes().forEach(byVolume::remove);
    }

    void failed(Intent intent, Exception why) {
        Open failed = new Open(intent, String.valueOf(why.getMessage()));
        intent.volumes().forEach(volume -> byVolume.put(volume, failed));
    }

    /** Takes these for the truth, as the state store has them. */
    void replaceBy(Collection<Intent> intents) {
        Set<VolumeId> kept = new HashSet<>();
        for (Intent intent : intents) {
            kept.addAll(intent.volumes());
            intent.volumes().forEach(volume -> byVolume.putIfAbsent(volume, new Open(intent, "")));
        }
        byVolume.keySet().retainAll(kept);
    }

    /** The one that keeps this volume from other changes. */
    Optional<Intent> of(VolumeId volume) {
        return Optional.ofNullable(byVolume.get(volume)).map(Open::intent);
    }

    /** Whether a snapshot of that id is being made. */
    boolean makes(SnapshotId id) {
        return all().stream()
                .anyMatch(
                        intent ->
                                intent instanceof Intent.CreateSnapshot create
                                        && create.id().equals(id));
    }

    List<Intent> all() {
        return byVolume.entrySet().stream()
                .filter(entry -> entry.getKey().equals(entry.getValue().intent().volume()))
                .map(entry -> entry.getValue().intent())
                .toList();
    }

    long count(String backend) {
        return all().stream().filter(intent -> intent.backend().equals(backend)).count();
    }

    /** Why it is not finished; empty if it was not tried again. */
    String lastError(Intent intent) {
        Open open = byVolume.get(intent.volume());
        return open == null ? "" : open.lastError();
    }

    /** The volumes in a state that an open intent gives; of all others there may be any number. */
    Set<VolumeId> volumesIn(ObjectState state) {
        return all().stream()
                .flatMap(intent -> intent.volumes().stream())
                .filter(volume -> stateOf(volume) == state)
                .collect(Collectors.toSet());
    }

    /** As {@link #volumesIn}, of the snapshots that are in the state store. */
    Set<SnapshotId> snapshotsIn(ObjectState state) {
        return all().stream()
                .flatMap(
                        intent ->
                                intent instanceof Intent.DeleteSnapshot deletion
                                        ? Stream.of(deletion.doomed())
                                        : Stream.empty())
                .filter(snapshot -> stateOf(snapshot.id(), snapshot.volume()) == state)
                .map(Snapshot::id)
                .collect(Collectors.toSet());
    }

    ObjectState stateOf(VolumeId volume) {
        Open open = byVolume.get(volume);
        if (open == null || !open.intent().volume().equals(volume)) {
            return ObjectState.AVAILABLE;
        }
        return switch (open.intent()) {
            case Intent.CreateVolume _ -> ObjectState.CREATING;
            case Intent.DeleteVolume _ -> ObjectState.DELETING;
            case Intent.CreateSnapshot _, Intent.DeleteSnapshot _ -> ObjectState.AVAILABLE;
        };
    }

    ObjectState stateOf(SnapshotId snapshot, VolumeId volume) {
        Open open = byVolume.get(volume);
        boolean deleting =
                open != null
                        && open.intent() instanceof Intent.DeleteSnapshot deletion
                        && deletion.doomed().id().equals(snapshot);
        return deleting ? ObjectState.DELETING : ObjectState.AVAILABLE;
    }
}
