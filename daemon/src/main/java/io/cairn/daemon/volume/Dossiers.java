package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.store.Change;
import io.cairn.daemon.store.ChangeRefused;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.Finding.Outcome;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Volumes as they leave the state and come into it without their storage being touched: by export
 * and import. Safe for many threads.
 */
public final class Dossiers {
    /**
     * The most volumes, snapshots and connections in one import: it is one transaction, and in the
     * memory of a daemon that has 160 MB.
     */
    public static final int MOST = 25_000;

    private static final int PAGE = 500;

    /** How often what is listed must differ from what is counted to be wrong. */
    private static final int TRIES = 5;

    private final Parts parts;
    private final Backends backends;
    private final Listing listing;
    private final Tally tally;
    private final PoolTally pools;
    private final Comparison comparison;

    Dossiers(Parts parts, Backends backends, Listing listing, Tally tally, PoolTally pools) {
        this.parts = parts;
        this.backends = backends;
        this.listing = listing;
        this.tally = tally;
        this.pools = pools;
        comparison = new Comparison(parts.state(), backends);
    }

    /**
     * The volumes of a backend as they are now, the oldest first.
     *
     * @throws OperationException FAULT if one is damaged, since an export would lack it
     */
    public List<VolumeId> volumes(String backend) throws OperationException {
        List<VolumeId> found = whole(backend);
        List<DamagedRow> damaged = parts.state().damage().of("volume", Optional.of(backend));
        if (!damaged.isEmpty()) {
            throw new OperationException(
                    Code.FAULT,
                    "the rows of %d volumes of backend %s are damaged, such as %s; an export of all would lack them: export the others one by one, as BACKEND/VOLUME"
                            .formatted(damaged.size(), backend, damaged.getFirst()));
        }
        return found;
    }

    /**
     * Damage may hide a volume from every list, but not from what is counted beside the lists.
     * Nothing can be compared while volumes come and go.
     */
    private List<VolumeId> whole(String backend) throws OperationException {
        List<VolumeId> found = List.of();
        for (int tries = 0; tries < TRIES; tries++) {
            long before = counted(backend);
            found = readable(backend);
            if (found.size() == before || before != counted(backend)) {
                return found;
            }
        }
        if (parts.state().damage().of("volume", Optional.of(backend)).isEmpty()) {
            throw new OperationException(
                    Code.FAULT,
                    "backend %s has %d volumes and %d of them are listed, so a row is damaged; an export of all would lack it: export the others one by one, as BACKEND/VOLUME"
                            .formatted(backend, counted(backend), found.size()));
        }
        return found;
    }

    /** Those being made are listed, and count only later. */
    private long counted(String backend) {
        long being =
                parts.open().all().stream()
                        .filter(Intent.Making.class::isInstance)
                        .filter(intent -> intent.backend().equals(backend))
                        .count();
        return tally.of(backend).volumes() + being;
    }

