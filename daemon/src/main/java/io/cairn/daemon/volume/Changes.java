package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.NotBegun;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.StateNews.Standing;
import io.cairn.spi.DriverException;
import io.cairn.spi.VolumeId;

import java.util.Optional;
import java.util.function.Consumer;

/**
 * The one straight way of every change: record the intent, call the driver, record the result,
 * tell. A change that was left unfinished walks the same way again, from where its outcome is
 * unknown.
 *
 * <p>The caller holds the locks of all the intent's volumes.
 */
final class Changes {
    /** The SQL state of a row that breaks a unique constraint. */
    private static final String DUPLICATE = "23505";

    private final Journal journal;
    private final OpenIntents open;
    private final PoolTally pools;
    private final Effects effects;
    private final Consumer<VolumeEvent> events;
    private final StateNews news;

    Changes(
            Journal journal,
            OpenIntents open,
            PoolTally pools,
            Effects effects,
            Consumer<VolumeEvent> events,
            StateNews news) {
        this.journal = journal;
        this.open = open;
        this.pools = pools;
        this.effects = effects;
        this.events = events;
        this.news = news;
    }

    /** Makes a change that was not tried before. */
    VolumeEvent perform(Intent intent) throws OperationException, InterruptedException {
        Backend backend = ready(intent);
        pools.admit(intent, backend);
        try {
            journal.begin(intent);
        } catch (StoreException e) {
            open.remove(intent);
            throw refused(intent, e);
        }
        // Once more: a store that was reopened while this waited has told of what it had then.
        open.add(intent);
        news.begun(intent);
        return carryOut(intent, false);
    }

    /**
     * The backend of a change that could be made now.
     *
     * @throws OperationException BUSY if another change of one of its volumes is unfinished, or why
     *     the backend would refuse it
     */
    Backend ready(Intent intent) throws OperationException {
        for (VolumeId volume : intent.volumes()) {
            Optional<Intent> earlier = open.of(volume);
            if (earlier.isPresent()) {
                throw new OperationException(
                        Code.BUSY,
                        "'%s' is unfinished and comes first: only an available or in-use volume can be changed; nothing was changed; try again later"
                                .formatted(earlier.get().what()));
            }
        }
        try {
            Backend backend = effects.backend(intent);
            backend.requireReady(intent.volumes().toArray(VolumeId[]::new));
            return backend;
        } catch (DriverException e) {
            throw OperationException.of(
                    e,
                    "cannot %s: %s; nothing was changed".formatted(intent.what(), e.getMessage()));
        }
    }

