package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.DriverException;
import io.cairn.spi.Inspecting;
import io.cairn.spi.Target;

import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What LVM and the kernel know of a thin volume. */
final class Inspected implements Inspecting {
    private static final int SECTOR = 512;

    private final Calling calling;
    private final ThinPool pool;
    private final Lookup lookup;

    Inspected(Calling calling, ThinPool pool, Lookup lookup) {
        this.calling = calling;
        this.pool = pool;
        this.lookup = lookup;
    }

    @Override
    public SortedMap<String, String> inspect(Target target)
            throws DriverException, InterruptedException {
        return calling.call(
                "inspect " + target,
                os -> {
                    Optional<LogicalVolume> volume =
                            target.snapshot().isPresent()
                                    ? lookup.snapshot(os, target.snapshot().get(), target.volume())
                                    : lookup.volume(os, target.volume());
                    if (volume.isEmpty()) {
                        throw new OsException(NOT_FOUND, "there is no " + target);
                    }
                    SortedMap<String, String> found = new TreeMap<>();
                    found.put("thin-id", Long.toString(volume.get().thinId()));
                    found.put("writable", Boolean.toString(volume.get().writable()));
                    Optional<DeviceMapper.Device> device = pool.device(os, volume.get().name());
                    found.put("active", Boolean.toString(device.isPresent()));
                    // Only of what is active does the kernel know it without reading all metadata.
                    device.ifPresent(each -> mapped(each.status(), found));
                    return found;
                });
    }

    /** Its status is {@code SECTORS HIGHEST}. */
    private static void mapped(String status, SortedMap<String, String> found) {
        String sectors = status.strip().split(" ", 2)[0];
        if (sectors.matches("\\d{1,18}")) {
            found.put("taken-bytes", Long.toString(Long.parseLong(sectors) * SECTOR));
        }
    }
}
