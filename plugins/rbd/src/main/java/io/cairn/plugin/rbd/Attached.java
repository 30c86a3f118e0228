package io.cairn.plugin.rbd;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;

import java.io.IOException;
import java.util.Optional;

/**
 * Block devices of the kernel's, or of what storage daemons serve. What is attached either way
 * stays so, whichever way the next is.
 */
final class Attached implements Attaching {
    private static final System.Logger LOG = System.getLogger(Attached.class.getName());

    private final Calls calls;
    private final KernelDevices kernel;
    private final Attaching served;
    private final Serving serving;
    private final Grants grants;
    private final Ways ways;

    /** Which ways there are; at least one is. */
    record Ways(boolean kernel, boolean served) {}

    Attached(
            Calls calls,
            KernelDevices kernel,
            Attaching served,
            Serving serving,
            Grants grants,
            Ways ways) {
        this.calls = calls;
        this.kernel = kernel;
        this.served = served;
        this.serving = serving;
        this.grants = grants;
        this.ways = ways;
    }

    @Override
    public Attachment attach(Target target, boolean readOnly)
            throws DriverException, InterruptedException {
        boolean fixed = readOnly || target.fixed();
        boolean there = served.attached(target).isPresent();
        Optional<Attachment> device =
                calls.call(
                        "attach " + target,
                        os -> {
                            if (!fixed) {
                                grants.checkNoneWrites(target.volume());
                            }
                            Optional<KernelDevices.Device> found = kernel.of(target);
                            if (found.isPresent()) {
                                return Optional.of(shown(asAsked(found.get(), fixed)));
                            }
                            return there || !ways.kernel()
                                    ? Optional.empty()
                                    : made(os, target, fixed);
                        });
        return device.isPresent() ? device.get() : served.attach(target, readOnly);
    }

    /** Empty if it is to be tried the other way. */
    private Optional<Attachment> made(Native os, Target target, boolean fixed)
            throws OsException, InterruptedException, IOException {
        serving.checkThere(target);
        if (!fixed && serving.isServedForWriting(target)) {
            throw new OsException(IN_USE, "it is exported for writing; take the export back first");
        }
        try {
            return Optional.of(shown(kernel.make(os, target, fixed)));
        } catch (OsException e) {
            if (e.told().kind() != UNSUPPORTED || !ways.served()) {
                throw e;
            }
            LOG.log(
                    System.Logger.Level.INFO,
                    "{0} is attached by NBD: {1}",
                    target,
                    e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public void detach(Target target) throws DriverException, InterruptedException {
        calls.call(
                "detach " + target,
                os -> {
                    kernel.remove(os, target);
                    return target;
                });
        served.detach(target);
    }

    @Override
    public Optional<Attachment> attached(Target target)
            throws DriverException, InterruptedException {
        Optional<Attachment> device =
                calls.call(
                        "look for the device of " + target,
                        _ -> kernel.of(target).map(Attached::shown));
        return device.isPresent() ? device : served.attached(target);
    }

    private static KernelDevices.Device asAsked(KernelDevices.Device device, boolean readOnly)
            throws OsException {
        if (device.readOnly() != readOnly) {
            throw new OsException(
                    CONFLICT,
                    "it is attached as %s already, %s; detach it first"
                            .formatted(
                                    device.path(),
                                    device.readOnly() ? "read-only" : "for writing too"));
        }
        return device;
    }

    private static Attachment shown(KernelDevices.Device device) {
        return new Attachment(device.path(), device.readOnly(), device.sizeBytes());
    }
}
