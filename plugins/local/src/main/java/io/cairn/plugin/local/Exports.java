package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Loops.Loop;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import java.util.Optional;
import java.util.Set;

/** Volumes and snapshots by the protocol NBD, each by a server process of its own. */
public final class Exports implements Exporting {
    private static final String NBD = "nbd";

    private final Calls calls;
    private final Images images;
    private final Servers servers;

    public Exports(Calls calls, Images images, Servers servers) {
        this.calls = calls;
        this.images = images;
        this.servers = servers;
    }

    @Override
    public Set<String> protocols() {
        return servers.available() ? Set.of(NBD) : Set.of();
    }

    @Override
    public Export export(ExportSpec spec) throws DriverException, InterruptedException {
        Target target = spec.target();
        return calls.call(
                "export " + target,
                os -> {
                    if (!spec.protocol().equals(NBD)) {
                        throw new OsException(
                                UNSUPPORTED,
                                "there is no protocol '%s' here; the only one is '%s'"
                                        .formatted(spec.protocol(), NBD));
                    }
                    if (!servers.available()) {
                        throw new OsException(
                                UNSUPPORTED, "no program is installed that serves it");
                    }
                    try (Fd file = images.target(os, target, Native.O_RDONLY)) {
                        if (!spec.readOnly()) {
                            for (Loop loop : Loops.of(os, file, images.hint(target))) {
                                if (!loop.readOnly()) {
                                    throw new OsException(
                                            IN_USE,
                                            "it is attached as %s; detach it first"
                                                    .formatted(loop.device()));
                                }
                            }
                        }
                        return shown(
                                servers.start(spec.id(), target, file.path(), spec.readOnly()));
                    }
                });
    }

    @Override
    public void unexport(ConnectionId id, Target target)
            throws DriverException, InterruptedException {
        calls.call(
                "take back the export of " + target,
                os -> {
                    servers.stop(id, target);
                    try (Fd file = images.targetIfThere(os, target)) {
                        if (file != null) {
                            os.sync(file);
                        }
                    }
                    return target;
                });
    }

    @Override
    public Optional<Export> exported(ConnectionId id, Target target)
            throws DriverException, InterruptedException {
        return calls.call(
                "look for the export of " + target,
                _ -> servers.serving(id, target).map(Exports::shown));
    }

    private static Export shown(Server server) {
        return new Export(NBD, server.info(), Set.of());
    }
}
