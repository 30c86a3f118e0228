package io.cairn.daemon.store;

import java.util.List;

/**
 * How the store is, at one moment. Reading it blocks on nothing.
 *
 * @param state what the store does with a new change now
 * @param reason why it is not open, in the operator's words; empty if it is
 * @param commits changes that were acknowledged since the store was opened
 * @param batches transactions that carried them, each synced once
 * @param fences times that the database was found not to have written
 * @param reopenings times that it was reopened since
 * @param freeBytes free space on its file system
 * @param logBytes length of the database's log
 * @param repairs what was mended when the database was opened, a line each, oldest first
 */
public record StoreHealth(
        State state,
        String reason,
        long commits,
        long batches,
        long fences,
        long reopenings,
        long freeBytes,
        long logBytes,
        List<String> repairs) {
    public StoreHealth {
        repairs = List.copyOf(repairs);
    }

    /** What the store does with a new change. */
    public enum State {
        /** Takes it. */
        OPEN,
        /** Refuses it: the database could not write and has not been reopened yet. */
        FENCED,
        /** Refuses it, and only completes what runs: too little free space. */
        FULL,
        /** Refuses it: the store is closed. */
        CLOSED
    }
}
