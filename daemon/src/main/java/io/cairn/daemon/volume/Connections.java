package io.cairn.daemon.volume;

import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.volume.Intent.ChangeConnection.Step;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.VolumeEvent.Access;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who has access to volumes and snapshots: a host is connected, then it may attach, and the steps
 * undo in reverse. As with {@link Volumes}: safe for many threads, durable when it returns, and
 * asked again for what is so already it changes nothing.
 */
public final class Connections {
    private final Parts parts;
    private final ConnectionPlanning planning;
    private final ConnectionSteps steps;

    Connections(Parts parts, ConnectionPlanning planning, ConnectionSteps steps) {
        this.parts = parts;
        this.planning = planning;
        this.steps = steps;
    }

    /** What the daemon's own host says of itself, as a connector. */
    public Map<String, String> hostFacts() {
        return planning.here().connector();
    }

    /**
     * Gives a host access to a target. A host that has it already, in the same way, gets the
     * connection that is there.
     *
     * @throws OperationException IN_USE if another host has access to the volume and the backend
     *     does not let several have it; CONFLICT if the host has it in another way
     */
    public Connection connect(Target target, NewConnection request)
            throws OperationException, InterruptedException {
        Volume before = parts.known(target.volume());
        return parts.running()
                .measured(
                        before.backend(),
                        Operation.CONNECT,
                        Repeats.request("connect", target, request),
                        flight -> {
                            Connection planned = planning.planned(before, target, request);
                            try (var _ = parts.turns().take(target.volume())) {
                                return flight.answered(connected(planned));
                            }
                        });
    }

    /** The caller has the turn. */
    private Connection connected(Connection planned)
            throws OperationException, InterruptedException {
        Target target = planned.target();
        Volume volume = parts.known(target.volume());
        if (target.snapshot().isPresent()) {
            Snapshot _ = parts.known(target.snapshot().get());
        }
        List<Connection> there =
                parts.state().connections(volume.id()).stream()
                        .filter(other -> other.target().equals(target))
                        .toList();
        Optional<Connection> own =
                there.stream().filter(other -> other.host().equals(planned.host())).findFirst();
        if (own.isPresent()) {
            Connection same = ConnectionPlanning.same(own.get(), planned);
            return same.local() ? parts.confirmed(same) : steps.changed(same, Step.REEXPORT);
        }
        planning.requireAlone(volume, target, there);
        return steps.changed(planned, Step.CONNECT);
    }

    /**
     * Makes a block device of the target on the daemon's own host. What is attached is returned as
     * it is.
     *
     * @throws OperationException INVALID for a connection of another host
     */
    public Connection attach(ConnectionId id) throws OperationException, InterruptedException {
        return changing(
                id,
                Operation.ATTACH,
                connection -> {
                    if (!connection.local()) {
                        throw new OperationException(
                                Code.INVALID,
                                "host %s attaches by itself, with what ConnectionInfo says, and reports its path by deviceAttached; only this host, %s, is attached from here"
                                        .formatted(connection.host(), planning.here().name()));
                    }
                    // Though it is attached: the device may be gone, or another's by now, and the
                    // driver looks.
                    return Optional.of(Step.ATTACH);
                });
    }

    /**
     * Connects this host, if it is not, and attaches, in one turn; for callers who want only a
     * device.
     */
    public Connection attachHere(Target target, boolean readOnly)
            throws OperationException, InterruptedException {
        Volume before = parts.known(target.volume());
        NewConnection request =
                new NewConnection("", readOnly, Optional.of(Connection.LOCAL), Map.of());
        return parts.running()
                .measured(
                        before.backend(),
                        Operation.ATTACH,
                        Repeats.request("attachHere", target, readOnly),
                        flight -> {
                            Connection planned = planning.planned(before, target, request);
                            try (var _ = parts.turns().take(target.volume())) {
                                return flight.answered(attachedHere(planned));
                            }
                        });
    }

