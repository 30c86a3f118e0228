package io.cairn.daemon.access;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where and how the connector listens.
 *
 * @param host the address to bind, numeric or a name; {@code 127.0.0.1} unless there is a reason
 * @param port the one port, 0 to 65535; 0 is any free one, which {@link Connector#url} tells
 * @param advertisedHost what clients connect to where that is not {@code host}, as behind address
 *     translation; necessary where {@code host} is all addresses
 * @param authentication whether callers log in; without it they have the in-process role
 * @param inProcessRole what callers without a login may do; {@link Role#READER} unless the operator
 *     says otherwise
 * @param tls the keys for TLS 1.3, or empty for none
 */
public record ConnectorConfig(
        String host,
        int port,
        Optional<String> advertisedHost,
        boolean authentication,
        Role inProcessRole,
        Optional<Tls> tls) {
    /** A connector on loopback with a login and nothing else. */
    public static ConnectorConfig loopback(int port) {
        return new ConnectorConfig(
                "127.0.0.1", port, Optional.empty(), true, Role.READER, Optional.empty());
    }

    public ConnectorConfig {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port %d is not in 0 to 65535".formatted(port));
        }
    }

    /**
     * The keys for TLS. The password of both stores is the first line of a file of its own, since a
     * password in the configuration or on a command line is read by others.
     *
     * @param keyStore a PKCS#12 file with the daemon's key and its certificate
     * @param passwordFile readable by the daemon's user only
     * @param trustStore whose certificates clients must show; empty if they need none
     */
    public record Tls(Path keyStore, Path passwordFile, Optional<Path> trustStore) {}

    /**
     * The address to bind.
     *
     * @throws IOException if the host is unknown
     * @throws IllegalArgumentException if it can be reached from other hosts and TLS or
     *     authentication is off, or if it is all addresses and none is advertised
     */
    InetAddress address() throws IOException {
        InetAddress address = InetAddress.getByName(host);
        if (!address.isLoopbackAddress() && (tls.isEmpty() || !authentication)) {
            throw new IllegalArgumentException(
                    """
                    the connector would listen on %s, where other hosts reach it, without %s: \
                    switch that on, or bind 127.0.0.1\
                    """
                            .formatted(host, authentication ? "TLS" : "authentication"));
        }
        if (address.isAnyLocalAddress() && advertisedHost.isEmpty()) {
            throw new IllegalArgumentException(
                    """
                    the connector would listen on every address (%s): say which host name clients \
                    connect to, the advertised host\
                    """
                            .formatted(host));
        }
        return address;
    }
}
