package io.cairn.daemon.volume;

import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Tells of every change of a state that an intent makes, be it carried out at once or settled
 * later. The caller has the turns of the intent's volumes.
 */
final class StateNews {
    private final State state;
    private final OpenIntents open;
    private final Consumer<VolumeEvent> events;

    StateNews(State state, OpenIntents open, Consumer<VolumeEvent> events) {
        this.state = state;
        this.open = open;
        this.events = events;
    }

    /**
     * Where the one object stands whose state an intent changes: a volume or a snapshot, or a
     * connection. Neither, if it is not there or there is no such object.
     */
    record Standing(Optional<ObjectState> object, Optional<Connection.State> connection) {
        static final Standing ABSENT = new Standing(Optional.empty(), Optional.empty());

        static Standing of(ObjectState state) {
            return new Standing(Optional.of(state), Optional.empty());
        }

        static Standing of(Connection.State state) {
            return new Standing(Optional.empty(), Optional.of(state));
        }
    }

    /** An intent was recorded just now. */
    void begun(Intent intent) {
        safely(
                () -> {
                    tell(intent, before(intent), now(intent));
                    if (intent instanceof Intent.ChangeConnection change
                            && change.step() == Intent.ChangeConnection.Step.CONNECT) {
                        tellUse(
                                change.connection().target(),
                                ObjectState.AVAILABLE,
                                ObjectState.IN_USE,
                                1);
                    }
                });
    }

    /** An intent was left open by a failure. */
    void failed(Intent intent, Standing before) {
        safely(() -> tell(intent, before, now(intent)));
    }

    /** An intent came to this end. */
    void ended(Intent intent, Standing before, VolumeEvent event) {
        if (event instanceof VolumeEvent.OperationUndone) {
            undone(intent, before);
            return;
        }
        safely(
                () -> {
                    tell(intent, before, after(intent, event));
                    if (intent instanceof Intent.ChangeConnection change
                            && change.step() == Intent.ChangeConnection.Step.DISCONNECT) {
                        noLongerUsed(change);
                    }
                });
    }

    /** An intent was given up, and is as if it had never been begun. */
    void undone(Intent intent, Standing before) {
        Standing rest = before(intent);
        boolean unmade = rest.equals(Standing.ABSENT) && before.object().isPresent();
        safely(
                () -> {
                    tell(intent, before, unmade ? Standing.of(ObjectState.DELETED) : rest);
                    if (intent instanceof Intent.ChangeConnection change
                            && change.step() == Intent.ChangeConnection.Step.CONNECT) {
                        noLongerUsed(change);
                    }
                });
    }

    /** What there is of what a damaged intent was to make or to change. */
    record Doomed(Optional<Volume> volume, Optional<Connection> connection) {}

    /** Before an intent is given up. */
    Doomed doomed(Intent intent) {
        if (intent instanceof Intent.Damaged damaged) {
            return new Doomed(
                    volume(damaged.volume()), damaged.connection().flatMap(this::connection));
        }
        return new Doomed(Optional.empty(), Optional.empty());
    }

    /** After that. */
    void givenUp(Doomed before) {
        safely(
                () -> {
                    before.connection()
                            .filter(connection -> connection(connection.id()).isEmpty())
                            .ifPresent(this::gone);
                    before.volume()
                            .ifPresent(
                                    volume ->
                                            tellVolume(
                                                    volume,
                                                    Optional.of(ObjectState.ERROR),
                                                    volume(volume.id())
                                                            .map(Volume::state)
                                                            .orElse(ObjectState.DELETED)));
                });
    }

    /** What becomes of its volume is told by itself. */
    private void gone(Connection connection) {
        tellConnection(connection, Optional.of(connection.state()), Optional.empty());
        connection
                .target()
                .snapshot()
                .flatMap(this::snapshot)
                .filter(snapshot -> snapshot.connectionCount() == 0)
                .ifPresent(
                        snapshot ->
                                tellSnapshot(
                                        snapshot,
                                        Optional.of(ObjectState.IN_USE),
                                        ObjectState.AVAILABLE));
    }

