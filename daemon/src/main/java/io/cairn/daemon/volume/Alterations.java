package io.cairn.daemon.volume;

import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.VolumeEvent.Alteration;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * What changes volumes and snapshots that there are. As with {@link Volumes}: safe for many
 * threads, durable when it returns, and asked again for what is so already it changes nothing.
 */
public final class Alterations {
    private final Parts parts;

    Alterations(Parts parts) {
        this.parts = parts;
    }

    /**
     * Makes a volume larger, also while it is attached, as far as the driver can.
     *
     * @return the volume as it is now
     * @throws OperationException INVALID if it would be smaller
     */
    public Volume extend(VolumeId id, long sizeBytes)
            throws OperationException, InterruptedException {
        return volume(
                id,
                Operation.EXTEND_VOLUME,
                Repeats.request("extend", id, sizeBytes),
                volume -> {
                    if (sizeBytes == volume.sizeBytes()) {
                        return Optional.empty();
                    }
                    if (sizeBytes < volume.sizeBytes()) {
                        throw new OperationException(
                                Code.INVALID,
                                "volume %s has %d bytes already and cannot shrink to %d: ask for more"
                                        .formatted(volume.name(), volume.sizeBytes(), sizeBytes));
                    }
                    return Optional.of(new Intent.ExtendVolume(volume, sizeBytes, Instant.now()));
                });
    }

    /**
     * Gives a volume the content of one of its snapshots again; all its snapshots stay.
     *
     * @param nameOrId of the snapshot
     * @throws OperationException IN_USE while hosts are connected to the volume
     */
    public Volume revert(VolumeId id, String nameOrId)
            throws OperationException, InterruptedException {
        return volume(
                id,
                Operation.REVERT_VOLUME,
                Repeats.request("revert", id, nameOrId),
                volume -> {
                    Snapshot to = parts.snapshotOf(volume.id(), volume.name(), nameOrId);
                    boolean used =
                            parts.state().connections(id).stream()
                                    .anyMatch(connection -> !connection.target().fixed());
                    if (used) {
                        throw new OperationException(
                                Code.IN_USE,
                                "volume %s is in-use, and only an available one can be reverted: detach and disconnect it first"
                                        .formatted(volume.name()));
                    }
                    return Optional.of(new Intent.RevertVolume(volume, to, Instant.now()));
                });
    }

    /** Gives a volume another name, unique in its backend. */
    public Volume rename(VolumeId id, String name) throws OperationException, InterruptedException {
        Names.check("volume", name);
        String backend = parts.known(id).backend();
        return parts.running()
                .measured(
                        backend,
                        Operation.ALTER_VOLUME,
                        Repeats.request("rename", id, name),
                        flight -> {
                            try (var _ = parts.turns().takeName(backend, name)) {
                                return inTurn(
                                        id, altering(volume -> renamed(volume, name)), flight);
                            }
                        });
    }

    private Volume renamed(Volume volume, String name) throws OperationException {
        Optional<Volume> other = parts.state().volume(volume.backend(), name);
        if ((other.isPresent() && !other.get().id().equals(volume.id()))
                || parts.open().renamesTo(volume.backend(), name, volume.id())) {
            throw taken("volume", name, "backend " + volume.backend());
        }
        return volume.named(name);
    }

    public Volume describe(VolumeId id, String description)
            throws OperationException, InterruptedException {
        Names.checkDescription(description);
        return alter(
                id,
                Repeats.request("describe", id, description),
                volume -> volume.described(description));
    }

    /** Sets one label, or another value of it. */
    public Volume label(VolumeId id, String key, String value)
            throws OperationException, InterruptedException {
        return alter(
                id,
                Repeats.request("label", id, key, value),
                volume -> volume.labelled(with(volume.labels(), key, value)));
    }

    /** Takes one label away, if it is there. */
    public Volume unlabel(VolumeId id, String key) throws OperationException, InterruptedException {
        Names.check("label", key);
        return alter(
                id,
                Repeats.request("unlabel", id, key),
                volume -> volume.labelled(without(volume.labels(), key)));
    }

    /** Writes anew on the backend what a volume is called and all else that is kept there of it. */
    public Volume mark(VolumeId id) throws OperationException, InterruptedException {
        return volume(
                id,
                Operation.ALTER_VOLUME,
                Repeats.request("mark", id),
                now -> Optional.of(new Intent.AlterVolume(now, now, Instant.now())));
    }

    /** As {@link #mark(VolumeId)}, of a snapshot. */
    public Snapshot mark(SnapshotId id) throws OperationException, InterruptedException {
        return snapshot(
                id,
                Repeats.request("mark", id),
                now -> Optional.of(new Intent.AlterSnapshot(now, now, Instant.now())));
    }

