package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.NotBegun;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.TrashJournal.Going;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.VolumeId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
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

    /** What became of the wish that something go for good. */
    enum Outcome {
        DELETED,
        /** It says of itself that it is not in the trash. It is on its backend, and not here. */
        LEFT,
        /** It is not in the trash any more. */
        ABSENT
    }

    /**
     * Deletes for good, on the backend too. A volume goes with those of its snapshots that are in
     * the trash; all of them are looked at before any goes.
     *
     * @param which as of {@link Restoring#restore}
     * @return what it was
     * @throws OperationException NOT_FOUND if it is not in the trash, or not any more; CONFLICT if
     *     it says of itself that it is not; IN_USE
     */
    public Trashed purge(String backend, String which)
            throws OperationException, InterruptedException {
        return purge(backend, which, Look.MUST);
    }

    /**
     * As {@link #purge}, also of what is so damaged that it cannot be looked up, and of a volume
     * with such snapshots: whether it says of itself that it is in the trash is not known then.
     */
    public Trashed purgeUnread(String backend, String which)
            throws OperationException, InterruptedException {
        return purge(backend, which, Look.MAY_FAIL);
    }

    /** Whether what goes must be readable. */
    private enum Look {
        MUST,
        MAY_FAIL
    }

    private Trashed purge(String backend, String which, Look how)
            throws OperationException, InterruptedException {
        Trashed item = trash.named(backend, which);
        return parts.running()
                .inside(
                        Repeats.request("purge", item.id(), item.deletedAt(), how),
                        flight -> {
                            try (var _ = parts.turns().take(item.volume())) {
                                requireDeleted(item, purgeHeld(item, how));
                                return flight.answered(item);
                            }
                        });
    }

    private static void requireDeleted(Trashed item, Outcome outcome) throws OperationException {
        switch (outcome) {
            case DELETED -> {}
            case LEFT ->
                    throw new OperationException(
                            Code.CONFLICT,
                            "%s is not deleted: it says of itself on the backend that it is not in the trash, so somebody else brought it back; it is not in the trash here any more, and checkBackend tells of it as orphaned"
                                    .formatted(item.what()));
            case ABSENT ->
                    throw new OperationException(
                            Code.NOT_FOUND,
                            "%s is not in the trash any more, and was not deleted"
                                    .formatted(item.what()));
        }
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
                                long all = 0;
                                TrashRows.Asked page;
                                long after = -1;
                                do {
                                    page = journal.askAll(backend, after, PAGE);
                                    after = page.last();
                                    all += page.more();
                                } while (!page.end());
                                return all;
                            } catch (StoreException e) {
                                throw Parts.unwritable(e);
                            }
                        });
    }

    /** As {@link #purge(String, String)}, unless it was brought back. */
    Outcome purge(Trashed item) throws OperationException, InterruptedException {
        try (var _ = parts.turns().take(item.volume())) {
            return purgeHeld(item, Look.MUST);
        }
    }

    /** The caller has the volume's turn. */
    private Outcome purgeHeld(Trashed item, Look how)
            throws OperationException, InterruptedException {
        if (trash.find(item.id()).filter(item::sameAs).isEmpty()) {
            return Outcome.ABSENT;
        }
        boolean left = look(item, how);
        if (item.kind() == Deleted.Kind.VOLUME && !left) {
            int gone = purgeSnapshotsOf(item.volume(), how);
            try {
                return purgeInTurn(item, false);
            } catch (OperationException e) {
                throw gone == 0 ? e : without(gone, e);
            }
        }
        return purgeInTurn(item, left);
    }

    /**
     * Deletes those of its snapshots that are in the trash, once it is known that all can go. The
     * caller has the volume's turn.
     *
     * @return how many
     */
    int purgeSnapshotsOf(VolumeId volume) throws OperationException, InterruptedException {
        return purgeSnapshotsOf(volume, Look.MUST);
    }

    private int purgeSnapshotsOf(VolumeId volume, Look how)
            throws OperationException, InterruptedException {
        List<Trashed> snapshots = trash.snapshotsOf(volume);
        for (Trashed each : snapshots) {
            if (look(each, how)) {
                throw new OperationException(
                        Code.IN_USE,
                        "%s says of itself on the backend that it is not in the trash, and its volume cannot go without it; nothing was deleted: purge it, which leaves it alone, and delete it once rebuildState has recorded it"
                                .formatted(each.what()));
            }
        }
        int gone = 0;
        for (Trashed each : snapshots) {
            try {
                Outcome _ = purgeInTurn(each, false);
                gone++;
            } catch (OperationException e) {
                throw gone == 0 ? e : without(gone, e);
            }
        }
        return gone;
    }

    private static OperationException without(int snapshots, OperationException e) {
        return new OperationException(
                e.code(),
                "%s; %d of the volume's snapshots in the trash were deleted for good before that"
                        .formatted(e.getMessage(), snapshots),
                e);
    }

    /**
     * Looks at it before anything goes. Another daemon may have had the backend meanwhile, or this
     * one an older state.
     *
     * @return whether it is there and does not say any more that it is in the trash
     * @throws OperationException IN_USE if it is attached
     */
    private boolean look(Trashed item, Look how) throws OperationException, InterruptedException {
        try {
            Backend backend = trash.backend(item);
            backend.requireReady(item.volume());
            return backend.call(item.volume(), driver -> look(driver, item));
        } catch (DriverException e) {
            boolean damaged = e.kind() == DriverException.Kind.FAULT;
            if (damaged && how == Look.MAY_FAIL) {
                LOG.warn(
                        "{} of backend {} is deleted for good unread: {}",
                        item.what(),
                        item.backend(),
                        e.getMessage());
                return false;
            }
            throw OperationException.of(
                    e,
                    "cannot delete %s on backend %s for good: %s; it is in the trash still%s"
                            .formatted(
                                    item.what(),
                                    item.backend(),
                                    e.getMessage(),
                                    damaged
                                            ? ": if it stays so damaged that it cannot be looked up, purgeUnread of the backend deletes it without that"
                                            : ""));
        }
    }

    private static boolean look(Driver driver, Trashed item)
            throws DriverException, InterruptedException {
        Optional<SnapshotId> snapshot = item.snapshot();
        Optional<Mark> mark =
                snapshot.isPresent()
                        ? driver.findSnapshot(snapshot.get(), item.volume())
                                .map(BackendSnapshot::mark)
                        : driver.findVolume(item.volume()).map(BackendVolume::mark);
        if (mark.isEmpty()) {
            return false;
        }
        if (driver.attaching().isPresent()) {
            requireIdle(driver.attaching().get().attached(item.target()));
        }
        return broughtBack(mark.get(), item.kept());
    }

    private static void requireIdle(Optional<Attachment> attachment) throws DriverException {
        if (attachment.isPresent()) {
            throw new DriverException(
                    DriverException.Kind.IN_USE,
                    "it is attached to this host as %s; unmount it and take that device away first"
                            .formatted(attachment.get().device()));
        }
    }

    /** Of what was looked at just before. */
    private Outcome purgeInTurn(Trashed item, boolean left)
            throws OperationException, InterruptedException {
        try {
            Going going = journal.going(item);
            if (going == Going.ABSENT) {
                return Outcome.ABSENT;
            }
            if (left) {
                LOG.warn(
                        "{} of backend {} is not deleted: it says that it is not in the trash, so somebody else brought it back",
                        item.what(),
                        item.backend());
            } else {
                delete(item, going);
            }
            journal.gone(item.id());
            return left ? Outcome.LEFT : Outcome.DELETED;
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
    }

    private void delete(Trashed item, Going going)
            throws OperationException, StoreException, InterruptedException {
        try {
            trash.backend(item)
                    .run(
                            item.volume(),
                            driver -> {
                                Optional<SnapshotId> snapshot = item.snapshot();
                                if (snapshot.isPresent()) {
                                    driver.deleteSnapshot(snapshot.get(), item.volume());
                                } else {
                                    driver.deleteVolume(item.volume());
                                }
                            });
        } catch (DriverException e) {
            // Whatever an earlier try did, this one did nothing.
            if ((e.kind().outcomeKnown() || NotBegun.is(e)) && going == Going.BEGUN) {
                journal.stays(item.id());
            }
            throw OperationException.of(
                    e,
                    "cannot delete %s on backend %s for good: %s; it is in the trash still"
                            .formatted(item.what(), item.backend(), e.getMessage()));
        }
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
     * Forgets all of a backend that is another daemon's from now on, which learns from the marks
     * what is in the trash.
     *
     * @return how much of it was to go for good, which is in the trash of the other now as all is
     */
    public int forget(String backend) throws OperationException {
        try {
            return journal.forget(backend);
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
    }
}
