package io.cairn.daemon.volume;

import io.cairn.daemon.driver.NotBegun;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.StateNews.Standing;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.DriverException;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Several snapshots as one change: all of their intents are recorded at once, and so is that all
 * are there. Whatever comes in between, an intent that is still open then is undone, and so there
 * are all of them or none.
 *
 * <p>The caller holds the turns of all volumes.
 */
final class GroupChange {
    /** How many volumes a message names. */
    private static final int NAMED = 5;

    private final Changes changes;
    private final Journal journal;
    private final OpenIntents open;
    private final PoolTally pools;
    private final Effects effects;
    private final Consumer<VolumeEvent> events;
    private final StateNews news;

    GroupChange(
            Changes changes,
            Journal journal,
            OpenIntents open,
            PoolTally pools,
            Effects effects,
            Consumer<VolumeEvent> events,
            StateNews news) {
        this.changes = changes;
        this.journal = journal;
        this.open = open;
        this.pools = pools;
        this.effects = effects;
        this.events = events;
        this.news = news;
    }

    /**
     * Cuts them one after another.
     *
     * @param group of different volumes of one backend, by one name
     */
    List<Snapshot> perform(List<Intent.CreateSnapshot> group)
            throws OperationException, InterruptedException {
        admit(group);
        try {
            journal.beginGroup(group);
        } catch (StoreException e) {
            group.forEach(open::remove);
            throw told(
                    group,
                    new OperationException(
                            Changes.code(e),
                            "cannot %s: the state store refused to record it: %s; the backend was not touched"
                                    .formatted(what(group), e.getMessage()),
                            e),
                    false);
        }
        // As in Changes.
        group.forEach(open::add);
        group.forEach(news::begun);
        Map<Intent.CreateSnapshot, Snapshot> created = new LinkedHashMap<>();
        for (Intent.CreateSnapshot each : group) {
            try {
                BackendSnapshot found = effects.cutNow(each);
                created.put(
                        each, each.snapshot(found.sizeBytes(), found.cutAt(), found.location()));
            } catch (DriverException e) {
                throw undone(group, created.size(), e);
            }
        }
        try {
            journal.groupCreated(created);
        } catch (StoreException e) {
            group.forEach(each -> left(each, e));
            throw told(
                    group,
                    new OperationException(
                            Code.UNAVAILABLE,
                            "cannot record the end of '%s': %s; unless it is recorded all the same, what was cut is deleted again as soon as the state store can be written"
                                    .formatted(what(group), e.getMessage()),
                            e),
                    true);
        }
        tell(created);
        return List.copyOf(created.values());
    }

    private void admit(List<Intent.CreateSnapshot> group)
            throws OperationException, InterruptedException {
        boolean all = false;
        try {
            for (Intent.CreateSnapshot each : group) {
                pools.admit(each, changes.ready(each));
            }
            all = true;
        } finally {
            if (!all) {
                group.forEach(open::remove);
            }
        }
    }

    /** They are recorded: none may be open any more when the first listener hears of it. */
    private void tell(Map<Intent.CreateSnapshot, Snapshot> created) {
        Map<Intent.CreateSnapshot, Standing> before = new LinkedHashMap<>();
        created.keySet().forEach(each -> before.put(each, news.now(each)));
        Map<Intent.CreateSnapshot, VolumeEvent> told = new LinkedHashMap<>();
        created.forEach(
                (each, snapshot) ->
                        told.put(each, new VolumeEvent.SnapshotCreated(snapshot, false)));
        told.forEach(pools::settled);
        told.forEach(
                (each, event) -> {
                    news.ended(each, Objects.requireNonNull(before.get(each)), event);
                    events.accept(event);
                });
    }

    /**
     * Takes back what was done until one was refused.
     *
     * @param cut how many were cut before that one
     */
    private OperationException undone(
            List<Intent.CreateSnapshot> group, int cut, DriverException refusal)
            throws InterruptedException {
        List<Intent.CreateSnapshot> clear = new ArrayList<>(group.subList(cut + 1, group.size()));
        boolean answers = answers(refusal);
        if (answers || NotBegun.is(refusal)) {
            clear.add(group.get(cut));
        } else {
            left(group.get(cut), refusal);
        }
        for (Intent.CreateSnapshot each : group.subList(0, cut)) {
            // A backend that does not answer is not asked once more for each of them.
            if (!answers) {
                left(each, refusal);
                continue;
            }
            try {
                effects.undoCut(each);
                clear.add(each);
            } catch (DriverException e) {
                refusal.addSuppressed(e);
                left(each, e);
                answers = answers(e);
            }
        }
        boolean whole = erased(clear, refusal) && clear.size() == group.size();
        String message =
                "cannot %s: that of volume %s: %s; %s"
                        .formatted(
                                what(group),
                                group.get(cut).of().name(),
                                refusal.getMessage(),
                                whole
                                        ? "none was made"
                                        : "what was cut is deleted again as soon as that can be done");
        return told(
                group,
                // A code that promises that nothing was changed must not say so too early.
                whole || !answers(refusal)
                        ? OperationException.of(refusal, message)
                        : new OperationException(Code.UNAVAILABLE, message, refusal),
                !whole);
    }

    private static boolean answers(DriverException e) {
        return e.kind().outcomeKnown() || NotBegun.isBusy(e);
    }

    /** Whether these are recorded as never begun; otherwise they are undone later. */
    private boolean erased(List<Intent.CreateSnapshot> clear, DriverException refusal) {
        try {
            journal.abandonGroup(clear);
        } catch (StoreException e) {
            refusal.addSuppressed(e);
            clear.forEach(each -> left(each, e));
            return false;
        }
        for (Intent.CreateSnapshot each : clear) {
            Standing before = news.now(each);
            open.remove(each);
            news.undone(each, before);
        }
        return true;
    }

    /** What became of it is settled later, by undoing it. */
    private void left(Intent.CreateSnapshot intent, Exception why) {
        Standing before = news.now(intent);
        open.failedIfOpen(intent, why);
        news.failed(intent, before);
    }

    private OperationException told(
            List<Intent.CreateSnapshot> group, OperationException failure, boolean unfinished) {
        events.accept(
                new VolumeEvent.OperationFailed(
                        group.getFirst().backend(),
                        what(group),
                        failure.code(),
                        String.valueOf(failure.getMessage()),
                        unfinished));
        return failure;
    }

    private static String what(List<Intent.CreateSnapshot> group) {
        int more = group.size() - NAMED;
        return "create snapshot %s of each of volumes %s%s on backend %s"
                .formatted(
                        group.getFirst().name(),
                        group.stream()
                                .limit(NAMED)
                                .map(each -> each.of().name())
                                .collect(Collectors.joining(", ")),
                        more > 0 ? " and %d more".formatted(more) : "",
                        group.getFirst().backend());
    }
}
