package io.cairn.plugin.local.qemu;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Volumes and snapshots by the protocol NBD, served by their storage daemons. */
public final class Exported implements Exporting {
    private static final String NBD = "nbd";

    private final Calls calls;
    private final Served served;
    private final Served.Starting starting;
    private final boolean available;

    /**
     * @param available whether new ones can be made; those that are there can be taken back anyway
     */
    public Exported(Calls calls, Served served, Served.Starting starting, boolean available) {
        this.calls = calls;
        this.served = served;
        this.starting = starting;
        this.available = available;
    }

    @Override
    public Set<String> protocols() {
        return available ? Set.of(NBD) : Set.of();
    }

    @Override
    public Export export(ExportSpec spec) throws DriverException, InterruptedException {
        Target target = spec.target();
        return calls.call(
                "export " + target,
                os -> {
                    if (!protocols().contains(spec.protocol())) {
                        throw new OsException(
                                UNSUPPORTED,
                                "there is no protocol '%s' here; there is %s"
                                        .formatted(spec.protocol(), protocols()));
                    }
                    boolean writable = !spec.readOnly() && !target.fixed();
                    StorageDaemon daemon = starting.started(os, target);
                    try {
                        Optional<Map<String, String>> there = daemon.exportedNbd(spec.id());
                        if (there.isPresent()) {
                            check(spec, daemon.isWritable(spec.id()), writable);
                            return shown(there.get());
                        }
                        if (writable && daemon.anyWritable()) {
                            throw new OsException(
                                    IN_USE,
                                    "it is attached, or another host may write to it; detach it or take that export back first");
                        }
                        return shown(daemon.exportNbd(spec.id(), writable));
                    } catch (OsException
                            | IOException
                            | InterruptedException
                            | RuntimeException e) {
                        served.undo(os, daemon, e);
                        throw e;
                    }
                });
    }

    private static void check(ExportSpec spec, boolean found, boolean wanted) throws OsException {
        if (found != wanted) {
            throw new OsException(
                    CONFLICT,
                    "it is exported for connection %s already, %s"
                            .formatted(spec.id(), found ? "for writing too" : "read-only"));
        }
    }

    @Override
    public void unexport(ConnectionId id, Target target)
            throws DriverException, InterruptedException {
        calls.call(
                "take back the export of " + target,
                os -> {
                    Optional<StorageDaemon> daemon = served.of(target);
                    if (daemon.isPresent()) {
                        if (daemon.get().exportedNbd(id).isPresent()) {
                            daemon.get().unexport(id.toString());
                        }
                        served.stopIfIdle(os, daemon.get());
                    }
                    return target;
                });
    }

    @Override
    public Optional<Export> exported(ConnectionId id, Target target)
            throws DriverException, InterruptedException {
        return calls.call(
                "look for the export of " + target,
                _ -> {
                    Optional<StorageDaemon> daemon = served.of(target);
                    return daemon.isEmpty()
                            ? Optional.empty()
                            : daemon.get().exportedNbd(id).map(Exported::shown);
                });
    }

    private static Export shown(Map<String, String> info) {
        return new Export(NBD, info, Set.of());
    }
}
