package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.BeforeEach;
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
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import javax.management.JMException;
import javax.management.JMRuntimeException;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;

/** The daemon's start and stop, as who runs it sees them. */
@Timeout(300)
final class DaemonIT {
    private static final String BACKEND = "files";
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir private Path folder;
    private Path etc;
    private Path data;
    private Path images;

    @BeforeEach
    void configure() throws IOException {
        etc = folder.resolve("etc");
        data = folder.resolve("data");
        images = Files.createDirectory(folder.resolve("images"));
        Files.createDirectories(
                etc.resolve("backends"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(etc.resolve("cairn.properties"), "jmx.port=0\n");
        backend("driver=file\ndirectory=" + images + "\n");
    }

    @Test
    void aRestartKeepsEverything() throws Exception {
        List<String> before;
        try (DaemonProcess daemon = start()) {
            try (Management management = manage(daemon)) {
                management.invoke(
                        Management.backend(BACKEND),
                        "createVolumeWith",
                        "db1",
                        "1MiB",
                        "description=orders,label.team=db");
                management.invoke(volume("db1"), "createSnapshotWith", "monday", "label.keep=yes");
                ObjectName monday = Management.snapshot(BACKEND, "db1", "monday");
                management.invoke(monday, "createVolumeWith", "db2", "size=2MiB");
                before = everything(management);
            }
            stop(daemon);
        }

        try (DaemonProcess daemon = start();
                Management management = manage(daemon)) {
            assertThat(everything(management)).hasSize(3).isEqualTo(before);
            assertThat(management.text(volume("db2"), "Origin"))
                    .isEqualTo("snapshot monday of volume db1");
        }
    }

    @Test
    void aStopFinishesAndAnswersWhatRuns() throws Exception {
        Set<String> acknowledged = new ConcurrentSkipListSet<>();
        try (DaemonProcess daemon = start();
                ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
            CountDownLatch busy = new CountDownLatch(20);
            List<Future<?>> clients = new ArrayList<>();
            for (String name : List.of("v1", "v2", "v3", "v4")) {
                clients.add(
                        threads.submit(
                                () -> snapshotsUntilRefused(daemon, name, acknowledged, busy)));
            }
            busy.await();
            stop(daemon);
            for (Future<?> client : clients) {
                client.get();
            }
        }

        try (DaemonProcess daemon = start();
                Management management = manage(daemon)) {
            Set<String> kept = new TreeSet<>();
            for (CompositeData row : management.rows("listSnapshots")) {
                kept.add(row.get("volume") + "/" + row.get("name"));
            }
            assertThat(kept).isEqualTo(acknowledged);
            assertThat(management.text(Management.DAEMON, "StoreRepairs")).isEmpty();
            assertThat(daemon.tail()).doesNotContain("Settling");
        }
    }

    @Test
    void aSecondDaemonOnTheSameDataIsRefused() throws Exception {
        try (DaemonProcess first = start();
                Management management = manage(first)) {
            Path output = folder.resolve("second");
            try (DaemonProcess second = DaemonProcess.second(etc, data, output)) {
                assertThat(second.endsWithin(SOON)).isTrue();
                assertThat(second.exitStatus()).isEqualTo(1);
                assertThat(second.tail())
                        .contains("cairnd: the state in")
                        .contains("is in use by process " + first.pid())
                        .contains("stop that daemon first");
            }
            assertThat(management.text(Management.DAEMON, "State")).isEqualTo("running");
            try (Management another = manage(first)) {
                assertThat(another.number(Management.DAEMON, "VolumeCount")).isZero();
            }
        }
    }

    @Test
    void backendsThatDoNotFitTheirDriversAreStatus78WithEveryProblem() throws Exception {
        backend("driver=file\ndirectory=" + images + "\nmethd=copy\n");
        Files.writeString(etc.resolve("backends/other.properties"), "driver=file\n");

        try (DaemonProcess daemon = DaemonProcess.start(etc, data, output())) {
            assertThat(daemon.endsWithin(SOON)).isTrue();
            assertThat(daemon.exitStatus()).isEqualTo(78);
            assertThat(daemon.tail())
                    .contains("cairnd: the configuration is wrong:")
                    .contains("backends/files.properties: methd: unknown")
                    .contains("backends/other.properties: setting 'directory' is missing");
        }
    }

    @Test
    void aBackendWhoseFolderIsMissingComesUpWhenItAppears() throws Exception {
        Files.delete(images);
        try (DaemonProcess daemon = start();
                Management management = manage(daemon)) {
            ObjectName backend = Management.backend(BACKEND);
            assertThat(management.text(backend, "State")).isEqualTo("down");
            assertThat(management.text(backend, "StateReason"))
                    .contains(images.toString())
                    .contains("there is no such folder");
            assertThat(management.text(Management.DAEMON, "State")).isEqualTo("degraded");

            Files.createDirectory(images);

            await("the backend").atMost(SOON).until(() -> isUp(management, backend));
            assertThat(management.text(Management.DAEMON, "State")).isEqualTo("running");
            management.invoke(backend, "createVolume", "db1", "1MiB");
        }
    }

    private DaemonProcess start() throws IOException {
        DaemonProcess daemon = DaemonProcess.start(etc, data, output());
        try {
            daemon.awaitReady();
            return daemon;
        } catch (IOException | RuntimeException | AssertionError e) {
            daemon.close();
            throw e;
        }
    }

    private Management manage(DaemonProcess daemon) throws IOException {
        return new Management(daemon.connect(daemon.password()));
    }

    /** By SIGTERM, as a service manager does. */
    private void stop(DaemonProcess daemon) throws InterruptedException {
        daemon.terminate();
        assertThat(daemon.endsWithin(SOON)).isTrue();
        assertThat(daemon.exitStatus()).isEqualTo(143);
        assertThat(data.resolve("jmx-address")).doesNotExist();
    }

    private Path output() {
        return folder.resolve("output");
    }

    private void backend(String settings) throws IOException {
        Files.writeString(etc.resolve("backends").resolve(BACKEND + ".properties"), settings);
    }

    private static ObjectName volume(String name) {
        return Management.volume(BACKEND, name);
    }

    private static boolean isUp(Management management, ObjectName backend)
            throws JMException, IOException {
        return management.text(backend, "State").equals("up");
    }

    private static List<String> everything(Management management) throws JMException, IOException {
        List<String> rows = new ArrayList<>();
        for (String operation : List.of("listVolumes", "listSnapshots")) {
            management.rows(operation).forEach(row -> rows.add(row.values().toString()));
        }
        return rows;
    }

    private Object snapshotsUntilRefused(
            DaemonProcess daemon, String volume, Set<String> acknowledged, CountDownLatch busy)
            throws Exception {
        try (Management management = manage(daemon)) {
            management.invoke(Management.backend(BACKEND), "createVolume", volume, "1MiB");
            for (int i = 0; ; i++) {
                management.invoke(volume(volume), "createSnapshot", "s" + i);
                acknowledged.add(volume + "/s" + i);
                busy.countDown();
            }
        } catch (JMException | JMRuntimeException e) {
            assertThat(e).hasMessageContaining("the daemon is stopping; nothing was changed");
        } catch (IOException _) {
            // The call came when the connector had ended.
        }
        return volume;
    }
}
