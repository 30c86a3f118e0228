package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.Offerings;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Inventory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Finds out whether a thin pool or a volume group is fit, and makes it a backend's own. */
final class Opening {
    /** Another one at each start of the host. */
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");

    private static final String GROUP_COLUMNS =
            "vg_name,vg_extent_size,vg_missing_pv_count,vg_permissions,vg_exported";
    private static final String POOL_COLUMNS = "lv_name,lv_layout,chunk_size,zero,metadata_lv";

    private final Lvm lvm;
    private final String group;

    Opening(Lvm lvm, String group) {
        this.lvm = lvm;
        this.group = group;
    }

    /** The group itself. */
    PlainGroup plain(
            Native os, BackendIdentity self, long reserve, long extendAt, Offerings offerings)
            throws OsException, InterruptedException, IOException {
        long extentBytes = LogicalVolume.number(group(), "vg_extent_size");
        List<String> devices = devices();
        PlainGroup plain =
                new PlainGroup(
                        lvm,
                        group,
                        extentBytes,
                        devices,
                        new Reserve(reserve, extendAt, extentBytes),
                        Files.readString(BOOT).strip(),
                        offerings);
        lvm.use(DeviceFilter.of(lvm.program(), devices));
        new Ownership(plain).claim(self);
        PlainLookup lookup = new PlainLookup(plain, new Restoring(plain));
        plain.wake(os);
        // What is half done is finished or taken back before anything else is.
        Inventory _ = lookup.inventory(os);
        plain.flush(os);
        return plain;
    }

    /** A thin pool in it. */
    ThinPool thin(Native os, BackendIdentity self, String name, ThinPool.Guard guard)
            throws OsException, InterruptedException, IOException {
        Map<String, String> found = group();
        Map<String, String> row = pool(name);
        List<String> devices = devices();
        ThinPool pool =
                new ThinPool(
                        lvm,
                        group,
                        name,
                        LogicalVolume.number(found, "vg_extent_size"),
                        LogicalVolume.number(row, "chunk_size"),
                        // In brackets, as what is hidden.
                        row.getOrDefault("metadata_lv", "").replaceAll("[\\[\\]]", ""),
                        devices,
                        guard);
        lvm.use(DeviceFilter.of(lvm.program(), devices));
        new Ownership(pool).claim(self);
        pool.activate(os);
        Lvm.Mending mending =
                () -> {
                    try (Native its = new Native()) {
                        pool.wake(its);
                        // What is half done is finished or taken back before anything else is.
                        Inventory _ = new Lookup(pool).inventory(its);
                    }
                };
        mending.run();
        lvm.afterDeath(mending);
        if (pool.status(os).metadataHeld()) {
            pool.releaseMetadata(os);
        }
        pool.flush(os);
        return pool;
    }

    private List<String> devices() throws OsException, InterruptedException, IOException {
        return lvm.report("pvs", "pv_name", "-S", "vg_name=" + group).stream()
                .map(each -> each.getOrDefault("pv_name", ""))
                .toList();
    }

    private Map<String, String> group() throws OsException, InterruptedException, IOException {
        // By a condition, since naming a group that is not there is a failure of many causes.
        Map<String, String> row =
                lvm.report("vgs", GROUP_COLUMNS, "-S", "vg_name=" + group).stream()
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new OsException(
                                                UNAVAILABLE,
                                                "there is no volume group %s; `vgs` lists those that are there, and `vgcreate` makes one"
                                                        .formatted(group)));
        if (LogicalVolume.number(row, "vg_missing_pv_count") > 0) {
            throw new OsException(
                    UNAVAILABLE,
                    "volume group %s lacks some of its devices; `pvs` says which".formatted(group));
        }
        if (row.getOrDefault("vg_exported", "").startsWith("exported")
                || row.getOrDefault("vg_permissions", "").startsWith("read-only")) {
            throw new OsException(
                    UNSUPPORTED,
                    "volume group %s is exported or read-only; see `vgimport` and `vgchange`"
                            .formatted(group));
        }
        return row;
    }

    private Map<String, String> pool(String name)
            throws OsException, InterruptedException, IOException {
        Map<String, String> row =
                lvm.report("lvs", POOL_COLUMNS, "-S", "lv_name=" + name, group).stream()
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new OsException(
                                                UNAVAILABLE,
                                                "there is no thin pool %s/%s; make it with `lvcreate --type thin-pool -L SIZE --poolmetadatasize 1G -n %s %s`"
                                                        .formatted(group, name, name, group)));
        if (!row.getOrDefault("lv_layout", "").contains("thin,pool")) {
            throw new OsException(
                    INVALID,
                    "%s/%s is no thin pool but %s"
                            .formatted(group, name, row.getOrDefault("lv_layout", "")));
        }
        if (!row.getOrDefault("zero", "").equals("zero")) {
            throw new OsException(
                    UNSUPPORTED,
                    "thin pool %s/%s does not zero what it gives out, so that a new volume could hold what a deleted one did; have it do so with `lvchange --zero y %s/%s`"
                            .formatted(group, name, group, name));
        }
        return row;
    }
}
