package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NO_SPACE;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.Offerings;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Target;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A volume group of which a backend uses what nobody else does, and what is read of it and changed
 * in it. A volume and its snapshots are active together or not at all, which LVM wants so.
 *
 * @param boot of which start of the host this is
 * @param offerings how volumes are exported
 */
record PlainGroup(
        Lvm lvm,
        String group,
        long extentBytes,
        List<String> devices,
        Reserve reserve,
        String boot,
        Offerings offerings)
        implements Place {
    /** All that may have to grow. */
    static final String GROWING = "lv_name=~\"^cairn-[st]-\"";

    /** What LVM adds to a snapshot's name for the device that has what was copied. */
    static final String COPIED = "-cow";

    /** And to a volume's for the one that its snapshots lie over. */
    private static final String ITSELF = "-real";

    private static final int TRIES = 20;
    private static final long PAUSE_MILLIS = 50;

    PlainGroup {
        devices = List.copyOf(devices);
    }

    @Override
    public String name() {
        return group;
    }

    @Override
    public String toString() {
        return group;
    }

    @Override
    public String described() {
        return "volume group " + group;
    }

    @Override
    public String changeCommand() {
        return "vgchange";
    }

    @Override
    public List<String> ownTags() throws OsException, InterruptedException, IOException {
        return LogicalVolume.tags(row().getOrDefault("vg_tags", ""));
    }

    private Map<String, String> row() throws OsException, InterruptedException, IOException {
        return lvm.report("vgs", "vg_tags,vg_size,vg_free", "-S", "vg_name=" + group).stream()
                .findFirst()
                .orElseThrow(
                        () ->
                                new OsException(
                                        UNAVAILABLE,
                                        "volume group %s is there no longer".formatted(group)));
    }

    PoolStats stats() throws OsException, InterruptedException, IOException {
        Map<String, String> row = row();
        return new PoolStats(
                group, LogicalVolume.number(row, "vg_size"), LogicalVolume.number(row, "vg_free"));
    }

    @Override
    public List<LogicalVolume> volumes(String condition)
            throws OsException, InterruptedException, IOException {
        return lvm
                .report(
                        "lvs",
                        LogicalVolume.PLAIN_COLUMNS,
                        "-S",
                        "pool_lv=\"\" && (%s)".formatted(condition),
                        group)
                .stream()
                .map(LogicalVolume::of)
                .toList();
    }

    @Override
    public String obstacle(Native os, LogicalVolume volume) {
        if (!volume.layout().equals("linear")) {
            return "it is %s; only what is linear can be adopted".formatted(volume.layout());
        }
        return volume.roles().equals(List.of("public"))
                ? ""
                : "it is %s; only what has no snapshots, and is none, can be adopted"
                        .formatted(String.join(", ", volume.roles()));
    }

    /** Runs several commands with nothing of LVM's in between. */
    <T> T turn(Lvm.Work<T> work) throws OsException, InterruptedException, IOException {
        return lvm.turn(
                () -> {
                    lvm.ready();
                    return work.run();
                });
    }

    /**
     * @throws OsException NO_SPACE if there would not be enough left for snapshots to grow
     */
    void checkRoom(long wantedBytes) throws OsException, InterruptedException, IOException {
        List<LogicalVolume> growing = volumes(GROWING);
        long free = growing.isEmpty() ? stats().freeBytes() : growing.getFirst().groupFreeBytes();
        checkRoom(wantedBytes, growing, free);
    }

    /**
     * The same where all that may grow was looked up already.
     *
     * @param freeBytes what the group had free then
     */
    void checkRoom(long wantedBytes, List<LogicalVolume> growing, long freeBytes)
            throws OsException {
        long kept = 0;
        for (LogicalVolume each : growing) {
            kept += reserve.next(each.originBytes(), each.sizeBytes()) - each.sizeBytes();
        }
        if (freeBytes - kept < wantedBytes) {
            throw new OsException(
                    NO_SPACE,
                    "it needs %d bytes, and volume group %s has %d free, of which %d are for snapshots to grow; give it more with `vgextend`, or delete something"
                            .formatted(wantedBytes, group, freeBytes, kept));
        }
    }

    /** Has a volume active, and its snapshots with it. */
    void activate(String volume) throws OsException, InterruptedException, IOException {
        lvm.change("lvchange", List.of("-ay", "-K", full(volume)));
        makeNode(volume);
    }

    void deactivate(String volume) throws OsException, InterruptedException, IOException {
        lvm.change("lvchange", List.of("-an", full(volume)));
    }

    /** Gives a snapshot more to copy to. */
    void extend(LogicalVolume snapshot, long reserveBytes)
            throws OsException, InterruptedException, IOException {
        lvm.change("lvextend", List.of("-L", reserveBytes + "b", full(snapshot.name())));
    }

    boolean isAttached(Native os, LogicalVolume volume) throws OsException {
        return Tags.value(volume.tags(), Tags.ATTACHED).equals(Optional.of(boot))
                && device(os, volume.name()).isPresent();
    }

    boolean isExported(LogicalVolume volume) throws OsException, IOException {
        Optional<Target> target = Holdings.target(volume);
        return target.isPresent() && offerings.anyFor(target.get());
    }

    /** Whether it is attached or exported, or open without being so. */
    boolean isUsed(Native os, LogicalVolume volume)
            throws OsException, InterruptedException, IOException {
        return isAttached(os, volume) || isExported(volume) || isOpen(os, volume.name());
    }

    /**
     * @throws OsException IN_USE if it is attached or exported, or open without being so
     */
    void checkUnused(Native os, LogicalVolume volume)
            throws OsException, InterruptedException, IOException {
        if (isAttached(os, volume)) {
            throw new OsException(
                    IN_USE, "it is attached as %s; detach it first".formatted(path(volume.name())));
        }
        if (isExported(volume)) {
            throw new OsException(IN_USE, "it is exported; take the export back first");
        }
        if (isOpen(os, volume.name())) {
            throw new OsException(
                    IN_USE,
                    "%s is open; see `lsblk %s`"
                            .formatted(path(volume.name()), path(volume.name())));
        }
    }

    /** Whether somebody has it open for longer than udev looks at what was written. */
    boolean isOpen(Native os, String volume) throws OsException, InterruptedException {
        for (int left = TRIES; ; left--) {
            Optional<DeviceMapper.Device> device = device(os, volume);
            if (device.isEmpty() || device.get().openCount() == 0) {
                return false;
            }
            if (left == 1) {
                return true;
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    /** Has a volume and its snapshots active no longer, if nobody uses any of them. */
    void rest(Native os, String volume) throws OsException, InterruptedException, IOException {
        if (device(os, volume).isEmpty()) {
            return;
        }
        for (LogicalVolume each : volumes("lv_name=%s || origin=%s".formatted(volume, volume))) {
            if (isUsed(os, each)) {
                return;
            }
        }
        deactivate(volume);
    }

    /** Opens the device of a volume that is active. */
    Fd open(Native os, String volume, int flags)
            throws OsException, InterruptedException, IOException {
        makeNode(volume);
        try {
            return os.open(devicePath(volume), flags);
        } catch (OsException e) {
            if (e.is(OsException.ENOENT)) {
                throw new OsException(
                        FAULT,
                        "%s is missing; `vgmknodes %s` makes it"
                                .formatted(devicePath(volume), group));
            }
            throw e;
        }
    }

    /**
     * @throws OsException FAULT if an active snapshot is lost
     */
    void checkWhole(Native os, String snapshot) throws OsException {
        SnapshotStatus.checkWhole(
                device(os, snapshot)
                        .orElseThrow(
                                () ->
                                        new OsException(
                                                FAULT, "LVM made no device " + path(snapshot))));
    }

    /** Writes what waits in the kernel's cache of a volume's device, if it is active. */
    void flushDevice(Native os, String volume)
            throws OsException, InterruptedException, IOException {
        Optional<DeviceMapper.Device> device = device(os, volume);
        if (device.isEmpty()) {
            return;
        }
        if (device.get().suspended()) {
            wake(os);
        }
        try (Fd open = open(os, volume, Native.O_RDONLY)) {
            os.sync(open);
        }
    }

    /**
     * Wakes the devices that a command which was killed left suspended, and removes those that it
     * left without a volume.
     */
    void wake(Native os) throws OsException, InterruptedException, IOException {
        Map<String, LogicalVolume> volumes = new HashMap<>();
        for (Map<String, String> row :
                lvm.report(
                        "lvs", LogicalVolume.PLAIN_COLUMNS, "-S", "lv_name=~\"^cairn-\"", group)) {
            LogicalVolume volume = LogicalVolume.of(row);
            volumes.put(volume.name(), volume);
        }
        for (LogicalVolume each : volumes.values()) {
            if (!each.origin().isEmpty()
                    && device(os, each.origin()).isPresent()
                    && device(os, each.name()).isEmpty()) {
                // It became a device without its snapshot.
                lvm.change("lvchange", List.of("--refresh", full(each.origin())));
            }
        }
        for (String device : ofCairns(os)) {
            LogicalVolume volume = volumes.get(volumeOf(device));
            if (volume != null
                    && DeviceMapper.find(os, device)
                            .filter(DeviceMapper.Device::suspended)
                            .isPresent()) {
                String whole = volume.origin().isEmpty() ? volume.name() : volume.origin();
                lvm.change("lvchange", List.of("--refresh", full(whole)));
            }
        }
        List<String> left =
                ofCairns(os).stream()
                        .filter(device -> isForsaken(device, volumes.get(volumeOf(device))))
                        .toList();
        // What another one of them lies over goes after that.
        for (int before = Integer.MAX_VALUE; left.size() < before; ) {
            before = left.size();
            List<String> busy = new ArrayList<>();
            for (String device : left) {
                if (!DeviceMapper.remove(os, device)) {
                    busy.add(device);
                }
            }
            left = busy;
        }
    }

    /** Takes a device away that belongs to no volume, if it is there. */
    void removeDevice(Native os, String part) throws OsException {
        int end = part.lastIndexOf('-');
        String name = DeviceMapper.name(group, part.substring(0, end)) + part.substring(end);
        if (DeviceMapper.find(os, name).isPresent() && !DeviceMapper.remove(os, name)) {
            throw new OsException(IN_USE, "%s is open".formatted(DeviceMapper.path(name)));
        }
    }

    private List<String> ofCairns(Native os) throws OsException {
        String begin = DeviceMapper.name(group, Names.OWN);
        return DeviceMapper.ofGroup(os, group).stream()
                .filter(device -> device.startsWith(begin))
                .toList();
    }

    private static boolean isForsaken(String device, @Nullable LogicalVolume volume) {
        return volume == null
                || (device.endsWith(COPIED) && volume.origin().isEmpty())
                || (device.endsWith(ITSELF) && !volume.roles().contains("thickorigin"));
    }

    /** The volume that a device is a part of. */
    private String volumeOf(String device) {
        return device.substring(DeviceMapper.name(group, "").length())
                .replaceAll("(%s|%s)$".formatted(ITSELF, COPIED), "")
                .replace("--", "-");
    }
}
