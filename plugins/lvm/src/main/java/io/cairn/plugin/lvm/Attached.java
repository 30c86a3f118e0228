package io.cairn.plugin.lvm;

import static io.cairn.plugin.lvm.Creation.there;
import static io.cairn.spi.DriverException.Kind.CONFLICT;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;

import java.util.Optional;

/**
 * Volumes and snapshots as devices of the kernel: whatever is active is attached, but for what is
 * so for its exports alone.
 */
final class Attached implements Attaching {
    private final Calling calling;
    private final Lookup lookup;
    private final Activation activation;
    private final Exported exported;

    Attached(Calling calling, Lookup lookup, Activation activation, Exported exported) {
        this.calling = calling;
        this.lookup = lookup;
        this.activation = activation;
        this.exported = exported;
    }

    @Override
    public Attachment attach(Target target, boolean readOnly)
            throws DriverException, InterruptedException {
        boolean fixed = readOnly || target.fixed();
        return calling.call(
                "attach " + target,
                os -> {
                    LogicalVolume volume =
                            there(lookup.of(os, target), "there is no %s".formatted(target));
                    Optional<Attachment> device = activation.device(os, volume.name());
                    if (device.isPresent() && Activation.forExports(volume)) {
                        if (exported.any(target)) {
                            exported.checkShared(target, device.get(), fixed);
                            activation.mark(volume, false);
                            return device.get();
                        }
                        // Of an export that was never made, or whose servers died.
                        activation.deactivate(os, volume.name());
                        device = Optional.empty();
                    }
                    return device.isEmpty()
                            ? activation.activate(os, volume, fixed, false)
                            : asAsked(device.get(), fixed);
                });
    }

    @Override
    public void detach(Target target) throws DriverException, InterruptedException {
        calling.call(
                "detach " + target,
                os -> {
                    String name = Names.of(target);
                    if (activation.device(os, name).isEmpty()) {
                        return target;
                    }
                    if (exported.any(target)) {
                        Optional<LogicalVolume> volume = lookup.of(os, target);
                        if (volume.isPresent()) {
                            exported.checkUnmounted(os, target);
                            activation.mark(volume.get(), true);
                        }
                    } else {
                        activation.deactivate(os, name);
                    }
                    return target;
                });
    }

    @Override
    public Optional<Attachment> attached(Target target)
            throws DriverException, InterruptedException {
        String name = Names.of(target);
        String what = "look for the device of " + target;
        Optional<Attachment> device = calling.calls().call(what, os -> activation.device(os, name));
        if (device.isEmpty()) {
            return device;
        }
        return calling.call(
                what,
                os ->
                        lookup.of(os, target).filter(Activation::forExports).isPresent()
                                ? Optional.empty()
                                : activation.device(os, name));
    }

    private static Attachment asAsked(Attachment device, boolean readOnly) throws OsException {
        if (device.readOnly() != readOnly) {
            throw new OsException(
                    CONFLICT,
                    "it is attached as %s already, %s; detach it first"
                            .formatted(
                                    device.device(),
                                    device.readOnly() ? "read-only" : "for writing too"));
        }
        return device;
    }
}
