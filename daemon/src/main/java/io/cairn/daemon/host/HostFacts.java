package io.cairn.daemon.host;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What this host says of itself to a storage system. The words are those of OpenStack's os-brick,
 * so that what was written for it can be passed on as it is.
 *
 * @param connector by key: {@code host}, {@code ip} and {@code ips}, {@code initiator}, {@code
 *     nqn}, {@code nvme_hostid}, {@code uuid}, {@code os_type}, {@code platform}; what this host
 *     has not is left out
 */
public record HostFacts(Map<String, String> connector) {
    private static final Logger LOG = LoggerFactory.getLogger(HostFacts.class);
    private static final String INITIATOR = "InitiatorName=";

    public HostFacts {
        connector = Map.copyOf(connector);
    }

    /** Reads them from this host's files and interfaces. */
    public static HostFacts read() {
        return read(Path.of("/"));
    }

    static HostFacts read(Path root) {
        Map<String, String> facts = new TreeMap<>();
        facts.put("host", line(root.resolve("proc/sys/kernel/hostname")).orElse("localhost"));
        List<String> addresses = addresses();
        if (!addresses.isEmpty()) {
            facts.put("ip", addresses.getFirst());
            facts.put("ips", String.join(",", addresses));
        }
        lines(root.resolve("etc/iscsi/initiatorname.iscsi")).stream()
                .map(String::strip)
                .filter(line -> line.startsWith(INITIATOR))
                .map(line -> line.substring(INITIATOR.length()))
                .findFirst()
                .ifPresent(name -> facts.put("initiator", name));
        line(root.resolve("etc/nvme/hostnqn")).ifPresent(name -> facts.put("nqn", name));
        line(root.resolve("etc/nvme/hostid")).ifPresent(id -> facts.put("nvme_hostid", id));
        line(root.resolve("sys/class/dmi/id/product_uuid")).ifPresent(id -> facts.put("uuid", id));
        facts.put("os_type", System.getProperty("os.name"));
        facts.put("platform", System.getProperty("os.arch"));
        return new HostFacts(facts);
    }

    /** The host's name. */
    public String name() {
        return connector.getOrDefault("host", "localhost");
    }

    /** Those by which others reach it; IPv4 first, as most storage systems want it. */
    private static List<String> addresses() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(
                            address ->
                                    !address.isLoopbackAddress() && !address.isLinkLocalAddress())
                    .sorted(
                            Comparator.comparing((InetAddress a) -> !(a instanceof Inet4Address))
                                    .thenComparing(InetAddress::getHostAddress))
                    .map(HostFacts::text)
                    .toList();
        } catch (SocketException e) {
            LOG.warn("The addresses of this host cannot be read: {}", e.getMessage());
            return List.of();
        }
    }

    private static String text(InetAddress address) {
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        return zone < 0 ? text : text.substring(0, zone);
    }

    private static Optional<String> line(Path file) {
        return lines(file).stream().map(String::strip).filter(line -> !line.isEmpty()).findFirst();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (NoSuchFileException _) {
            return List.of();
        } catch (IOException e) {
            LOG.debug("{} cannot be read: {}", file, e.getMessage());
            return List.of();
        }
    }
}
