package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.TrashJournal.Going;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;

/** How what was deleted goes for good from the trash. Safe for many threads. */
public final class Purging {
    private static final int PAGE = 500;

    private static final Logger LOG = LoggerFactory.getLogger(Purging.class);

    private final Parts parts;
    private final TrashJournal journal;
    private final Trash trash;

    Purging(Parts parts, TrashJournal journal, Trash trash) {
        this.parts = parts;
        this.journal = journal;
        this.trash = trash;
    }

    /**
     * Deletes for good, on the backend too. A volume goes with those of its snapshots that are in
     * the trash.
     *
     * @param which as of {@link Restoring#restore}
     * @return what it was
     * @throws OperationException NOT_FOUND if it is not in the trash, or not any more
     */
    public Trashed purge(String backend, String which)
            throws OperationException, InterruptedException {
        Trashed item = trash.named(backend, which);
        if (!parts.running().inside(() -> purge(item))) {
            throw new OperationException(
                    Code.NOT_FOUND,
                    "%s is not in the trash any more, and was not deleted".formatted(item.what()));
        }
        return item;
    }

    /**
     * Has all of a backend go as soon as it can; nothing of it can be brought back from now on.
     *
     * @return how much that is
     */
    long empty(String backend) throws OperationException, InterruptedException {
        return parts.running()
                .inside(
                        () -> {
                            try {
                                int all = 0;
                                int some;
                                do {
                                    some = journal.allGoing(backend, PAGE);
                                    all += some;
                                } while (some == PAGE);
                                return (long) all;
                            } catch (StoreException e) {
                                throw Parts.unwritable(e);
                            }
                        });
    }

    /**
     * As {@link #purge(String, String)}, unless it was brought back.
     *
     * @return whether it was there
     */
    boolean purge(Trashed item) throws OperationException, InterruptedException {
        try (var _ = parts.turns().take(item.volume())) {
            if (trash.find(item.id()).filter(item::sameAs).isEmpty()) {
                return false;
            }
            if (item.kind() == Deleted.Kind.VOLUME) {
                purgeSnapshotsOf(item.volume());
            }
            return purgeInTurn(item);
        }
    }

    /** The caller has the volume's turn. */
    void purgeSnapshotsOf(VolumeId volume) throws OperationException, InterruptedException {
        for (Trashed each : trash.snapshotsOf(volume)) {
            boolean _ = purgeInTurn(each);
        }
    }

    private boolean purgeInTurn(Trashed item) throws OperationException, InterruptedException {
        boolean _ = trash.ask(item, backend -> ready(backend, item.volume()));
        try {
            Going going = journal.going(item);
            if (going == Going.ABSENT) {
                return false;
            }
            boolean deleted;
            try {
                deleted = trash.backend(item).call(item.volume(), driver -> delete(driver, item));
            } catch (DriverException e) {
                // Whatever an earlier try did, this one did nothing.
                if (e.kind().outcomeKnown() && going == Going.BEGUN) {
                    journal.stays(item.id());
                }
                throw OperationException.of(
                        e,
                        "cannot delete %s on backend %s for good: %s; it is in the trash still"
                                .formatted(item.what(), item.backend(), e.getMessage()));
            }
            journal.gone(item.id());
            if (!deleted) {
                LOG.warn(
                        "{} of backend {} is not deleted: it says that it is not in the trash, so somebody else brought it back",
                        item.what(),
                        item.backend());
            }
            return deleted;
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
    }

    private static boolean ready(Backend backend, VolumeId volume) throws DriverException {
        backend.requireReady(volume);
        return true;
    }

    /**
     * Whether it says of itself that it is not in the trash, though it did say so when it got there
     * or says something else now. What could not be made to say so, and says the same as then, is
     * as it was left; what was missing then and is there again is not.
     */
    private static boolean broughtBack(Mark now, Kept then) {
        return MarkReader.name(now).isPresent()
                && MarkReader.trashedAt(now).isEmpty()
                && (then.marked() || !then.told().equals(now.text()));
    }

    /**
     * Another daemon may have had the backend meanwhile, or this one an older state.
     *
     * @return false if it is there and does not say any more that it is in the trash; it is left
     *     alone then
     */
    private static boolean delete(Driver driver, Trashed item)
            throws DriverException, InterruptedException {
        Optional<SnapshotId> snapshot = item.snapshot();
        Optional<Mark> mark =
                snapshot.isPresent()
                        ? driver.findSnapshot(snapshot.get(), item.volume())
                                .map(BackendSnapshot::mark)
                        : driver.findVolume(item.volume()).map(BackendVolume::mark);
        if (mark.isPresent() && broughtBack(mark.get(), item.kept())) {
            return false;
        }
        if (snapshot.isPresent()) {
            driver.deleteSnapshot(snapshot.get(), item.volume());
        } else {
            driver.deleteVolume(item.volume());
        }
        return true;
    }

    /**
     * Forgets all of a backend that is another daemon's from now on, which learns from the marks
     * what is in the trash.
     */
    public void forget(String backend) throws OperationException {
        try {
            journal.forget(backend);
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
    }
}
