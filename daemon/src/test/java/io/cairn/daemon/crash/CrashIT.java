package io.cairn.daemon.crash;

import io.cairn.tck.LoopFileSystem.Kind;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whatever is killed, and whenever: nothing acknowledged is lost, nothing is there that nobody
 * asked for, nothing stays unfinished, and no content is wrong.
 *
 * <p>{@code -Dcairn.crash.cycles=N} sets how often the daemon is killed, and {@code
 * -Dcairn.crash.seed=N} repeats the same choices of when, and of what the clients do; the threads'
 * order is not repeated.
 */
final class CrashIT {
    private static final int CYCLES = Integer.getInteger("cairn.crash.cycles", 8);

    @BeforeAll
    static void warm() throws Exception {
        DaemonProcess.warm();
    }

    @Test
    void onXfsNothingIsLostByKillsAndLossesOfPower(@TempDir Path folder) throws Exception {
        crash(Kind.XFS, Layout.FILES, CYCLES, folder);
    }

    @Test
    void onExt4WhereSnapshotsAreCopiesNothingIsLost(@TempDir Path folder) throws Exception {
        crash(Kind.EXT4, Layout.FILES, Math.max(2, CYCLES / 3), folder);
    }

    @Test
    void onBtrfsWhereSnapshotsAreSubvolumesNothingIsLost(@TempDir Path folder) throws Exception {
        crash(Kind.BTRFS, Layout.SUBVOLUMES, Math.max(2, CYCLES / 3), folder);
    }

    @Test
    void onQcow2WhereSnapshotsAreLayersNothingIsLost(@TempDir Path folder) throws Exception {
        Helpers.checkInstalled();
        crash(Kind.EXT4, Layout.CHAINS, Math.max(2, CYCLES / 3), folder);
    }

    private static void crash(Kind kind, Layout layout, int cycles, Path folder) throws Exception {
        long seed = Long.getLong("cairn.crash.seed", System.nanoTime());
        String what = "%s with the %s driver".formatted(kind, layout.driver());
        // Copies are made of what does not change meanwhile.
        boolean attaches = kind != Kind.EXT4 || layout != Layout.FILES;
        System.out.printf(
                "Crashes on %s: repeat with -Dit.test=CrashIT -Dcairn.crash.cycles=%d -Dcairn.crash.seed=%d%n",
                what, CYCLES, seed);
        try (Disk disk = Disk.create(kind)) {
            String done =
                    new CrashRun(folder, disk.path(), disk, layout, attaches, seed).run(cycles);
            System.out.printf("Crashes on %s: %s%n", what, done);
        } catch (TestAbortedException e) {
            if (layout != Layout.FILES) {
                throw e;
            }
            System.out.printf(
                    "Crashes in a plain folder, without losses of power: %s%n", e.getMessage());
            Path root = Files.createDirectory(folder.resolve("root"));
            String done = new CrashRun(folder, root, null, layout, false, seed).run(cycles);
            System.out.printf("Crashes in a plain folder: %s%n", done);
            throw e; // What the test's name says was not seen.
        }
    }
}
