package io.cairn.daemon.crash;

import io.cairn.tck.CephNode;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The same as {@link CrashIT} for the RBD driver on a cluster of one node, which goes on while the
 * daemon is killed.
 */
@Tag("ceph")
@Tag("crash")
final class CephCrashIT {
    private static final int CYCLES = Integer.getInteger("cairn.crash.cycles", 8);

    @Test
    void onCephWhereSnapshotsAreOfImagesNothingIsLost(@TempDir Path folder) throws Exception {
        long seed = Long.getLong("cairn.crash.seed", System.nanoTime());
        System.out.printf(
                "Crashes on Ceph: repeat with -Dit.test=CephCrashIT -Dcairn.crash.cycles=%d -Dcairn.crash.seed=%d%n",
                CYCLES, seed);
        Helpers.checkInstalled();
        DaemonProcess.warm();
        try (CephNode node = CephNode.start()) {
            CephImages.use(node, folder.resolve("run"));
            Path root = Files.createDirectory(folder.resolve("root"));
            int cycles = Math.max(2, CYCLES / 10);
            String done = new CrashRun(folder, root, null, Layout.IMAGES, true, seed).run(cycles);
            System.out.printf("Crashes on Ceph: %s%n", done);
        } finally {
            CephImages.forget();
        }
    }
}
