package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import com.fasterxml.jackson.databind.JsonNode;

import io.cairn.plugin.local.KernelKey;
import io.cairn.plugin.local.OsException;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * By which words the kernel becomes a client of the cluster, as {@code rbd_add} and {@code
 * ceph_parse_param} of Linux read them. The key is none of them, for sysfs shows them later: it is
 * in the kernel's key store, where the thread that made this lets the kernel find it until it is
 * closed.
 */
final class KernelClient implements AutoCloseable {
    private static final String OLD = "v1";
    private static final String NEW = "v2";
    private static final String SECURE = "secure";
    private static final String CRC = "crc";

    private final String monitors;
    private final String options;
    private final Optional<KernelKey> key;

    private KernelClient(String monitors, String options, Optional<KernelKey> key) {
        this.monitors = monitors;
        this.options = options;
        this.key = key;
    }

    /** For the thread that calls. */
    static KernelClient of(Cluster cluster) throws OsException, IOException {
        Cluster.Address address = cluster.address();
        List<String> options = new ArrayList<>();
        options.add("name=" + address.user());
        options.add("mount_timeout=" + Math.max(1, address.timeout().toSeconds()));
        address.namespace().ifPresent(namespace -> options.add("_pool_ns=" + namespace));

        JsonNode known = cluster.ask("mon dump").path("mons");
        String allowed = cluster.configured("ms_client_mode");
        List<String> monitors = addresses(known, OLD);
        // The older protocol is what every kernel speaks, and it is not encrypted.
        if (monitors.size() < known.size() || allowed.strip().startsWith(SECURE)) {
            monitors = addresses(known, NEW);
            options.add("ms_mode=" + mode(allowed));
        }
        if (monitors.isEmpty()) {
            throw new OsException(
                    UNSUPPORTED,
                    "no monitor is where the kernel could speak to it; see `ceph mon dump`");
        }

        Optional<byte[]> secret = Keyring.secret(cluster);
        if (secret.isEmpty()) {
            return of(monitors, options, Optional.empty());
        }
        String user = "client." + address.user();
        options.add("key=" + user);
        return of(monitors, options, Optional.of(KernelKey.add("ceph", user, secret.get())));
    }

    private static KernelClient of(
            List<String> monitors, List<String> options, Optional<KernelKey> key) {
        return new KernelClient(String.join(",", monitors), String.join(",", options), key);
    }

    /**
     * The kernel's word for what the configuration allows.
     *
     * @param allowed {@code crc} or {@code secure} or both, what is preferred first
     */
    static String mode(String allowed) {
        String first = allowed.strip().startsWith(SECURE) ? SECURE : CRC;
        boolean both = allowed.contains(SECURE) && allowed.contains(CRC);
        return both ? "prefer-" + first : first;
    }

    private static List<String> addresses(JsonNode monitors, String protocol) {
        List<String> found = new ArrayList<>();
        for (JsonNode monitor : monitors) {
            for (JsonNode each : monitor.path("public_addrs").path("addrvec")) {
                if (each.path("type").asText().equals(protocol)) {
                    found.add(each.path("addr").asText());
                }
            }
        }
        return found;
    }

    /** Where the monitors are, the first of the kernel's words. */
    String monitors() {
        return monitors;
    }

    /** The second. */
    String options() {
        return options;
    }

    @Override
    public void close() {
        key.ifPresent(KernelKey::close);
    }
}
