package io.cairn.plugin.qcow2;

import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.ExportOptions;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.qemu.ServingOptions;
import io.cairn.plugin.local.qemu.ShownFile;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Option;
import io.cairn.spi.Settings;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Offers the qcow2 driver to the daemon. */
public final class Qcow2DriverProvider implements DriverProvider {
    static final String DIRECTORY = "directory";
    static final String POOL = "pool";
    static final String MOST_LAYERS = "layers.most";

    /** Qemu opens longer ones, but each layer costs memory and time. */
    private static final int LAYERS_LIMIT = 500;

    private static final List<Option> OPTIONS =
            Stream.concat(
                            Stream.of(
                                    Option.required(
                                            DIRECTORY,
                                            Option.Type.PATH,
                                            "The folder for the volumes: its own, empty at first."),
                                    Option.optional(
                                            POOL,
                                            Option.Type.TEXT,
                                            "default",
                                            "The name of the backend's one pool."),
                                    Option.optional(
                                            MOST_LAYERS,
                                            Option.Type.INTEGER,
                                            "64",
                                            "How many layers may lie over each other, 2 to %d: one for each snapshot of a volume and of what it was made from. At the limit no snapshot is cut."
                                                    .formatted(LAYERS_LIMIT))),
                            ServingOptions.options(
                                    "The folder for sockets if the path of the backend's own folder"
                                            + " is too long for them; made if it is not there.")
                                    .stream())
                    .toList();

    @Override
    public String name() {
        return "qcow2";
    }

    @Override
    public DriverInfo info() {
        return new DriverInfo(
                Objects.requireNonNullElse(
                        getClass().getPackage().getImplementationVersion(), "unpackaged"),
                "Cairn",
                "Keeps volumes as chains of qcow2 files on any file system, as on NFS.",
                OPTIONS);
    }

    @Override
    public Driver open(BackendIdentity self, Settings settings)
            throws DriverException, InterruptedException {
        long most = settings.integer(MOST_LAYERS);
        if (most < 2 || most > LAYERS_LIMIT) {
            throw new DriverException(
                    INVALID,
                    "%s=%d is not allowed: take 2 to %d"
                            .formatted(MOST_LAYERS, most, LAYERS_LIMIT));
        }
        QemuImg tool =
                new QemuImg(
                        QemuImg.installed()
                                .orElseThrow(
                                        () ->
                                                new DriverException(
                                                        UNSUPPORTED,
                                                        "there is no qemu-img: install qemu-utils")));
        Path directory = settings.path(DIRECTORY);
        LayeredDaemons daemons =
                new LayeredDaemons(
                        directory,
                        settings.path(ExportOptions.DIRECTORY),
                        ServingOptions.of(settings));
        return BackendFolder.open(
                directory,
                self,
                (os, folder) -> {
                    Layers layers =
                            new Layers(directory.resolve(Layers.LAYERS), made(os, folder), tool);
                    layers.clear(os);
                    Replacing.finishCards(os, folder);
                    endOrphans(directory.resolve(Layers.LAYERS));
                    daemons.all().clearDead();
                    return new Qcow2Driver(
                            os,
                            self.backend(),
                            folder,
                            new Lookup(folder, layers, settings.text(POOL)),
                            settings.text(POOL),
                            Math.toIntExact(most),
                            tool,
                            daemons,
                            Loops.available(os) && ShownFile.available());
                });
    }

    /** Once the folder is locked, so that they are nobody else's. */
    private static void endOrphans(Path layers) throws IOException {
        try {
            QemuImg.endOrphans(layers);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static Fd made(Native os, BackendFolder folder) throws OsException {
        if (os.makeFolder(folder.root(), Layers.LAYERS, 0700)) {
            os.sync(folder.root());
        }
        return os.open(folder.root(), Layers.LAYERS, Native.O_RDONLY);
    }
}
