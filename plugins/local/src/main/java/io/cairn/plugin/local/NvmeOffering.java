package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.Attachment;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Target;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Block devices by NVMe/TCP, served by the kernel's own target (nvmet), which is set up by
 * configfs. Each connection has a subsystem, {@code nqn.2026-01.io.cairn:ID}, with one namespace,
 * for one host that proves by DH-HMAC-CHAP that it has its key. It is reachable last, and first not
 * any more.
 *
 * <p>The key is the host's, not the connection's, since the kernel has it so; it stays as long as
 * the host is let in anywhere. Without it whoever says the host's name would be let in, so that a
 * kernel that knows no keys serves nothing. Nor is anything served for reading only: the target
 * keeps no host from writing.
 */
public final class NvmeOffering implements Offering {
    /** What connections call it. */
    static final String NVME = "nvmeof";

    private static final String BEGIN = "nqn.2026-01.io.cairn:";
    private static final String PROBE = BEGIN + "probe-";
    private static final Path KERNEL = Configfs.ROOT.resolve("nvmet");
    private static final Path SUBSYSTEMS = KERNEL.resolve("subsystems");
    private static final Path HOSTS = KERNEL.resolve("hosts");
    private static final Path PORTS = KERNEL.resolve("ports");
    private static final String ALLOWED = "allowed_hosts";
    private static final String NAMESPACE = "namespaces/1";
    private static final String KEY = "dhchap_key";
    private static final String MODEL = "attr_model";

    /** The kernel's, of NVM Express Base 2.0, 4.5: no more than 223 bytes. */
    private static final String HOST = "nqn\\.[0-9]{4}-[0-9]{2}\\.[A-Za-z0-9.:_-]{1,211}";

    private static final int SERIAL_LENGTH = 20;

    /** Hosts and ports belong to several connections, which come and go at once. */
    private static final ReentrantLock SHARED = new ReentrantLock();

    private final Optional<NvmePort> port;

    /**
     * @param portal where to listen; empty to offer nothing any more, but to take back what was
     */
    public NvmeOffering(Optional<Portal> portal) {
        this.port = portal.map(each -> new NvmePort(PORTS, each));
    }

    @Override
    public String protocol() {
        return NVME;
    }

    @Override
    public Optional<String> obstacle() {
        if (port.isEmpty()) {
            return Optional.of("setting '%s' is %s".formatted(ExportOptions.NVME, Portal.NONE));
        }
        if (!Configfs.isThere(HOSTS)) {
            return Optional.of(
                    "%s is not there; `modprobe nvmet_tcp`, and have configfs mounted at %s"
                            .formatted(KERNEL, Configfs.ROOT));
        }
        SHARED.lock();
        try {
            for (Path each : Configfs.folders(HOSTS)) {
                // Of one that was killed here.
                if (name(each).startsWith(PROBE)) {
                    Configfs.remove(each);
                }
            }
            // Only a host has what tells.
            Path probe = HOSTS.resolve(PROBE + UUID.randomUUID());
            Configfs.make(probe);
            boolean keys = probe.resolve(KEY).toFile().exists();
            Configfs.remove(probe);
            return keys
                    ? Optional.empty()
                    : Optional.of(
                            "the kernel lets hosts in without a key; it needs CONFIG_NVME_TARGET_AUTH, of Linux 6.0 and later");
        } catch (IOException e) {
            return Optional.of("%s cannot be changed: %s".formatted(HOSTS, Configfs.reason(e)));
        } finally {
            SHARED.unlock();
        }
    }

    /** The target opens a device as anybody does. */
    @Override
    public boolean claims() {
        return false;
    }

    @Override
    public boolean anyFor(Target target) throws IOException {
        return !all(target).isEmpty();
    }

    @Override
    public boolean anyWriting(Target target, ConnectionId except) throws IOException {
        return all(target).stream().anyMatch(each -> !each.equals(own(except)));
    }

    private static List<Path> all(Target target) throws IOException {
        List<Path> found = new ArrayList<>();
        for (Path each : Configfs.folders(SUBSYSTEMS)) {
            if (name(each).startsWith(BEGIN) && isOf(each, target)) {
                found.add(each);
            }
        }
        return found;
    }

