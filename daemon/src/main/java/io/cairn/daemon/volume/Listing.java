package io.cairn.daemon.volume;

import io.cairn.daemon.volume.Paging.Part;
import io.cairn.daemon.volume.Paging.Placed;
import io.cairn.daemon.volume.Scan.Entry;
import io.cairn.daemon.volume.Scan.Range;
import io.cairn.daemon.volume.Whole.InRow;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.ToLongFunction;

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
     * @param known all that can belong to the list, if they are known
     */
    private record Kind<T>(String table, Paging<T> paging, Optional<Collection<UUID>> known) {}

    Page<Volume> volumes(Filter filter, Collection<String> backends, int limit, String continuation)
            throws OperationException {
        return page(
                filter,
                limit,
                continuation,
                "volumes",
                now -> volumes(filter, connected(filter), backends, now));
    }

    Page<Snapshot> snapshots(
            Filter filter, Collection<String> backends, int limit, String continuation)
            throws OperationException {
        return page(
                filter,
                limit,
                continuation,
                "snapshots",
                now -> snapshots(filter, connected(filter), backends, now));
    }

    /**
     * @param whole counts those of whole backends
     */
    long countVolumes(Filter filter, Collection<String> backends, ToLongFunction<Filter> whole)
            throws OperationException {
        Instant now = Instant.now();
        return count(filter, whole, (some, used) -> volumes(some, used, backends, now));
    }

    /** As {@link #countVolumes}, of snapshots. */
    long countSnapshots(Filter filter, Collection<String> backends, ToLongFunction<Filter> whole)
            throws OperationException {
        Instant now = Instant.now();
        return count(filter, whole, (some, used) -> snapshots(some, used, backends, now));
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
                kind.known().isEmpty()
                        ? kind.paging().page(after, limit)
                        : kind.paging().pageOf(entries(kind), after, limit);
        return new Page<>(
                part.items().stream().map(Placed::item).toList(),
                part.end().map(end -> new Continuation(end, now).text(name, filter)).orElse(""));
    }

    private interface Kinds<T> {
        /**
         * @param connected whether hosts must be connected or must not
         */
        Kind<T> of(Filter filter, Optional<Boolean> connected) throws OperationException;
    }

    /**
     * In use is what is connected, and available is all that is not in use, but for the few that
     * are in another state meanwhile. This saves reading the state of each.
     */
    private <T> long count(Filter filter, ToLongFunction<Filter> whole, Kinds<T> kinds)
            throws OperationException {
        Optional<ObjectState> state = filter.state();
        if (filter.wholeBackends()) {
            return whole.applyAsLong(filter);
        }
        if (state.isEmpty() || !state.get().atRest()) {
            return count(kinds.of(filter, Optional.empty()));
        }
        Filter any = filter.of(Optional.empty());
        boolean used = state.get() == ObjectState.IN_USE;
        Optional<Boolean> connected = used ? Optional.of(true) : Optional.empty();
        long count =
                used
                        ? count(kinds.of(any, connected))
                        : count(any, whole, kinds)
                                - count(filter.of(Optional.of(ObjectState.IN_USE)), whole, kinds);
        for (ObjectState other : ObjectState.values()) {
            if (!other.atRest()) {
                count -= count(kinds.of(filter.of(Optional.of(other)), connected));
            }
        }
        return count;
    }

    private <T> long count(Kind<T> kind) {
        return kind.known().isEmpty()
                ? kind.paging().count()
                : kind.paging().countOf(entries(kind));
    }

    private <T> List<Entry> entries(Kind<T> kind) {
        return scan.entries(kind.table(), kind.known().orElseThrow());
    }

    /** What a state says about it; nothing is said by those that pass. */
    private static Optional<Boolean> connected(Filter filter) {
        return filter.state().filter(ObjectState::atRest).map(state -> state == ObjectState.IN_USE);
    }

    private Kind<Volume> volumes(
            Filter filter, Optional<Boolean> connected, Collection<String> backends, Instant now)
            throws OperationException {
        Criteria criteria = Criteria.ofVolumes(filter, connected, now, state);
        return new Kind<>(
                "volume",
                new Paging<>(
                        scan,
                        new Whole<>("volume", state::volumes, Optional.empty()),
                        state.damage().ids("volume"),
                        criteria::fit,
                        criteria.bounds(),
                        filter.order(),
                        ranges(criteria, backends, criteria::ofVolumes),
                        filter.state().isEmpty()),
                passing(filter).map(wanted -> ids(open.volumesIn(wanted), VolumeId::value)));
    }

    private Kind<Snapshot> snapshots(
            Filter filter, Optional<Boolean> connected, Collection<String> backends, Instant now)
            throws OperationException {
        Criteria criteria = Criteria.ofSnapshots(filter, connected, now, state);
        return new Kind<>(
                "snapshot",
                new Paging<>(
                        scan,
                        wholeSnapshots(filter),
                        state.damage().ids("snapshot"),
                        criteria::fit,
                        criteria.bounds(),
                        filter.order(),
                        ranges(criteria, backends, criteria::ofSnapshots),
                        filter.state().isEmpty() && !criteria.beyondRanges()),
                passing(filter).map(wanted -> ids(open.snapshotsIn(wanted), SnapshotId::value)));
    }

    private Whole<Snapshot> wholeSnapshots(Filter filter) {
        return new Whole<>(
                "snapshot",
                ids -> inPool(filter, state.snapshots(ids)),
                Optional.of(
                        new InRow<>(
                                Rows.SNAPSHOT,
                                Rows::entry,
                                state.unnamedSnapshot(),
                                unnamed -> inPool(filter, state.named(unnamed)))));
    }

    private Map<UUID, Snapshot> inPool(Filter filter, Map<UUID, Snapshot> found) {
        if (filter.pool().isPresent()) {
            Set<VolumeId> volumes =
                    state.inPool(
                            filter.pool().get(),
                            found.values().stream()
                                    .map(snapshot -> snapshot.volume().value())
                                    .distinct()
                                    .toList());
            found.values().removeIf(snapshot -> !volumes.contains(snapshot.volume()));
        }
        return found;
    }

    /** The state that is asked for if few are in it, since none stays in it. */
    private static Optional<ObjectState> passing(Filter filter) {
        return filter.state().filter(state -> !state.atRest());
    }

    private static <T> Collection<UUID> ids(Collection<T> objects, Function<T, UUID> id) {
        return objects.stream().map(id).toList();
    }

    private static List<List<Range>> ranges(
            Criteria criteria,
            Collection<String> backends,
            Function<String, List<Range>> ofBackend) {
        return criteria.among(backends).stream().map(ofBackend).toList();
    }
}
