package io.cairn.daemon;

import java.util.logging.LogManager;

/**
 * Keeps the handlers of java.util.logging while the daemon stops. The JDK drops them in a shutdown
 * hook of its own, at the same time as ours closes the state store; and one of them is how the
 * store notices a write that failed.
 */
public final class LastingHandlers extends LogManager {
    private static volatile boolean kept;

    /** From now on, handlers stay until the process ends. */
    static void keep() {
        kept = true;
    }

    @Override
    public void reset() {
        if (!kept) {
            super.reset();
        }
    }
}
