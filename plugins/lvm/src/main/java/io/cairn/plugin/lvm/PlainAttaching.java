package io.cairn.plugin.lvm;

import static io.cairn.plugin.lvm.Creation.there;
import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;

import io.cairn.plugin.local.Calls;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.Target;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Volumes and snapshots as devices of the kernel. Since a volume and its snapshots are active
 * together, a tag says which of them are attached; it names the start of the host that it holds
 * for.
 */
final class PlainAttaching implements Attaching {
    private final Calls calls;
    private final PlainGroup group;
    private final PlainLookup lookup;

    PlainAttaching(Calls calls, PlainGroup group, PlainLookup lookup) {
        this.calls = calls;
        this.group = group;
        this.lookup = lookup;
    }

    @Override
    public Attachment attach(Target target, boolean readOnly)
            throws DriverException, InterruptedException {
        boolean fixed = readOnly || target.fixed();
        return calls.call(
                "attach " + target,
                os ->
                        group.turn(
                                () -> {
                                    LogicalVolume volume =
                                            there(lookup.of(os, target), "there is no " + target);
                                    if (!group.isAttached(os, volume)) {
                                        checkShared(target, volume, fixed);
                                        activate(os, volume, fixed);
                                        mark(volume);
                                        group.flush(os);
                                    }
                                    return asAsked(volume.name(), device(os, volume), fixed);
                                }));
    }

    /**
     * Whether what is exported may be attached too.
     *
     * @throws OsException IN_USE if not
     */
    private void checkShared(Target target, LogicalVolume volume, boolean readOnly)
            throws OsException, IOException {
        if (group.isExported(volume)
                && (!readOnly || group.offerings().anyWriting(target, ConnectionId.random()))) {
            throw new OsException(IN_USE, "it is exported; take the export back first");
        }
    }

    /** Makes a device of what is none. */
    void activate(Native os, LogicalVolume volume, boolean readOnly)
            throws OsException, InterruptedException, IOException {
        String name = group.full(volume.name());
        if (volume.writable() == readOnly) {
            group.lvm().change("lvchange", List.of(readOnly ? "-pr" : "-prw", name));
        }
        if (volume.origin().isEmpty()) {
            group.activate(volume.name());
        } else {
            group.activate(volume.origin());
            try {
                group.checkWhole(os, volume.name());
                group.makeNode(volume.name());
            } catch (OsException e) {
                group.rest(os, volume.origin());
                throw e;
            }
        }
    }

    private void mark(LogicalVolume volume) throws OsException, InterruptedException, IOException {
        List<String> words = new ArrayList<>(Labels.words(attached(volume), List.of(tag())));
        if (!words.isEmpty()) {
            words.add(group.full(volume.name()));
            group.lvm().change("lvchange", words);
        }
    }

    private String tag() {
        return Tags.of(Tags.ATTACHED, group.boot());
    }

    /** The tags that say of any start of the host that it is attached. */
    private static List<String> attached(LogicalVolume volume) {
        return volume.tags().stream()
                .filter(each -> each.startsWith(Tags.OWN + Tags.ATTACHED + "="))
                .toList();
    }

    private DeviceMapper.Device device(Native os, LogicalVolume volume) throws OsException {
        return group.device(os, volume.name())
                .orElseThrow(
                        () ->
                                new OsException(
                                        FAULT,
                                        "LVM made no device %s"
                                                .formatted(group.path(volume.name()))));
    }

    @Override
    public void detach(Target target) throws DriverException, InterruptedException {
        calls.call(
                "detach " + target,
                os ->
                        group.turn(
                                () -> {
                                    Optional<LogicalVolume> volume = lookup.of(os, target);
                                    if (volume.isPresent()) {
                                        release(os, target, volume.get());
                                    }
                                    return target;
                                }));
    }

    private void release(Native os, Target target, LogicalVolume volume)
            throws OsException, InterruptedException, IOException {
        String name = volume.name();
        if (group.device(os, name).isPresent()) {
            if (group.isExported(volume)) {
                // It is open for that; one that its server claims cannot be mounted.
                if (!group.offerings().anyClaiming(target)) {
                    Activation.checkUnclaimed(os, group.path(name));
                }
            } else if (group.isOpen(os, name)) {
                throw Activation.open(group.path(name));
            }
            group.flushDevice(os, name);
        }
        Labels.change(group, volume, attached(volume), List.of());
        group.rest(os, volume.origin().isEmpty() ? name : volume.origin());
    }

    @Override
    public Optional<Attachment> attached(Target target)
            throws DriverException, InterruptedException {
        String name = Names.of(target);
        return calls.call(
                "look for the device of " + target,
                os -> {
                    Optional<DeviceMapper.Device> device = group.device(os, name);
                    if (device.isEmpty()) {
                        return Optional.empty();
                    }
                    return group.turn(() -> group.volumes("lv_name=" + name)).stream()
                                    .anyMatch(each -> attached(each).contains(tag()))
                            ? device.map(each -> shown(name, each))
                            : Optional.empty();
                });
    }

    private Attachment asAsked(String name, DeviceMapper.Device device, boolean readOnly)
            throws OsException {
        if (device.readOnly() != readOnly) {
            throw new OsException(
                    CONFLICT,
                    "it is attached as %s already, %s; detach it first"
                            .formatted(
                                    group.path(name),
                                    device.readOnly() ? "read-only" : "for writing too"));
        }
        return shown(name, device);
    }

    private Attachment shown(String name, DeviceMapper.Device device) {
        return new Attachment(group.path(name), device.readOnly(), device.sizeBytes());
    }
}