    /** Gives a snapshot another name, unique in its volume. */
    public Snapshot rename(SnapshotId id, String name)
            throws OperationException, InterruptedException {
        Names.check("snapshot", name);
        return alter(
                id,
                Repeats.request("rename", id, name),
                snapshot -> {
                    Optional<Snapshot> other = parts.state().snapshot(snapshot.volume(), name);
                    if (other.isPresent() && !other.get().id().equals(id)) {
                        throw taken("snapshot", name, "volume " + snapshot.volumeName());
                    }
                    return snapshot.named(name);
                });
    }

    public Snapshot describe(SnapshotId id, String description)
            throws OperationException, InterruptedException {
        Names.checkDescription(description);
        return alter(
                id,
                Repeats.request("describe", id, description),
                snapshot -> snapshot.described(description));
    }

    /** Sets one label, or another value of it. */
    public Snapshot label(SnapshotId id, String key, String value)
            throws OperationException, InterruptedException {
        return alter(
                id,
                Repeats.request("label", id, key, value),
                snapshot -> snapshot.labelled(with(snapshot.labels(), key, value)));
    }

    /** Takes one label away, if it is there. */
    public Snapshot unlabel(SnapshotId id, String key)
            throws OperationException, InterruptedException {
        Names.check("label", key);
        return alter(
                id,
                Repeats.request("unlabel", id, key),
                snapshot -> snapshot.labelled(without(snapshot.labels(), key)));
    }

    /**
     * Protects a volume from being deleted until the tag is released.
     *
     * @param by who wants it so
     */
    public void hold(VolumeId id, String tag, String by)
            throws OperationException, InterruptedException {
        Volume before = parts.known(id);
        held("volume", before.backend(), id, id.value(), tag, by, tellOf(id, Alteration.HELD));
    }

    /** As {@link #hold(VolumeId, String, String)}, for a snapshot. */
    public void hold(SnapshotId id, String tag, String by)
            throws OperationException, InterruptedException {
        Snapshot before = parts.known(id);
        held(
                "snapshot",
                before.backend(),
                before.volume(),
                id.value(),
                tag,
                by,
                tellOf(id, Alteration.HELD));
    }

    /**
     * Takes a tag off a volume.
     *
     * @throws OperationException NOT_FOUND if it is not there
     */
    public void release(VolumeId id, String tag) throws OperationException, InterruptedException {
        Volume before = parts.known(id);
        released("volume", before.backend(), id, id.value(), tag, tellOf(id, Alteration.RELEASED));
    }

    /** As {@link #release(VolumeId, String)}, for a snapshot. */
    public void release(SnapshotId id, String tag) throws OperationException, InterruptedException {
        Snapshot before = parts.known(id);
        released(
                "snapshot",
                before.backend(),
                before.volume(),
                id.value(),
                tag,
                tellOf(id, Alteration.RELEASED));
    }

    /** The tags on a volume, by name. */
    public List<Hold> holds(VolumeId id) {
        return parts.state().holds(id.value());
    }

    /** The tags on a snapshot, by name. */
    public List<Hold> holds(SnapshotId id) {
        return parts.state().holds(id.value());
    }

    private interface Plan<T, R> {
        R of(T now) throws OperationException;
    }

    private Volume volume(
            VolumeId id, Operation operation, Object request, Plan<Volume, Optional<Intent>> plan)
            throws OperationException, InterruptedException {
        return parts.running()
                .measured(
                        parts.known(id).backend(),
                        operation,
                        request,
                        flight -> inTurn(id, plan, flight));
    }

    /** An empty plan changes nothing, since it is so already. */
    private Volume inTurn(
            VolumeId id, Plan<Volume, Optional<Intent>> plan, Repeats.Flight<Volume> flight)
            throws OperationException, InterruptedException {
        try (var _ = parts.turns().take(id)) {
            Volume now = parts.known(id);
            Optional<Intent> intent = plan.of(now);
            if (intent.isEmpty()) {
                return flight.answered(parts.confirmed(now));
            }
            VolumeEvent _ = parts.changes().perform(intent.get());
            return flight.answered(parts.known(id));
        }
    }

    private Volume alter(VolumeId id, Object request, Plan<Volume, Volume> plan)
            throws OperationException, InterruptedException {
        return volume(id, Operation.ALTER_VOLUME, request, altering(plan));
    }

    private static Plan<Volume, Optional<Intent>> altering(Plan<Volume, Volume> plan) {
        return now -> {
            Volume after = plan.of(now);
            Names.checkLabels(after.labels());
            Marks.check(after);
            return after.equals(now)
                    ? Optional.empty()
                    : Optional.of(new Intent.AlterVolume(now, after, Instant.now()));
        };
    }

