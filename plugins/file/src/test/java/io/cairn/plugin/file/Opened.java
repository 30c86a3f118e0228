package io.cairn.plugin.file;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Drivers of plain folders, and what tests of this driver alone have in common. */
final class Opened {
    private static final int UNMOUNT_TRIES = 20;
    private static final long PAUSE_MILLIS = 50;

    static final long MIB = 1 << 20;
    private static final BackendIdentity SELF = new BackendIdentity(new UUID(1, 2), "files");

    private Opened() {}

    static Driver open(Path folder, Map<String, String> more)
            throws DriverException, InterruptedException {
        FileDriverProvider provider = new FileDriverProvider();
        Map<String, String> settings = new HashMap<>(more);
        settings.put(FileDriverProvider.DIRECTORY, folder.toString());
        return provider.open(SELF, new Settings(provider.info().options(), settings));
    }

    static BackendVolume volume(Driver driver, long sizeBytes)
            throws DriverException, InterruptedException {
        return driver.createVolume(
                new VolumeSpec(VolumeId.random(), "default", sizeBytes, Mark.NONE));
    }

    /**
     * Unmounts. A process that another test starts in this JVM has open whatever is open here, a
     * file below the mount point too, until it has become another program.
     */
    static void unmount(Path mountPoint) throws IOException, InterruptedException {
        for (int left = UNMOUNT_TRIES; ; left--) {
            try {
                String _ = run("umount", mountPoint.toString());
                return;
            } catch (AssertionError e) {
                if (left == 1) {
                    throw e;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    /** Runs a tool, and returns what it says. */
    static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).describedAs(List.of(command) + ": " + said).isZero();
        return said.strip();
    }
}
