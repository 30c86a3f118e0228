package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A thin pool as it was found when it was opened, and what is read of it and changed in it.
 *
 * @param extentBytes what sizes are multiples of
 * @param chunkBytes what its space is given out in
 * @param metadata the volume that its metadata is in
 * @param devices those that the group lies on
 */
record ThinPool(
        Lvm lvm,
        String group,
        String name,
        long extentBytes,
        long chunkBytes,
        String metadata,
        List<String> devices,
        Guard guard)
        implements Place {
    /** What LVM adds to the name of the device that is the pool itself, once it has volumes. */
    private static final String POOL_DEVICE = "-tpool";

    /** What LVM adds to the pool's name for the devices that it consists of. */
    private static final List<String> ITS_DEVICES = List.of("", POOL_DEVICE, "_tdata", "_tmeta");

    /**
     * How full the pool may be, in percent, for anything new to be made in it. What is there could
     * no longer be written once it is full.
     */
    record Guard(long data, long metadata) {}

    ThinPool {
        devices = List.copyOf(devices);
    }

    @Override
    public String toString() {
        return full(name);
    }

    /**
     * What the kernel says of it.
     *
     * @throws OsException UNAVAILABLE if it is not active
     */
    PoolStatus status(Native os) throws OsException {
        DeviceMapper.Device device = DeviceMapper.find(os, self(os)).orElseThrow(this::inactive);
        if (!device.type().equals("thin-pool")) {
            throw inactive();
        }
        return PoolStatus.parse(toString(), device.status());
    }

    private OsException inactive() {
        return new OsException(
                UNAVAILABLE,
                "thin pool %s is not active; activate it with `lvchange -ay %s`"
                        .formatted(this, this));
    }

    /** The device that is the pool itself. */
    private String self(Native os) throws OsException {
        String named = DeviceMapper.name(group, name);
        return DeviceMapper.find(os, named + POOL_DEVICE).isPresent() ? named + POOL_DEVICE : named;
    }

    /**
     * Keeps the metadata as it is now for others to read, in place of what was kept before: the
     * pool is the backend's own, so that is what a killed process left.
     */
    void holdMetadata(Native os) throws OsException {
        if (status(os).metadataHeld()) {
            releaseMetadata(os);
        }
        DeviceMapper.tell(os, self(os), "reserve_metadata_snap");
    }

    /**
     * Takes out of the pool what the kernel has in it under an id that LVM has still to have it
     * make. It may be there or not.
     */
    void forget(Native os, long thinId) throws OsException {
        try {
            DeviceMapper.tell(os, self(os), "delete " + thinId);
        } catch (OsException e) {
            if (!e.is(OsException.ENODATA)) {
                throw e.withUnknownOutcome();
            }
        }
    }

    void releaseMetadata(Native os) throws OsException {
        DeviceMapper.tell(os, self(os), "release_metadata_snap");
    }

    /** Has it active, as after a restart of the host. */
    void activate(Native os) throws OsException, InterruptedException, IOException {
        try {
            PoolStatus _ = status(os);
        } catch (OsException e) {
            lvm.change("lvchange", List.of("-ay", toString()));
        }
    }

    /**
     * @throws OsException NO_SPACE if it is so full that nothing new should be made
     */
    void checkRoom(Native os) throws OsException {
        PoolStatus status = status(os);
        if (status.needsCheck() || status.state().equals("ro")) {
            throw new OsException(
                    UNAVAILABLE,
                    "the kernel lets nobody write to thin pool %s (%s%s): repair it with `lvconvert --repair`"
                            .formatted(
                                    this,
                                    status.state(),
                                    status.needsCheck() ? ", needs_check" : ""));
        }
        check("space", status.dataPercent(), guard.data(), "lvextend -L +SIZE " + this);
        check(
                "metadata",
                status.metadataPercent(),
                guard.metadata(),
                "lvextend --poolmetadatasize +SIZE " + this);
    }

    private void check(String what, double percent, long most, String remedy) throws OsException {
        if (percent >= most) {
            throw new OsException(
                    NO_SPACE,
                    "the %s of thin pool %s is %.1f %% full, and nothing new is made from %d %% on; give it more with `%s`, or delete something"
                            .formatted(what, this, percent, most, remedy));
        }
    }

    /**
     * What was found in it.
     *
     * @param transaction the pool's own, as LVM has it: the kernel's, but for what LVM has still to
     *     tell it
     */
    record Found(List<LogicalVolume> volumes, long transaction) {}

    /** The volumes in it that a condition of LVM's holds for. */
    Found find(String condition) throws OsException, InterruptedException, IOException {
        List<LogicalVolume> found = new ArrayList<>();
        long transaction = -1;
        List<Map<String, String>> rows =
                lvm.report(
                        "lvs",
                        LogicalVolume.COLUMNS,
                        "-S",
                        "(pool_lv=%s && (%s)) || lv_name=%s".formatted(name, condition, name),
                        group);
        for (Map<String, String> row : rows) {
            LogicalVolume volume = LogicalVolume.of(row);
            if (volume.name().equals(name)) {
                transaction = volume.transaction();
            } else {
                found.add(volume);
            }
        }
        if (transaction < 0) {
            throw new OsException(
                    UNAVAILABLE,
                    "thin pool %s is there no longer; bring it back, as with `vgcfgrestore`"
                            .formatted(this));
        }
        return new Found(found, transaction);
    }

    /** Those of them alone. */
    @Override
    public List<LogicalVolume> volumes(String condition)
            throws OsException, InterruptedException, IOException {
        return find(condition).volumes();
    }

    /**
     * Makes a volume, by what {@code lvcreate} wants for it.
     *
     * @throws OsException FAULT if the kernel did not make it, whatever LVM says; it says that it
     *     did where a device was suspended before
     */
    void make(Native os, List<String> words) throws OsException, InterruptedException, IOException {
        long before = status(os).transaction();
        lvm.change("lvcreate", words);
        if (status(os).transaction() <= before) {
            throw new OsException(
                    FAULT,
                    "LVM says that it was made, and the kernel has it not; see `dmsetup info` for what is suspended in volume group %s"
                            .formatted(group));
        }
    }

    /**
     * Wakes the devices that a command which was killed left suspended: whoever writes to them
     * would wait for ever, and LVM itself takes them for suspended by itself.
     */
    void wake(Native os) throws OsException, InterruptedException, IOException {
        String begin = DeviceMapper.name(group, "");
        String own = DeviceMapper.name(group, name);
        List<String> asleep = new ArrayList<>();
        for (String device : DeviceMapper.ofGroup(os, group)) {
            boolean itself = ITS_DEVICES.stream().anyMatch(end -> device.equals(own + end));
            if (!itself && !device.startsWith(DeviceMapper.name(group, Names.OWN))) {
                continue;
            }
            if (DeviceMapper.find(os, device).filter(DeviceMapper.Device::suspended).isPresent()) {
                // The pool first, which all others wait for.
                asleep.add(
                        itself ? 0 : asleep.size(),
                        itself ? name : device.substring(begin.length()).replace("--", "-"));
            }
        }
        for (String volume : asleep.stream().distinct().toList()) {
            lvm.change("lvchange", List.of("--refresh", full(volume)));
        }
    }

    /** Writes what waits in the kernel's cache of a volume's device, if it is active. */
    void flushDevice(Native os, String volume)
            throws OsException, InterruptedException, IOException {
        Optional<DeviceMapper.Device> device = device(os, volume);
        if (device.isEmpty()) {
            return;
        }
        Optional<DeviceMapper.Device> itself = DeviceMapper.find(os, self(os));
        if (device.get().suspended() || itself.filter(DeviceMapper.Device::suspended).isPresent()) {
            wake(os);
        }
        makeNode(volume);
        try (Fd open = os.open(devicePath(volume), Native.O_RDONLY)) {
            os.sync(open);
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                throw new OsException(
                        FAULT,
                        "it is active, and %s is missing; `vgmknodes %s` makes it"
                                .formatted(devicePath(volume), group));
            }
            throw e;
        }
    }

    @Override
    public String obstacle(Native os, LogicalVolume volume) throws OsException {
        // Its content would be that of whenever it is made.
        return volume.transaction() < status(os).transaction()
                ? ""
                : "a command of LVM's that was to make it was killed before the kernel did; remove it with `lvremove %s`"
                        .formatted(full(volume.name()));
    }

    @Override
    public List<String> ownTags() throws OsException, InterruptedException, IOException {
        List<String> tags = new ArrayList<>();
        for (Map<String, String> row :
                lvm.report("lvs", "lv_tags", "-S", "lv_name=" + name, group)) {
            tags.addAll(LogicalVolume.tags(row.getOrDefault("lv_tags", "")));
        }
        return tags;
    }

    @Override
    public String changeCommand() {
        return "lvchange";
    }

    @Override
    public String described() {
        return "thin pool " + this;
    }
}
