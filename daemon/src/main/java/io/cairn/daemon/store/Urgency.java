package io.cairn.daemon.store;

/** How much free space a change needs to be let in. */
public enum Urgency {
    /**
     * Begins something. Needs {@link StoreOptions#minFreeBytes}, so that what it begins can end.
     */
    ORDINARY,
    /** Ends what was begun. May use all but {@link StoreOptions#reserveBytes}. */
    COMPLETING
}
