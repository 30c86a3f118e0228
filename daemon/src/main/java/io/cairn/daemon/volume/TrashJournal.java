package io.cairn.daemon.volume;

import io.cairn.daemon.store.ChangeRefused;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.Statements;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.Urgency;

import java.sql.SQLException;
import java.util.Optional;
import java.util.UUID;

/** As {@link Journal}, of what is in the trash. */
final class TrashJournal {
    private final StateStore store;
    private final TrashTime time;

    TrashJournal(StateStore store, TrashTime time) {
        this.store = store;
        this.time = time;
    }

    /**
     * Has nothing go that does not say of itself that it is in the trash, nor because it was asked
     * for: what is there may have been brought back since this was known.
     */
    void distrust() throws StoreException {
        boolean _ =
                store.commit(
                        Urgency.COMPLETING,
                        statements -> {
                            TrashRows.distrust(statements);
                            return true;
                        });
    }

    /** What became of the wish to have something in the trash go for good. */
    enum Going {
        BEGUN,
        /** Somebody else had, who did not come to the end of it. */
        AGAIN,
        /** It is not in the trash. */
        ABSENT
    }

    /** Records that something in the trash is about to be deleted on its backend. */
    Going going(Trashed item) throws StoreException {
        return store.commit(
                Urgency.COMPLETING,
                statements -> {
                    Optional<Boolean> going = TrashRows.going(statements, item.id());
                    if (going.isEmpty()) {
                        return Going.ABSENT;
                    }
                    if (Writes.known(statements, item.id())) {
                        // It must never be taken from whoever has it.
                        TrashRows.remove(statements, item.id());
                        return Going.ABSENT;
                    }
                    TrashRows.setGoing(statements, item.id());
                    return going.get() ? Going.AGAIN : Going.BEGUN;
                });
    }

    /** As {@link #going}, of a bounded number that come after that place, and for good. */
    TrashRows.Asked askAll(String backend, long afterOrdinal, int most) throws StoreException {
        return store.commit(
                Urgency.COMPLETING,
                statements -> TrashRows.askAll(statements, backend, afterOrdinal, most));
    }

    /** Takes back that it is about to be deleted, unless somebody asked for all to be. */
    void stays(UUID id) throws StoreException {
        store.commit(
                Urgency.COMPLETING,
                statements -> {
                    TrashRows.setStaying(statements, id);
                    return true;
                });
    }

    /**
     * Records that it may not say any more of itself that it is in the trash.
     *
     * @param told the text of the mark that it may bear instead
     */
    void unmarked(UUID id, String told) throws StoreException {
        store.commit(
                statements -> {
                    TrashRows.setKept(statements, id, Kept.unmarked(told));
                    return true;
                });
    }

    /** Records that it is not on its backend any more. */
    void gone(UUID id) throws StoreException {
        store.commit(
                Urgency.COMPLETING,
                statements -> {
                    TrashRows.remove(statements, id);
                    return true;
                });
    }

    /** Records that something is in the trash; it is refused if anything is known of it. */
    void put(Trashed item) throws StoreException {
        store.commit(
                statements -> {
                    if (Writes.known(statements, item.id())
                            || TrashRows.going(statements, item.id()).isPresent()) {
                        throw new ChangeRefused("%s is recorded here".formatted(item.what()));
                    }
                    TrashRows.insert(statements, item, time);
                    return true;
                });
    }

    /**
     * Forgets what is in the trash of a backend that is another's from now on.
     *
     * @return how much of it was to go for good
     */
    int forget(String backend) throws StoreException {
        return store.commit(
                Urgency.COMPLETING,
                statements -> {
                    int going = TrashRows.countGoing(statements, backend);
                    Writes.forgetTrash(statements, backend);
                    return going;
                });
    }

    /** Takes out what is brought back, as a part of a change. */
    static void takeOut(Statements statements, Trashed item) throws SQLException, ChangeRefused {
        Optional<Boolean> going = TrashRows.going(statements, item.id());
        if (going.isEmpty() || going.get()) {
            throw new ChangeRefused(
                    going.isEmpty()
                            ? "%s is not in the trash any more".formatted(item.what())
                            : "%s is being deleted for good".formatted(item.what()));
        }
        TrashRows.remove(statements, item.id());
        Writes.deleteTombstone(statements, item.id());
    }
}
