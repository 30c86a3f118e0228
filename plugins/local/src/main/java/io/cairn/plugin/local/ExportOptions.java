package io.cairn.plugin.local;

import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.nio.file.Path;
import java.util.List;

/** The settings of backends whose files are exported by servers of their own. */
public final class ExportOptions {
    public static final String NBD = "export.nbd";
    public static final String PROGRAM = "export.program";
    public static final String DIRECTORY = "export.directory";
    public static final String TCP = "tcp";

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

    /** The servers of a backend's folder, as its settings have them. */
    public static Servers servers(Path backend, Settings settings) {
        return new Servers(
                backend,
                settings.path(DIRECTORY),
                settings.text(NBD).equals(TCP),
                NbdProgram.first(settings.text(PROGRAM)));
    }
}
