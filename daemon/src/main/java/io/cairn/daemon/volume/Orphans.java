package io.cairn.daemon.volume;

import io.cairn.daemon.driver.DriverAction;
import io.cairn.daemon.store.ChangeRefused;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

/** How what is on a backend and recorded nowhere gets into the trash. Safe for many threads. */
public final class Orphans {
    private final Parts parts;
    private final TrashJournal journal;
    private final Trash trash;
    private final TrashTime time;

    Orphans(Parts parts, TrashJournal journal, Trash trash, TrashTime time) {
        this.parts = parts;
        this.journal = journal;
        this.trash = trash;
        this.time = time;
    }

    /**
     * Has something say of itself on its backend that it is in the trash, and records it. Nothing
     * else may be recorded of it.
     *
     * @throws OperationException CONFLICT if something is
     */
    public void throwAway(Volume orphan) throws OperationException, InterruptedException {
        Trashed item = Trashed.marked(orphan, time.now());
        Mark mark = Marks.trashed(orphan, item.deletedAt()).orElseThrow(() -> full(item));
        takeIn(item, driver -> driver.markVolume(orphan.id(), mark));
    }

    /**
     * As {@link #throwAway(Volume)}.
     *
     * @param pool that of its volume
     */
    public void throwAway(Snapshot orphan, String pool)
            throws OperationException, InterruptedException {
        Trashed item = Trashed.marked(orphan, pool, time.now());
        Mark mark = Marks.trashed(orphan, item.deletedAt()).orElseThrow(() -> full(item));
        takeIn(item, driver -> driver.markSnapshot(orphan.id(), orphan.volume(), mark));
    }

    private void takeIn(Trashed item, DriverAction marking)
            throws OperationException, InterruptedException {
        boolean _ =
                parts.running()
                        .inside(
                                () -> {
                                    try (var _ = parts.turns().take(item.volume())) {
                                        requireUnknown(item);
                                        requireSound(item);
                                        trash.run(item, marking);
                                        journal.put(item);
                                        return true;
                                    } catch (StoreException e) {
                                        if (e.getCause() instanceof ChangeRefused refused) {
                                            throw new OperationException(
                                                    Code.CONFLICT,
                                                    String.valueOf(refused.getMessage()),
                                                    e);
                                        }
                                        throw Parts.unwritable(e);
                                    }
                                });
    }

    /** Before it is marked as what it is not. */
    private void requireUnknown(Trashed item) throws OperationException {
        State state = parts.state();
        boolean known =
                Parts.readable(() -> state.volume(new VolumeId(item.id()))).isPresent()
                        || Parts.readable(() -> state.snapshot(new SnapshotId(item.id())))
                                .isPresent();
        if (known || trash.has(item.id())) {
            throw new OperationException(
                    Code.CONFLICT, "%s is recorded here already".formatted(item.what()));
        }
    }

    /** What could not be read again would stay for ever. */
    private static void requireSound(Trashed item) throws OperationException {
        if (item.sizeBytes() <= 0) {
            throw new OperationException(
                    Code.UNSUPPORTED,
                    "%s is damaged, as it has no bytes: bring it back from a backup of the storage, or remove it there"
                            .formatted(item.what()));
        }
    }

    private static OperationException full(Trashed item) {
        return new OperationException(
                Code.UNSUPPORTED,
                "%s has so many labels that it cannot be marked as in the trash: record it by rebuildState, take some off and delete it"
                        .formatted(item.what()));
    }
}
