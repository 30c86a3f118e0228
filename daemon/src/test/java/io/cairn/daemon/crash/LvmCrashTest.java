package io.cairn.daemon.crash;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The same as {@link CrashIT} for the LVM driver on a real device-mapper, without losses of power.
 * What a killed daemon's command of LVM's still does comes to its end.
 */
@Tag("vm")
final class LvmCrashTest {
    private static final int CYCLES = Integer.getInteger("cairn.crash.cycles", 9);

    @BeforeEach
    void makeGroup() throws IOException {
        ThinVolumes.make();
    }

    @AfterEach
    void removeGroup() throws IOException {
        ThinVolumes.remove();
    }

    @Test
    void onLvmWhereSnapshotsAreThinVolumesNothingIsLost(@TempDir Path folder) throws Exception {
        long seed = Long.getLong("cairn.crash.seed", System.nanoTime());
        System.out.printf(
                "Crashes on LVM: repeat with --env 'JDK_JAVA_OPTIONS=-Dcairn.crash.cycles=%d -Dcairn.crash.seed=%d'%n",
                CYCLES, seed);
        Path root = Files.createDirectory(folder.resolve("root"));
        int cycles = Math.max(2, CYCLES / 3);
        String done = new CrashRun(folder, root, null, Layout.THIN, true, seed).run(cycles);
        System.out.printf("Crashes on LVM: %s%n", done);
    }
}
