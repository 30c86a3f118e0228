package io.cairn.plugin.lvm;

import static io.cairn.plugin.lvm.Creation.there;
import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.Offerings;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Attachment;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Target;

import java.io.IOException;
import java.util.Optional;

/** Exports of thin volumes, whose devices bear a tag while they are there for that alone. */
final class Exported extends DeviceExports {
    private final Calling calling;
    private final ThinPool pool;
    private final Lookup lookup;
    private final Activation activation;

    Exported(
            Calling calling,
            ThinPool pool,
            Lookup lookup,
            Activation activation,
            Offerings offerings) {
        super(calling.calls(), offerings);
        this.calling = calling;
        this.pool = pool;
        this.lookup = lookup;
        this.activation = activation;
    }

    @Override
    Attachment device(Native os, ExportSpec spec)
            throws OsException, InterruptedException, IOException {
        return calling.turn(() -> active(os, spec));
    }

    private Attachment active(Native os, ExportSpec spec)
            throws OsException, InterruptedException, IOException {
        Target target = spec.target();
        LogicalVolume volume = there(lookup.of(os, target), "there is no %s".formatted(target));
        Optional<Attachment> device = activation.device(os, volume.name());
        boolean own = Activation.forExports(volume);
        if (device.isPresent() && own && device.get().readOnly() != spec.readOnly()) {
            if (!offerings().anyFor(target)) {
                // Of an export that was never made, or whose servers died.
                activation.deactivate(os, volume.name());
                device = Optional.empty();
            }
        }
        if (device.isEmpty()) {
            return activation.activate(os, volume, spec.readOnly(), true);
        }
        if (!spec.readOnly() && !own) {
            throw new OsException(
                    IN_USE,
                    "it is attached as %s; detach it first".formatted(device.get().device()));
        }
        if (!spec.readOnly()
                && (device.get().readOnly() || offerings().anyWriting(target, spec.id()))) {
            throw new OsException(
                    IN_USE, "another host has it exported; take that export back first");
        }
        return device.get();
    }

    @Override
    void release(Native os, Target target) throws OsException, InterruptedException, IOException {
        Target _ =
                calling.turn(
                        () -> {
                            rest(os, target);
                            return target;
                        });
    }

    private void rest(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        String name = Names.of(target);
        Optional<LogicalVolume> volume = lookup.of(os, target);
        if (volume.isPresent()
                && Activation.forExports(volume.get())
                && !offerings().anyFor(target)) {
            activation.deactivate(os, name);
            activation.mark(volume.get(), false);
        } else {
            pool.flushDevice(os, name);
        }
    }

    /** Whether anything is exported of a target. */
    boolean any(Target target) throws OsException, IOException {
        return offerings().anyFor(target);
    }

    /**
     * Whether what is exported may be attached too.
     *
     * @throws OsException IN_USE if not
     */
    void checkShared(Target target, Attachment device, boolean readOnly)
            throws OsException, IOException {
        if (device.readOnly() != readOnly
                || (!readOnly && offerings().anyWriting(target, ConnectionId.random()))) {
            throw new OsException(
                    IN_USE,
                    "it is exported%s; take the export back first"
                            .formatted(device.readOnly() ? " read-only" : ""));
        }
    }

    /**
     * Before what is exported too is attached no longer.
     *
     * @throws OsException IN_USE if a file system is mounted from it, or another device lies on it
     */
    void checkUnmounted(Native os, Target target)
            throws OsException, InterruptedException, IOException {
        String name = Names.of(target);
        pool.flushDevice(os, name);
        if (!offerings().anyClaiming(target)) {
            Activation.checkUnclaimed(os, pool.path(name));
        }
    }

    void checkGrowable(Target target) throws OsException, IOException {
        offerings().checkGrowable(target);
    }

    void grown(Target target) throws OsException, IOException {
        offerings().grown(target);
    }
}
