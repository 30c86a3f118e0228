package io.cairn.daemon.store;

import java.io.IOException;

/** Sees how a copy of the state goes on, and may end it. */
@FunctionalInterface
public interface CopyWatch {
    /**
     * Called on the copying thread before each piece of at most 16 MiB.
     *
     * @throws IOException to give the copy up
     */
    void before(long bytes) throws IOException;
}
