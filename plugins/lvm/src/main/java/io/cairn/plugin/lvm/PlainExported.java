package io.cairn.plugin.lvm;

import static io.cairn.plugin.lvm.Creation.there;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Attachment;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Target;

import java.io.IOException;
import java.util.Optional;

/** Exports of plain volumes. What is exported is active, which its servers alone say. */
final class PlainExported extends DeviceExports {
    private final PlainGroup group;
    private final PlainLookup lookup;
    private final PlainAttaching attaching;

    PlainExported(Calls calls, PlainGroup group, PlainLookup lookup, PlainAttaching attaching) {
        super(calls, group.offerings());
        this.group = group;
        this.lookup = lookup;
        this.attaching = attaching;
    }

    @Override
    Attachment device(Native os, ExportSpec spec)
            throws OsException, InterruptedException, IOException {
        return group.turn(() -> active(os, spec));
    }

    private Attachment active(Native os, ExportSpec spec)
            throws OsException, InterruptedException, IOException {
        Target target = spec.target();
        LogicalVolume volume = there(lookup.of(os, target), "there is no %s".formatted(target));
        boolean attached = group.isAttached(os, volume);
        if (!spec.readOnly()) {
            if (attached) {
                throw new OsException(
                        IN_USE,
                        "it is attached as %s; detach it first"
                                .formatted(group.path(volume.name())));
            }
            if (offerings().anyWriting(target, spec.id())) {
                throw new OsException(
                        IN_USE, "another host has it exported; take that export back first");
            }
        }
        if (!attached) {
            // Who may only read is kept from writing by what serves it.
            attaching.activate(os, volume, target.fixed());
        }
        DeviceMapper.Device device =
                group.device(os, volume.name())
                        .orElseThrow(
                                () ->
                                        new OsException(
                                                FAULT,
                                                "LVM made no device %s"
                                                        .formatted(group.path(volume.name()))));
        return new Attachment(group.path(volume.name()), device.readOnly(), device.sizeBytes());
    }

    @Override
    void release(Native os, Target target) throws OsException, InterruptedException, IOException {
        Target _ =
                group.turn(
                        () -> {
                            Optional<LogicalVolume> volume = lookup.of(os, target);
                            if (volume.isPresent()) {
                                group.flushDevice(os, volume.get().name());
                                String origin = volume.get().origin();
                                group.rest(os, origin.isEmpty() ? volume.get().name() : origin);
                            }
                            return target;
                        });
    }
}