    /** A connection was found to be otherwise than it was recorded. */
    void found(Connection before, Connection after) {
        if (before.state() != after.state()) {
            tellConnection(after, Optional.of(before.state()), Optional.of(after.state()));
        }
    }

    /** What is added came to be at once, whole and perhaps in use. */
    void imported(Addition addition) {
        safely(() -> tellImported(addition));
    }

    private void tellImported(Addition addition) {
        Volume volume = addition.volume();
        boolean used = !addition.connections().isEmpty();
        if (addition.fresh()) {
            tellVolume(volume, Optional.empty(), used(used));
        } else if (used && !connected(volume)) {
            tellVolume(volume, Optional.of(ObjectState.AVAILABLE), ObjectState.IN_USE);
        }
        Map<SnapshotId, Long> added =
                addition.connections().stream()
                        .flatMap(connection -> connection.target().snapshot().stream())
                        .collect(Collectors.groupingBy(id -> id, Collectors.counting()));
        for (Dossier.Cut cut : addition.cuts()) {
            boolean usedToo = added.remove(cut.snapshot().id()) != null;
            tellSnapshot(cut.snapshot(), Optional.empty(), used(usedToo));
        }
        // Those that were there already.
        added.forEach(
                (id, count) ->
                        snapshot(id)
                                .filter(now -> now.connectionCount() == count)
                                .ifPresent(
                                        now ->
                                                tellSnapshot(
                                                        now,
                                                        Optional.of(ObjectState.AVAILABLE),
                                                        ObjectState.IN_USE)));
        for (Connection connection : addition.connections()) {
            tellConnection(connection, Optional.empty(), Optional.of(connection.state()));
        }
    }

    private static ObjectState used(boolean connected) {
        return connected ? ObjectState.IN_USE : ObjectState.AVAILABLE;
    }

    /** As long as the intent is open. */
    Standing now(Intent intent) {
        return switch (intent) {
            case Intent.CreateSnapshot create ->
                    Standing.of(
                            open.lastError(create).isEmpty()
                                    ? ObjectState.CREATING
                                    : ObjectState.ERROR);
            case Intent.Making making -> Standing.of(open.stateOf(making.volume(), false));
            case Intent.Changing changing ->
                    Standing.of(open.stateOf(changing.volume(), connected(changing.of())));
            case Intent.DeleteSnapshot deletion ->
                    Standing.of(open.stateOf(deletion.doomed().id(), deletion.volume(), false));
            case Intent.ChangeConnection(Connection connection, _, _) ->
                    Standing.of(
                            open.stateOf(
                                    connection.id(),
                                    connection.target().volume(),
                                    connection.state()));
            case Intent.AlterSnapshot _, Intent.Damaged _ -> Standing.ABSENT;
        };
    }

    /** As it would be without the intent. */
    private static Standing before(Intent intent) {
        return switch (intent) {
            case Intent.CreateSnapshot _, Intent.Making _ -> Standing.ABSENT;
            case Intent.Changing changing -> atRest(changing);
            case Intent.DeleteSnapshot _ -> Standing.of(ObjectState.AVAILABLE);
            case Intent.ChangeConnection(Connection connection, var step, _) ->
                    step == Intent.ChangeConnection.Step.CONNECT
                            ? Standing.ABSENT
                            : Standing.of(connection.state());
            case Intent.AlterSnapshot _, Intent.Damaged _ -> Standing.ABSENT;
        };
    }

