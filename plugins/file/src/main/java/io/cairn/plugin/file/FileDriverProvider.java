package io.cairn.plugin.file;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.Servers;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Offers the file driver to the daemon. */
public final class FileDriverProvider implements DriverProvider {
    static final String DIRECTORY = "directory";
    static final String METHOD = "snapshot.method";
    static final String POOL = "pool";

    private static final List<Option> OPTIONS =
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
                            .among(Method.AUTO.word(), Method.REFLINK.word(), Method.COPY.word()),
                    Option.optional(
                            POOL,
                            Option.Type.TEXT,
                            "default",
                            "The name of the backend's one pool."));

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
                Stream.concat(OPTIONS.stream(), ExportOptions.all().stream()).toList());
    }

    @Override
    public Driver open(BackendIdentity self, Settings settings) throws DriverException {
        Folder folder =
                Folder.open(settings.path(DIRECTORY), self, Method.of(settings.text(METHOD)));
        Servers servers = ExportOptions.servers(folder.path(), settings);
        try (Native os = new Native()) {
            return new FileDriver(folder, settings.text(POOL), servers, Loops.available(os));
        }
    }
}
