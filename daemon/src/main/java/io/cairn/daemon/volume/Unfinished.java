package io.cairn.daemon.volume;

import io.cairn.spi.VolumeId;

import java.time.Instant;

/**
 * A change that was begun and is not known to be finished.
 *
 * @param what the operation and its object, as in {@code create snapshot nightly-1 of volume db1}
 * @param volume the volume that it keeps from other changes
 * @param since when it was begun
 * @param running whether it is being carried out at this moment, as every healthy operation is
 * @param lastError why it is not finished; empty if it was not tried since the daemon started
 */
public record Unfinished(
        String backend,
        String what,
        VolumeId volume,
        Instant since,
        boolean running,
        String lastError) {}
