package io.cairn.daemon;

import java.util.logging.LogManager;

/**
 * Keeps the handlers of java.util.logging while the daemon stops. The JDK drops them in a shutdown
 * hook of its own, at the same time as ours closes the state store; and one of them is how the
 * store notices a write that failed.
 */
<<<<<<<< HEAD:daemon/src/main/java/io/cairn/daemon/LastingHandlers.java
public final class LastingHandlers extends LogManager {
========
public final class LastingLogs extends LogManager {
>>>>>>>> crash:daemon/src/main/java/io/cairn/daemon/LastingLogs.java
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
