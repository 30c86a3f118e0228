package io.cairn.plugin.local.qemu;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where exports by NBD listen.
 *
 * @param tcp whether on a port of the loopback interface; else on a unix socket
 * @param tlsFolder the certificates of the server, with which it encrypts and asks clients for
 *     theirs, named as QEMU's {@code tls-creds-x509} wants; empty to serve in the clear
 */
public record ServingOptions(boolean tcp, Optional<Path> tlsFolder) {
    static final String TLS = "export.tls";
    static final String NO_TLS = "none";

    /**
     * The settings of a backend.
     *
     * @param directory what {@link ExportOptions#DIRECTORY} is for
     */
    public static List<Option> options(String directory) {
        return List.of(
                Option.optional(
                                ExportOptions.NBD,
                                Option.Type.TEXT,
                                "unix",
                                "Where exports by NBD listen: unix is a socket that only"
                                        + " the daemon's user can reach, tcp a free port"
                                        + " of 127.0.0.1 that every user of this machine"
                                        + " can.")
                        .among("unix", ExportOptions.TCP),
                Option.optional(
                        TLS,
                        Option.Type.TEXT,
                        NO_TLS,
                        "A folder with ca-cert.pem, server-cert.pem and server-key.pem:"
                                + " exports over tcp then want TLS with a certificate of"
                                + " that authority. With none they are not encrypted."),
                Option.optional(
                        ExportOptions.DIRECTORY, Option.Type.PATH, "/run/cairn", directory));
    }

    /** As a backend's settings have it. */
    public static ServingOptions of(Settings settings) {
        String tls = settings.text(TLS);
        return new ServingOptions(
                settings.text(ExportOptions.NBD).equals(ExportOptions.TCP),
                tls.equals(NO_TLS) ? Optional.empty() : Optional.of(Path.of(tls)));
    }
}
