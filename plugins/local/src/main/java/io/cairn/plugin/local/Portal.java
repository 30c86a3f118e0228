package io.cairn.plugin.local;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Optional;

/** Where the kernel listens for hosts that want block devices of this one. */
public record Portal(InetAddress address, int port) {
    /** Stands for that it does not. */
    static final String NONE = "none";

    private static final int MOST_PORT = 65535;

    /**
     * Reads {@code ADDRESS:PORT}, with an IPv6 address in brackets, or {@code none}.
     *
     * @throws IllegalArgumentException if it is something else, or stands for all addresses, since
     *     hosts are told where to connect to
     */
    public static Optional<Portal> parse(String text) {
        if (text.equals(NONE)) {
            return Optional.empty();
        }
        int colon = text.lastIndexOf(':');
        if (colon < 0 || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException(
                    "'%s' is not ADDRESS:PORT, nor %s".formatted(text, NONE));
        }
        String host = text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        InetAddress address =
                InetAddress.ofLiteral(bracketed ? host.substring(1, host.length() - 1) : host);
        int port = Integer.parseInt(text.substring(colon + 1));
        if (address.isAnyLocalAddress() || port < 1 || port > MOST_PORT) {
            throw new IllegalArgumentException(
                    "'%s' is nowhere that hosts could connect to".formatted(text));
        }
        return Optional.of(new Portal(address, port));
    }

    boolean isIpv6() {
        return address instanceof Inet6Address;
    }

    String host() {
        return address.getHostAddress();
    }

    /** As it is read. */
    @Override
    public String toString() {
        return (isIpv6() ? "[%s]:%d" : "%s:%d").formatted(host(), port);
    }
}
