package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.DriverCall;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

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
    private final Backends backends;
    private final Consumer<VolumeEvent> events;

    Changes(
            Journal journal,
            OpenIntents open,
            PoolTally pools,
            Backends backends,
            Consumer<VolumeEvent> events) {
        this.journal = journal;
        this.open = open;
        this.pools = pools;
        this.backends = backends;
        this.events = events;
    }

    /** Makes a change that was not tried before. */
    VolumeEvent perform(Intent intent) throws OperationException, InterruptedException {
        Backend backend;
        try {
            backend = backend(intent);
            backend.requireReady(intent.volumes().toArray(VolumeId[]::new));
        } catch (DriverException e) {
            throw OperationException.of(
                    e,
                    "cannot %s: %s; nothing was changed".formatted(intent.what(), e.getMessage()));
        }
        pools.admit(intent, backend);
        try {
            journal.begin(intent);
        } catch (StoreException e) {
            open.remove(intent);
            throw refused(intent, e);
        }
        // Once more: a store that was reopened while this waited has told of what it had then.
        open.add(intent);
        return carryOut(intent, false);
    }

    /** Settles a change whose outcome is unknown. */
    VolumeEvent settle(Intent intent) throws OperationException, InterruptedException {
        return carryOut(intent, true);
    }

    private VolumeEvent carryOut(Intent intent, boolean again)
            throws OperationException, InterruptedException {
        VolumeEvent event;
        try {
            event = change(intent, again);
        } catch (DriverException e) {
            throw failed(intent, again, e);
        } catch (StoreException e) {
            throw unrecorded(intent, e);
        }
        pools.settled(intent, event);
        events.accept(event);
        return event;
    }

    private VolumeEvent change(Intent intent, boolean again)
            throws DriverException, StoreException, InterruptedException {
        return switch (intent) {
            case Intent.CreateVolume create -> {
                Volume made = create.made().madeAt(createVolume(create).location());
                journal.volumeCreated(create, made);
                yield new VolumeEvent.VolumeCreated(made, again);
            }
            case Intent.DeleteVolume delete -> {
                call(
                        intent,
                        driver -> {
                            driver.deleteVolume(intent.volume());
                            return true;
                        });
                journal.volumeDeleted(delete);
                yield new VolumeEvent.VolumeDeleted(delete.doomed(), again);
            }
            case Intent.CreateSnapshot create -> {
                Optional<BackendSnapshot> cut = again ? whatWasCut(create) : cutNow(create);
                if (cut.isEmpty()) {
                    journal.abandon(intent);
                    yield new VolumeEvent.OperationUndone(
                            intent.backend(),
                            intent.what(),
                            "it was interrupted before the snapshot was cut, and a snapshot is never cut"
                                    + " late");
                }
                Snapshot snapshot = snapshot(create, cut.get());
                journal.snapshotCreated(create, snapshot);
                yield new VolumeEvent.SnapshotCreated(snapshot, again);
            }
            case Intent.DeleteSnapshot delete -> {
                call(
                        intent,
                        driver -> {
                            driver.deleteSnapshot(delete.doomed().id(), delete.volume());
                            return true;
                        });
                journal.snapshotDeleted(delete);
                yield new VolumeEvent.SnapshotDeleted(delete.doomed(), again);
            }
        };
    }

    private BackendVolume createVolume(Intent.CreateVolume create)
            throws DriverException, InterruptedException {
        Volume made = create.made();
        VolumeSpec spec = new VolumeSpec(made.id(), made.pool(), made.sizeBytes(), Marks.of(made));
        Optional<Origin> origin = made.origin();
        return call(
                create,
                driver ->
                        origin.isEmpty()
                                ? driver.createVolume(spec)
                                : driver.createFromSnapshot(
                                        spec, origin.get().snapshot(), origin.get().volume()));
    }

    private Optional<BackendSnapshot> cutNow(Intent.CreateSnapshot create)
            throws DriverException, InterruptedException {
        SnapshotSpec spec = new SnapshotSpec(create.id(), create.volume(), Marks.of(create));
        return Optional.of(call(create, driver -> driver.createSnapshot(spec)));
    }

    /**
     * The caller may have stopped his application around the call, and went on long ago. So a cut
     * that did not happen then must not happen now; only what it left half made is cleared away.
     */
    private Optional<BackendSnapshot> whatWasCut(Intent.CreateSnapshot create)
            throws DriverException, InterruptedException {
        return call(
                create,
                driver -> {
                    Optional<BackendSnapshot> cut =
                            driver.findSnapshot(create.id(), create.volume());
                    if (cut.isEmpty()) {
                        driver.deleteSnapshot(create.id(), create.volume());
                    }
                    return cut;
                });
    }

    private static Snapshot snapshot(Intent.CreateSnapshot create, BackendSnapshot cut) {
        return new Snapshot(
                create.id(),
                create.volume(),
                create.backend(),
                create.of().name(),
                create.name(),
                create.description(),
                create.labels(),
                cut.sizeBytes(),
                ObjectState.AVAILABLE,
                cut.cutAt(),
                cut.location());
    }

    private <T> T call(Intent intent, DriverCall<T> call)
            throws DriverException, InterruptedException {
        Backend backend = backend(intent);
        return intent instanceof Intent.CreateVolume create && create.made().origin().isPresent()
                ? backend.call(create.volume(), create.made().origin().get().volume(), call)
                : backend.call(intent.volume(), call);
    }

    private Backend backend(Intent intent) throws DriverException {
        return backends.find(intent.backend())
                .orElseThrow(
                        () ->
                                new DriverException(
                                        DriverException.Kind.UNAVAILABLE,
                                        "backend %s is not configured any more"
                                                .formatted(intent.backend())));
    }

    private OperationException failed(Intent intent, boolean again, DriverException e)
            throws InterruptedException {
        if (!e.kind().outcomeKnown()) {
            open.failed(intent, e);
            OperationException failure =
                    OperationException.of(
                            e,
                            "cannot %s: %s; what became of it is settled as soon as the backend answers"
                                    .formatted(intent.what(), e.getMessage()));
            tellFailure(intent, failure, true);
            return failure;
        }
        OperationException failure =
                OperationException.of(e, "cannot %s: %s".formatted(intent.what(), e.getMessage()));
        try {
            if (again
                    && intent instanceof Intent.CreateVolume create
                    && e.kind() != DriverException.Kind.CONFLICT) {
                clearAway(create);
            }
            journal.abandon(intent);
        } catch (DriverException | StoreException second) {
            failure.addSuppressed(second);
            open.failed(intent, second);
            tellFailure(intent, failure, true);
            return failure;
        }
        open.remove(intent);
        tellFailure(intent, failure, false);
        return failure;
    }

    /**
     * The first try may have left something that this one, refused early, did not meet. What is
     * whole and bears another mark is somebody else's, and stays.
     */
    private void clearAway(Intent.CreateVolume create)
            throws DriverException, InterruptedException {
        boolean _ =
                call(
                        create,
                        driver -> {
                            Optional<BackendVolume> found = driver.findVolume(create.volume());
                            if (found.isEmpty()
                                    || found.get().mark().equals(Marks.of(create.made()))) {
                                driver.deleteVolume(create.volume());
                            }
                            return true;
                        });
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

    private static Code code(StoreException e) {
        return switch (e.kind()) {
            case FULL -> Code.NO_SPACE;
            case FAILED -> DUPLICATE.equals(e.sqlState()) ? Code.CONFLICT : Code.FAULT;
            case REFUSED -> Code.FAULT;
            case LOCKED, DAMAGED, UNFIT, FENCED, CLOSED -> Code.UNAVAILABLE;
        };
    }

    private OperationException unrecorded(Intent intent, StoreException e) {
        open.failed(intent, e);
        OperationException failure =
                new OperationException(
                        Code.UNAVAILABLE,
                        ("cannot record the end of '%s': %s; the backend did it, and it is recorded as soon"
                                        + " as the state store can be written")
                                .formatted(intent.what(), e.getMessage()),
                        e);
        tellFailure(intent, failure, true);
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