    private Snapshot alter(SnapshotId id, Object request, Plan<Snapshot, Snapshot> plan)
            throws OperationException, InterruptedException {
        return snapshot(
                id,
                request,
                now -> {
                    Snapshot after = plan.of(now);
                    Names.checkLabels(after.labels());
                    Grouping.refuseLabel(now.labels(), after.labels());
                    Marks.check(after);
                    return after.equals(now)
                            ? Optional.empty()
                            : Optional.of(new Intent.AlterSnapshot(now, after, Instant.now()));
                });
    }

    /** As {@link #volume}. */
    private Snapshot snapshot(SnapshotId id, Object request, Plan<Snapshot, Optional<Intent>> plan)
            throws OperationException, InterruptedException {
        Snapshot before = parts.known(id);
        return parts.running()
                .measured(
                        before.backend(),
                        Operation.ALTER_SNAPSHOT,
                        request,
                        flight -> {
                            try (var _ = parts.turns().take(before.volume())) {
                                Snapshot now = parts.known(id);
                                Optional<Intent> intent = plan.of(now);
                                if (intent.isEmpty()) {
                                    return flight.answered(parts.confirmed(now));
                                }
                                VolumeEvent _ = parts.changes().perform(intent.get());
                                return flight.answered(parts.known(id));
                            }
                        });
    }

    private interface Telling {
        void tell() throws OperationException;
    }

    /** As long as nobody else can change, or delete, what it is about. */
    private Telling tellOf(VolumeId id, Alteration what) {
        return () -> {
            Volume now = parts.known(id);
            parts.events().accept(new VolumeEvent.VolumeAltered(now, now, what, false));
        };
    }

    private Telling tellOf(SnapshotId id, Alteration what) {
        return () -> {
            Snapshot now = parts.known(id);
            parts.events().accept(new VolumeEvent.SnapshotAltered(now, now, what, false));
        };
    }

    private void held(
            String table,
            String backend,
            VolumeId volume,
            UUID object,
            String tag,
            String by,
            Telling telling)
            throws OperationException, InterruptedException {
        Names.check("tag", tag);
        Hold hold = new Hold(tag, by, Instant.now().truncatedTo(ChronoUnit.MILLIS));
        boolean _ =
                parts.running()
                        .measured(
                                backend,
                                Operation.HOLD,
                                Repeats.request("hold", object, tag, by),
                                flight -> {
                                    try (var _ = parts.turns().take(volume)) {
                                        requireThere(table, object);
                                        parts.journal().hold(table, object, hold);
                                        telling.tell();
                                        return flight.answered(true);
                                    } catch (StoreException e) {
                                        throw Parts.unwritable(e);
                                    }
                                });
    }

    private void released(
            String table, String backend, VolumeId volume, UUID object, String tag, Telling telling)
            throws OperationException, InterruptedException {
        boolean _ =
                parts.running()
                        .measured(
                                backend,
                                Operation.HOLD,
                                Repeats.request("release", object, tag),
                                flight -> {
                                    try (var _ = parts.turns().take(volume)) {
                                        requireThere(table, object);
                                        if (!parts.journal().release(table, object, tag)) {
                                            throw notHeld(object, tag);
                                        }
                                        telling.tell();
                                        return flight.answered(true);
                                    } catch (StoreException e) {
                                        throw Parts.unwritable(e);
                                    }
                                });
    }

    private void requireThere(String table, UUID object) throws OperationException {
        if (table.equals("volume")) {
            Volume _ = parts.known(new VolumeId(object));
        } else {
            Snapshot _ = parts.known(new SnapshotId(object));
        }
    }

    private OperationException notHeld(UUID object, String tag) {
        List<String> tags = parts.state().holds(object).stream().map(Hold::tag).toList();
        return new OperationException(
                Code.NOT_FOUND,
                "there is no tag '%s' on it; there are: %s"
                        .formatted(
                                Names.shortened(tag),
                                tags.isEmpty() ? "none" : String.join(", ", tags)));
    }

    private static Map<String, String> with(Map<String, String> labels, String key, String value) {
        return changed(
                labels,
                all -> {
                    all.put(key, value);
                    return all;
                });
    }

    private static Map<String, String> without(Map<String, String> labels, String key) {
        return changed(
                labels,
                all -> {
                    all.remove(key);
                    return all;
                });
    }

    private static Map<String, String> changed(
            Map<String, String> labels, UnaryOperator<Map<String, String>> change) {
        return change.apply(new TreeMap<>(labels));
    }

    private static OperationException taken(String what, String name, String where) {
        return new OperationException(
                Code.CONFLICT,
                "there is another %s named %s in %s: choose another name"
                        .formatted(what, name, where));
    }
}
