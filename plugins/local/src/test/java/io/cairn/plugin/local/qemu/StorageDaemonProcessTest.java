package io.cairn.plugin.local.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

@Timeout(60)
class StorageDaemonProcessTest {
    /** Ends in its own way, but not at the first signals. */
    private static final String MISSES_TWO =
            "missed=0; trap 'missed=$((missed + 1)); [ $missed -lt 3 ] || { : >ended; exit; }' TERM;"
                    + " : >ready; while :; do sleep 0.05; done";

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path temporary;

    @Test
    void whoMissesTheSignalIsAskedAgainAndNotKilled() throws Exception {
        StorageDaemonFiles files =
                StorageDaemonFiles.of(temporary, temporary, Target.of(VolumeId.random()));
        Process process =
                new ProcessBuilder(
                                "bash",
                                "-c",
                                "exec -a /usr/bin/qemu-storage-daemon bash -c \"$0\" _ --pidfile \"$1\"",
                                MISSES_TWO,
                                files.pid().toString())
                        .directory(temporary.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(temporary.resolve("said").toFile())
                        .start();
        try {
            while (!Files.exists(temporary.resolve("ready"))) {
                assertThat(process.isAlive()).isTrue();
                Thread.sleep(10);
            }
            List<StorageDaemonProcess> found = StorageDaemonProcess.all(files);
            assertThat(found).extracting(StorageDaemonProcess::pid).containsExactly(process.pid());

            found.getFirst().end();

            assertThat(process.waitFor()).isZero();
            assertThat(temporary.resolve("ended")).exists();
        } finally {
            Process _ = process.destroyForcibly();
        }
    }
}