    private static boolean isOf(Path own, Target target) throws IOException {
        return Configfs.readIfThere(own.resolve(NAMESPACE).resolve("device_uuid"))
                .equals(id(target));
    }

    private static String id(Target target) {
        return target.snapshot().map(Object::toString).orElse(target.volume().toString());
    }

    private static Path own(ConnectionId id) {
        return SUBSYSTEMS.resolve(BEGIN + id);
    }

    private static String name(Path object) {
        return object.toFile().getName();
    }

    @Override
    public Optional<Offer> serving(ConnectionId id, Target target) throws IOException {
        Path own = own(id);
        Optional<Path> listening = NvmePort.of(PORTS, name(own));
        List<Path> hosts = Configfs.links(own.resolve(ALLOWED));
        boolean serves =
                listening.isPresent()
                        && hosts.size() == 1
                        && !keyOf(name(hosts.getFirst())).isEmpty()
                        && isOf(own, target)
                        && Configfs.readIfThere(own.resolve(NAMESPACE).resolve("enable"))
                                .equals("1");
        return serves
                ? Optional.of(shown(own, listening.get(), name(hosts.getFirst()), target))
                : Optional.empty();
    }

    private static Offer shown(Path own, Path listening, String host, Target target)
            throws IOException {
        Map<String, String> info =
                Map.of(
                        "transport_type",
                        "tcp",
                        "target_portal",
                        Configfs.read(listening.resolve("addr_traddr")),
                        "target_port",
                        Configfs.read(listening.resolve("addr_trsvcid")),
                        "target_nqn",
                        name(own),
                        "host_nqn",
                        host,
                        "volume_uuid",
                        id(target),
                        "dhchap_secret",
                        keyOf(host));
        return new Offer(new Export(NVME, info, Set.of("dhchap_secret")), false);
    }

    private static String keyOf(String host) throws IOException {
        return Configfs.readIfThere(HOSTS.resolve(host).resolve(KEY));
    }

    @Override
    public Offer start(ExportSpec spec, Attachment device)
            throws OsException, InterruptedException, IOException {
        if (spec.readOnly() || device.readOnly()) {
            throw new OsException(
                    UNSUPPORTED,
                    "the kernel's NVMe target keeps no host from writing; iscsi and nbd do");
        }
        String host = spec.host().getOrDefault("nqn", "");
        if (!host.matches(HOST) || host.startsWith(BEGIN)) {
            throw new OsException(
                    INVALID,
                    "'nqn' of the host's connector is to be its NVMe name, as in /etc/nvme/hostnqn, such as nqn.2014-08.org.nvmexpress:uuid:...; nobody else is let in");
        }
        stop(spec.id(), spec.target());
        SHARED.lockInterruptibly();
        try {
            return make(spec, device, host);
        } catch (OsException | IOException | RuntimeException e) {
            try {
                stop(spec.id(), spec.target());
            } catch (OsException | IOException left) {
                e.addSuppressed(left);
            }
            throw e;
        } finally {
            SHARED.unlock();
        }
    }

    private Offer make(ExportSpec spec, Attachment device, String host)
            throws OsException, IOException {
        checkNotForeign(host);
        Path own = own(spec.id());
        String id = id(spec.target());
        Configfs.make(own);
        Configfs.write(own.resolve("attr_allow_any_host"), "0");
        Configfs.write(own.resolve("attr_serial"), id.replace("-", "").substring(0, SERIAL_LENGTH));
        Configfs.write(own.resolve(MODEL), model(host));
        Path namespace = own.resolve(NAMESPACE);
        Configfs.make(namespace);
        // First, for it says whose it is.
        Configfs.write(namespace.resolve("device_uuid"), id);
        Configfs.write(namespace.resolve("device_path"), device.device());
        try {
            Configfs.write(namespace.resolve("enable"), "1");
        } catch (IOException e) {
            throw told(
                    IN_USE,
                    "the kernel does not open %s: %s"
                            .formatted(device.device(), Configfs.reason(e)),
                    e);
        }
        Configfs.link(own.resolve(ALLOWED).resolve(host), let(host));
        // From here on nobody can remove it; whoever did before may have made one without a key.
        if (keyOf(host).isEmpty()) {
            throw new OsException(
                    CONFLICT, "somebody else changes what the kernel knows of " + host);
        }
        NvmePort here = port.orElseThrow();
        try {
            Path listening = here.link(own);
            return shown(own, listening, host, spec.target());
        } catch (IOException e) {
            throw told(
                    UNSUPPORTED,
                    "the kernel cannot listen at %s: %s; see %s"
                            .formatted(here.portal(), Configfs.reason(e), ExportOptions.NVME),
                    e);
        }
    }

