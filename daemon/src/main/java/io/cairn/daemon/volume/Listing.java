package io.cairn.daemon.volume;

import io.cairn.daemon.volume.Paging.Part;
import io.cairn.daemon.volume.Paging.Placed;
import io.cairn.daemon.volume.Scan.Range;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Lists of volumes and snapshots, a page at a time. A page begins where the one before ended, at a
 * place in the order and not at a number, so it stays right while objects come and go. What is
 * damaged is left out. Safe for many threads.
 */
final class Listing {
    private final State state;
    private final OpenIntents open;
    private final Scan scan;

    Listing(State state, OpenIntents open) {
        this.state = state;
        this.open = open;
        scan = new Scan(state);
    }

    /**
     * Volumes or snapshots.
     *
     * @param table where their rows are
     * @param states those that are known to be in a state other than available
     */
    private record Kind<T>(
            String name, String table, Paging<T> paging, Optional<Collection<UUID>> states) {}

    Page<Volume> volumes(Filter filter, Collection<String> backends, int limit, String continuation)
            throws OperationException {
        return page(filter, limit, continuation, "volumes", now -> volumes(filter, backends, now));
    }

    Page<Snapshot> snapshots(
            Filter filter, Collection<String> backends, int limit, String continuation)
            throws OperationException {
        return page(
                filter, limit, continuation, "snapshots", now -> snapshots(filter, backends, now));
    }

    long countVolumes(Filter filter, Collection<String> backends) throws OperationException {
        return count(filter, some -> volumes(some, backends, Instant.now()));
    }

    long countSnapshots(Filter filter, Collection<String> backends) throws OperationException {
        return count(filter, some -> snapshots(some, backends, Instant.now()));
    }

    private interface Timely<T> {
        Kind<T> asOf(Instant now) throws OperationException;
    }

    private <T> Page<T> page(
            Filter filter, int limit, String continuation, String name, Timely<T> kinds)
            throws OperationException {
        Optional<Continuation> from =
                continuation.isEmpty()
                        ? Optional.empty()
                        : Optional.of(Continuation.parse(continuation, name, filter));
        // The same for all pages, so that nothing grows into a list while it is read.
        Instant now = from.map(Continuation::asOf).orElseGet(Instant::now);
        Kind<T> kind = kinds.asOf(now);
        Optional<Place> after = from.map(Continuation::place);
        Part<T> part =
                kind.states().isEmpty()
                        ? kind.paging().page(after, limit)
                        : kind.paging()
                                .pageOf(
                                        scan.entries(kind.table(), kind.states().get()),
                                        after,
                                        limit);
        return new Page<>(
                part.items().stream().map(Placed::item).toList(),
                part.end().map(end -> new Continuation(end, now).text(name, filter)).orElse(""));
    }

    private interface Kinds<T> {
        Kind<T> of(Filter filter) throws OperationException;
    }

    /** What is available is all but the few that are not, which saves reading the state of each. */
    private <T> long count(Filter filter, Kinds<T> kinds) throws OperationException {
        if (filter.state().equals(Optional.of(ObjectState.AVAILABLE))) {
            long count = count(filter.of(Optional.empty()), kinds);
            for (ObjectState other : ObjectState.values()) {
                if (other != ObjectState.AVAILABLE) {
                    count -= count(filter.of(Optional.of(other)), kinds);
                }
            }
            return count;
        }
        Kind<T> kind = kinds.of(filter);
        return kind.states().isEmpty()
                ? kind.paging().count()
                : kind.paging().countOf(scan.entries(kind.table(), kind.states().get()));
    }

    private Kind<Volume> volumes(Filter filter, Collection<String> backends, Instant now)
            throws OperationException {
        Criteria criteria = Criteria.ofVolumes(filter, now, state);
        return new Kind<>(
                "volumes",
                "volume",
                new Paging<>(
                        scan,
                        state::volumes,
                        id -> state.damage().has("volume", id),
                        criteria::fit,
                        criteria.bounds(),
                        filter.order(),
                        ranges(criteria, backends, criteria::ofVolumes),
                        filter.state().isEmpty()),
                filter.state()
                        .filter(wanted -> wanted != ObjectState.AVAILABLE)
                        .map(wanted -> volumesIn(wanted).stream().map(VolumeId::value).toList()));
    }

    private Kind<Snapshot> snapshots(Filter filter, Collection<String> backends, Instant now)
            throws OperationException {
        Criteria criteria = Criteria.ofSnapshots(filter, now, state);
        return new Kind<>(
                "snapshots",
                "snapshot",
                new Paging<>(
                        scan,
                        state::snapshots,
                        id -> state.damage().has("snapshot", id),
                        criteria::fit,
                        criteria.bounds(),
                        filter.order(),
                        ranges(criteria, backends, criteria::ofSnapshots),
                        filter.state().isEmpty()),
                filter.state()
                        .filter(wanted -> wanted != ObjectState.AVAILABLE)
                        .map(
                                wanted ->
                                        snapshotsIn(wanted).stream()
                                                .map(SnapshotId::value)
                                                .toList()));
    }

    /** Those in use have connections, which are few beside all volumes. */
    private Set<VolumeId> volumesIn(ObjectState wanted) {
        return wanted == ObjectState.IN_USE
                ? state.connectedVolumes().stream()
                        .filter(volume -> open.stateOf(volume, true) == wanted)
                        .collect(Collectors.toSet())
                : open.volumesIn(wanted);
    }

    private Set<SnapshotId> snapshotsIn(ObjectState wanted) {
        return wanted == ObjectState.IN_USE ? state.connectedSnapshots() : open.snapshotsIn(wanted);
    }

    private static List<List<Range>> ranges(
            Criteria criteria,
            Collection<String> backends,
            Function<String, List<Range>> ofBackend) {
        return criteria.among(backends).stream().map(ofBackend).toList();
    }
}