    private static Standing after(Intent intent, VolumeEvent event) {
        return switch (intent) {
            case Intent.CreateSnapshot _, Intent.Making _ -> Standing.of(ObjectState.AVAILABLE);
            case Intent.DeleteVolume _, Intent.ReleaseVolume _, Intent.DeleteSnapshot _ ->
                    Standing.of(ObjectState.DELETED);
            case Intent.Changing changing -> atRest(changing);
            case Intent.ChangeConnection change ->
                    event instanceof VolumeEvent.ConnectionChanged changed
                                    && change.step() != Intent.ChangeConnection.Step.DISCONNECT
                            ? Standing.of(changed.connection().state())
                            : Standing.ABSENT;
            case Intent.AlterSnapshot _, Intent.Damaged _ -> Standing.ABSENT;
        };
    }

    private static Standing atRest(Intent.Changing changing) {
        return Standing.of(used(connected(changing.of())));
    }

    private static boolean connected(Volume volume) {
        return volume.connectionCount() > 0;
    }

    private void tell(Intent intent, Standing from, Standing to) {
        if (from.equals(to)) {
            return;
        }
        switch (intent) {
            case Intent.CreateSnapshot create ->
                    tellSnapshot(planned(create), from.object(), to.object().orElseThrow());
            case Intent.Making making ->
                    tellVolume(making.made(), from.object(), to.object().orElseThrow());
            case Intent.Changing changing ->
                    tellVolume(changing.of(), from.object(), to.object().orElseThrow());
            case Intent.DeleteSnapshot deletion ->
                    tellSnapshot(deletion.doomed(), from.object(), to.object().orElseThrow());
            case Intent.ChangeConnection change ->
                    tellConnection(change.connection(), from.connection(), to.connection());
            case Intent.AlterSnapshot _, Intent.Damaged _ -> {}
        }
    }

    private void noLongerUsed(Intent.ChangeConnection change) {
        tellUse(change.connection().target(), ObjectState.IN_USE, ObjectState.AVAILABLE, 0);
    }

    /**
     * The first connection makes an available object one in use, and the end of the last one makes
     * it available again.
     *
     * @param connections how many there are if this one was the first or the last
     */
    private void tellUse(Target target, ObjectState from, ObjectState to, long connections) {
        volume(target.volume())
                .filter(volume -> volume.connectionCount() == connections)
                .ifPresent(volume -> tellVolume(volume, Optional.of(from), to));
        target.snapshot()
                .flatMap(this::snapshot)
                .filter(snapshot -> snapshot.connectionCount() == connections)
                .ifPresent(snapshot -> tellSnapshot(snapshot, Optional.of(from), to));
    }

    private Optional<Volume> volume(VolumeId id) {
        return state.volumes(List.of(id.value())).values().stream().findFirst();
    }

    /** What is told is durable already: that it cannot be told fails nobody. */
    private static void safely(Runnable telling) {
        try {
            telling.run();
        } catch (RuntimeException e) {
            Events.LOG.error("A change of a state could not be told", e);
        }
    }

    private Optional<Connection> connection(ConnectionId id) {
        try {
            return state.connection(id);
        } catch (DamagedRowException _) {
            return Optional.empty();
        }
    }

    private Optional<Snapshot> snapshot(SnapshotId id) {
        return state.snapshots(List.of(id.value())).values().stream().findFirst();
    }

    private void tellVolume(Volume volume, Optional<ObjectState> from, ObjectState to) {
        events.accept(new VolumeEvent.VolumeState(volume.inState(to), from, to));
    }

    private void tellSnapshot(Snapshot snapshot, Optional<ObjectState> from, ObjectState to) {
        events.accept(new VolumeEvent.SnapshotState(snapshot.inState(to), from, to));
    }

    private void tellConnection(
            Connection connection, Optional<Connection.State> from, Optional<Connection.State> to) {
        events.accept(
                new VolumeEvent.ConnectionState(
                        connection.inState(to.orElse(connection.state())), from, to));
    }

    /** As far as is known before it is cut. */
    private static Snapshot planned(Intent.CreateSnapshot create) {
        return create.snapshot(create.of().sizeBytes(), create.begunAt(), "");
    }
}
