package io.cairn.plugin.rbd;

import io.cairn.plugin.local.Calls;
import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;

import java.util.Optional;

/** Block devices of what storage daemons serve, unless a host writes to that by Ceph's protocol. */
final class Attached implements Attaching {
    private final Calls calls;
    private final Attaching devices;
    private final Grants grants;

    Attached(Calls calls, Attaching devices, Grants grants) {
        this.calls = calls;
        this.devices = devices;
        this.grants = grants;
    }

    @Override
    public Attachment attach(Target target, boolean readOnly)
            throws DriverException, InterruptedException {
        if (!readOnly && !target.fixed()) {
            calls.call(
                    "attach " + target,
                    _ -> {
                        grants.checkNoneWrites(target.volume());
                        return target;
                    });
        }
        return devices.attach(target, readOnly);
    }

    @Override
    public void detach(Target target) throws DriverException, InterruptedException {
        devices.detach(target);
    }

    @Override
    public Optional<Attachment> attached(Target target)
            throws DriverException, InterruptedException {
        return devices.attached(target);
    }
}
