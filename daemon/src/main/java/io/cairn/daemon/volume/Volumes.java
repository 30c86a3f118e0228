package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/**
 * Every operation on volumes and snapshots. Safe for many threads: operations on one volume wait
 * for each other, those on different volumes run at once and share the state store's syncs.
 *
 * <p>An operation returns once its effect is on the backend and in the state store, both durable.
 * It fails by {@link OperationException} alone. What a caller asks for is checked here and nowhere
 * before.
 */
@Singleton
public final class Volumes {
    /** How many snapshots a refusal to delete their volume names. */
    private static final int NAMED_SNAPSHOTS = 5;

    private final Metrics metrics;
    private final OpenIntents open = new OpenIntents();
    private final Events events = new Events();
    private final Gate gate = new Gate();
    private final State state;
    private final Listing listing;
    private final Tally tally;
    private final PoolTally pools;
    private final Planning planning;
    private final Journal journal;
    private final Changes changes;
    private final Turns turns;
    private final Settler settler;

    @Inject
    public Volumes(StateStore store, Backends backends, Metrics metrics) {
        this.metrics = metrics;
        state = new State(store, open);
        listing = new Listing(state, open);
        tally = new Tally(state.counts());
        planning = new Planning(backends);
        journal = new Journal(store);
        pools = new PoolTally(open, state.poolCounts());
        changes = new Changes(journal, open, pools, backends, events);
        turns = new Turns(open, changes);
        settler = new Settler(open, turns, backends);
        open.replaceBy(state.intents());
        store.onReopened(
                () -> {
                    open.replaceBy(state.intents());
                    tally.replaceBy(state.counts());
                    pools.replaceBy(state.poolCounts());
                });
        events.add(tally);
    }

    /** What volumes and snapshots need of the state store, in order. */
    public static List<SchemaStep> schema() {
        return SchemaStep.load(
                Volumes.class,
                "0001-volumes-and-snapshots.sql",
                "0002-pools.sql",
                "0003-lists.sql");
    }

    /**
     * The backends that volumes were ever asked for on: storage of theirs that bears no identity is
     * not the storage that was meant.
     */
    public static Set<String> usedBackends(StateStore store) {
        return State.usedBackends(store);
    }

    /** The backends that volumes are known of, whether they are configured or not. */
    public static Set<String> holdingBackends(StateStore store) {
        return State.holdingBackends(store);
    }

    /** Whether volumes were ever asked for on a backend, as far as is known in memory. */
    public boolean everUsed(String backend) {
        return tally.backends().contains(backend) || open.count(backend) > 0;
    }

    /** Whether volumes, snapshots or unfinished changes of a backend are known. */
    public boolean holding(String backend) {
        Counts counts = counts(backend);
        return counts.volumes() + counts.snapshots() + counts.unfinished() > 0;
    }

    /** Tells the listener of every change, after it is durable, on the thread that made it. */
    public void addListener(Consumer<VolumeEvent> listener) {
        events.add(listener);
    }

    /**
     * Settles what the last run of the daemon left unfinished, and from then on, in the background,
     * whatever else is left so. Returns when each was tried once or the patience ends; operations
     * may run all the while.
     */
    public void start(Duration patience) throws InterruptedException {
        settler.start(patience);
    }

    /**
     * Refuses new operations and waits for those that run.
     *
     * @return whether all of them ended before the patience did; the others are intents
     */
    public boolean stop(Duration patience) throws InterruptedException {
        settler.stop();
        return gate.shut(patience);
    }

    /**
     * Makes an empty volume. Asked again for the same, it returns the volume that is there.
     *
     * @throws OperationException CONFLICT if the name or the id is another volume's
     */
    public Volume createVolume(String backend, NewVolume request)
            throws OperationException, InterruptedException {
        Backend on = planning.backend(backend);
        return measured(
                backend,
                Operation.CREATE_VOLUME,
                () -> {
                    if (request.sizeBytes().isEmpty()) {
                        throw new OperationException(
                                Code.INVALID, "the size is missing: write it like 10GiB");
                    }
                    long sizeBytes = request.sizeBytes().get();
                    return create(
                            planning.volume(on, request, sizeBytes, Optional.empty()),
                            request.id().isPresent());
                });
    }

