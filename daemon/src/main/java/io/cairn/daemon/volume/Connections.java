package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.host.HostFacts;
import io.cairn.daemon.metric.Operation;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.volume.Intent.ChangeConnection.Step;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.VolumeEvent.Access;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Who has access to volumes and snapshots: a host is connected, then it may attach, and the steps
 * undo in reverse. As with {@link Volumes}: safe for many threads, durable when it returns, and
 * asked again for what is so already it changes nothing.
 */
public final class Connections {
    private static final int PAGE = 100;

    private final Parts parts;
    private final Backends backends;
    private final HostFacts here = HostFacts.read();

    Connections(Parts parts, Backends backends) {
        this.parts = parts;
        this.backends = backends;
    }

    /** What the daemon's own host says of itself, as a connector. */
    public Map<String, String> hostFacts() {
        return here.connector();
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
                        () -> {
                            Connection planned = planned(before, target, request);
                            try (var _ = parts.turns().take(target.volume())) {
                                Volume volume = parts.known(target.volume());
                                if (target.snapshot().isPresent()) {
                                    Snapshot _ = parts.known(target.snapshot().get());
                                }
                                List<Connection> there =
                                        parts.state().connections(volume.id()).stream()
                                                .filter(other -> other.target().equals(target))
                                                .toList();
                                Optional<Connection> own =
                                        there.stream()
                                                .filter(
                                                        other ->
                                                                other.host().equals(planned.host()))
                                                .findFirst();
                                if (own.isPresent()) {
                                    Connection same = same(own.get(), planned);
                                    return same.local()
                                            ? parts.confirmed(same)
                                            : changed(same, Step.REEXPORT);
                                }
                                requireAlone(volume, target, there);
                                Connection made = changed(planned, Step.CONNECT);
                                tellUse(volume);
                                return made;
                            }
                        });
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
                                        .formatted(connection.host(), here.name()));
                    }
                    // Though it is attached: the device may be gone, or another's by now, and the
                    // driver looks.
                    return Optional.of(Step.ATTACH);
                });
    }

    /** Connects this host, if it is not, and attaches; for callers who want only a device. */
    public Connection attachHere(Target target, boolean readOnly)
            throws OperationException, InterruptedException {
        Connection connection =
                connect(
                        target,
                        new NewConnection("", readOnly, Optional.of(Connection.LOCAL), Map.of()));
        return attach(connection.id());
    }

    /**
     * Undoes {@link #attachHere}.
     *
     * @throws OperationException NOT_FOUND if this host is not connected; IN_USE while anybody has
     *     the device open
     */
    public void detachHere(Target target) throws OperationException, InterruptedException {
        Connection here =
                parts.state().connections(target.volume()).stream()
                        .filter(other -> other.local() && other.target().equals(target))
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new OperationException(
                                                Code.NOT_FOUND,
                                                "this host, %s, is not connected to it"
                                                        .formatted(this.here.name())));
        Connection _ = detach(here.id());
        disconnect(here.id());
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
                        () -> {
                            try (var _ = parts.turns().take(before.target().volume())) {
                                Connection now = known(id);
                                if (now.local()) {
                                    throw new OperationException(
                                            Code.INVALID,
                                            "this host is attached by attach, which finds the path by itself");
                                }
                                return found(now.attachedAs(path), Access.ATTACHED);
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
                                () -> {
                                    try (var _ = parts.turns().take(volume)) {
                                        return disconnected(known(id));
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
                        () -> {
                            try (var _ = parts.turns().take(volume)) {
                                return cleanedUp(volume);
                            }
                        });
    }

    public Optional<Connection> find(ConnectionId id) {
        return parts.state().connection(id);
    }

    /** Those of a volume and of its snapshots, newest first. */
    public List<Connection> of(VolumeId volume) {
        return parts.state().connections(volume);
    }

    /**
     * Those of a backend, newest first.
     *
     * @param limit the most items, above zero
     * @param continuation empty, or what the page before came with
     */
    public Page<Connection> of(String backend, int limit, String continuation)
            throws OperationException {
        List<State.Numbered> found =
                parts.state().connections(backend, Tombstones.before(continuation), limit + 1);
        boolean more = found.size() > limit;
        List<State.Numbered> items = more ? found.subList(0, limit) : found;
        return new Page<>(
                items.stream().map(State.Numbered::connection).toList(),
                more ? Tombstones.after(items.getLast().ordinal()) : "");
    }

    /**
     * Says what is wrong with what a host says of itself, for a protocol; empty if nothing is.
     *
     * @param protocol empty for any
     */
    public static List<String> problems(Map<String, String> connector, String protocol) {
        List<String> problems = new ArrayList<>();
        require(connector, "host", "the name of the host", problems);
        switch (protocol) {
            case "iscsi" ->
                    require(
                            connector,
                            "initiator",
                            "the iSCSI name, as in /etc/iscsi/initiatorname.iscsi",
                            problems);
            case "nvmeof" ->
                    require(
                            connector,
                            "nqn",
                            "the NVMe host name, as in /etc/nvme/hostnqn",
                            problems);
            default -> {}
        }
        return problems;
    }

    /**
     * Compares what is recorded of a backend with what there is: after a reboot of this host, the
     * devices are gone, and exports are made again.
     *
     * @return whether all could be looked at
     */
    boolean recheck(Backend backend) throws InterruptedException {
        boolean all = true;
        String continuation = "";
        do {
            Page<Connection> page;
            try {
                page = of(backend.name(), PAGE, continuation);
            } catch (OperationException e) {
                throw new IllegalStateException("a continuation of our own", e);
            }
            all &= recheck(backend, page.items());
            continuation = page.continuation();
        } while (!continuation.isEmpty());
        return all;
    }

    private boolean recheck(Backend backend, List<Connection> all) throws InterruptedException {
        boolean looked = true;
        for (Connection recorded : all) {
            try (var _ = parts.turns().take(recorded.target().volume())) {
                Optional<Connection> now = parts.state().connection(recorded.id());
                if (now.isPresent()) {
                    recheck(backend, now.get());
                }
            } catch (OperationException | DriverException | StoreException e) {
                looked = false;
                Events.LOG.warn(
                        "Connection {} of {} could not be looked at: {}",
                        recorded.id(),
                        recorded.targetName(),
                        e.getMessage());
            }
        }
        return looked;
    }

    private void recheck(Backend backend, Connection connection)
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
                Connection _ = found(connection.lost(), Access.LOST);
            } else if (!device.get().equals(connection.device())) {
                Connection _ = found(connection.attachedAs(device.get()), Access.ATTACHED);
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
                Events.LOG.warn(
                        "The export of {} to host {} is gone and is made again",
                        connection.targetName(),
                        connection.host());
                VolumeEvent _ = perform(connection, Step.REEXPORT);
            }
        }
    }

    private Connection planned(Volume volume, Target target, NewConnection request)
            throws OperationException, InterruptedException {
        boolean named = !request.host().isEmpty();
        Map<String, String> connector = new TreeMap<>(request.connector());
        String host = named ? request.host() : here.name();
        Names.checkHost(host);
        Names.checkConnector(connector);
        boolean local =
                (!named || host.equals(here.name()))
                        && request.protocol().orElse(Connection.LOCAL).equals(Connection.LOCAL);
        if (local) {
            here.connector().forEach(connector::putIfAbsent);
        }
        connector.put("host", host);
        String protocol = local ? Connection.LOCAL : protocol(volume, request.protocol());
        List<String> problems = problems(connector, protocol);
        if (!problems.isEmpty()) {
            throw new OperationException(Code.INVALID, String.join("; ", problems));
        }
        boolean readOnly = request.readOnly() || target.fixed();
        return new Connection(
                ConnectionId.random(),
                target,
                volume.backend(),
                volume.name(),
                target.snapshot().flatMap(parts.state()::snapshot).map(Snapshot::name).orElse(""),
                host,
                local,
                readOnly,
                protocol,
                connector,
                Map.of(),
                Set.of(),
                "",
                Connection.State.CONNECTING,
                Instant.now());
    }

    private String protocol(Volume volume, Optional<String> wanted)
            throws OperationException, InterruptedException {
        Set<String> offered = new TreeSet<>(protocols(volume.backend()));
        if (offered.isEmpty()) {
            throw new OperationException(
                    Code.UNSUPPORTED,
                    "backend %s offers nothing to other hosts; only this host, %s, can connect"
                            .formatted(volume.backend(), here.name()));
        }
        String protocol = wanted.orElse(offered.iterator().next());
        if (!offered.contains(protocol)) {
            throw new OperationException(
                    Code.INVALID,
                    "backend %s does not offer protocol '%s'; it offers: %s"
                            .formatted(
                                    volume.backend(),
                                    Names.shortened(protocol),
                                    String.join(", ", offered)));
        }
        return protocol;
    }

    private Set<String> protocols(String backend) throws OperationException, InterruptedException {
        try {
            return parts.planning()
                    .backend(backend)
                    .call(
                            (Driver driver) ->
                                    driver.exporting().map(Exporting::protocols).orElse(Set.of()));
        } catch (DriverException e) {
            throw OperationException.of(e, "%s; nothing was changed".formatted(e.getMessage()));
        }
    }

    private void requireAlone(Volume volume, Target target, List<Connection> there)
            throws OperationException {
        boolean shared =
                backends.find(volume.backend())
                        .flatMap(Backend::facts)
                        .map(facts -> facts.traits().contains(Trait.MULTI_ATTACH))
                        .orElse(false);
        if (!there.isEmpty() && !target.fixed() && !shared) {
            throw new OperationException(
                    Code.IN_USE,
                    "volume %s is connected to host %s, and backend %s lets one host at a time have a volume: disconnect that one first"
                            .formatted(volume.name(), there.getFirst().host(), volume.backend()));
        }
    }

    private static Connection same(Connection there, Connection planned) throws OperationException {
        if (there.readOnly() != planned.readOnly()
                || !there.protocol().equals(planned.protocol())) {
            throw new OperationException(
                    Code.CONFLICT,
                    "host %s is connected to %s already, %s by %s: disconnect it first, or ask for the same"
                            .formatted(
                                    there.host(),
                                    there.targetName(),
                                    there.readOnly() ? "read-only" : "read-write",
                                    there.protocol()));
        }
        return there;
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
                        () -> {
                            try (var _ = parts.turns().take(before.target().volume())) {
                                Connection now = known(id);
                                Optional<Step> step = planned.next(now);
                                return step.isEmpty()
                                        ? parts.confirmed(now)
                                        : changed(now, step.get());
                            }
                        });
    }

    private Connection disconnected(Connection connection)
            throws OperationException, InterruptedException {
        if (connection.state() == Connection.State.ATTACHED) {
            throw new OperationException(
                    Code.IN_USE,
                    "%s is attached on host %s as %s: detach it first, or use cleanup of the volume"
                            .formatted(
                                    connection.targetName(),
                                    connection.host(),
                                    connection.device()));
        }
        Connection gone = changed(connection, Step.DISCONNECT);
        tellUse(connection.target().volume());
        return gone;
    }

    private List<Connection> cleanedUp(VolumeId volume)
            throws OperationException, InterruptedException {
        List<Connection> gone = new ArrayList<>();
        OperationException failure = null;
        for (Connection connection : parts.state().connections(volume)) {
            try {
                Connection now = connection;
                if (now.state() != Connection.State.CONNECTED) {
                    now = changed(now, Step.DETACH);
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

    private Connection changed(Connection connection, Step step)
            throws OperationException, InterruptedException {
        return switch (perform(connection, step)) {
            case VolumeEvent.ConnectionChanged changed -> changed.connection();
            case VolumeEvent other ->
                    throw new IllegalStateException("%s ended in %s".formatted(step, other));
        };
    }

    private VolumeEvent perform(Connection connection, Step step)
            throws OperationException, InterruptedException {
        return parts.changes()
                .perform(new Intent.ChangeConnection(connection, step, Instant.now()));
    }

    private Connection found(Connection connection, Access what) throws OperationException {
        try {
            parts.journal().connectionFound(connection);
        } catch (StoreException e) {
            throw Parts.unwritable(e);
        }
        parts.events().accept(new VolumeEvent.ConnectionChanged(connection, what, false));
        return connection;
    }

    /** The first connection makes an available volume one in use. */
    private void tellUse(Volume before) {
        if (before.connectionCount() == 0) {
            tell(before, ObjectState.AVAILABLE, ObjectState.IN_USE);
        }
    }

    /** The end of the last one makes it available again. */
    private void tellUse(VolumeId id) {
        parts.state()
                .volume(id)
                .filter(volume -> volume.connectionCount() == 0)
                .ifPresent(volume -> tell(volume, ObjectState.IN_USE, ObjectState.AVAILABLE));
    }

    private void tell(Volume volume, ObjectState from, ObjectState to) {
        parts.events().accept(new VolumeEvent.StateChanged(volume.inState(to), from, to));
    }

    private Connection known(ConnectionId id) throws OperationException {
        return parts.state()
                .connection(id)
                .orElseThrow(
                        () ->
                                new OperationException(
                                        Code.NOT_FOUND, "there is no connection %s".formatted(id)));
    }

    private static void require(
            Map<String, String> connector, String key, String what, List<String> problems) {
        if (connector.getOrDefault(key, "").isEmpty()) {
            problems.add("the connector lacks '%s': %s".formatted(key, what));
        }
    }
}
