package io.cairn.daemon.jmx;

import io.cairn.daemon.config.ConfigException;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.BackendDoor;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.LoadedDriver;
import io.cairn.daemon.driver.Pools;
import io.cairn.daemon.volume.Connection;
import io.cairn.daemon.volume.Counts;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.DriverException;

import java.util.List;
import java.util.UUID;

/** What clients may do to backends as a whole. Safe for many threads. */
final class BackendOperations {
    private final Backends backends;
    private final BackendDoor door;
    private final Volumes volumes;

    BackendOperations(Backends backends, BackendDoor door, Volumes volumes) {
        this.backends = backends;
        this.door = door;
        this.volumes = volumes;
    }

    /** Returns the backend's ObjectName. */
    String open(String name) throws OperationException, InterruptedException {
        try {
            return BeanNames.backend(door.open(name.strip()).name()).toString();
        } catch (ConfigException e) {
            throw new OperationException(
                    Code.INVALID,
                    "backend %s is not opened: %s"
                            .formatted(
                                    Names.shortened(name.strip()), String.join("; ", e.problems())),
                    e);
        } catch (DriverException e) {
            throw OperationException.of(e, "%s; nothing was changed".formatted(e.getMessage()));
        }
    }

    /** Returns what was done. */
    String close(String name, String typed) throws OperationException, InterruptedException {
        String backend = name.strip();
        if (!typed.strip().equals(backend)) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is not the name of what is to be closed, and nothing was closed: type %s twice to close it"
                            .formatted(Names.shortened(typed), Names.shortened(backend)));
        }
        try {
            boolean ended = door.close(backend);
            if (!ended) {
                throw new OperationException(
                        Code.UNAVAILABLE,
                        "backend %s is closed, but its driver has not stopped in time and is left behind: what it still does is settled once the backend is open again; if it then finds its storage in use, restart the daemon"
                                .formatted(backend));
            }
            return "closed " + BeanNames.backend(backend);
        } catch (DriverException e) {
            throw OperationException.of(e, "%s; nothing was changed".formatted(e.getMessage()));
        }
    }

    /**
     * Makes a backend another daemon's and closes it. What it holds stays in the state, so that it
     * can be exported as it was left.
     */
    String handOver(String name, String daemon, String typed)
            throws OperationException, InterruptedException {
        String backend = name.strip();
        requireTyped(backend, typed, "handed over");
        BackendIdentity to = new BackendIdentity(other(daemon.strip()), backend, true);
        Backend open = known(backend);
        requireUnused(backend);
        try {
            boolean _ =
                    open.call(
                            driver -> {
                                driver.handing()
                                        .orElseThrow(
                                                () ->
                                                        new DriverException(
                                                                DriverException.Kind.UNSUPPORTED,
                                                                "the driver of backend %s cannot hand it over"
                                                                        .formatted(backend)))
                                        .handOver(to);
                                return true;
                            });
        } catch (DriverException e) {
            throw OperationException.of(
                    e,
                    "%s; backend %s is not closed: hand it over again, which is no harm if it was already"
                            .formatted(e.getMessage(), backend));
        }
        int going = volumes.purging().forget(backend);
        return "handed over to daemon %s, and %s; export it now, and forget it once the other daemon has imported it%s"
                .formatted(
                        to.daemon(),
                        close(backend, backend),
                        going == 0
                                ? ""
                                : "; %d volumes and snapshots that were to go for good did not yet: what is left of them is in its trash once it has run rebuildState, and emptyTrash has it go there"
                                        .formatted(going));
    }

    /** Forgets what is known of a closed backend; returns how much it was. */
    String forget(String name, String typed) throws OperationException, InterruptedException {
        String backend = name.strip();
        requireTyped(backend, typed, "forgotten");
        // Opened meanwhile, it would take volumes in that are forgotten with the others.
        Counts gone =
                volumes.dossiers().backends().contains(backend)
                        ? door.alone(backend, () -> forgetAlone(backend))
                        : volumes.dossiers().forget(backend);
        return "forgot %d volumes and %d snapshots of backend %s"
                .formatted(gone.volumes(), gone.snapshots(), backend);
    }

    private Counts forgetAlone(String backend) throws OperationException, InterruptedException {
        Counts gone = volumes.dossiers().forget(backend);
        if (backends.find(backend).isPresent()) {
            // Closed already: this takes it out if nothing describes it any more.
            String _ = close(backend, backend);
        }
        return gone;
    }

    private UUID other(String daemon) throws OperationException {
        UUID id;
        try {
            id = UUID.fromString(daemon);
        } catch (IllegalArgumentException e) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is no daemon's UUID: give what the other daemon's attribute DaemonId shows"
                            .formatted(Names.shortened(daemon)),
                    e);
        }
        if (id.equals(backends.daemon())) {
            throw new OperationException(
                    Code.INVALID, "%s is this daemon itself: give the other's".formatted(id));
        }
        return id;
    }

    private Backend known(String backend) throws OperationException {
        return backends.find(backend)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND,
                                        "there is no backend '%s'"
                                                .formatted(Names.shortened(backend))));
    }

    /** What hosts use would be cut off from whoever could end it. */
    private void requireUnused(String backend) throws OperationException {
        List<Connection> connections = volumes.connections().of(backend, 1, "").items();
        if (!connections.isEmpty()) {
            throw new OperationException(
                    Code.IN_USE,
                    "backend %s has connections, such as of host %s to %s: disconnect them first; nothing was changed"
                            .formatted(
                                    backend,
                                    connections.getFirst().host(),
                                    connections.getFirst().targetName()));
        }
        if (volumes.counts(backend).unfinished() > 0) {
            throw new OperationException(
                    Code.BUSY,
                    "backend %s has changes that are not finished, see listUnfinished: nothing was changed; try again once they are"
                            .formatted(backend));
        }
    }

    private static void requireTyped(String backend, String typed, String what)
            throws OperationException {
        if (!typed.strip().equals(backend)) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is not the name of what is to be %s, and nothing was done: type %s twice"
                            .formatted(Names.shortened(typed), what, Names.shortened(backend)));
        }
    }

    /** Asks the driver for its pools now; returns them as a table. */
    String refreshStats(String name) throws OperationException, InterruptedException {
        Backend backend = still(name);
        try {
            Pools _ = backend.refreshPools();
        } catch (DriverException e) {
            throw OperationException.of(
                    e,
                    "the numbers of backend %s are not refreshed: %s; the old ones stay"
                            .formatted(name, e.getMessage()));
        }
        return Space.table(BackendStatus.of(backend), volumes.poolCounts(name));
    }

    /** Returns the state of the breaker. */
    String resetBreaker(String name) throws OperationException, InterruptedException {
        try {
            return still(name).resetBreaker().state().toString();
        } catch (DriverException e) {
            throw OperationException.of(
                    e,
                    "the breaker of backend %s stays as it is: %s".formatted(name, e.getMessage()));
        }
    }

    private Backend still(String name) throws OperationException {
        return backends.find(name)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND,
                                        "there is no backend %s any more".formatted(name)));
    }

    List<LoadedDriver> drivers() {
        return backends.drivers();
    }
}
