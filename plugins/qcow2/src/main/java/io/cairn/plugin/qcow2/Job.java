package io.cairn.plugin.qcow2;

import java.util.Optional;

/**
 * Work in the background of a storage daemon, as it was a moment ago.
 *
 * @param status in QEMU's words, of which {@code concluded} is the last, for success and failure
 * @param done of the same unit as the total, which is bytes for all that is started here
 * @param error why it failed; empty also for one that was cancelled before anything failed
 */
record Job(String id, String status, long done, long total, Optional<String> error) {
    private static final String CONCLUDED = "concluded";

    /** Whether nothing more happens to it, and it only waits to be dismissed. */
    boolean concluded() {
        return status.equals(CONCLUDED);
    }
}
