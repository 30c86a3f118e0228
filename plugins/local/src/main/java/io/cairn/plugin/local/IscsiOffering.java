package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.spi.Attachment;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Target;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Block devices by iSCSI, served by the kernel's own target (LIO), which is set up by configfs.
 * Each connection has a target, {@code iqn.2026-01.io.cairn:ID}, for one initiator with a password
 * of its own; that is enabled last and disabled first.
 */
public final class IscsiOffering implements Offering {
    static final String ISCSI = "iscsi";

    private static final String BEGIN = "iqn.2026-01.io.cairn:";
    private static final Path KERNEL = Configfs.ROOT.resolve("target");
    private static final Path FABRIC = KERNEL.resolve("iscsi");
    private static final String GROUP = "tpgt_1";
    private static final String LUN = "lun_0";

    /** RFC 3720, 3.2.6, which the kernel compares in lower case. */
    private static final String INITIATOR =
            "iqn\\.[0-9]{4}-[0-9]{2}\\.[a-z0-9.:-]{1,212}|eui\\.[0-9a-f]{16}|naa\\.([0-9a-f]{16}|[0-9a-f]{32})";

    /**
     * Before a connection's id, to make a user's name of it: the kernel takes a name that begins
     * with {@code 0b} for one in Base64, which one id in 256 does, and lets nobody in by it.
     */
    private static final String USER = "cairn-";

    private static final String LETTERS =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /** What every initiator takes, of RFC 3720's 96 bits at least. */
    private static final int PASSWORD_LENGTH = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Optional<Portal> portal;

    /**
     * @param portal where to listen; empty to offer nothing any more, but to take back what was
     */
    public IscsiOffering(Optional<Portal> portal) {
        this.portal = portal;
    }

    @Override
    public String protocol() {
        return ISCSI;
    }

    @Override
    public Optional<String> obstacle() {
        if (portal.isEmpty()) {
            return Optional.of("setting '%s' is %s".formatted(ExportOptions.ISCSI, Portal.NONE));
        }
        try {
            if (Configfs.isThere(KERNEL)) {
                // The kernel loads what it needs for it, if it has that.
                Configfs.make(FABRIC);
                return Optional.empty();
            }
            return Optional.of(lacking(KERNEL + " is not there"));
        } catch (IOException e) {
            return Optional.of(
                    lacking("%s cannot be made: %s".formatted(FABRIC, Configfs.reason(e))));
        }
    }

    private static String lacking(String what) {
        return "%s; `modprobe -a target_core_iblock iscsi_target_mod`, and have configfs mounted at %s"
                .formatted(what, Configfs.ROOT);
    }

    @Override
    public boolean claims() {
        return true;
    }

    @Override
    public boolean anyFor(Target target) {
        return new Backstore(target).isThere();
    }

