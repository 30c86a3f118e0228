package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;

/**
 * Looks at a backend's connections whenever it comes up, on a thread of its own: what is looked at
 * may hang, and nobody waits for it.
 */
final class Rechecks {
    /** How soon connections that could not be looked at are looked at again. */
    private static final Duration EVERY = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(Rechecks.class);

    private final Connections connections;
    private final Backends backends;
    private final Background background;

    Rechecks(Connections connections, Backends backends, Background background) {
        this.connections = connections;
        this.backends = backends;
        this.background = background;
    }

    void start() {
        backends.onUp(
                backend -> background.begin("cairn-recheck-" + backend.name(), () -> run(backend)));
    }

    private void run(Backend backend) {
        try {
            // One that went down is looked at again when it comes up.
            while (backend.state().up() && !looked(backend)) {
                Thread.sleep(EVERY);
            }
        } catch (InterruptedException _) {
            // The daemon stops; what is left is looked at after the next start.
            Thread.currentThread().interrupt();
        }
    }

    private boolean looked(Backend backend) throws InterruptedException {
        try {
            return connections.recheck(backend);
        } catch (RuntimeException e) {
            LOG.error(
                    "Looking at the connections of backend {} failed; it is tried again",
                    backend.name(),
                    e);
            return false;
        }
    }
}