    /**
     * Makes a volume with the content of a snapshot, on its backend. Asked again for the same, it
     * returns the volume that is there.
     *
     * @param request with a size of at least the snapshot's, or without for just that
     */
    public Volume createFromSnapshot(SnapshotId source, NewVolume request)
            throws OperationException, InterruptedException {
        Snapshot snapshot = known(source);
        return measured(
                snapshot.backend(),
                Operation.CREATE_VOLUME_FROM_SNAPSHOT,
                () -> {
                    long sizeBytes = request.sizeBytes().orElse(snapshot.sizeBytes());
                    if (sizeBytes < snapshot.sizeBytes()) {
                        throw new OperationException(
                                Code.INVALID,
                                "a volume of %d bytes is too small for snapshot %s of %d bytes: ask for that or more"
                                        .formatted(
                                                sizeBytes, snapshot.name(), snapshot.sizeBytes()));
                    }
                    Backend on = planning.backend(snapshot.backend());
                    Origin origin = new Origin(snapshot.volume(), snapshot.id());
                    return create(
                            planning.volume(on, request, sizeBytes, Optional.of(origin)),
                            request.id().isPresent());
                });
    }

    /**
     * Cuts a snapshot. Asked again for the same name, it returns the snapshot that is there and
     * cuts none.
     */
    public Snapshot createSnapshot(VolumeId volume, NewSnapshot request)
            throws OperationException, InterruptedException {
        return measured(
                known(volume).backend(),
                Operation.CREATE_SNAPSHOT,
                () -> {
                    SnapshotId id = request.id().orElseGet(SnapshotId::random);
                    String name = request.name().isEmpty() ? id.toString() : request.name();
                    Names.check("snapshot", name);
                    Names.checkDescription(request.description());
                    Names.checkLabels(request.labels());
                    try (var _ = turns.takeId(request.id().map(SnapshotId::value));
                            var _ = turns.take(volume)) {
                        Optional<Snapshot> there = state.snapshot(volume, name);
                        if (there.isPresent()) {
                            return confirmed(Sameness.of(there.get(), request));
                        }
                        if (request.id().isPresent()
                                && (state.snapshot(id).isPresent() || open.makes(id))) {
                            throw takenId(id.toString(), "snapshot");
                        }
                        if (request.id().isPresent()
                                && state.volume(new VolumeId(id.value())).isPresent()) {
                            throw takenId(id.toString(), "volume");
                        }
                        Intent.CreateSnapshot intent =
                                new Intent.CreateSnapshot(
                                        known(volume),
                                        id,
                                        name,
                                        request.description(),
                                        request.labels(),
                                        Instant.now());
                        Marks.check(intent);
                        return switch (changes.perform(intent)) {
                            case VolumeEvent.SnapshotCreated created -> created.snapshot();
                            case VolumeEvent other -> throw unexpected(intent, other);
                        };
                    }
                });
    }

    /**
     * Deletes a volume that has no snapshots.
     *
     * @throws OperationException IN_USE, naming them, if it has
     */
    public void deleteVolume(VolumeId volume) throws OperationException, InterruptedException {
        VolumeEvent _ =
                measured(
                        known(volume).backend(),
                        Operation.DELETE_VOLUME,
                        () -> {
                            try (var _ = turns.take(volume)) {
                                Volume doomed = known(volume);
                                if (doomed.snapshotCount() > 0) {
                                    throw hasSnapshots(doomed);
                                }
                                return changes.perform(
                                        new Intent.DeleteVolume(doomed, Instant.now()));
                            }
                        });
    }

