package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Loops.Loop;
import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Volumes and snapshots as loop devices. */
public final class Attachments implements Attaching {
    private final Calls calls;
    private final Images images;
    private final Servers servers;
    private final int sectorBytes;

    /**
     * Attaches a backend's files.
     *
     * @param sectorBytes as in {@link Loops#attach}
     */
    public Attachments(Calls calls, Images images, Servers servers, int sectorBytes) {
        this.sectorBytes = sectorBytes;
        this.calls = calls;
        this.images = images;
        this.servers = servers;
    }

    @Override
    public Attachment attach(Target target, boolean readOnly)
            throws DriverException, InterruptedException {
        boolean fixed = readOnly || target.fixed();
        return calls.call(
                "attach " + target,
                os -> {
                    int access = fixed ? Native.O_RDONLY : Native.O_RDWR;
                    try (Fd file = images.target(os, target, access)) {
                        List<Loop> there = loops(os, target, file);
                        if (!there.isEmpty()) {
                            return shown(asAsked(there.getFirst(), fixed));
                        }
                        check(os, target, file, fixed);
                        return shown(Loops.attach(os, file, fixed, sectorBytes));
                    }
                });
    }

    @Override
    public void detach(Target target) throws DriverException, InterruptedException {
        calls.call(
                "detach " + target,
                os -> {
                    try (Fd file = images.targetIfThere(os, target)) {
                        if (file != null) {
                            for (Loop loop : loops(os, target, file)) {
                                Loops.detach(os, loop);
                            }
                        }
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
                    try (Fd file = images.targetIfThere(os, target)) {
                        List<Loop> there = file == null ? List.of() : loops(os, target, file);
                        return there.isEmpty()
                                ? Optional.empty()
                                : Optional.of(shown(there.getFirst()));
                    }
                });
    }

    private void check(Native os, Target target, Fd file, boolean readOnly)
            throws OsException, InterruptedException, IOException {
        long size = os.size(file);
        if (size % sectorBytes != 0) {
            throw new OsException(
                    UNSUPPORTED,
                    "a block device has sectors of %d bytes, and its %d bytes would not all be seen: grow it to %d"
                            .formatted(
                                    sectorBytes,
                                    size,
                                    Math.ceilDiv(size, sectorBytes) * sectorBytes));
        }
        if (!readOnly && servers.anyWriting(target)) {
            throw new OsException(IN_USE, "it is exported for writing; take the export back first");
        }
    }

    private List<Loop> loops(Native os, Target target, Fd file) throws OsException, IOException {
        return Loops.of(os, file, images.hint(target)).stream().filter(Loop::whole).toList();
    }

    private static Loop asAsked(Loop loop, boolean readOnly) throws OsException {
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

    private static Attachment shown(Loop loop) throws OsException, IOException {
        return new Attachment(loop.device(), loop.readOnly(), Loops.sizeBytes(loop));
    }
}
