package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.cairn.tck.CephNode;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A cluster whose storage stands still, and what the daemon's other backends notice of it. */
@Tag("ceph")
@Tag("crash")
@Timeout(300)
final class CephNeighbourIT {
    private static final String CEPH = "ceph";
    private static final String FILES = "files";
    private static final Duration SOON = Duration.ofSeconds(60);

    /** More than calls run at once on a backend. */
    private static final int CALLS = 20;

    private static final int SNAPSHOTS = 20;

    @Test
    void theOthersGoOnAndSoDoesItLater(@TempDir Path folder) throws Exception {
        Helpers.checkInstalled();
        try (CephNode node = CephNode.start()) {
            CephImages.use(node, folder.resolve("run"));
            Path etc = configure(folder);
            try (DaemonProcess daemon =
                    DaemonProcess.start(etc, folder.resolve("data"), folder.resolve("output"))) {
                daemon.awaitReady();
                try (Management management = new Management(daemon.connect(daemon.password()))) {
                    management.invoke(Management.backend(FILES), "createVolume", "db", "1MiB");
                    look(daemon, management, node);
                }
            }
        }
    }

    private static Path configure(Path folder) throws IOException {
        Path etc = folder.resolve("etc");
        Path backends =
                Files.createDirectories(
                        etc.resolve("backends"),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
        Files.writeString(etc.resolve("cairn.properties"), "jmx.port=0\n");
        Path images = Files.createDirectory(folder.resolve("images"));
        Files.writeString(
                backends.resolve(FILES + ".properties"), "driver=file\ndirectory=" + images + "\n");
        // None of its calls comes back by itself while this looks.
        Files.writeString(
                backends.resolve(CEPH + ".properties"),
                "driver=rbd\n"
                        + Layout.IMAGES.settings(CephImages.BACKEND)
                        + "timeout=PT5M\ndeadline=PT5M\n");
        return etc;
    }

    private static void look(DaemonProcess daemon, Management management, CephNode node)
            throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(CALLS)) {
            List<Future<String>> hanging = new ArrayList<>();
            signal(node, "STOP");
            try {
                for (int i = 0; i < CALLS; i++) {
                    String name = "v" + i;
                    hanging.add(threads.submit(() -> create(daemon, name)));
                }
                await("all calls on their way, and some that wait for a thread")
                        .atMost(SOON)
                        .until(
                                () ->
                                        management.rows("listVolumes").size() == 1 + CALLS
                                                && management.number(
                                                                Management.backend(CEPH),
                                                                "WaitingCallCount")
                                                        > 0);
                for (int i = 0; i < SNAPSHOTS; i++) {
                    String name = "s" + i;
                    management.invoke(Management.volume(FILES, "db"), "createSnapshot", name);
                    management.invoke(Management.snapshot(FILES, "db", name), "delete", name);
                }
                assertThat(management.text(Management.backend(FILES), "State")).isEqualTo("up");
                assertThat(management.rows("listVolumes")).hasSize(1 + CALLS);
                assertThat(hanging).noneMatch(Future::isDone);
            } finally {
                signal(node, "CONT");
            }
            for (int i = 0; i < CALLS; i++) {
                assertThat(hanging.get(i).get())
                        .isEqualTo(Management.volume(CEPH, "v" + i).toString());
            }
        }
        assertThat(management.number(Management.DAEMON, "UnfinishedCount")).isZero();
        assertThat(management.number(Management.backend(CEPH), "VolumeCount")).isEqualTo(CALLS);
    }

    private static String create(DaemonProcess daemon, String name) throws Exception {
        try (Management management = new Management(daemon.connect(daemon.password()))) {
            return management.invoke(Management.backend(CEPH), "createVolume", name, "4MiB");
        }
    }

    private static void signal(CephNode node, String signal) throws Exception {
        String pid = Files.readString(node.folder().resolve("pid/osd.0")).strip();
        String _ = CephNode.said(List.of("kill", "-" + signal, pid));
    }
}
