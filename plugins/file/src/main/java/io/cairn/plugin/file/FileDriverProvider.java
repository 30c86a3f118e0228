package io.cairn.plugin.file;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.util.List;
import java.util.Objects;

/** Offers the file driver to the daemon. */
public final class FileDriverProvider implements DriverProvider {
    static final String DIRECTORY = "directory";
    static final String METHOD = "snapshot.method";
    static final String POOL = "pool";
    static final String EXPORT_NBD = "export.nbd";
    static final String EXPORT_PROGRAM = "export.program";
    static final String EXPORT_DIRECTORY = "export.directory";
    private static final String TCP = "tcp";

    @Override
    public String name() {
        return "file";
    }

    @Override
    public DriverInfo info() {
        return new DriverInfo(
                Objects.requireNonNullElse(
                        getClass().getPackage().getImplementationVersion(), "unpackaged"),
                "Cairn",
                "Keeps volumes as sparse files in a folder of a local file system.",
                List.of(
                        Option.required(
                                DIRECTORY,
                                Option.Type.PATH,
                                "The folder for the volumes: its own, empty at first, on XFS or"
                                        + " btrfs for instant snapshots."),
                        Option.optional(
                                        METHOD,
                                        Option.Type.TEXT,
                                        Method.AUTO.word(),
                                        "How snapshots are cut: reflink shares the content and"
                                                + " works on volumes in use, copy copies it and"
                                                + " does not, auto takes reflink where the file"
                                                + " system has it.")
                                .among(
                                        Method.AUTO.word(),
                                        Method.REFLINK.word(),
                                        Method.COPY.word()),
                        Option.optional(
                                POOL,
                                Option.Type.TEXT,
                                "default",
                                "The name of the backend's one pool."),
                        Option.optional(
                                        EXPORT_NBD,
                                        Option.Type.TEXT,
                                        "unix",
                                        "Where exports by NBD listen: unix is a socket that only"
                                                + " the daemon's user can reach, tcp a free port"
                                                + " of 127.0.0.1 that every user of this machine"
                                                + " can.")
                                .among("unix", TCP),
                        Option.optional(
                                        EXPORT_PROGRAM,
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
                                EXPORT_DIRECTORY,
                                Option.Type.PATH,
                                "/run/cairn",
                                "The folder for the sockets of exports if the path of the"
                                        + " backend's own folder is too long for them; made if"
                                        + " it is not there.")));
    }

    @Override
    public Driver open(BackendIdentity self, Settings settings) throws DriverException {
        Folder folder =
                Folder.open(settings.path(DIRECTORY), self, Method.of(settings.text(METHOD)));
        Servers servers =
                new Servers(
                        folder.path(),
                        settings.path(EXPORT_DIRECTORY),
                        settings.text(EXPORT_NBD).equals(TCP),
                        NbdProgram.first(settings.text(EXPORT_PROGRAM)));
        try (Native os = new Native()) {
            return new FileDriver(folder, settings.text(POOL), servers, Loops.available(os));
        }
    }
}
