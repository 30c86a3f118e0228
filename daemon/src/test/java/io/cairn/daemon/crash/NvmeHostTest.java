package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.cairn.tck.NvmeHost;
import io.cairn.tck.Tools;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

import javax.management.ObjectName;

/**
 * A host that the daemon gives access to by NVMe/TCP, which is this one's kernel: it does not
 * notice that the daemon is killed, and is out once it is disconnected.
 */
@Tag("vm")
@Timeout(600)
final class NvmeHostTest {
    private static final String HOST =
            "nqn.2014-08.org.nvmexpress:uuid:6f1b2c1e-8a4d-4a55-9a0c-0a3d2f5b7c11";
    private static final ObjectName VOLUME = Management.volume(OneBackend.NAME, "db");
    private static final Path TARGET = Path.of("/sys/kernel/config/nvmet");
    private static final ObjectMapper JSON = new ObjectMapper();

    @BeforeEach
    void makeGroup() throws Exception {
        Tools.run("modprobe", "-a", "nvmet_tcp", "nvme_tcp");
        ThinVolumes.make();
    }

    @AfterEach
    void removeGroup() throws IOException {
        ThinVolumes.remove();
    }

    @Test
    void aHostGoesOnWhileTheDaemonIsKilledAndIsOutOnceItIsDisconnected(@TempDir Path folder)
            throws Exception {
        String settings = "driver=lvm%n%s".formatted(Layout.THIN.settings(ThinVolumes.DEVICES));
        try (OneBackend backend = new OneBackend(folder, settings)) {
            ObjectName connection;
            Map<String, String> info;
            String first;
            try (Management daemon = backend.ready()) {
                daemon.invoke(Management.backend(OneBackend.NAME), "createVolume", "db", "8MiB");
                connection =
                        new ObjectName(
                                daemon.invoke(
                                        VOLUME, "connect", "web1", "protocol=nvmeof,nqn=" + HOST));
                info = info(daemon, connection);
                assertThat(info).containsEntry("driver_volume_type", "nvmeof");
                assertThat(daemon.text(connection, "Info")).doesNotContain(secret(info));
            }
            try (NvmeHost host = NvmeHost.connect(info, HOST, secret(info))) {
                String device;
                try (Management daemon = backend.ready()) {
                    device = host.device(daemon.text(VOLUME, "Id")).toString();
                    io(device, "write -P 7 0 64k");
                    daemon.invoke(VOLUME, "createSnapshot", "first");
                    first = daemon.text(snapshot("first"), "Id");
                }
                backend.kill();
                io(device, "write -P 8 0 64k");
                backend.startAgain();
                try (Management daemon = backend.ready()) {
                    assertThat(daemon.text(connection, "State")).isEqualTo("connected");
                    assertThat(info(daemon, connection)).isEqualTo(info);
                    daemon.invoke(VOLUME, "createSnapshot", "second");
                    io(device, "write -P 9 0 64k");
                    assertThat(content(daemon.text(snapshot("second"), "Id"))).isEqualTo(8);
                    assertThat(content(first)).isEqualTo(7);
                }
            }
            try (Management daemon = backend.ready()) {
                daemon.invoke(connection, "disconnect");
                assertThatThrownBy(() -> NvmeHost.connect(info, HOST, secret(info)))
                        .isInstanceOf(IOException.class);
                assertThat(names("subsystems")).isEmpty();
                assertThat(names("hosts")).isEmpty();
                assertThat(ThinVolumes.devices()).isEmpty();
                for (String snapshot : List.of("first", "second")) {
                    daemon.invoke(snapshot(snapshot), "delete", snapshot);
                }
                daemon.invoke(VOLUME, "delete", "db");
                assertThat(ThinVolumes.all()).isEmpty();
            }
        }
    }

    private static Map<String, String> info(Management daemon, ObjectName connection)
            throws Exception {
        return JSON.readValue(
                daemon.invoke(connection, "connectionInfo"),
                new TypeReference<Map<String, String>>() {});
    }

    private static String secret(Map<String, String> info) {
        return Objects.requireNonNull(info.get("dhchap_secret"));
    }

    private static ObjectName snapshot(String name) {
        return Management.snapshot(OneBackend.NAME, "db", name);
    }

    /** The first byte of a snapshot. */
    private static int content(String id) throws IOException {
        Path image = ThinVolumes.DEVICES.resolve(ThinVolumes.SNAPSHOT + id);
        return new ThinImages().views(image).getFirst()[0];
    }

    private static void io(String device, String command) throws Exception {
        // Past the host's cache, as who syncs it.
        String said = Tools.said("qemu-io", "-f", "raw", "-n", "-c", command, device);
        assertThat(said).doesNotContain("failed");
    }

    private static List<String> names(String kind) throws IOException {
        try (Stream<Path> all = Files.list(TARGET.resolve(kind))) {
            return all.map(each -> each.toFile().getName()).toList();
        }
    }
}
