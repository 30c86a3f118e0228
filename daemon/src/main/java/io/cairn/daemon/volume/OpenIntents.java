package io.cairn.daemon.volume;

import io.cairn.spi.ConnectionId;
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

    /** Only its own, whatever else stands there meanwhile. */
    void remove(Intent intent) {
        intent.volumes()
                .forEach(
                        volume ->
                                byVolume.computeIfPresent(
                                        volume,
                                        (_, open) -> open.intent().equals(intent) ? null : open));
    }

    void failed(Intent intent, Exception why) {
        Open failed = new Open(intent, String.valueOf(why.getMessage()));
        intent.volumes().forEach(volume -> byVolume.put(volume, failed));
    }

    /** As {@link #failed}, unless the state store was reopened meanwhile and has it no more. */
    void failedIfOpen(Intent intent, Exception why) {
        Open failed = new Open(intent, String.valueOf(why.getMessage()));
        intent.volumes().forEach(volume -> byVolume.computeIfPresent(volume, (_, _) -> failed));
    }

    /** Takes these for the truth, as the state store has them. */
    void replaceBy(Collection<Intent> intents) {
        Set<VolumeId> kept = new HashSet<>();
        for (Intent intent : intents) {
            kept.addAll(intent.volumes());
            String error =
                    intent instanceof Intent.Damaged damaged
                            ? String.valueOf(damaged.refusal().getMessage())
                            : "";
            intent.volumes()
                    .forEach(volume -> byVolume.putIfAbsent(volume, new Open(intent, error)));
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

    /** Whether a volume other than this one may get a name by a change that is not finished. */
    boolean renamesTo(String backend, String name, VolumeId but) {
        return all().stream()
                .anyMatch(
                        intent ->
                                intent instanceof Intent.AlterVolume alter
                                        && alter.backend().equals(backend)
                                        && alter.altered().name().equals(name)
                                        && !alter.volume().equals(but));
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
                .map(Intent::volume)
                .filter(volume -> stateOf(volume, false) == state)
                .collect(Collectors.toSet());
    }

    /** The volumes that are in the state store and do not count yet. */
    Set<VolumeId> beingMade() {
        return all().stream()
                .filter(
                        intent ->
                                intent instanceof Intent.Making
                                        || (intent instanceof Intent.Damaged damaged
                                                && damaged.unmade()))
                .map(Intent::volume)
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
                .filter(snapshot -> stateOf(snapshot.id(), snapshot.volume(), false) == state)
                .map(Snapshot::id)
                .collect(Collectors.toSet());
    }

    /**
     * @param connected whether hosts are connected to it
     */
    ObjectState stateOf(VolumeId volume, boolean connected) {
        ObjectState atRest = connected ? ObjectState.IN_USE : ObjectState.AVAILABLE;
        Open open = byVolume.get(volume);
        if (open == null || !open.intent().volume().equals(volume)) {
            return atRest;
        }
        boolean failed = !open.lastError().isEmpty();
        ObjectState meanwhile = during(open.intent(), atRest);
        if (!failed || meanwhile == atRest) {
            return meanwhile;
        }
        return meanwhile == ObjectState.DELETING ? ObjectState.ERROR_DELETING : ObjectState.ERROR;
    }

    /** The state that a volume is in as long as an intent for it is open and has not failed. */
    static ObjectState during(Intent intent, ObjectState atRest) {
        return switch (intent) {
            case Intent.Making _ -> ObjectState.CREATING;
            case Intent.DeleteVolume _, Intent.ReleaseVolume _ -> ObjectState.DELETING;
            case Intent.ExtendVolume _ -> ObjectState.EXTENDING;
            case Intent.RevertVolume _ -> ObjectState.REVERTING;
            case Intent.Damaged _ -> ObjectState.ERROR;
            case Intent.AlterVolume _,
                    Intent.CreateSnapshot _,
                    Intent.DeleteSnapshot _,
                    Intent.AlterSnapshot _,
                    Intent.ChangeConnection _ ->
                    atRest;
        };
    }

    ObjectState stateOf(SnapshotId snapshot, VolumeId volume, boolean connected) {
        Open open = byVolume.get(volume);
        if (open != null
                && open.intent() instanceof Intent.DeleteSnapshot deletion
                && deletion.doomed().id().equals(snapshot)) {
            return open.lastError().isEmpty() ? ObjectState.DELETING : ObjectState.ERROR_DELETING;
        }
        return connected ? ObjectState.IN_USE : ObjectState.AVAILABLE;
    }

    /**
     * @param recorded as its row has it
     */
    Connection.State stateOf(ConnectionId connection, VolumeId volume, Connection.State recorded) {
        Open open = byVolume.get(volume);
        if (open == null
                || !(open.intent() instanceof Intent.ChangeConnection change)
                || !change.connection().id().equals(connection)) {
            return recorded;
        }
        return switch (change.step()) {
            case CONNECT -> Connection.State.CONNECTING;
            case REEXPORT -> recorded;
            case ATTACH -> Connection.State.ATTACHING;
            case DETACH -> Connection.State.DETACHING;
            case DISCONNECT -> Connection.State.DISCONNECTING;
        };
    }
}
