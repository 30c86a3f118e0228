package io.cairn.daemon.volume;

import java.util.Map;
import java.util.Optional;

/**
 * What a caller asks of a connection to be made. It is checked by {@link Connections}, not here.
 *
 * @param host the name of the host that wants access; empty is the daemon's own
 * @param readOnly whether it only reads; of a snapshot nobody does anything else
 * @param protocol how it wants access; empty lets Cairn choose
 * @param connector what the host says of itself, as {@code ip} and {@code initiator}
 */
public record NewConnection(
        String host, boolean readOnly, Optional<String> protocol, Map<String, String> connector) {
    public NewConnection {
        connector = Map.copyOf(connector);
    }
}