    /** Deletes a snapshot. Volumes made from it live on. */
    public void deleteSnapshot(SnapshotId snapshot)
            throws OperationException, InterruptedException {
        Snapshot before = known(snapshot);
        VolumeEvent _ =
                measured(
                        before.backend(),
                        Operation.DELETE_SNAPSHOT,
                        () -> {
                            try (var _ = turns.take(before.volume())) {
                                return changes.perform(
                                        new Intent.DeleteSnapshot(
                                                known(snapshot),
                                                known(before.volume()).pool(),
                                                Instant.now()));
                            }
                        });
    }

    public Optional<Volume> volume(VolumeId id) {
        return state.volume(id);
    }

    /** A volume of a backend, by its name or by the text of its id. */
    public Optional<Volume> volume(String backend, String nameOrId) {
        Optional<Volume> named = state.volume(backend, nameOrId);
        return named.isPresent()
                ? named
                : Ids.volume(nameOrId)
                        .flatMap(state::volume)
                        .filter(volume -> volume.backend().equals(backend));
    }

    public Optional<Snapshot> snapshot(SnapshotId id) {
        return state.snapshot(id);
    }

    /** A snapshot of a volume, each by its name or by the text of its id. */
    public Optional<Snapshot> snapshot(String backend, String volume, String nameOrId) {
        Optional<VolumeId> of = volume(backend, volume).map(Volume::id);
        Optional<Snapshot> named = of.flatMap(id -> state.snapshot(id, nameOrId));
        return named.isPresent()
                ? named
                : Ids.snapshot(nameOrId)
                        .flatMap(state::snapshot)
                        .filter(snapshot -> of.isPresent() && snapshot.volume().equals(of.get()));
    }

    /**
     * Volumes.
     *
     * @param limit the most items, above zero
     * @param continuation empty, or what the page before came with
     * @return a page; without a continuation the last, and only such a one may be empty
     */
    public Page<Volume> volumes(Filter filter, int limit, String continuation)
            throws OperationException {
        return listing.volumes(filter, tally.backends(), limit, continuation);
    }

    /** Snapshots; the parameters are those of {@link #volumes}. */
    public Page<Snapshot> snapshots(Filter filter, int limit, String continuation)
            throws OperationException {
        return listing.snapshots(filter, tally.backends(), limit, continuation);
    }

    /** How many volumes a list would hold. All of a backend are counted from memory. */
    public long countVolumes(Filter filter) throws OperationException {
        return filter.wholeBackends()
                ? counted(filter, Counts::volumes) + creating(filter)
                : listing.countVolumes(filter, tally.backends());
    }

    /** As {@link #countVolumes}, of snapshots. */
    public long countSnapshots(Filter filter) throws OperationException {
        return filter.wholeBackends()
                ? counted(filter, Counts::snapshots)
                : listing.countSnapshots(filter, tally.backends());
    }

    /** What a backend holds, from memory; zeroes for one that is not known. */
    public Counts counts(String backend) {
        Counts whole = tally.of(backend);
        return new Counts(whole.volumes(), whole.snapshots(), open.count(backend));
    }

    /**
     * What each pool of a backend holds, from memory, by its name; a pool that never held anything
     * may be missing.
     */
    public SortedMap<String, PoolCounts> poolCounts(String backend) {
        return pools.of(backend);
    }

    /**
     * Every change that was begun and is not known to be finished, from memory; the oldest first.
     */
    public List<Unfinished> unfinished() {
        return turns.unfinished();
    }

    private long counted(Filter filter, ToLongFunction<Counts> what) {
        return filter.backend().map(Set::of).orElseGet(tally::backends).stream()
                .mapToLong(backend -> what.applyAsLong(tally.of(backend)))
                .sum();
    }

    /** They are listed and not yet counted. */
    private long creating(Filter filter) {
        return open.volumesIn(ObjectState.CREATING).stream()
                .flatMap(id -> state.volume(id).stream())
                .filter(volume -> filter.backend().map(volume.backend()::equals).orElse(true))
                .count();
    }

