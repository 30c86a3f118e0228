package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.tck.CephNode;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

import javax.management.ObjectName;

/** Images of RBD as devices of the kernel's own driver, which the daemon is told to take alone. */
@Tag("vm")
@Timeout(900)
final class KernelImagesTest {
    private static final ObjectName VOLUME = Management.volume(OneBackend.NAME, "db");
    private static final int BLOCK = 64 << 10;

    @Test
    void aDeviceGoesOnWhileTheDaemonIsKilledAndIsGoneOnceItIsDetached(@TempDir Path folder)
            throws Exception {
        try (CephNode node = CephNode.start()) {
            CephImages.use(node, folder.resolve("run"));
            String settings =
                    "driver=rbd\n"
                            + Layout.IMAGES
                                    .settings(CephImages.BACKEND)
                                    .replace("attach.by=nbd", "attach.by=kernel")
                            + "timeout=PT1M\ndeadline=PT2M\n";
            assertThat(settings).contains("attach.by=kernel");
            try (OneBackend backend = new OneBackend(folder, settings)) {
                use(backend);
            }
        } finally {
            CephImages.forget();
        }
    }

    private static void use(OneBackend backend) throws Exception {
        String device;
        try (Management daemon = backend.ready()) {
            daemon.invoke(Management.backend(OneBackend.NAME), "createVolume", "db", "8MiB");
            device = daemon.invoke(VOLUME, "attach", "rw");
            assertThat(device).matches("/dev/rbd[0-9]+");
            write(device, 7);
            daemon.invoke(VOLUME, "createSnapshot", "first");
        }
        backend.kill();
        write(device, 8);
        backend.startAgain();
        try (Management daemon = backend.ready()) {
            assertThat(daemon.connections(OneBackend.NAME)).contains("attached", device);
            daemon.invoke(VOLUME, "createSnapshot", "second");
            write(device, 9);
            assertThat(content(daemon, "first")).isEqualTo(7);
            assertThat(content(daemon, "second")).isEqualTo(8);
            daemon.invoke(VOLUME, "detach");
            assertThat(Path.of(device)).doesNotExist();
            for (String snapshot : List.of("first", "second")) {
                daemon.invoke(
                        Management.snapshot(OneBackend.NAME, "db", snapshot), "delete", snapshot);
            }
            daemon.invoke(VOLUME, "delete", "db");
            assertThat(CephImages.names()).isEmpty();
        }
    }

    /** The first byte of a snapshot, as Ceph's own bindings read it. */
    private static int content(Management daemon, String snapshot) throws Exception {
        String image = CephImages.VOLUME + daemon.text(VOLUME, "Id");
        String id = daemon.text(Management.snapshot(OneBackend.NAME, "db", snapshot), "Id");
        return new CephImages().views(CephImages.BACKEND.resolve(image + "@" + id)).getFirst()[0];
    }

    private static void write(String device, int value) throws IOException {
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, (byte) value);
        new PlainImages().write(Path.of(device), bytes, true);
    }
}
