package io.cairn.plugin.local;

import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.spi.Target;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Who uses the files at the moment, beside the driver itself. */
public final class Uses {
    private final Images images;
    private final Servers servers;

    public Uses(Images images, Servers servers) {
        this.images = images;
        this.servers = servers;
    }

    /**
     * Whether nobody uses a target, as far as can be known.
     *
     * @throws OsException IN_USE if the target is attached, exported or open for writing
     */
    public void checkUnused(Native os, Target target, Fd file)
            throws OsException, InterruptedException, IOException {
        checkUnattached(os, images.hint(target), file);
        checkUnexported(target);
        checkUnwritten(os, file);
    }

    public void checkUnattached(Native os, String hint, Fd file) throws OsException, IOException {
        // The usual case, which spares a look at every loop device of the host.
        if (!Leases.mayBeOpenElsewhere(os, file)) {
            return;
        }
        List<Loops.Loop> loops = Loops.of(os, file, hint);
        if (!loops.isEmpty()) {
            throw new OsException(
                    IN_USE,
                    "it is attached as %s; detach it first".formatted(loops.getFirst().device()));
        }
    }

    public void checkUnexported(Target target)
            throws OsException, InterruptedException, IOException {
        if (servers.anyFor(target)) {
            throw new OsException(IN_USE, "it is exported; take the export back first");
        }
    }

    public void checkGrowable(Target target) throws OsException, IOException {
        Optional<Server> fixed = servers.notGrowing(target);
        if (fixed.isPresent()) {
            throw new OsException(
                    IN_USE,
                    "it is exported by %s, which would not see that it is larger; take the export back first, and set %s to %s for those to come"
                            .formatted(
                                    fixed.get().program().program(),
                                    ExportOptions.PROGRAM,
                                    NbdProgram.NBDKIT.program()));
        }
    }

    public void checkUnwritten(Native os, Fd file) throws OsException {
        try {
            // Not for reading: a listing at the same time has it open so.
            Leases.take(os, file);
        } catch (OsException e) {
            if (e.is(OsException.EAGAIN)) {
                throw new OsException(
                        IN_USE,
                        "%s is open for writing; see `fuser` or `losetup -j` for who has it"
                                .formatted(file.path()));
            }
            // Without leases or the right to one nothing can be known, and nothing speaks against.
            if (!e.isLacking() && !e.is(OsException.EACCES)) {
                throw e;
            }
        }
    }
}
