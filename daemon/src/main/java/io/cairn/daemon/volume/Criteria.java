package io.cairn.daemon.volume;

import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Scan.Range;
import io.cairn.spi.VolumeId;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * A filter that was checked, with the ids of what it names: which rows to read, and which of them
 * to keep.
 *
 * @param sources the ids it asks for as the source; all of them must apply
 * @param backends those it asks for; all of them must apply
 * @param connected whether hosts must be connected or must not
 * @param nothing whether it names something that is not there, so that nothing can match
 */
record Criteria(
        Filter filter,
        Bounds bounds,
        List<UUID> sources,
        List<String> backends,
        Optional<Boolean> connected,
        boolean nothing) {
    /** Longer than anything is kept, and far from where the numbers of nanoseconds end. */
    private static final Duration LONGEST = Duration.ofDays(36_525);

    /** No snapshot is found by this pool, as 0006-connected.sql has it. */
    private static final String USUAL_POOL = "default";

    private static final String OF_VOLUMES = "volume_facet";
    private static final String OF_SNAPSHOTS = "snapshot_facet";

    Criteria {
        sources = List.copyOf(sources);
        backends = List.copyOf(backends);
    }

    static Criteria ofVolumes(Filter filter, Optional<Boolean> connected, Instant now, State state)
            throws OperationException {
        if (filter.volume().isPresent()) {
            throw invalid("a filter for volumes has no 'volume': use 'name'");
        }
        check(filter);
        Optional<Source> source = Source.of(filter);
        Optional<UUID> id =
                source.isEmpty() ? Optional.empty() : source.get().volumeOrSnapshot(state);
        return new Criteria(
                filter,
                Bounds.of(filter, now),
                id.stream().toList(),
                filter.backend().stream().toList(),
                connected,
                source.isPresent() && id.isEmpty());
    }

    static Criteria ofSnapshots(
            Filter filter, Optional<Boolean> connected, Instant now, State state)
            throws OperationException {
        if (filter.volume().isPresent() && filter.backend().isEmpty()) {
            throw invalid("a filter with 'volume' needs 'backend' too: add backend=NAME");
        }
        check(filter);
        List<UUID> ids = new ArrayList<>();
        boolean nothing = false;
        if (filter.volume().isPresent()) {
            checkName("volume", filter.volume().get());
            Optional<VolumeId> volume =
                    state.volumeId(filter.backend().orElseThrow(), filter.volume().get());
            volume.ifPresent(found -> ids.add(found.value()));
            nothing = volume.isEmpty();
        }
        Optional<Source> source = Source.of(filter);
        if (source.isPresent()) {
            Optional<UUID> id = source.get().volume(state);
            id.ifPresent(ids::add);
            nothing |= id.isEmpty();
        }
        List<String> backends = new ArrayList<>();
        for (UUID id : ids) {
            // One that is gone took its snapshots with it.
            Optional<String> backend = state.backend(new VolumeId(id));
            backend.ifPresent(backends::add);
            nothing |= backend.isEmpty();
        }
        filter.backend().ifPresent(backends::add);
        return new Criteria(filter, Bounds.of(filter, now), ids, backends, connected, nothing);
    }

    private static void check(Filter filter) throws OperationException {
        if (filter.backend().isPresent()) {
            checkName("backend", filter.backend().get());
        }
        if (filter.pool().isPresent()) {
            checkName("pool", filter.pool().get());
        }
        if (filter.name().isPresent() && !filter.name().get().equals("*")) {
            String name = filter.name().get();
            checkName("name", name.endsWith("*") ? name.substring(0, name.length() - 1) : name);
        }
        Names.checkLabels(filter.labels());
        check("older", filter.older());
        check("newer", filter.newer());
        check("minSize", filter.minSize());
        check("maxSize", filter.maxSize());
    }

    /** What could not name anything was hardly meant. */
    private static void checkName(String key, String name) throws OperationException {
        if (!Names.valid(name)) {
            throw invalid(
                    "%s=%s finds nothing: names have 1 to 63 lower-case letters, digits, '.', '_' and '-', and begin with a letter or digit"
                            .formatted(key, Names.shortened(name)));
        }
    }

    private static void check(String key, Optional<?> value) throws OperationException {
        boolean wrong =
                value.isPresent()
                        && switch (value.get()) {
                            case Duration age -> !age.isPositive() || age.compareTo(LONGEST) > 0;
                            case Long size -> size < 0;
                            default -> throw new IllegalArgumentException(key);
                        };
        if (wrong) {
            throw invalid(
                    "%s=%s is not allowed: an age is above zero and at most %s, and no size is below zero"
                            .formatted(key, value.orElseThrow(), LONGEST));
        }
    }

    /** Which of the backends that there are hold what matches. */
    List<String> among(Collection<String> all) {
        if (nothing || backends.stream().distinct().count() > 1) {
            return List.of();
        }
        return backends.isEmpty() ? List.copyOf(all) : List.of(backends.getFirst());
    }

    /**
     * The ranges that hold all the volumes of a backend which match; each of them does, and the
     * smallest is the one to read.
     */
    List<Range> ofVolumes(String backend) {
        List<Range> ranges = new ArrayList<>();
        sources.forEach(id -> ranges.add(facet(OF_VOLUMES, "source", backend, id.toString())));
        filter.labels()
                .forEach(
                        (key, value) ->
                                ranges.add(facet(OF_VOLUMES, "label", backend, key + "=" + value)));
        filter.pool().ifPresent(pool -> ranges.add(facet(OF_VOLUMES, "pool", backend, pool)));
        connected.ifPresent(
                used -> ranges.add(facet(OF_VOLUMES, "use", backend, used ? "connected" : "idle")));
        if (ranges.isEmpty()) {
            ranges.add(new Range(OF_VOLUMES, "facet", "backend=%s\n".formatted(backend)));
        }
        return ranges;
    }

    /**
     * As {@link #ofVolumes(String)}, of snapshots. What has no facet does not narrow them: that
     * nobody is connected, and the pool that nearly all have.
     */
    List<Range> ofSnapshots(String backend) {
        List<Range> ranges = new ArrayList<>();
        sources.forEach(id -> ranges.add(new Range("snapshot", "volume_id", id)));
        filter.labels()
                .forEach(
                        (key, value) ->
                                ranges.add(
                                        facet(OF_SNAPSHOTS, "label", backend, key + "=" + value)));
        filter.pool()
                .filter(pool -> !pool.equals(USUAL_POOL))
                .ifPresent(pool -> ranges.add(facet(OF_SNAPSHOTS, "pool", backend, pool)));
        if (connected.orElse(false)) {
            ranges.add(facet(OF_SNAPSHOTS, "use", backend, "connected"));
        }
        if (ranges.isEmpty()) {
            ranges.add(new Range("snapshot", "backend", backend));
        }
        return ranges;
    }

    private static Range facet(String table, String kind, String backend, String value) {
        return new Range(table, "facet", "%s=%s/%s\n".formatted(kind, backend, value));
    }

    /** Whether the ranges of snapshots do not tell all that matters. */
    boolean beyondRanges() {
        return filter.pool().equals(Optional.of(USUAL_POOL));
    }

    boolean fit(Volume volume) {
        return fit(volume.backend(), volume.labels(), volume.state(), volume.connectionCount())
                && filter.pool().map(volume.pool()::equals).orElse(true)
                && volume.origin().map(Criteria::sources).orElse(List.of()).containsAll(sources)
                && bounds.hold(Rows.nanos(volume.createdAt()), volume.name(), volume.sizeBytes());
    }

    boolean fit(Snapshot snapshot) {
        return fit(
                        snapshot.backend(),
                        snapshot.labels(),
                        snapshot.state(),
                        snapshot.connectionCount())
                && sources.stream().allMatch(snapshot.volume().value()::equals)
                && bounds.hold(
                        Rows.nanos(snapshot.createdAt()), snapshot.name(), snapshot.sizeBytes());
    }

    private static List<UUID> sources(Origin origin) {
        List<UUID> sources = new ArrayList<>();
        sources.add(origin.volume().value());
        origin.snapshot().ifPresent(snapshot -> sources.add(snapshot.value()));
        return sources;
    }

    private boolean fit(
            String backend, Map<String, String> labels, ObjectState state, long connections) {
        return !nothing
                && connected.map(wanted -> wanted == connections > 0).orElse(true)
                && backends.stream().allMatch(backend::equals)
                && labels.entrySet().containsAll(filter.labels().entrySet())
                && filter.state().map(state::equals).orElse(true);
    }

    private static OperationException invalid(String message) {
        return new OperationException(Code.INVALID, message);
    }
}
