package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.INVALID;

import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The settings of backends whose files are exported by servers of their own. */
public final class ExportOptions {
    public static final String NBD = "export.nbd";
    public static final String PROGRAM = "export.program";
    public static final String DIRECTORY = "export.directory";
    public static final String TCP = "tcp";
    public static final String ISCSI = "export.iscsi";
    public static final String NVME = "export.nvme";

    private ExportOptions() {}

    public static List<Option> all() {
        return List.of(
                Option.optional(
                                NBD,
                                Option.Type.TEXT,
                                "unix",
                                "Where exports by NBD listen: unix is a socket that only"
                                        + " the daemon's user can reach, tcp a free port"
                                        + " of 127.0.0.1 that every user of this machine"
                                        + " can.")
                        .among("unix", TCP),
                Option.optional(
                                PROGRAM,
                                Option.Type.TEXT,
                                NbdProgram.ANY,
                                "Which program serves exports by NBD: nbdkit lets a volume"
                                        + " grow meanwhile, qemu-storage-daemon does not,"
                                        + " auto takes the first of them that is"
                                        + " installed. Without it there are no exports.")
                        .among(
                                NbdProgram.ANY,
                                NbdProgram.NBDKIT.program(),
                                NbdProgram.QEMU.program()),
                Option.optional(
                        DIRECTORY,
                        Option.Type.PATH,
                        "/run/cairn",
                        "The folder for the sockets of exports if the path of the"
                                + " backend's own folder is too long for them; made if"
                                + " it is not there."));
    }

    /** Those of backends whose volumes are block devices. */
    public static List<Option> ofDevices() {
        List<Option> options = new ArrayList<>(all());
        options.add(
                Option.optional(
                        ISCSI,
                        Option.Type.TEXT,
                        "127.0.0.1:3260",
                        "Where exports by iSCSI listen, as ADDRESS:PORT, with an IPv6 address"
                                + " in brackets; none for no such exports. The kernel serves"
                                + " them where it has target_core_iblock and"
                                + " iscsi_target_mod."));
        options.add(
                Option.optional(
                        NVME,
                        Option.Type.TEXT,
                        "127.0.0.1:4420",
                        "Where exports by NVMe/TCP listen, as ADDRESS:PORT, with an IPv6 address"
                                + " in brackets; none for no such exports. The kernel serves them"
                                + " where it has nvmet_tcp and CONFIG_NVME_TARGET_AUTH."));
        return List.copyOf(options);
    }

    /**
     * How a backend whose volumes are block devices offers them, as its settings have it.
     *
     * @param folder where servers keep what they are found by
     * @throws OsException INVALID if a setting cannot be
     */
    public static Offerings offerings(Path folder, Settings settings) throws OsException {
        List<Offering> offerings = new ArrayList<>();
        offerings.add(new NbdOffering(folder, servers(folder, settings)));
        offerings.add(new IscsiOffering(portal(settings, ISCSI)));
        offerings.add(new NvmeOffering(portal(settings, NVME)));
        return new Offerings(offerings);
    }

    private static Optional<Portal> portal(Settings settings, String option) throws OsException {
        try {
            return Portal.parse(settings.text(option));
        } catch (IllegalArgumentException e) {
            OsException told =
                    new OsException(INVALID, "setting '%s': %s".formatted(option, e.getMessage()));
            told.initCause(e);
            throw told;
        }
    }

    /** The servers of a backend's folder, as its settings have them. */
    public static Servers servers(Path backend, Settings settings) {
        return new Servers(
                backend,
                settings.path(DIRECTORY),
                settings.text(NBD).equals(TCP),
                NbdProgram.first(settings.text(PROGRAM)));
    }
}
