package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

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
    private final Background background = new Background();
    private final Backends backends;
    private final Parts parts;
    private final State state;
    private final OpenIntents open;
    private final Running running;
    private final Events events;
    private final Turns turns;
    private final Planning planning;
    private final Changes changes;
    private final Listing listing;
    private final Tally tally;
    private final PoolTally pools;
    private final Settler settler;
    private final Rechecks rechecks;
    private final Deletions deletions;
    private final Alterations alterations;
    private final Connections connections;
    private final Tombstones tombstones;
    private final Dossiers dossiers;

    @Inject
    public Volumes(StateStore store, Backends backends, Metrics metrics) {
        this.backends = backends;
        open = new OpenIntents();
        events = new Events();
        running = new Running(metrics);
        state = new State(store, open);
        listing = new Listing(state, open);
        tally = new Tally(state.counts());
        planning = new Planning(backends);
        Journal journal = new Journal(store);
        pools = new PoolTally(open, state.poolCounts());
        changes = new Changes(journal, open, pools, new Effects(journal, backends), events);
        turns = new Turns(open, changes);
        parts = new Parts(running, state, open, planning, journal, changes, turns, events);
        deletions = new Deletions(parts, listing);
        alterations = new Alterations(parts);
        ConnectionSteps steps = new ConnectionSteps(parts);
        connections = new Connections(parts, new ConnectionPlanning(parts, backends), steps);
        tombstones = new Tombstones(state, journal, background);
        dossiers = new Dossiers(parts, backends, listing, tally, pools);
        settler = new Settler(open, turns, backends, background);
        rechecks = new Rechecks(parts, connections, steps, backends, background);
        open.replaceBy(state.intents());
        store.onReopened(
                () -> {
                    state.damage().forgetAll();
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
                "0003-lists.sql",
                "0004-details-and-connections.sql");
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
        rechecks.start();
    }

    /**
     * Refuses new operations and waits for those that run, so that what they use can be closed.
     *
     * @return whether all of them ended before the patience did; the others are intents
     */
    public boolean stop(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        background.stop();
        boolean ended = running.stop(patience);
        Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
        return background.await(left) && ended;
    }

    /** What changes a volume or a snapshot that there is. */
    public Alterations alterations() {
        return alterations;
    }

    /** Who has access to volumes and snapshots. */
    public Connections connections() {
        return connections;
    }

    /** What compares connections with what there is. */
    Rechecks rechecks() {
        return rechecks;
    }

    /** What was deleted. */
    public Tombstones tombstones() {
        return tombstones;
    }

    /** What leaves the state and comes into it as a whole. */
    public Dossiers dossiers() {
        return dossiers;
    }

    /**
     * Makes an empty volume. Asked again for the same, it returns the volume that is there.
     *
     * @throws OperationException CONFLICT if the name or the id is another volume's
     */
    public Volume createVolume(String backend, NewVolume request)
            throws OperationException, InterruptedException {
        Backend on = planning.backend(backend);
        return running.measured(
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
                            request.id().isPresent(),
                            volume -> new Intent.CreateVolume(volume, volume.createdAt()));
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
        Snapshot snapshot = parts.known(source);
        return running.measured(
                snapshot.backend(),
                Operation.CREATE_VOLUME_FROM_SNAPSHOT,
                () -> {
                    long sizeBytes = request.sizeBytes().orElse(snapshot.sizeBytes());
                    refuseSmaller(sizeBytes, snapshot.sizeBytes(), "snapshot " + snapshot.name());
                    Backend on = planning.backend(snapshot.backend());
                    Origin origin = Origin.of(snapshot);
                    return create(
                            planning.volume(on, request, sizeBytes, Optional.of(origin)),
                            request.id().isPresent(),
                            volume -> new Intent.CreateVolume(volume, volume.createdAt()));
                });
    }

    /**
     * Cuts a snapshot. Asked again for the same name, it returns the snapshot that is there and
     * cuts none.
     */
    public Snapshot createSnapshot(VolumeId volume, NewSnapshot request)
            throws OperationException, InterruptedException {
        return running.measured(
                parts.known(volume).backend(),
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
                            return parts.confirmed(Sameness.of(there.get(), request));
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
                                        parts.known(volume),
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
     * Makes a volume with the content that another has at one instant of this call, on its backend.
     * Asked again for the same, it returns the volume that is there.
     *
     * @param request with a size of at least the source's, or without for just that
     */
    public Volume cloneVolume(VolumeId source, NewVolume request)
            throws OperationException, InterruptedException {
        Volume of = parts.known(source);
        return running.measured(
                of.backend(),
                Operation.CLONE_VOLUME,
                () -> {
                    long sizeBytes = request.sizeBytes().orElse(of.sizeBytes());
                    refuseSmaller(sizeBytes, of.sizeBytes(), "volume " + of.name());
                    Origin origin = new Origin(source, Optional.empty());
                    return create(
                            planning.volume(
                                    planning.backend(of.backend()),
                                    request,
                                    sizeBytes,
                                    Optional.of(origin)),
                            request.id().isPresent(),
                            planned -> new Intent.CloneVolume(planned, planned.createdAt()));
                });
    }

    /**
     * Takes over as a volume what lies on a backend and is not Cairn's. Asked again for the same,
     * it returns the volume that is there.
     *
     * @param path as {@link #unmanaged} gives it
     * @param request without a size, which is that of what is adopted
     */
    public Volume adopt(String backend, String path, NewVolume request)
            throws OperationException, InterruptedException {
        Backend on = planning.backend(backend);
        Names.checkPath(path);
        return running.measured(
                backend,
                Operation.ADOPT_VOLUME,
                () -> {
                    // The driver says how large it is; until then it is as small as can be.
                    Volume planned = planning.volume(on, request, 1, Optional.empty());
                    return create(
                            planned,
                            request.id().isPresent(),
                            volume -> new Intent.AdoptVolume(volume, path, volume.createdAt()));
                });
    }

    /** What lies on a backend and is not Cairn's; asks the driver. */
    public List<Unmanaged> unmanaged(String backend)
            throws OperationException, InterruptedException {
        return planning.unmanaged(backend);
    }

    /**
     * Deletes a volume.
     *
     * @throws OperationException IN_USE, saying what, if it has snapshots or connections or is held
     */
    public void deleteVolume(VolumeId volume) throws OperationException, InterruptedException {
        deletions.deleteVolume(volume);
    }

    /**
     * Deletes a volume and all of its snapshots, of which none may be held or in use; nothing is
     * deleted if one is.
     */
    public void deleteWithSnapshots(VolumeId volume)
            throws OperationException, InterruptedException {
        deletions.deleteWithSnapshots(volume);
    }

    /**
     * Ends a change of a volume that never ends by itself, as if it had not been begun. Returns
     * what it was; whatever it left on the backend stays there.
     */
    public String forgetUnfinished(VolumeId volume)
            throws OperationException, InterruptedException {
        return switch (turns.forget(volume)) {
            case VolumeEvent.OperationUndone undone -> {
                state.damage().forget(Intents.TABLE, volume.value());
                state.damage().forget("volume", volume.value());
                yield undone.what();
            }
            case VolumeEvent other -> throw new IllegalStateException("it ended in " + other);
        };
    }

    /** Gives a volume up that has no snapshots; its bytes stay. Returns where they are. */
    public String release(VolumeId volume) throws OperationException, InterruptedException {
        return deletions.release(volume);
    }

    /** Deletes a snapshot. Volumes made from it live on. */
    public void deleteSnapshot(SnapshotId snapshot)
            throws OperationException, InterruptedException {
        deletions.deleteSnapshot(snapshot);
    }

    /**
     * The bytes that deleting a snapshot would free, about, whether or not anything forbids it;
     * asks the driver.
     *
     * @throws OperationException UNSUPPORTED if the backend cannot tell
     */
    public long freedByDeleting(SnapshotId snapshot)
            throws OperationException, InterruptedException {
        return deletions.freedByDeleting(snapshot);
    }

    /**
     * A volume, by its id.
     *
     * @throws DamagedRowException if it cannot be read, as all that look for one object
     */
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
        // Of a volume that may be damaged.
        Optional<VolumeId> of =
                state.volumeId(backend, volume)
                        .or(
                                () ->
                                        Ids.volume(volume)
                                                .filter(
                                                        id ->
                                                                state.backend(id)
                                                                        .filter(backend::equals)
                                                                        .isPresent()));
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
        return listing.volumes(filter, backendNames(), limit, continuation);
    }

    /** Snapshots; the parameters are those of {@link #volumes}. */
    public Page<Snapshot> snapshots(Filter filter, int limit, String continuation)
            throws OperationException {
        return listing.snapshots(filter, backendNames(), limit, continuation);
    }

    /**
     * How many volumes a list would hold. All of a backend are counted from memory. What is damaged
     * counts until it is met.
     */
    public long countVolumes(Filter filter) throws OperationException {
        return filter.wholeBackends()
                ? counted(filter, Counts::volumes) + creating(filter) - damaged("volume", filter)
                : listing.countVolumes(filter, backendNames());
    }

    /** As {@link #countVolumes}, of snapshots. */
    public long countSnapshots(Filter filter) throws OperationException {
        return filter.wholeBackends()
                ? counted(filter, Counts::snapshots) - damaged("snapshot", filter)
                : listing.countSnapshots(filter, backendNames());
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

    /** The damaged rows of the state that were met so far, by their tables and ids. */
    public List<DamagedRow> damaged() {
        return state.damage().all();
    }

    /** Those that count and are not listed. */
    private long damaged(String table, Filter filter) {
        Set<String> uncounted =
                open.beingMade().stream().map(VolumeId::toString).collect(Collectors.toSet());
        return state.damage().of(table, filter.backend()).stream()
                .filter(row -> !uncounted.contains(row.id()))
                .count();
    }

    /** Also of those whose count is damaged. */
    private Set<String> backendNames() {
        Set<String> names = new TreeSet<>(tally.backends());
        backends.all().forEach(backend -> names.add(backend.name()));
        return names;
    }

    private long counted(Filter filter, ToLongFunction<Counts> what) {
        return filter.backend().map(Set::of).orElseGet(tally::backends).stream()
                .mapToLong(backend -> what.applyAsLong(tally.of(backend)))
                .sum();
    }

    /** They are listed and not yet counted. */
    private long creating(Filter filter) {
        return state
                .volumes(open.beingMade().stream().map(VolumeId::value).toList())
                .values()
                .stream()
                .filter(volume -> filter.backend().map(volume.backend()::equals).orElse(true))
                .count();
    }

    private Volume create(Volume planned, boolean idGiven, Function<Volume, Intent.Making> intentOf)
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
            if (open.renamesTo(planned.backend(), planned.name(), planned.id())) {
                throw new OperationException(
                        Code.BUSY,
                        "another volume is being renamed to %s, which is unfinished; nothing was changed; try again later"
                                .formatted(planned.name()));
            }
            Intent.Making intent = intentOf.apply(planned);
            if (there.isPresent()) {
                boolean sized = !(intent instanceof Intent.AdoptVolume);
                return parts.confirmed(
                        Sameness.of(
                                adoptedSo(there.get(), intent),
                                sized ? planned : planned.ofSize(there.get().sizeBytes()),
                                idGiven));
            }
            if (idGiven && state.volume(planned.id()).isPresent()) {
                throw takenId(planned.id().toString(), "volume");
            }
            if (idGiven && state.snapshot(new SnapshotId(planned.id().value())).isPresent()) {
                throw takenId(planned.id().toString(), "snapshot");
            }
            try (var _ = turns.take(intent.volumes())) {
                Optional<Origin> origin = planned.origin();
                if (origin.isPresent()) {
                    requireSource(origin.get(), planned.sizeBytes());
                }
                return switch (changes.perform(intent)) {
                    case VolumeEvent.VolumeCreated created -> created.volume();
                    case VolumeEvent other -> throw unexpected(intent, other);
                };
            }
        }
    }

    /** What lies elsewhere is not what was adopted, whatever else is the same. */
    private Volume adoptedSo(Volume there, Intent.Making intent) throws OperationException {
        if (intent instanceof Intent.AdoptVolume adopt
                && !state.adoptedFrom(there.id()).equals(Optional.of(adopt.path()))) {
            throw new OperationException(
                    Code.CONFLICT,
                    "volume %s exists already and was not adopted from %s: choose another name"
                            .formatted(there.name(), adopt.path()));
        }
        return there;
    }

    /** Once more, now that nobody else can change it. */
    private void requireSource(Origin origin, long sizeBytes) throws OperationException {
        if (origin.snapshot().isPresent()) {
            Snapshot _ = parts.known(origin.snapshot().get());
        } else {
            Volume source = parts.known(origin.volume());
            refuseSmaller(sizeBytes, source.sizeBytes(), "volume " + source.name());
        }
    }

    private static void refuseSmaller(long sizeBytes, long least, String what)
            throws OperationException {
        if (sizeBytes < least) {
            throw new OperationException(
                    Code.INVALID,
                    "a volume of %d bytes is too small for %s of %d bytes: ask for that or more"
                            .formatted(sizeBytes, what, least));
        }
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