    private Volume create(Volume planned, boolean idGiven)
            throws OperationException, InterruptedException {
        Optional<UUID> id = idGiven ? Optional.of(planned.id().value()) : Optional.empty();
        try (var _ = turns.takeId(id);
                var _ = turns.takeName(planned.backend(), planned.name())) {
            Optional<Volume> there = state.volume(planned.backend(), planned.name());
            if (there.isPresent()) {
                // It may be half made or half deleted: settle that first, then look again.
                try (var _ = turns.take(there.get().id())) {
                    there = state.volume(planned.backend(), planned.name());
                }
            }
            if (there.isPresent()) {
                return confirmed(Sameness.of(there.get(), planned, idGiven));
            }
            if (idGiven && state.volume(planned.id()).isPresent()) {
                throw takenId(planned.id().toString(), "volume");
            }
            if (idGiven && state.snapshot(new SnapshotId(planned.id().value())).isPresent()) {
                throw takenId(planned.id().toString(), "snapshot");
            }
            Intent.CreateVolume intent = new Intent.CreateVolume(planned, planned.createdAt());
            try (var _ = turns.take(intent.volumes())) {
                Optional<Origin> origin = planned.origin();
                if (origin.isPresent()) {
                    Snapshot _ = known(origin.get().snapshot());
                }
                return switch (changes.perform(intent)) {
                    case VolumeEvent.VolumeCreated created -> created.volume();
                    case VolumeEvent other -> throw unexpected(intent, other);
                };
            }
        }
    }

    /**
     * What is there may be shown by a store that failed to write it, so it is not acknowledged
     * before it is known to be durable.
     */
    private <T> T confirmed(T there) throws OperationException {
        try {
            journal.confirm();
            return there;
        } catch (StoreException e) {
            throw new OperationException(
                    Code.UNAVAILABLE,
                    "the state store cannot be written now: %s; try again when it can"
                            .formatted(e.getMessage()),
                    e);
        }
    }

    private interface Body<T> {
        T run() throws OperationException, InterruptedException;
    }

    private <T> T measured(String backend, Operation operation, Body<T> body)
            throws OperationException, InterruptedException {
        gate.enter();
        long start = System.nanoTime();
        boolean done = false;
        try {
            T result = body.run();
            done = true;
            return result;
        } finally {
            gate.leave();
            if (done) {
                metrics.succeeded(backend, operation, Duration.ofNanos(System.nanoTime() - start));
            } else {
                metrics.failed(backend, operation);
            }
        }
    }

    private Volume known(VolumeId id) throws OperationException {
        return state.volume(id)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND, "there is no volume %s".formatted(id)));
    }

    private Snapshot known(SnapshotId id) throws OperationException {
        return state.snapshot(id)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND, "there is no snapshot %s".formatted(id)));
    }

    private OperationException hasSnapshots(Volume volume) throws OperationException {
        List<String> newest =
                listing
                        .snapshots(
                                Filter.ofVolume(volume.backend(), volume.name()),
                                List.of(),
                                NAMED_SNAPSHOTS,
                                "")
                        .items()
                        .stream()
                        .map(Snapshot::name)
                        .toList();
        long more = volume.snapshotCount() - newest.size();
        boolean one = volume.snapshotCount() == 1;
        return new OperationException(
                Code.IN_USE,
                "volume %s has %d %s (%s%s): delete %s first"
                        .formatted(
                                volume.name(),
                                volume.snapshotCount(),
                                one ? "snapshot" : "snapshots",
                                String.join(", ", newest),
                                more > 0 ? " and %d more".formatted(more) : "",
                                one ? "it" : "them"));
    }

    private static OperationException takenId(String id, String what) {
        return new OperationException(
                Code.CONFLICT,
                "the id %s is another %s's: choose another, or none".formatted(id, what));
    }

    private static IllegalStateException unexpected(Intent intent, VolumeEvent event) {
        return new IllegalStateException("'%s' ended in %s".formatted(intent.what(), event));
    }
}
