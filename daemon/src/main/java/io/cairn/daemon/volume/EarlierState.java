package io.cairn.daemon.volume;

import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A state that was put back from a copy of an earlier instant. What was begun then was finished
 * since, or refused, and whoever was told so has gone on: carried out once more, a revert would
 * take what was written since, and a deletion a volume that is in use.
 */
public final class EarlierState {
    private EarlierState() {}

    /**
     * Gives up all that was begun, and has nothing of the trash go because of what was known of it
     * then. Nothing of the storage is touched. For a store that no daemon works on; what was killed
     * amid it may be repeated.
     *
     * @return what was given up, in the order in which it was begun
     * @throws StoreException if the store takes no changes
     */
    public static List<String> giveUpWhatWasBegun(StateStore store) throws StoreException {
        TrashTime time = new TrashTime(store, InstantSource.system(), System::nanoTime);
        Journal journal = new Journal(store, time);
        State state = new State(store, new OpenIntents());
        List<String> given = new ArrayList<>();
        for (Intent each :
                state.intents().stream().sorted(Comparator.comparing(Intent::begunAt)).toList()) {
            journal.abandon(each);
            given.add("%s, on backend %s".formatted(each.what(), each.backend()));
        }
        new TrashJournal(store, time).distrust();
        return given;
    }
}
