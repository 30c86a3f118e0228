package io.cairn.plugin.lvm;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.Offer;
import io.cairn.plugin.local.Offering;
import io.cairn.plugin.local.Offerings;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Attachment;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import java.io.IOException;
import java.util.Optional;
import java.util.Set;

/**
 * Volumes and snapshots for other hosts: devices that are there as long as anything is exported of
 * them. Servers are started and ended without LVM being kept from other volumes meanwhile.
 */
abstract class DeviceExports implements Exporting {
    private final Calls calls;
    private final Offerings offerings;

    DeviceExports(Calls calls, Offerings offerings) {
        this.calls = calls;
        this.offerings = offerings;
    }

    /**
     * The device to be offered, made if it is not there.
     *
     * @throws OsException IN_USE if another use of it forbids this one
     */
    abstract Attachment device(Native os, ExportSpec spec)
            throws OsException, InterruptedException, IOException;

    /**
     * Takes a device away if it is there for nothing any more, with all that was written to it
     * durable.
     */
    abstract void release(Native os, Target target)
            throws OsException, InterruptedException, IOException;

    final Offerings offerings() {
        return offerings;
    }

    @Override
    public final Set<String> protocols() {
        return offerings.protocols();
    }

    @Override
    public final Export export(ExportSpec spec) throws DriverException, InterruptedException {
        return calls.call(
                "export " + spec.target(),
                os -> {
                    Optional<Offer> there = offerings.same(spec);
                    if (there.isPresent()) {
                        return there.get().export();
                    }
                    Offering offering = offerings.by(spec.protocol());
                    Attachment device = device(os, spec);
                    try {
                        return offering.start(spec, device).export();
                    } catch (OsException | IOException | RuntimeException e) {
                        undo(os, spec.target(), e);
                        throw e;
                    }
                });
    }

    private void undo(Native os, Target target, Exception failure) throws InterruptedException {
        try {
            release(os, target);
        } catch (OsException | IOException left) {
            // Which makes the outcome unknown.
            failure.addSuppressed(left);
        }
    }

    @Override
    public final void unexport(ConnectionId id, Target target)
            throws DriverException, InterruptedException {
        calls.call(
                "take back the export of " + target,
                os -> {
                    offerings.stop(id, target);
                    try {
                        release(os, target);
                    } catch (OsException e) {
                        // The export itself is gone.
                        throw e.withUnknownOutcome();
                    }
                    return target;
                });
    }

    @Override
    public final Optional<Export> exported(ConnectionId id, Target target)
            throws DriverException, InterruptedException {
        return calls.call(
                "look for the export of " + target,
                _ -> offerings.serving(id, target).map(Offer::export));
    }
}
