package io.cairn.plugin.lvm;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.tck.Tools;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A volume group for tests, on the machine's scratch disk ({@code VM_DISK_0}), with a thin pool for
 * each case. It is looked at and changed beside the driver.
 */
final class VolumeGroup {
    static final String NAME = "cairn-tests";
    static final long EXTENT = 128 << 10;

    /** Of its own, since a process for each command takes half of the time of all cases. */
    private static final Lvm LVM =
            new Lvm(
                    Lvm.installed(Lvm.PROGRAM).orElseThrow(),
                    Lvm.installed(Lvm.LOCKER).orElseThrow(),
                    Path.of("/run/lock/cairn-tests-" + ProcessHandle.current().pid()));

    private static int pools;

    private VolumeGroup() {}

    static void make() throws IOException, InterruptedException {
        make("0");
    }

    /**
     * @param size how much of the disk it has, in words of LVM's; 0 for all
     */
    static void make(String size) throws IOException, InterruptedException {
        String disk = System.getenv("VM_DISK_0");
        if (disk == null) {
            throw new IllegalStateException("there is no scratch disk VM_DISK_0; run in the VM");
        }
        run(
                "pvcreate",
                "-ff",
                "-y",
                "--metadatasize",
                "32m",
                "--setphysicalvolumesize",
                size,
                disk);
        run("vgcreate", "-s", EXTENT + "b", NAME, disk);
    }

    static void remove() throws IOException, InterruptedException {
        run("vgremove", "-ff", "-y", NAME);
    }

    /** Makes a thin pool, and returns the path that stands for it. */
    static Path pool(long sizeBytes) throws IOException, InterruptedException {
        pools++;
        String name = "pool" + pools;
        run(
                "lvcreate",
                "--type",
                "thin-pool",
                "-L",
                sizeBytes + "b",
                "-c",
                "64k",
                "--poolmetadatasize",
                "8m",
                "-n",
                name,
                NAME);
        return Path.of("/", NAME, name);
    }

    static void removePool(Path pool) throws IOException, InterruptedException {
        run("lvremove", "-ff", "-y", full(pool));
    }

    static String full(Path pool) {
        return "%s/%s".formatted(pool.getName(0), pool.getName(1));
    }

    /** Names of logical volumes in a pool for which a condition of LVM's holds. */
    static List<String> names(Path pool, String condition)
            throws IOException, InterruptedException {
        return rows(pool, condition).stream().map(LogicalVolume::name).toList();
    }

    /** Logical volumes in a pool for which a condition of LVM's holds. */
    static List<LogicalVolume> rows(Path pool, String condition)
            throws IOException, InterruptedException {
        try {
            return LVM
                    .report(
                            "lvs",
                            LogicalVolume.COLUMNS,
                            "-S",
                            "pool_lv=%s && (%s)".formatted(pool.getName(1), condition),
                            NAME)
                    .stream()
                    .map(LogicalVolume::of)
                    .toList();
        } catch (OsException e) {
            throw new IOException(e);
        }
    }

    /** Logical volumes of no pool for which a condition of LVM's holds. */
    static List<LogicalVolume> plain(String condition) throws IOException, InterruptedException {
        try {
            return LVM
                    .report(
                            "lvs",
                            LogicalVolume.PLAIN_COLUMNS,
                            "-S",
                            "pool_lv=\"\" && (%s)".formatted(condition),
                            NAME)
                    .stream()
                    .map(LogicalVolume::of)
                    .toList();
        } catch (OsException e) {
            throw new IOException(e);
        }
    }

    /** Makes a volume of no pool that reads as zeroes and is not active. */
    static void plant(String name, long sizeBytes) throws IOException, InterruptedException {
        run("lvcreate", "-y", "-L", sizeBytes + "b", "-n", name, NAME);
        Path device = Path.of("/dev", NAME, name);
        try (FileChannel content = FileChannel.open(device, StandardOpenOption.WRITE)) {
            for (long at = 0; at < sizeBytes; at += EXTENT) {
                int _ = content.write(ByteBuffer.allocate((int) EXTENT), at);
            }
            content.force(true);
        }
        run("lvchange", "-an", NAME + "/" + name);
    }

    /** Removes all that is in the group, and all that it says of whose it is. */
    static void empty() throws IOException, InterruptedException {
        for (LogicalVolume each : plain("origin=\"\"")) {
            run("lvremove", "-ff", "-y", NAME + "/" + each.name());
        }
        try {
            for (Map<String, String> row : LVM.report("vgs", "vg_tags", "-S", "vg_name=" + NAME)) {
                for (String tag : LogicalVolume.tags(row.getOrDefault("vg_tags", ""))) {
                    run("vgchange", "--deltag", tag, NAME);
                }
            }
        } catch (OsException e) {
            throw new IOException(e);
        }
    }

    /**
     * Has a pool be as if the command that made the newest volume in it had been killed when the
     * kernel had made that and did not know yet that the transaction was over.
     *
     * @return that transaction
     */
    static long asBeforeTransaction(Path pool, String newest)
            throws IOException, InterruptedException {
        Path metadata = Files.createTempFile("cairn-tests", ".vg");
        try {
            run("vgcfgbackup", "-f", metadata.toString(), NAME);
            Matcher segment =
                    Pattern.compile(
                                    "(?s)(\\n\\t\\t%s \\{.*?transaction_id = (\\d+)\\n)"
                                            .formatted(pool.getName(1)))
                            .matcher(Files.readString(metadata));
            if (!segment.find()) {
                throw new IOException("the metadata says nothing of " + pool);
            }
            long transaction = Long.parseLong(segment.group(2));
            String message =
                    "$1\t\t\t\tmessage1 {\n\t\t\t\t\tcreate = \"" + newest + "\"\n\t\t\t\t}\n";
            Files.writeString(metadata, segment.replaceFirst(message));
            run("vgcfgrestore", "--force", "-y", "-f", metadata.toString(), NAME);
            Tools.run(
                    "dmsetup",
                    "message",
                    DeviceMapper.name(NAME, pool.getName(1).toString()) + "-tpool",
                    "0",
                    "set_transaction_id %d %d".formatted(transaction, transaction - 1));
            return transaction;
        } finally {
            Files.delete(metadata);
        }
    }

    /** The transaction that the kernel has a pool at. */
    static long transactionOfKernel(Path pool) throws IOException {
        try (Native os = new Native()) {
            String device = DeviceMapper.name(NAME, pool.getName(1).toString()) + "-tpool";
            DeviceMapper.Device found = DeviceMapper.find(os, device).orElseThrow();
            return PoolStatus.parse(device, found.status()).transaction();
        } catch (OsException e) {
            throw new IOException(e);
        }
    }

    static boolean exists(String volume) throws IOException, InterruptedException {
        try {
            return !LVM.report("lvs", "lv_name", "-S", "lv_name=" + volume, NAME).isEmpty();
        } catch (OsException e) {
            throw new IOException(e);
        }
    }

    /** Runs a command of LVM's. */
    static void run(String command, String... words) throws IOException, InterruptedException {
        try {
            LVM.change(command, List.of(words));
        } catch (OsException e) {
            throw new IOException(e);
        }
    }
}
