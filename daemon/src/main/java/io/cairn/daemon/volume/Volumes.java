package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.metric.Metrics;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.function.Consumer;
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
    /** How many volumes one snapshot of several may be of. */
    public static final int MOST_IN_GROUP = Grouping.MOST;

    private final Background background = new Background();
    private final Backends backends;
    private final Parts parts;
    private final State state;
    private final OpenIntents open;
    private final Running running;
    private final Events events;
    private final Turns turns;
    private final Planning planning;
    private final Listing listing;
    private final Tally tally;
    private final PoolTally pools;
    private final Settler settler;
    private final Rechecks rechecks;
    private final Creations creations;
    private final Grouping grouping;
    private final Deletions deletions;
    private final Questions questions;
    private final Alterations alterations;
    private final Connections connections;
    private final Tombstones tombstones;
    private final Dossiers dossiers;
    private final Witness witness;
    private final Trash trash;
    private final Restoring restoring;
    private final Purging purging;
    private final Orphans orphans;
    private final Emptier emptier;

    @Inject
    public Volumes(StateStore store, Backends backends, Metrics metrics) {
        this(
                store,
                backends,
                metrics,
                Turns.PATIENCE,
                new TrashTime(store, InstantSource.system(), System::nanoTime));
    }

    /**
     * @param patience how long an operation waits for another one on the same volume
     */
    Volumes(
            StateStore store,
            Backends backends,
            Metrics metrics,
            Duration patience,
            TrashTime trashTime) {
        this.backends = backends;
        open = new OpenIntents();
        running = new Running(metrics);
        state = new State(store, open);
        listing = new Listing(state, open);
        tally = new Tally(state.counts());
        events = new Events(tally);
        planning = new Planning(backends);
        Journal journal = new Journal(store, trashTime);
        pools = new PoolTally(open, state.poolCounts());
        StateNews news = new StateNews(state, open, events);
        Effects effects = new Effects(journal, state, backends);
        Changes changes = new Changes(journal, open, pools, effects, events, news);
        turns = new Turns(open, changes, patience);
        parts = new Parts(running, state, open, planning, journal, changes, turns, news, events);
        creations = new Creations(parts);
        grouping =
                new Grouping(
                        parts,
                        new GroupChange(changes, journal, open, pools, effects, events, news));
        tombstones = new Tombstones(state, journal, background);
        dossiers = new Dossiers(parts, backends, listing, tally, pools);
        trash = new Trash(parts, backends);
        TrashJournal trashJournal = new TrashJournal(store, trashTime);
        restoring = new Restoring(parts, trashJournal, trash, dossiers);
        purging = new Purging(parts, trashJournal, trash);
        orphans = new Orphans(parts, trashJournal, trash, trashTime);
        emptier = new Emptier(trash, purging, trashTime, backends, background);
        deletions = new Deletions(parts, listing, tombstones, trash, purging);
        questions = new Questions(parts);
        alterations = new Alterations(parts);
        ConnectionSteps steps = new ConnectionSteps(parts);
        connections = new Connections(parts, new ConnectionPlanning(parts, backends), steps);
        settler = new Settler(open, turns, backends, background);
        rechecks = new Rechecks(parts, connections, steps, backends, background);
        witness = new Witness(parts, rechecks, trash);
        backends.onBreaker(
                (backend, now) ->
                        events.accept(
                                new VolumeEvent.BackendBreaker(
                                        backend, now.refuses(), now.reason())));
        open.replaceBy(state.intents());
        store.onReopened(
                () -> {
                    state.damage().forgetAll();
                    open.replaceBy(state.intents());
                    tally.replaceBy(state.counts());
                    pools.replaceBy(state.poolCounts());
                });
    }

    /** What volumes and snapshots need of the state store, in order. */
    public static List<SchemaStep> schema() {
        return SchemaStep.load(
                Volumes.class,
                "0001-volumes-and-snapshots.sql",
                "0002-pools.sql",
                "0003-lists.sql",
                "0004-details-and-connections.sql",
                "0006-connected.sql",
                "0007-trash.sql",
                "0008-trash-time.sql");
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

    /**
     * Whether volumes, snapshots or unfinished changes of a backend are known, or what was deleted
     * is remembered or in the trash.
     */
    public boolean holding(String backend) {
        Counts counts = counts(backend);
        return counts.volumes() + counts.snapshots() + counts.unfinished() > 0
                || tombstones.any(backend)
                || trash.count(backend) > 0;
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
        emptier.start();
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

    /** Whether nothing runs, and nobody has, or waits for, a turn on anything. */
    boolean idle() {
        return running.idle() && turns.idle();
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

    /** What was deleted and can be brought back. */
    public Trash trash() {
        return trash;
    }

    /** What brings back what is in the trash. */
    public Restoring restoring() {
        return restoring;
    }

    /** What deletes for good what is in the trash. */
    public Purging purging() {
        return purging;
    }

    /** What moves to the trash what is recorded nowhere. */
    public Orphans orphans() {
        return orphans;
    }

    /**
     * Why the last of a backend's that was to leave the trash did not; empty if all that was did.
     */
    public String trashProblem(String backend) {
        return emptier.problem(backend);
    }

    /**
     * As {@link Purging#empty}, beginning now.
     *
     * @return how much is to go
     */
    public long emptyTrash(String backend) throws OperationException, InterruptedException {
        long all = purging.empty(backend);
        emptier.wake(backend);
        return all;
    }

    /** What empties the trash. */
    Emptier emptier() {
        return emptier;
    }

    /** Single objects as they are recorded and as their backends have them. */
    public Witness witness() {
        return witness;
    }

    /**
     * Makes an empty volume. Asked again for the same, it returns the volume that is there.
     *
     * @throws OperationException CONFLICT if the name or the id is another volume's
     */
    public Volume createVolume(String backend, NewVolume request)
            throws OperationException, InterruptedException {
        return creations.createVolume(backend, request);
    }

    /**
     * Makes a volume with the content of a snapshot, on its backend. Asked again for the same, it
     * returns the volume that is there.
     *
     * @param request with a size of at least the snapshot's, or without for just that; asked again
     *     without, the volume may have been extended since
     */
    public Volume createFromSnapshot(SnapshotId source, NewVolume request)
            throws OperationException, InterruptedException {
        return creations.createFromSnapshot(source, request);
    }

    /**
     * Cuts a snapshot. Asked again for the same name, it returns the snapshot that is there and
     * cuts none.
     */
    public Snapshot createSnapshot(VolumeId volume, NewSnapshot request)
            throws OperationException, InterruptedException {
        return creations.createSnapshot(volume, request);
    }

    /**
     * Cuts a snapshot of each of several volumes, of the content that all of them have at one
     * instant. Either all are there afterwards or none. Asked again for the same name, and the same
     * volumes or some of them, it returns the snapshots that are there and cuts none.
     *
     * @param volumes of the backend, at most {@link #MOST_IN_GROUP}, to which no host may write
     * @param request without an id
     * @return the snapshots in the order of the volumes
     * @throws OperationException IN_USE if a host may write to one, since backends cut one volume
     *     after another; CONFLICT if one has another snapshot of that name
     */
    public List<Snapshot> createGroupSnapshot(
            String backend, List<VolumeId> volumes, NewSnapshot request)
            throws OperationException, InterruptedException {
        return grouping.createSnapshots(backend, volumes, request);
    }

    /**
     * Makes a volume with the content that another has at one instant of this call, on its backend.
     * Asked again for the same, it returns the volume that is there.
     *
     * @param request with a size of at least the source's, or without for the one that it has at
     *     that instant; asked again without, either may have been extended since
     */
    public Volume cloneVolume(VolumeId source, NewVolume request)
            throws OperationException, InterruptedException {
        return creations.cloneVolume(source, request);
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
        return creations.adopt(backend, path, request);
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
        return questions.freedByDeleting(snapshot);
    }

    /**
     * What the storage knows of a volume beyond what all volumes have; asks the driver.
     *
     * @return values by words that the driver's documentation explains
     * @throws OperationException UNSUPPORTED if the backend cannot tell
     */
    public SortedMap<String, String> inspect(VolumeId volume)
            throws OperationException, InterruptedException {
        return questions.inspect(volume);
    }

    /**
     * Where a snapshot may hold something else than another one of its volume; asks the driver.
     *
     * @param since the name or UUID of the other one, older or newer; empty for where the snapshot
     *     may hold anything but zeroes
     * @param most how many ranges at most
     * @throws OperationException UNSUPPORTED if the backend cannot tell
     */
    public Page<ChangedRange> changed(
            SnapshotId snapshot, String since, int most, String continuation)
            throws OperationException, InterruptedException {
        return questions.changed(snapshot, since, most, continuation);
    }

    /** As {@link #inspect(VolumeId)}, of a snapshot. */
    public SortedMap<String, String> inspect(SnapshotId snapshot)
            throws OperationException, InterruptedException {
        return questions.inspect(snapshot);
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
     * How many volumes a list would hold. All of a backend are counted from memory, as are all
     * snapshots of a pool; else all are looked at that meet the condition that the fewest meet.
     * What is damaged counts until it is met.
     */
    public long countVolumes(Filter filter) throws OperationException {
        return listing.countVolumes(
                filter,
                backendNames(),
                whole ->
                        counted(whole, Counts::volumes)
                                + creating(whole)
                                - damaged("volume", whole));
    }

    /** As {@link #countVolumes}, of snapshots. */
    public long countSnapshots(Filter filter) throws OperationException {
        if (filter.wholePools() && state.damage().ids("snapshot").isEmpty()) {
            return filter.backend().map(Set::of).orElseGet(this::backendNames).stream()
                    .map(pools::of)
                    .map(
                            counts ->
                                    counts.getOrDefault(
                                            filter.pool().orElseThrow(), PoolCounts.NONE))
                    .mapToLong(PoolCounts::snapshots)
                    .sum();
        }
        return listing.countSnapshots(
                filter,
                backendNames(),
                whole -> counted(whole, Counts::snapshots) - damaged("snapshot", whole));
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
}
