package io.cairn.daemon.jmx;

import io.cairn.daemon.volume.Connections;
import io.cairn.daemon.volume.Names;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import java.util.List;
import java.util.Map;

/** What the daemon says of the host that it runs on, and of other hosts. Safe for many threads. */
class DaemonHost {
    private final Connections connections;

    DaemonHost(Connections connections) {
        this.connections = connections;
    }

    @Shown("The name of the daemon's host, as connections have it")
    String hostName() {
        return connections.hostFacts().getOrDefault("host", "");
    }

    @Shown(
            "What the daemon's host says of itself to storage, as JSON: host, ip, initiator, nqn and so on, as far as it has them")
    String hostConnector() {
        return Json.text(connections.hostFacts());
    }

    @ReadOperation("Says whether what a host says of itself suffices for a protocol; fails if not")
    String validateConnector(
            @Description("nbd, iscsi, nvmeof or local; empty for what every protocol needs")
                    String protocol,
            @Description("As host=web1,ip=192.0.2.7,initiator=iqn.2026-01.example:web1")
                    String connector)
            throws OperationException {
        if (!protocol.isEmpty() && !Connections.protocols().contains(protocol)) {
            throw new OperationException(
                    Code.INVALID,
                    "'%s' is no protocol that is known: use one of %s, or nothing for what all need"
                            .formatted(
                                    Names.shortened(protocol),
                                    String.join(", ", Connections.protocols())));
        }
        Map<String, String> facts = PropertyText.parse(connector);
        Connections.check(facts);
        List<String> problems = Connections.problems(facts, protocol);
        if (!problems.isEmpty()) {
            throw new OperationException(Code.INVALID, String.join("; ", problems));
        }
        return "the connector is complete";
    }
}
