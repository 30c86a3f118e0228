package io.cairn.daemon.driver;

import io.cairn.spi.PoolStats;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * A backend's pools as they last were.
 *
 * @param pools the last that the driver answered; empty before its first answer
 * @param at when it was asked for them; {@link Instant#EPOCH} before its first answer
 * @param problem why it has not answered since; empty if the last attempt succeeded
 */
public record Pools(List<PoolStats> pools, Instant at, String problem) {
    static final Pools NONE = new Pools(List.of(), Instant.EPOCH, "");

    public Pools {
        pools = List.copyOf(pools);
    }

    /** How old the figures are. */
    public Duration age() {
        return Duration.between(at, Instant.now());
    }
}