    private static OsException told(Kind kind, String message, IOException cause) {
        OsException told = new OsException(kind, message);
        told.initCause(cause);
        return told;
    }

    /**
     * What a subsystem calls its model, so that its host is found by it though it is not let in
     * yet: 40 characters at most.
     */
    private static String model(String host) {
        return "Cairn " + UUID.nameUUIDFromBytes(host.getBytes(UTF_8)).toString().replace("-", "");
    }

    /** The host as the kernel knows it, with a key that only root can read. */
    private static Path let(String name) throws IOException {
        Path host = HOSTS.resolve(name);
        Configfs.make(host);
        Path key = host.resolve(KEY);
        // The kernel lets everybody read it.
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        if (Configfs.read(key).isEmpty()) {
            Configfs.write(key, NvmeKey.random());
        }
        return host;
    }

    /**
     * @throws OsException CONFLICT if somebody else has made the host known to the kernel, whose
     *     key it would be, or who would have to have one then
     */
    private static void checkNotForeign(String host) throws OsException, IOException {
        if (!Configfs.isThere(HOSTS.resolve(host))) {
            return;
        }
        for (Path each : Configfs.folders(SUBSYSTEMS)) {
            if (Configfs.readIfThere(each.resolve(MODEL)).equals(model(host))) {
                return;
            }
        }
        throw new OsException(
                CONFLICT,
                "the kernel knows %s already, by somebody else; see `nvmetcli ls`, and remove it there"
                        .formatted(host));
    }

    /** Whether it may use any subsystem, of whoever's. */
    private static boolean isLetIn(String host) throws IOException {
        for (Path each : Configfs.folders(SUBSYSTEMS)) {
            for (Path link : Configfs.links(each.resolve(ALLOWED))) {
                if (name(link).equals(host)) {
                    return true;
                }
            }
        }
        return false;
    }

    @Override
    public void stop(ConnectionId id, Target target)
            throws OsException, InterruptedException, IOException {
        Path own = own(id);
        SHARED.lock();
        try {
            if (!Configfs.isThere(own)) {
                NvmePort.sweep(PORTS);
                return;
            }
            // Which ends the host's connections.
            NvmePort.unlink(PORTS, name(own));
            Path namespace = own.resolve(NAMESPACE);
            if (Configfs.readIfThere(namespace.resolve("enable")).equals("1")) {
                Configfs.write(namespace.resolve("enable"), "0");
            }
            Configfs.remove(namespace);
            for (Path link : Configfs.links(own.resolve(ALLOWED))) {
                Configfs.remove(link);
            }
            String model = Configfs.read(own.resolve(MODEL));
            for (Path host : Configfs.folders(HOSTS)) {
                if (model(name(host)).equals(model) && !isLetIn(name(host))) {
                    Configfs.remove(host);
                }
            }
            Configfs.remove(own);
            NvmePort.sweep(PORTS);
        } finally {
            SHARED.unlock();
        }
    }

    @Override
    public void checkGrowable(Target target) {}

    @Override
    public void grown(Target target) throws IOException {
        for (Path each : all(target)) {
            Path namespace = each.resolve(NAMESPACE);
            // What is half made, or half taken back, is opened anew, or never.
            if (Configfs.readIfThere(namespace.resolve("enable")).equals("1")) {
                Configfs.write(namespace.resolve("revalidate_size"), "1");
            }
        }
    }
}
