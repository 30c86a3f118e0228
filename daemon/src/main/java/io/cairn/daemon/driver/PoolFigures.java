package io.cairn.daemon.driver;

import io.cairn.spi.DriverException;
import io.cairn.spi.PoolStats;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Instant;
import java.util.List;

/** What is known of a backend's pools, and the news of them. Safe for many threads. */
final class PoolFigures {
    private static final Logger LOG = LoggerFactory.getLogger(PoolFigures.class);

    private final String backend;
    private volatile Pools pools = Pools.NONE;

    PoolFigures(String backend) {
        this.backend = backend;
    }

    /** Who asks the driver. */
    interface Question {
        List<PoolStats> ask() throws DriverException, InterruptedException;
    }

    /** As they last were. */
    Pools pools() {
        return pools;
    }

    /**
     * Asks, and keeps what is answered, or why nothing is.
     *
     * @throws DriverException as the question
     */
    Pools refresh(Question question) throws DriverException, InterruptedException {
        Instant asked = Instant.now();
        try {
            return seen(new Pools(question.ask(), asked, ""));
        } catch (DriverException e) {
            String problem = String.valueOf(e.getMessage());
            if (!pools.problem().equals(problem)) {
                LOG.warn("Backend {}: no news of its pools: {}", backend, problem);
            }
            seen(new Pools(pools.pools(), pools.at(), problem));
            throw e;
        }
    }

    /** Answers may come in another order than they were asked for. */
    private synchronized Pools seen(Pools answered) {
        if (!answered.at().isBefore(pools.at())) {
            pools = answered;
        }
        return answered;
    }
}
