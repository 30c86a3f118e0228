package io.cairn.plugin.local;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the kernel's NVMe target listens: one object for each address, which all subsystems that
 * are reached there share.
 *
 * @param ports what they are in
 */
record NvmePort(Path ports, Portal portal) {
    /** In place of what other tools, which count from 1, make. */
    private static final int FIRST = 26500;

    private static final int LAST = 26600;
    private static final String LINKED = "subsystems";

    /** Has a subsystem be reached here; returns the port. */
    Path link(Path subsystem) throws IOException {
        Path port = made();
        Configfs.link(
                port.resolve(LINKED).resolve(String.valueOf(subsystem.getFileName())), subsystem);
        return port;
    }

    private Path made() throws IOException {
        for (Path each : Configfs.folders(ports)) {
            if (isHere(each) && (isCairns(each) || isShared(each))) {
                return each;
            }
        }
        for (int number = FIRST; number < LAST; number++) {
            Path port = ports.resolve(Integer.toString(number));
            // One that a killed call left has no address yet, and listens nowhere.
            if (Configfs.readIfThere(port.resolve("addr_traddr")).isEmpty()) {
                Configfs.make(port);
                Configfs.write(port.resolve("addr_trtype"), "tcp");
                Configfs.write(port.resolve("addr_adrfam"), portal.isIpv6() ? "ipv6" : "ipv4");
                Configfs.write(port.resolve("addr_trsvcid"), Integer.toString(portal.port()));
                // Last, for it says that the others are set.
                Configfs.write(port.resolve("addr_traddr"), portal.host());
                return port;
            }
        }
        throw new IOException("%s is full".formatted(ports));
    }

    private boolean isHere(Path port) throws IOException {
        return Configfs.readIfThere(port.resolve("addr_trtype")).equals("tcp")
                && isAddress(Configfs.readIfThere(port.resolve("addr_traddr")))
                && Configfs.readIfThere(port.resolve("addr_trsvcid"))
                        .equals(Integer.toString(portal.port()));
    }

    private boolean isAddress(String text) {
        try {
            return InetAddress.ofLiteral(text).equals(portal.address());
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    /**
     * Whether one of somebody else's listens, as it has to stay, and to hosts as Cairn has them.
     */
    private static boolean isShared(Path port) throws IOException {
        String secured = Configfs.readIfThere(port.resolve("addr_tsas"));
        return !Configfs.links(port.resolve(LINKED)).isEmpty()
                && (secured.isEmpty() || secured.equals("none"));
    }

    /** The port that a subsystem is reached at. */
    static Optional<Path> of(Path ports, String subsystem) throws IOException {
        for (Path each : Configfs.folders(ports)) {
            for (Path link : Configfs.links(each.resolve(LINKED))) {
                if (String.valueOf(link.getFileName()).equals(subsystem)) {
                    return Optional.of(each);
                }
            }
        }
        return Optional.empty();
    }

    /** Has a subsystem be reached nowhere any more. */
    static void unlink(Path ports, String subsystem) throws IOException {
        for (Path each : Configfs.folders(ports)) {
            Configfs.remove(each.resolve(LINKED).resolve(subsystem));
        }
    }

    /** Removes those where nothing is reached any more. */
    static void sweep(Path ports) throws IOException {
        for (Path each : Configfs.folders(ports)) {
            if (isCairns(each) && Configfs.links(each.resolve(LINKED)).isEmpty()) {
                try {
                    Configfs.remove(each);
                } catch (FileSystemException _) {
                    // Somebody has put something else into it, or uses it just now.
                }
            }
        }
    }

    private static boolean isCairns(Path port) {
        String number = String.valueOf(port.getFileName());
        return number.matches("[0-9]{5}")
                && Integer.parseInt(number) >= FIRST
                && Integer.parseInt(number) < LAST;
    }
}
