package io.cairn.plugin.btrfs;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.ExportOptions;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
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
import java.util.Optional;
import java.util.stream.Stream;

/** Offers the btrfs driver to the daemon. */
public final class BtrfsDriverProvider implements DriverProvider {
    static final String DIRECTORY = "directory";
    static final String POOL = "pool";

    private static final List<Option> OPTIONS =
            List.of(
                    Option.required(
                            DIRECTORY,
                            Option.Type.PATH,
                            "The folder for the volumes: its own, empty at first, on a btrfs that"
                                    + " is not mounted with nodatacow."),
                    Option.optional(
                            POOL,
                            Option.Type.TEXT,
                            "default",
                            "The name of the backend's one pool."));

    @Override
    public String name() {
        return "btrfs";
    }

    @Override
    public DriverInfo info() {
        return new DriverInfo(
                Objects.requireNonNullElse(
                        getClass().getPackage().getImplementationVersion(), "unpackaged"),
                "Cairn",
                "Keeps each volume in a subvolume of a btrfs, and snapshots as subvolumes.",
                Stream.concat(OPTIONS.stream(), ExportOptions.all().stream()).toList());
    }

    @Override
    public Driver open(BackendIdentity self, Settings settings) throws DriverException {
        Fitness.checkKind(settings.path(DIRECTORY));
        BackendFolder folder = BackendFolder.open(settings.path(DIRECTORY), self, Fitness::check);
        Servers servers = ExportOptions.servers(folder.path(), settings);
        try (Native os = new Native()) {
            return new BtrfsDriver(
                    folder,
                    settings.text(POOL),
                    servers,
                    Loops.available(os),
                    cleaning(os, self.backend(), folder));
        }
    }

    private static Optional<Cleaning> cleaning(Native os, String backend, BackendFolder folder) {
        try {
            long _ = Subvolumes.deleted(os, folder.root());
            return Optional.of(new Cleaning(backend, folder.root()));
        } catch (OsException _) {
            // As for who is not root.
            return Optional.empty();
        }
    }
}
