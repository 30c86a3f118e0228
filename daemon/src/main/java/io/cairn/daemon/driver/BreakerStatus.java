package io.cairn.daemon.driver;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/**
 * How a backend's circuit breaker stands.
 *
 * @param since when that began; of one that is open or half open, when it opened
 * @param reason why it is open, in one sentence; empty if it is not
 * @param opened how often it opened since the daemon started, or the backend was opened
 */
public record BreakerStatus(State state, Instant since, String reason, long opened) {
    /** Whether work goes through. */
    public enum State {
        /** There is none: all work goes through. */
        OFF,
        /** All work goes through. */
        CLOSED,
        /** No work goes through. */
        OPEN,
        /** No work goes through, but one question that changes nothing, to see what comes of it. */
        HALF_OPEN;

        /** As operators read it. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** Whether work is refused. */
    public boolean refuses() {
        return state == State.OPEN || state == State.HALF_OPEN;
    }

    /** For how long it has been so. */
    public Duration age() {
        return Duration.between(since, Instant.now());
    }
}
