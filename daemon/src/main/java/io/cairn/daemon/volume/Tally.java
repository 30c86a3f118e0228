package io.cairn.daemon.volume;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** How many volumes and snapshots each backend has, kept in memory by the events. */
final class Tally implements Consumer<VolumeEvent> {
    private static final Counts NONE = new Counts(0, 0, 0);

    private final Map<String, Counts> byBackend = new ConcurrentHashMap<>();

    Tally(Map<String, Counts> counts) {
        replaceBy(counts);
    }

    void replaceBy(Map<String, Counts> counts) {
        byBackend.keySet().retainAll(counts.keySet());
        byBackend.putAll(counts);
    }

    /** Without the unfinished, which {@link OpenIntents} counts. */
    Counts of(String backend) {
        return byBackend.getOrDefault(backend, NONE);
    }

    /** Those that ever had a volume. */
    Set<String> backends() {
        return new TreeSet<>(byBackend.keySet());
    }

    /** Counts what was recorded at once. */
    void takenIn(List<Addition> additions) {
        for (Addition addition : additions) {
            add(addition.volume().backend(), addition.fresh() ? 1 : 0, addition.cuts().size());
        }
    }

    /** As if it never had a volume. */
    void forget(String backend) {
        byBackend.remove(backend);
    }

    @Override
    public void accept(VolumeEvent event) {
        switch (event) {
            case VolumeEvent.VolumeCreated _ -> add(event.backend(), 1, 0);
            case VolumeEvent.VolumeDeleted _, VolumeEvent.VolumeReleased _ ->
                    add(event.backend(), -1, 0);
            case VolumeEvent.SnapshotCreated _ -> add(event.backend(), 0, 1);
            case VolumeEvent.SnapshotDeleted _ -> add(event.backend(), 0, -1);
            case VolumeEvent.VolumeAltered _,
                    VolumeEvent.StateChanged _,
                    VolumeEvent.SnapshotAltered _,
                    VolumeEvent.ConnectionChanged _,
                    VolumeEvent.BackendForgotten _,
                    VolumeEvent.BackendBreaker _,
                    VolumeEvent.OperationFailed _,
                    VolumeEvent.OperationUndone _ -> {}
        }
    }

    private void add(String backend, int volumes, int snapshots) {
        byBackend.merge(
                backend,
                new Counts(volumes, snapshots, 0),
                (a, b) -> new Counts(a.volumes() + b.volumes(), a.snapshots() + b.snapshots(), 0));
    }
}
