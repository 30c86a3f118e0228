package io.cairn.daemon.volume;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** What somebody knows of all states who has heard of every change of one and of nothing else. */
final class StatesSeen {
    private static final String NOT_THERE = "not there";

    private final Map<UUID, String> states = new HashMap<>();
    private final Map<UUID, List<String>> steps = new HashMap<>();
    private final List<String> faults = new ArrayList<>();

    static StatesSeen of(List<VolumeEvent> events) {
        StatesSeen seen = new StatesSeen();
        for (VolumeEvent event : events) {
            switch (event) {
                case VolumeEvent.VolumeState(
                                Volume volume,
                                Optional<ObjectState> from,
                                ObjectState to) ->
                        seen.see(volume.id().value(), from, Optional.of(to), volume.state());
                case VolumeEvent.SnapshotState(
                                Snapshot snapshot,
                                Optional<ObjectState> from,
                                ObjectState to) ->
                        seen.see(snapshot.id().value(), from, Optional.of(to), snapshot.state());
                case VolumeEvent.ConnectionState(
                                Connection connection,
                                Optional<Connection.State> from,
                                Optional<Connection.State> to) ->
                        seen.see(connection.id().value(), from, to, connection.state());
                default -> {}
            }
        }
        return seen;
    }

    /** Changes that did not begin where the one before had ended, or that changed nothing. */
    List<String> faults() {
        return faults;
    }

    /** The states that an object went through, the first one first. */
    List<String> steps(UUID id) {
        return steps.getOrDefault(id, List.of());
    }

    /** The state of everything that is not gone. */
    Map<UUID, String> now() {
        Map<UUID, String> there = new HashMap<>(states);
        there.values().removeIf(state -> state.equals("deleted") || state.equals(NOT_THERE));
        return there;
    }

    private void see(UUID id, Optional<?> from, Optional<?> to, Object shown) {
        String before = from.map(Object::toString).orElse(NOT_THERE);
        String after = to.map(Object::toString).orElse(NOT_THERE);
        String known = states.getOrDefault(id, NOT_THERE);
        if (!before.equals(known) || before.equals(after)) {
            faults.add("%s was %s and went from %s to %s".formatted(id, known, before, after));
        }
        if (to.isPresent() && !shown.toString().equals(after)) {
            faults.add("%s went to %s and shows %s".formatted(id, after, shown));
        }
        states.put(id, after);
        steps.computeIfAbsent(id, _ -> new ArrayList<>()).add(after);
    }
}