    private Connection attachedHere(Connection planned)
            throws OperationException, InterruptedException {
        boolean before = here(planned.target()).isPresent();
        Connection connection = connected(planned);
        try {
            return steps.changed(connection, Step.ATTACH);
        } catch (OperationException e) {
            // A caller who wanted a device and got none wants no connection either.
            if (!before && parts.open().of(planned.target().volume()).isEmpty()) {
                try {
                    Connection _ = disconnected(connection);
                } catch (OperationException second) {
                    e.addSuppressed(second);
                }
            }
            throw e;
        }
    }

    /**
     * Undoes {@link #attachHere}, in one turn.
     *
     * @throws OperationException NOT_FOUND if this host is not connected; IN_USE while anybody has
     *     the device open
     */
    public void detachHere(Target target) throws OperationException, InterruptedException {
        Connection _ =
                parts.running()
                        .measured(
                                parts.known(target.volume()).backend(),
                                Operation.DETACH,
                                Repeats.request("detachHere", target),
                                flight -> {
                                    try (var _ = parts.turns().take(target.volume())) {
                                        return flight.answered(detachedHere(target));
                                    }
                                });
    }

    private Connection detachedHere(Target target) throws OperationException, InterruptedException {
        Connection here =
                here(target)
                        .orElseThrow(
                                () ->
                                        new OperationException(
                                                Code.NOT_FOUND,
                                                "this host, %s, is not connected to it"
                                                        .formatted(planning.here().name())));
        return disconnected(
                here.state() == Connection.State.CONNECTED
                        ? here
                        : steps.changed(here, Step.DETACH));
    }

    /** The connection of the daemon's own host. */
    private Optional<Connection> here(Target target) throws OperationException {
        return Parts.readable(() -> parts.state().connections(target.volume())).stream()
                .filter(other -> other.local() && other.target().equals(target))
                .findFirst();
    }

