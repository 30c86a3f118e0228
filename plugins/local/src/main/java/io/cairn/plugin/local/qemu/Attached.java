package io.cairn.plugin.local.qemu;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Loop devices over files that storage daemons show by FUSE. */
public final class Attached implements Attaching {
    private final Calls calls;
    private final Served served;
    private final Served.Starting starting;
    private final int sectorBytes;

    /**
     * @param sectorBytes as in {@link Loops#attach}
     */
    public Attached(Calls calls, Served served, Served.Starting starting, int sectorBytes) {
        this.calls = calls;
        this.served = served;
        this.starting = starting;
        this.sectorBytes = sectorBytes;
    }

    @Override
    public Attachment attach(Target target, boolean readOnly)
            throws DriverException, InterruptedException {
        boolean fixed = readOnly || target.fixed();
        return calls.call(
                "attach " + target,
                os -> {
                    List<Loops.Loop> there = served.loops(os, target);
                    if (!there.isEmpty()) {
                        return shown(asAsked(there.getFirst(), fixed));
                    }
                    served.abandonLost(os, target);
                    StorageDaemon daemon = starting.started(os, target);
                    try {
                        return attach(os, daemon, fixed);
                    } catch (OsException
                            | IOException
                            | InterruptedException
                            | RuntimeException e) {
                        served.undo(os, daemon, e);
                        throw e;
                    }
                });
    }

    private Attachment attach(Native os, StorageDaemon daemon, boolean fixed)
            throws OsException, InterruptedException, IOException {
        // Of a call that was killed, or a device that somebody else took away.
        daemon.unexportFuse();
        if (!fixed && daemon.anyWritable()) {
            throw new OsException(IN_USE, "it is exported for writing; take the export back first");
        }
        Path file = daemon.exportFuse(!fixed);
        try (Fd shown = os.open(file.toString(), fixed ? Native.O_RDONLY : Native.O_RDWR)) {
            return shown(Loops.attach(os, shown, fixed, sectorBytes));
        }
    }

    @Override
    public void detach(Target target) throws DriverException, InterruptedException {
        calls.call(
                "detach " + target,
                os -> {
                    for (Loops.Loop loop : served.loops(os, target)) {
                        Loops.detach(os, loop);
                    }
                    served.abandonLost(os, target);
                    Optional<StorageDaemon> daemon = served.of(target);
                    if (daemon.isPresent()) {
                        daemon.get().unexportFuse();
                        served.stopIfIdle(os, daemon.get());
                    }
                    return target;
                });
    }

    @Override
    public Optional<Attachment> attached(Target target)
            throws DriverException, InterruptedException {
        return calls.call(
                "look for the device of " + target,
                os -> {
                    List<Loops.Loop> there = served.loops(os, target);
                    return there.isEmpty()
                            ? Optional.empty()
                            : Optional.of(shown(there.getFirst()));
                });
    }

    private static Loops.Loop asAsked(Loops.Loop loop, boolean readOnly) throws OsException {
        if (loop.readOnly() != readOnly) {
            throw new OsException(
                    CONFLICT,
                    "it is attached as %s already, %s; detach it first"
                            .formatted(
                                    loop.device(),
                                    loop.readOnly() ? "read-only" : "for writing too"));
        }
        return loop;
    }

    private static Attachment shown(Loops.Loop loop) throws OsException, IOException {
        return new Attachment(loop.device(), loop.readOnly(), Loops.sizeBytes(loop));
    }
}
