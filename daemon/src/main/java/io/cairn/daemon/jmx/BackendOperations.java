package io.cairn.daemon.jmx;

import io.cairn.daemon.config.ConfigException;
import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.BackendDoor;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.driver.LoadedDriver;
import io.cairn.daemon.driver.Pools;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.DriverException;

import java.util.List;

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

    /** Asks the driver for its pools now; returns them as a table. */
    String refreshStats(String name) throws OperationException, InterruptedException {
        Backend backend =
                backends.find(name)
                        .orElseThrow(
                                () ->
                                        new OperationException(
                                                Code.NOT_FOUND,
                                                "there is no backend %s any more".formatted(name)));
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

    List<LoadedDriver> drivers() {
        return backends.drivers();
    }
}
