package io.cairn.plugin.lvm;

import io.cairn.spi.ConnectionId;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The kernel's NVMe target, as others see it, and a subsystem of theirs. */
final class NvmeTarget {
    private static final Path ROOT = Path.of("/sys/kernel/config/nvmet");
    private static final List<String> KINDS = List.of("subsystems", "hosts", "ports");
    private static final int DEPTH = 3;

    private final Path own;

    NvmeTarget(String name) {
        this.own = ROOT.resolve("subsystems").resolve(name);
    }

    /** All that is there of it. */
    static List<String> objects() throws IOException {
        List<String> found = new ArrayList<>();
        for (String kind : KINDS) {
            for (Path each : children(ROOT.resolve(kind))) {
                try (Stream<Path> all = Files.walk(each, DEPTH)) {
                    all.filter(
                                    path ->
                                            Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
                                                    || Files.isSymbolicLink(path))
                            .map(Path::toString)
                            .sorted()
                            .forEach(found::add);
                }
            }
        }
        return found;
    }

    /** What takes something back. */
    interface Step {
        void run() throws IOException;
    }

    /** What was done for a connection, in reverse. */
    static List<Step> undoing(ConnectionId id) throws IOException {
        String name = "nqn.2026-01.io.cairn:" + id;
        Path subsystem = ROOT.resolve("subsystems").resolve(name);
        Path allowed = children(subsystem.resolve("allowed_hosts")).getFirst();
        Path host = ROOT.resolve("hosts").resolve(allowed.toFile().getName());
        Path port = children(ROOT.resolve("ports")).getFirst();
        Path namespace = subsystem.resolve("namespaces/1");
        return List.of(
                () -> Files.delete(port.resolve("subsystems").resolve(name)),
                () -> Files.delete(port),
                () -> Files.createDirectory(port),
                () -> Files.delete(port),
                () -> Files.delete(allowed),
                () -> Files.delete(host),
                () -> Files.createDirectory(host),
                () -> Files.delete(host),
                () -> Files.writeString(namespace.resolve("enable"), "0"),
                () -> Files.delete(namespace),
                () -> Files.createDirectory(namespace),
                () -> Files.delete(namespace),
                () -> Files.delete(subsystem));
    }

    /** A subsystem that a host is let into without a key. */
    void make(String host, String service) throws IOException {
        Path let = ROOT.resolve("hosts").resolve(host);
        Path port = port();
        Files.createDirectory(own);
        Files.writeString(own.resolve("attr_allow_any_host"), "0");
        Files.createDirectory(let);
        Files.createSymbolicLink(own.resolve("allowed_hosts").resolve(host), let);
        Files.createDirectory(port);
        Files.writeString(port.resolve("addr_trtype"), "tcp");
        Files.writeString(port.resolve("addr_adrfam"), "ipv4");
        Files.writeString(port.resolve("addr_traddr"), "127.0.0.1");
        Files.writeString(port.resolve("addr_trsvcid"), service);
        Files.createSymbolicLink(port.resolve("subsystems").resolve(own.toFile().getName()), own);
    }

    private static Path port() {
        return ROOT.resolve("ports/1");
    }

    static String keyOf(String host) throws IOException {
        return Files.readString(key(host)).strip();
    }

    /** Who may read a host's key. */
    static String keyModeOf(String host) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(key(host)));
    }

    private static Path key(String host) {
        return ROOT.resolve("hosts").resolve(host).resolve("dhchap_key");
    }

    static void makeHost(String host) throws IOException {
        Files.createDirectory(ROOT.resolve("hosts").resolve(host));
    }

    static void removeHost(String host) throws IOException {
        Files.delete(ROOT.resolve("hosts").resolve(host));
    }

    void remove() throws IOException {
        Files.delete(port().resolve("subsystems").resolve(own.toFile().getName()));
        Files.delete(port());
        for (Path link : children(own.resolve("allowed_hosts"))) {
            Files.delete(link);
            Files.delete(ROOT.resolve("hosts").resolve(link.toFile().getName()));
        }
        Files.delete(own);
    }

    private static List<Path> children(Path above) throws IOException {
        try (Stream<Path> all = Files.list(above)) {
            return all.toList();
        }
    }
}