    /**
     * Gives a change up whose outcome is unknown, as if it had never been begun. What it may have
     * left on the backend stays there.
     */
    VolumeEvent forget(Intent intent) throws OperationException {
        Standing before = news.now(intent);
        StateNews.Doomed doomed = news.doomed(intent);
        try {
            journal.abandon(intent);
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
        open.remove(intent);
        news.undone(intent, before);
        news.givenUp(doomed);
        VolumeEvent event =
                new VolumeEvent.OperationUndone(
                        intent.backend(), intent.what(), "an operator gave it up");
        events.accept(event);
        return event;
    }

    /** Settles a change whose outcome is unknown. */
    VolumeEvent settle(Intent intent) throws OperationException, InterruptedException {
        return carryOut(intent, true);
    }

    private VolumeEvent carryOut(Intent intent, boolean again)
            throws OperationException, InterruptedException {
        Standing before = news.now(intent);
        VolumeEvent event;
        try {
            event = effects.of(intent, again);
        } catch (DriverException e) {
            OperationException failure = failed(intent, again, e);
            boolean unfinished = open.of(intent.volume()).filter(intent::equals).isPresent();
            if (unfinished) {
                news.failed(intent, before);
            } else {
                news.undone(intent, before);
            }
            tellFailure(intent, failure, unfinished);
            throw failure;
        } catch (StoreException e) {
            OperationException failure = unrecorded(intent, e);
            news.failed(intent, before);
            tellFailure(intent, failure, true);
            throw failure;
        }
        pools.settled(intent, event);
        news.ended(intent, before, event);
        events.accept(event);
        return event;
    }

    private OperationException failed(Intent intent, boolean again, DriverException e)
            throws InterruptedException {
        // The one call of an intent that is carried out for the first time is the only one of it.
        boolean untouched = !again && NotBegun.is(e);
        if (!(e.kind().outcomeKnown() || untouched) || (again && remainsOpen(intent, e.kind()))) {
            open.failed(intent, e);
            OperationException failure =
                    OperationException.of(
                            e,
                            "cannot %s: %s; what became of it is settled as soon as the backend answers"
                                    .formatted(intent.what(), e.getMessage()));
            return failure;
        }
        OperationException failure =
                OperationException.of(
                        e,
                        "cannot %s: %s%s"
                                .formatted(
                                        intent.what(),
                                        e.getMessage(),
                                        untouched ? "; nothing was changed" : ""));
        try {
            if (again && e.kind() != DriverException.Kind.CONFLICT) {
                effects.clearAway(intent);
            }
            journal.abandon(intent);
        } catch (DriverException | StoreException second) {
            open.failed(intent, second);
            OperationException left =
                    new OperationException(
                            Code.UNAVAILABLE,
                            "cannot %s: %s; it is noted still, since that could not be taken back (%s), and may be carried out yet once it can; forgetUnfinished ends it"
                                    .formatted(intent.what(), e.getMessage(), second.getMessage()),
                            e);
            left.addSuppressed(second);
            return left;
        }
        open.remove(intent);
        return failure;
    }

    /**
     * Whether that it cannot be done now says nothing of what an earlier try did: the volume may
     * have been reverted and then opened by somebody. What was cut of a group stays until it can be
     * deleted.
     */
    private static boolean remainsOpen(Intent intent, DriverException.Kind kind) {
        return switch (intent) {
            case Intent.RevertVolume _ ->
                    kind == DriverException.Kind.IN_USE || kind == DriverException.Kind.NO_SPACE;
            case Intent.CreateSnapshot create ->
                    create.grouped() && kind != DriverException.Kind.CONFLICT;
            default -> false;
        };
    }

    private OperationException refused(Intent intent, StoreException e) {
        OperationException failure =
                new OperationException(
                        code(e),
                        "cannot %s: the state store refused to record it: %s; the backend was not touched"
                                .formatted(intent.what(), e.getMessage()),
                        e);
        tellFailure(intent, failure, false);
        return failure;
    }

    static Code code(StoreException e) {
        return switch (e.kind()) {
            case FULL -> Code.NO_SPACE;
            case FAILED -> DUPLICATE.equals(e.sqlState()) ? Code.CONFLICT : Code.FAULT;
            case REFUSED -> Code.FAULT;
            case LOCKED, DAMAGED, UNFIT, FENCED, CLOSED -> Code.UNAVAILABLE;
        };
    }

    private OperationException unrecorded(Intent intent, StoreException e) {
        open.failed(intent, e);
        if (intent instanceof Intent.CreateSnapshot create && create.grouped()) {
            return new OperationException(
                    Code.UNAVAILABLE,
                    "cannot undo '%s': %s; it is undone as soon as the state store can be written"
                            .formatted(intent.what(), e.getMessage()),
                    e);
        }
        OperationException failure =
                new OperationException(
                        Code.UNAVAILABLE,
                        ("cannot record the end of '%s': %s; the backend did it, and it is recorded as soon"
                                        + " as the state store can be written")
                                .formatted(intent.what(), e.getMessage()),
                        e);
        return failure;
    }

    private void tellFailure(Intent intent, OperationException failure, boolean unfinished) {
        events.accept(
                new VolumeEvent.OperationFailed(
                        intent.backend(),
                        intent.what(),
                        failure.code(),
                        String.valueOf(failure.getMessage()),
                        unfinished));
    }
}
