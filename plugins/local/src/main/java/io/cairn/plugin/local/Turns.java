package io.cairn.plugin.local;

import io.cairn.spi.SnapshotId;

import java.util.HashSet;
import java.util.Set;

/**
 * Lets one call at a time make or remove the files of a snapshot's id. Calls for different volumes
 * come at once, and may by mistake name one id; what lies there half made is then another call's
 * work or rubbish of a process that died, and only this tells which. That process held the folder's
 * lock, so nobody outside this one can be at work.
 */
public final class Turns {
    private final Set<SnapshotId> taken = new HashSet<>();

    /** A turn, until it is closed. */
    public final class Turn implements AutoCloseable {
        private final SnapshotId id;

        private Turn(SnapshotId id) {
            this.id = id;
        }

        @Override
        public void close() {
            synchronized (Turns.this) {
                taken.remove(id);
                Turns.this.notifyAll();
            }
        }
    }

    /** Waits until nobody is at work on that id. */
    public synchronized Turn take(SnapshotId id) throws InterruptedException {
        while (!taken.add(id)) {
            wait();
        }
        return new Turn(id);
    }
}