    @Override
    public boolean anyWriting(Target target, ConnectionId except) throws IOException {
        for (Path each : Configfs.folders(FABRIC)) {
            String name = String.valueOf(each.getFileName());
            if (name.startsWith(BEGIN)
                    && !name.equals(BEGIN + except)
                    && isOf(each, target)
                    && !isReadOnly(each)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public Optional<Offer> serving(ConnectionId id, Target target) throws IOException {
        Path own = own(id);
        if (!Configfs.readIfThere(own.resolve(GROUP).resolve("enable")).equals("1")
                || !isOf(own, target)) {
            return Optional.empty();
        }
        return Optional.of(shown(own));
    }

    @Override
    public Offer start(ExportSpec spec, Attachment device)
            throws OsException, InterruptedException, IOException {
        String initiator = initiator(spec);
        stop(spec.id(), spec.target());
        try {
            Backstore backstore = new Backstore(spec.target());
            backstore.make(device);
            return make(spec, backstore, initiator);
        } catch (OsException | IOException | RuntimeException e) {
            try {
                stop(spec.id(), spec.target());
            } catch (OsException | IOException left) {
                e.addSuppressed(left);
            }
            throw e;
        }
    }

    private static String initiator(ExportSpec spec) throws OsException {
        String initiator = spec.host().getOrDefault("initiator", "").toLowerCase(Locale.ROOT);
        if (!initiator.matches(INITIATOR)) {
            throw new OsException(
                    INVALID,
                    "'initiator' of the host's connector is to be its iSCSI name, as in /etc/iscsi/initiatorname.iscsi, such as iqn.2026-01.example:web1; nobody else is let in");
        }
        return initiator;
    }

    private Offer make(ExportSpec spec, Backstore backstore, String initiator)
            throws OsException, IOException {
        Path own = own(spec.id());
        Path group = own.resolve(GROUP);
        Configfs.make(own);
        Configfs.make(group);
        Configfs.write(group.resolve("attrib/authentication"), "1");
        Configfs.write(group.resolve("attrib/generate_node_acls"), "0");
        // Otherwise all who ask are told of it, though not let in.
        Configfs.write(group.resolve("attrib/demo_mode_discovery"), "0");
        Path lun = group.resolve("lun").resolve(LUN);
        Configfs.make(lun);
        Configfs.link(lun.resolve(backstore.name()), backstore.path());
        Path host = group.resolve("acls").resolve(initiator);
        Configfs.make(host);
        Configfs.write(host.resolve("auth/userid"), USER + spec.id());
        Configfs.write(host.resolve("auth/password"), password());
        Configfs.make(host.resolve(LUN));
        Configfs.link(host.resolve(LUN).resolve(LUN), lun);
        Configfs.write(host.resolve(LUN).resolve("write_protect"), spec.readOnly() ? "1" : "0");
        Portal here = portal.orElseThrow();
        try {
            Configfs.make(group.resolve("np").resolve(here.toString()));
        } catch (IOException e) {
            OsException told =
                    new OsException(
                            UNSUPPORTED,
                            "the kernel cannot listen at %s: %s; see %s"
                                    .formatted(here, Configfs.reason(e), ExportOptions.ISCSI));
            told.initCause(e);
            throw told;
        }
        Configfs.write(group.resolve("enable"), "1");
        return shown(own);
    }

    @Override
    public void stop(ConnectionId id, Target target)
            throws OsException, InterruptedException, IOException {
        Path own = own(id);
        Path group = own.resolve(GROUP);
        if (Configfs.readIfThere(group.resolve("enable")).equals("1")) {
            // Which ends the sessions too.
            Configfs.write(group.resolve("enable"), "0");
        }
        for (Path host : Configfs.folders(group.resolve("acls"))) {
            removeLuns(host);
            Configfs.remove(host);
        }
        removeLuns(group.resolve("lun"));
        for (Path listening : Configfs.folders(group.resolve("np"))) {
            Configfs.remove(listening);
        }
        Configfs.remove(group);
        Configfs.remove(own);
        new Backstore(target).removeIfUnused();
    }

    private static void removeLuns(Path above) throws IOException {
        for (Path lun : Configfs.folders(above)) {
            if (String.valueOf(lun.getFileName()).startsWith("lun_")) {
                for (Path link : Configfs.links(lun)) {
                    Configfs.remove(link);
                }
                Configfs.remove(lun);
            }
        }
    }

    /** The kernel asks the device each time that a host asks for its size. */
    @Override
    public void checkGrowable(Target target) {}

    @Override
    public void grown(Target target) {}

    private static Path own(ConnectionId id) {
        return FABRIC.resolve(BEGIN + id);
    }

    private static boolean isOf(Path own, Target target) throws IOException {
        String name = new Backstore(target).name();
        return Configfs.links(own.resolve(GROUP).resolve("lun").resolve(LUN)).stream()
                .anyMatch(link -> link.endsWith(name));
    }

    private static boolean isReadOnly(Path own) throws IOException {
        for (Path host : Configfs.folders(own.resolve(GROUP).resolve("acls"))) {
            Path writeProtect = host.resolve(LUN).resolve("write_protect");
            if (!Configfs.readIfThere(writeProtect).equals("1")) {
                return false;
            }
        }
        return true;
    }

    private static Offer shown(Path own) throws IOException {
        Path group = own.resolve(GROUP);
        Path host = only(group.resolve("acls"));
        Map<String, String> info =
                Map.of(
                        "target_portal",
                        String.valueOf(only(group.resolve("np")).getFileName()),
                        "target_iqn",
                        String.valueOf(own.getFileName()),
                        "target_lun",
                        "0",
                        "auth_method",
                        "CHAP",
                        "auth_username",
                        Configfs.read(host.resolve("auth/userid")),
                        "auth_password",
                        Configfs.read(host.resolve("auth/password")));
        return new Offer(new Export(ISCSI, info, Set.of("auth_password")), isReadOnly(own));
    }

    private static Path only(Path above) throws IOException {
        List<Path> found = Configfs.folders(above);
        if (found.size() != 1) {
            throw new IOException("%s has %d of what it has one".formatted(above, found.size()));
        }
        return found.getFirst();
    }

    private static String password() {
        StringBuilder password = new StringBuilder();
        for (int i = 0; i < PASSWORD_LENGTH; i++) {
            password.append(LETTERS.charAt(RANDOM.nextInt(LETTERS.length())));
        }
        return password.toString();
    }
}
