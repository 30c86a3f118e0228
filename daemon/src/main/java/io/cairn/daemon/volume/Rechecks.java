package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.Intent.ChangeConnection.Step;
import io.cairn.daemon.volume.VolumeEvent.Access;
import io.cairn.spi.Attachment;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Looks at a backend's connections whenever it comes up, on a thread of its own: what is looked at
 * may hang, and nobody waits for it.
 */
final class Rechecks {
    /** How soon connections that could not be looked at are looked at again, at first. */
    private static final Duration SOON = Duration.ofSeconds(5);

    /** What cannot be made again for long, as without its program, is not tried all the time. */
    private static final Duration AT_LAST = Duration.ofMinutes(5);

    private static final Logger LOG = LoggerFactory.getLogger(Rechecks.class);

    private static final int PAGE = 100;

    private final Parts parts;
    private final Connections connections;
    private final ConnectionSteps steps;
    private final Backends backends;
    private final Background background;
    private final Set<Backend> looking = ConcurrentHashMap.newKeySet();

    Rechecks(
            Parts parts,
            Connections connections,
            ConnectionSteps steps,
            Backends backends,
            Background background) {
        this.parts = parts;
        this.connections = connections;
        this.steps = steps;
        this.backends = backends;
        this.background = background;
    }

    void start() {
        backends.onUp(
                backend -> background.begin("cairn-recheck-" + backend.name(), () -> run(backend)));
    }

    /** Whether it is at it, or waits to be at it again. */
    boolean looking(Backend backend) {
        return looking.contains(backend);
    }

    private void run(Backend backend) {
        if (!looking.add(backend)) {
            return;
        }
        try {
            Duration pause = SOON;
            // One that went down is looked at again when it comes up, one that is silent later.
            while (backend.state().up() && !(backend.takesWork() && looked(backend))) {
                Thread.sleep(pause);
                Duration longer = pause.multipliedBy(2);
                pause = longer.compareTo(AT_LAST) < 0 ? longer : AT_LAST;
            }
        } catch (InterruptedException _) {
            // The daemon stops; what is left is looked at after the next start.
            Thread.currentThread().interrupt();
        } finally {
            looking.remove(backend);
        }
    }

    private boolean looked(Backend backend) throws InterruptedException {
        try {
            return look(backend);
        } catch (RuntimeException e) {
            LOG.error(
                    "Looking at the connections of backend {} failed; it is tried again",
                    backend.name(),
                    e);
            return false;
        }
    }

    /**
     * Compares what is recorded of a backend with what there is: after a reboot of this host, the
     * devices are gone, and exports are made again.
     *
     * @return whether all could be looked at
     */
    boolean look(Backend backend) throws InterruptedException {
        boolean all = true;
        String continuation = "";
        do {
            Page<Connection> page;
            try {
                page = connections.of(backend.name(), PAGE, continuation);
            } catch (OperationException e) {
                throw new IllegalStateException("a continuation of our own", e);
            }
            all &= look(backend, page.items());
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        return all;
    }

    private boolean look(Backend backend, List<Connection> all) throws InterruptedException {
        boolean looked = true;
        for (Connection recorded : all) {
            VolumeId volume = recorded.target().volume();
            if (parts.open().of(volume).filter(Intent.Damaged.class::isInstance).isPresent()) {
                // Nothing can be done to it before an operator has ended that.
                continue;
            }
            try (var _ = parts.turns().take(volume)) {
                Optional<Connection> now = parts.state().connection(recorded.id());
                if (now.isPresent()) {
                    look(backend, now.get());
                }
            } catch (DamagedRowException _) {
                // It is reported, and no other look would read it.
            } catch (OperationException | DriverException | StoreException e) {
                looked = false;
                LOG.warn(
                        "Connection {} of {} could not be looked at: {}",
                        recorded.id(),
                        recorded.targetName(),
                        e.getMessage());
            }
        }
        return looked;
    }

    private void look(Backend backend, Connection connection)
            throws OperationException, DriverException, StoreException, InterruptedException {
        Target target = connection.target();
        if (connection.local() && connection.state() == Connection.State.ATTACHED) {
            Optional<String> device =
                    backend.call(
                            target.volume(),
                            driver ->
                                    driver.attaching().isEmpty()
                                            ? Optional.empty()
                                            : driver.attaching()
                                                    .get()
                                                    .attached(target)
                                                    .map(Attachment::device));
            if (device.isEmpty()) {
                Connection _ = steps.found(connection, connection.lost(), Access.LOST);
            } else if (!device.get().equals(connection.device())) {
                Connection _ =
                        steps.found(
                                connection, connection.attachedAs(device.get()), Access.ATTACHED);
            }
        } else if (!connection.local()) {
            boolean serves =
                    backend.call(
                            target.volume(),
                            driver ->
                                    driver.exporting().isPresent()
                                            && driver.exporting()
                                                    .get()
                                                    .exported(connection.id(), target)
                                                    .isPresent());
            if (!serves) {
                LOG.warn(
                        "The export of {} to host {} is gone and is made again",
                        connection.targetName(),
                        connection.host());
                VolumeEvent _ = steps.perform(connection, Step.REEXPORT);
            }
        }
    }
}