    /**
     * Records the path by which another host has attached.
     *
     * @param path an absolute path on that host
     */
    public Connection deviceAttached(ConnectionId id, String path)
            throws OperationException, InterruptedException {
        Names.checkValue("the path", path);
        if (!path.startsWith("/")) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is no path of a device: write an absolute one, such as /dev/nbd0"
                            .formatted(Names.shortened(path)));
        }
        Connection before = known(id);
        return parts.running()
                .measured(
                        before.backend(),
                        Operation.ATTACH,
                        Repeats.request("deviceAttached", id, path),
                        flight -> {
                            try (var _ = parts.turns().take(before.target().volume())) {
                                Connection now = known(id);
                                if (now.local()) {
                                    throw new OperationException(
                                            Code.INVALID,
                                            "this host is attached by attach, which finds the path by itself");
                                }
                                return flight.answered(
                                        steps.found(now, now.attachedAs(path), Access.ATTACHED));
                            }
                        });
    }

    /**
     * Takes the block device away; of another host, notes that it has none any more.
     *
     * @throws OperationException IN_USE while anybody has the device open
     */
    public Connection detach(ConnectionId id) throws OperationException, InterruptedException {
        return changing(
                id,
                Operation.DETACH,
                connection ->
                        connection.state() == Connection.State.CONNECTED
                                ? Optional.empty()
                                : Optional.of(Step.DETACH));
    }

    /**
     * Takes a host's access away.
     *
     * @throws OperationException IN_USE while it is attached
     */
    public void disconnect(ConnectionId id) throws OperationException, InterruptedException {
        Connection before = known(id);
        VolumeId volume = before.target().volume();
        Connection _ =
                parts.running()
                        .measured(
                                before.backend(),
                                Operation.DISCONNECT,
                                Repeats.request("disconnect", id),
                                flight -> {
                                    try (var _ = parts.turns().take(volume)) {
                                        return flight.answered(disconnected(known(id)));
                                    }
                                });
    }

    /**
     * Detaches and disconnects everybody from a volume and its snapshots; goes on after failures.
     */
    public List<Connection> cleanup(VolumeId volume)
            throws OperationException, InterruptedException {
        Volume before = parts.known(volume);
        return parts.running()
                .measured(
                        before.backend(),
                        Operation.DISCONNECT,
                        Repeats.request("cleanup", volume),
                        flight -> {
                            try (var _ = parts.turns().take(volume)) {
                                return flight.answered(cleanedUp(volume));
                            }
                        });
    }

    /**
     * Says what is wrong with what a host says of itself, for a protocol; empty if nothing is.
     *
     * @param protocol one of {@link #protocols}, or of a driver; empty for any
     */
    public static List<String> problems(Map<String, String> connector, String protocol) {
        return ConnectionPlanning.problems(connector, protocol);
    }

    /**
     * Checks what a host says of itself, whatever it is said for.
     *
     * @throws OperationException INVALID
     */
    public static void check(Map<String, String> connector) throws OperationException {
        if (connector.containsKey("host")) {
            Names.checkHost(connector.getOrDefault("host", ""));
        }
        Names.checkConnector(connector);
    }

    /** The protocols of which it is known what a host must say of itself. */
    public static List<String> protocols() {
        return List.of(Connection.LOCAL, "nbd", "iscsi", "nvmeof");
    }

    /**
     * A connection, by its id.
     *
     * @throws DamagedRowException if it cannot be read
     */
    public Optional<Connection> find(ConnectionId id) {
        return parts.state().connection(id);
    }

    /** Those of a volume and of its snapshots that are not damaged, newest first. */
    public List<Connection> of(VolumeId volume) {
        return parts.state().readableConnections(volume);
    }

    /**
     * Those of a backend that are not damaged, newest first.
     *
     * @param limit the most items, above zero
     * @param continuation empty, or what the page before came with
     */
    public Page<Connection> of(String backend, int limit, String continuation)
            throws OperationException {
        return ByOrdinal.page(
                (before, most) -> parts.state().connections(backend, before, most),
                limit,
                continuation);
    }

    private interface Planned {
        /** Empty if it is so already. */
        Optional<Step> next(Connection now) throws OperationException;
    }

    private Connection changing(ConnectionId id, Operation operation, Planned planned)
            throws OperationException, InterruptedException {
        Connection before = known(id);
        return parts.running()
                .measured(
                        before.backend(),
                        operation,
                        Repeats.request(operation.toString(), id),
                        flight -> {
                            try (var _ = parts.turns().take(before.target().volume())) {
                                Connection now = known(id);
                                Optional<Step> step = planned.next(now);
                                return flight.answered(
                                        step.isEmpty()
                                                ? parts.confirmed(now)
                                                : steps.changed(now, step.get()));
                            }
                        });
    }

    private Connection disconnected(Connection connection)
            throws OperationException, InterruptedException {
        if (connection.state() == Connection.State.ATTACHED) {
            throw new OperationException(
                    Code.IN_USE,
                    "%s is attached on host %s as %s, and only a connected or lost host can be disconnected: detach it first, or use cleanup of the volume"
                            .formatted(
                                    connection.targetName(),
                                    connection.host(),
                                    connection.device()));
        }
        return steps.changed(connection, Step.DISCONNECT);
    }

    private List<Connection> cleanedUp(VolumeId volume)
            throws OperationException, InterruptedException {
        List<Connection> gone = new ArrayList<>();
        OperationException failure = null;
        for (Connection connection : parts.state().connections(volume)) {
            try {
                Connection now = connection;
                if (now.state() != Connection.State.CONNECTED) {
                    now = steps.changed(now, Step.DETACH);
                }
                gone.add(disconnected(now));
            } catch (OperationException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
                // What came of it is not known, and the next change of the volume settles it first.
                if (parts.open().of(volume).isPresent()) {
                    break;
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
        return gone;
    }

    private Connection known(ConnectionId id) throws OperationException {
        return Parts.readable(() -> parts.state().connection(id))
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND, "there is no connection %s".formatted(id)));
    }
}
