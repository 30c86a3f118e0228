package io.cairn.daemon.volume;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.host.HostFacts;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Checks who asks for a connection, and for which, before anything is done. */
final class ConnectionPlanning {
    private final Parts parts;
    private final Backends backends;
    private final HostFacts here = HostFacts.read();

    ConnectionPlanning(Parts parts, Backends backends) {
        this.parts = parts;
        this.backends = backends;
    }

    /** The daemon's own host. */
    HostFacts here() {
        return here;
    }

    /** The connection that a host is to get, if it can be had. */
    Connection planned(Volume volume, Target target, NewConnection request)
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

    /** Whether a backend lets several hosts have a volume at once. */
    static boolean shared(Backends backends, String name) {
        return backends.find(name)
                .flatMap(Backend::facts)
                .map(facts -> facts.traits().contains(Trait.MULTI_ATTACH))
                .orElse(false);
    }

    /** Refuses a second host where the backend lets one at a time have a volume. */
    void requireAlone(Volume volume, Target target, List<Connection> there)
            throws OperationException {
        if (!there.isEmpty() && !target.fixed() && !shared(backends, volume.backend())) {
            throw new OperationException(
                    Code.IN_USE,
                    "volume %s is in-use by host %s, and since backend %s lets one host at a time have a volume, only an available one can be connected: disconnect that host first"
                            .formatted(volume.name(), there.getFirst().host(), volume.backend()));
        }
    }

    /** The connection that is there, if it is as planned. */
    static Connection same(Connection there, Connection planned) throws OperationException {
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

    /**
     * Says what is wrong with what a host says of itself, for a protocol; empty if nothing is.
     *
     * @param protocol empty for any
     */
    static List<String> problems(Map<String, String> connector, String protocol) {
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

    private static void require(
            Map<String, String> connector, String key, String what, List<String> problems) {
        if (connector.getOrDefault(key, "").isEmpty()) {
            problems.add("the connector lacks '%s': %s".formatted(key, what));
        }
    }
}