    private List<VolumeId> readable(String backend) throws OperationException {
        Filter all = Filter.ofBackend(backend).in(new Order(Order.By.CREATED, false));
        List<VolumeId> found = new ArrayList<>();
        String continuation = "";
        do {
            Page<Volume> page = listing.volumes(all, tally.backends(), PAGE, continuation);
            page.items().forEach(volume -> found.add(volume.id()));
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        return found;
    }

    /** The backends that are configured, or that volumes are or were known of, by their names. */
    public SortedSet<String> backends() {
        SortedSet<String> names = new TreeSet<>(tally.backends());
        backends.all().forEach(backend -> names.add(backend.name()));
        return names;
    }

    /**
     * All of a volume at one instant; empty if it is gone.
     *
     * @throws OperationException BUSY or UNAVAILABLE while a change of it is not finished; FAULT if
     *     a part of it is damaged
     */
    public Optional<Dossier> read(VolumeId id) throws OperationException, InterruptedException {
        return parts.running()
                .inside(
                        () -> {
                            try (var _ = parts.turns().take(id)) {
                                Optional<Volume> volume = parts.state().volume(id);
                                return volume.isEmpty()
                                        ? Optional.empty()
                                        : Optional.of(dossier(volume.get()));
                            }
                        });
    }

    /**
     * Says what {@link #takeIn} would make of each object, in their order; changes nothing.
     *
     * @throws OperationException INVALID with what is wrong in itself; BUSY or UNAVAILABLE while a
     *     change of one of the volumes is not finished
     */
    public List<Finding> look(List<Dossier> dossiers)
            throws OperationException, InterruptedException {
        Soundness.check(dossiers);
        return parts.running()
                .inside(
                        () ->
                                inTurn(
                                        dossiers,
                                        () -> compare(dossiers, Optional.empty()).findings()));
    }

    /**
     * Records what is not known yet, all of it or nothing, in one transaction. Each object must be
     * on its backend, as it is described.
     *
     * @param also what is to be recorded with it
     * @return what became of each object, in their order; if one conflicts, nothing was changed
     * @throws OperationException as {@link #look}; CONFLICT if {@code also} refuses; NO_SPACE
     */
    public List<Finding> takeIn(List<Dossier> dossiers, Change<?> also)
            throws OperationException, InterruptedException {
        return takeIn(dossiers, Optional.empty(), new Attendance() {}, also);
    }

    /** What is done besides, while nobody else can change any of it. */
    interface Attendance {
        /** First of all; returns what is to be recorded instead of what was asked for. */
        default List<Dossier> begun(List<Dossier> dossiers) throws OperationException {
            return dossiers;
        }

        /** Once all can be recorded, before it is. */
        default void toBeRecorded() throws OperationException, InterruptedException {}

        default void recorded() {}
    }

    /**
     * As {@link #takeIn(List, Change)}, with something done besides.
     *
     * @param restored the one of them that leaves the trash with that
     */
    List<Finding> takeIn(
            List<Dossier> dossiers,
            Optional<Trashed> restored,
            Attendance attendance,
            Change<?> also)
            throws OperationException, InterruptedException {
        Soundness.check(dossiers);
        return parts.running()
                .inside(
                        () ->
                                inTurn(
                                        dossiers,
                                        () -> {
                                            Comparison.Result result =
                                                    compare(attendance.begun(dossiers), restored);
                                            if (result.clean()) {
                                                attendance.toBeRecorded();
                                                record(result.additions(), restored, also);
                                                attendance.recorded();
                                            }
                                            return result.findings();
                                        }));
    }

    /**
     * Forgets all volumes of a closed backend, with all that belongs to them, and what was deleted
     * on it. Their storage is not touched.
     *
     * @return how much was forgotten
     * @throws OperationException NOT_FOUND; IN_USE if the backend is not closed; BUSY or
     *     UNAVAILABLE while a change of one of the volumes is not finished
     */
    public Counts forget(String backend) throws OperationException, InterruptedException {
        if (!backends().contains(backend)) {
            throw new OperationException(
                    Code.NOT_FOUND,
                    "there is no backend '%s'; there are: %s"
                            .formatted(Names.shortened(backend), String.join(", ", backends())));
        }
        return parts.running().inside(() -> forgotten(backend));
    }

    private Counts forgotten(String backend) throws OperationException, InterruptedException {
        // An import that runs ends first.
        try (var _ = parts.turns().takeBackend(backend)) {
            requireClosed(backend);
            List<VolumeId> doomed = new ArrayList<>(readable(backend));
            parts.open().all().stream()
                    .filter(intent -> intent.backend().equals(backend))
                    .forEach(intent -> doomed.add(intent.volume()));
            try (var _ = parts.turns().take(doomed)) {
                Counts gone = tally.of(backend);
                parts.journal().forget(backend);
                tally.forget(backend);
                pools.forget(backend);
                parts.state().damage().forgetAll();
                parts.events().tell(new VolumeEvent.BackendForgotten(backend, gone));
                return gone;
            } catch (StoreException e) {
                throw Parts.unwritable(e);
            }
        }
    }

    private void requireClosed(String backend) throws OperationException {
        if (!backends.find(backend).map(Backend::closed).orElse(true)) {
            throw new OperationException(
                    Code.IN_USE,
                    "backend %s is not closed, and nothing was forgotten: close it first, and hand it over before that if another daemon is to have its volumes"
                            .formatted(backend));
        }
    }

    private Dossier dossier(Volume volume) throws OperationException {
        State state = parts.state();
        List<Dossier.Cut> cuts = new ArrayList<>();
        for (Snapshot snapshot : parts.snapshots(volume)) {
            cuts.add(
                    new Dossier.Cut(
                            snapshot,
                            snapshot.holdCount() == 0
                                    ? List.of()
                                    : held(
                                            "snapshot " + snapshot.name(),
                                            snapshot.id().value(),
                                            snapshot.holdCount())));
        }
        List<Connection> connections = state.connections(volume.id()).reversed();
        requireAll(
                "volume " + volume.name(),
                "connections",
                volume.connectionCount(),
                connections.size());
        return new Dossier(
                volume,
                state.adoptedFrom(volume.id()).orElse(""),
                held("volume " + volume.name(), volume.id().value(), volume.holdCount()),
                cuts,
                connections);
    }

    private List<Hold> held(String what, UUID object, long counted) throws OperationException {
        List<Hold> holds = parts.state().holds(object);
        requireAll(what, "holds", counted, holds.size());
        return holds;
    }

    private static void requireAll(String what, String parts, long counted, long found)
            throws OperationException {
        if (counted != found) {
            throw new OperationException(
                    Code.FAULT,
                    "%s has %d %s and %d of them are in the state, which is damaged; nothing was changed"
                            .formatted(what, counted, parts, found));
        }
    }

    /** Nobody else makes or changes any of it meanwhile. */
    private <T> T inTurn(List<Dossier> dossiers, Running.Body<T> body)
            throws OperationException, InterruptedException {
        List<VolumeId> volumes =
                dossiers.stream().map(dossier -> dossier.volume().id()).distinct().toList();
        try (var _ = parts.turns().takeAll(dossiers);
                var _ = parts.turns().take(volumes)) {
            return body.run();
        }
    }

    private Comparison.Result compare(List<Dossier> dossiers, Optional<Trashed> restored)
            throws OperationException, InterruptedException {
        Comparison.Result result = comparison.of(dossiers, restored.map(Trashed::id));
        Optional<String> tooMuch = pools.tooMuch(provisioned(result.additions()));
        if (tooMuch.isPresent()) {
            result = result.with(Finding.conflict("a pool", tooMuch.get()));
        }
        Set<String> renamed = namesToBe();
        for (Addition addition : result.additions()) {
            Volume volume = addition.volume();
            if (addition.fresh() && renamed.contains(volume.backend() + "/" + volume.name())) {
                result =
                        result.with(
                                Finding.conflict(
                                        Comparison.name(volume),
                                        "another volume is being renamed to its name, which is unfinished: try again later"));
            }
        }
        return result;
    }

    /** Names that unfinished changes give to volumes, which no row has yet. */
    private Set<String> namesToBe() {
        Set<String> names = new HashSet<>();
        for (Intent intent : parts.open().all()) {
            if (intent instanceof Intent.AlterVolume alter) {
                names.add(alter.backend() + "/" + alter.altered().name());
            }
        }
        return names;
    }

    private void record(List<Addition> additions, Optional<Trashed> restored, Change<?> also)
            throws OperationException {
        try {
            parts.journal().takeIn(additions, provisioned(additions), restored, also);
        } catch (StoreException e) {
            if (e.getCause() instanceof ChangeRefused refused) {
                throw new OperationException(
                        Code.CONFLICT, String.valueOf(refused.getMessage()), e);
            }
            throw Parts.unwritable(e);
        }
        pools.takenIn(provisioned(additions));
        tally.takenIn(additions);
        for (Addition addition : additions) {
            parts.news().imported(addition);
            if (addition.fresh()) {
                Volume volume =
                        parts.state().volume(addition.volume().id()).orElse(addition.volume());
                parts.events().tell(new VolumeEvent.VolumeCreated(volume, false));
            }
            for (Dossier.Cut cut : addition.cuts()) {
                parts.events().tell(new VolumeEvent.SnapshotCreated(cut.snapshot(), false));
            }
            for (Connection connection : addition.connections()) {
                parts.events()
                        .tell(
                                new VolumeEvent.ConnectionChanged(
                                        connection, VolumeEvent.Access.CONNECTED, false));
            }
        }
    }

    private static Map<PoolTally.Key, PoolCounts> provisioned(List<Addition> additions) {
        Map<PoolTally.Key, PoolCounts> more = new HashMap<>();
        for (Addition addition : additions) {
            Volume volume = addition.volume();
            more.merge(
                    new PoolTally.Key(volume.backend(), volume.pool()),
                    new PoolCounts(
                            addition.fresh() ? 1 : 0,
                            addition.cuts().size(),
                            addition.fresh() ? volume.sizeBytes() : 0),
                    PoolCounts::plus);
        }
        return more;
    }

    /** Whether every object could be, or was, recorded. */
    public static boolean clean(List<Finding> findings) {
        return findings.stream().noneMatch(finding -> finding.outcome() == Outcome.CONFLICT);
    }
}
