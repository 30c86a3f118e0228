package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Exports by iSCSI, which the kernel's target serves and QEMU's initiator uses. */
@Tag("vm")
final class IscsiTest extends PoolFixture {
    private static final String HOST = "iqn.2026-01.io.example:web1";
    private static final String OTHER = "iqn.2026-01.io.example:web2";

    @SuppressWarnings("NullAway.Init") // made before each test
    private BackendVolume volume;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Target target;

    private final List<ExportSpec> made = new ArrayList<>();

    @BeforeAll
    static void loadTarget() throws Exception {
        Commands.run("modprobe", "-a", "target_core_iblock", "iscsi_target_mod");
    }

    @BeforeEach
    void makeVolume() throws Exception {
        volume = volume();
        target = Target.of(volume.id());
    }

    @AfterEach
    void takeBackWhatAFailureLeft() throws Exception {
        try {
            nothingIsLeft();
        } finally {
            for (ExportSpec each : made) {
                exporting().unexport(each.id(), each.target());
            }
        }
    }

    private void nothingIsLeft() throws Exception {
        assertThat(KernelTarget.objects()).isEmpty();
        assertThat(VolumeGroup.names(pool, "lv_active=active")).isEmpty();
        assertThat(VolumeGroup.names(pool, "lv_tags=" + Tags.EXPORTED)).isEmpty();
    }

    @Test
    void whatAHostWritesIsInTheVolumeAndInItsSnapshots() throws Exception {
        ExportSpec spec = iscsi(target, false, HOST);
        assertThat(exporting().protocols()).startsWith("nbd").contains("iscsi");
        Export export = exporting().export(spec);
        assertThat(Commands.run("qemu-img", "info", "--image-opts", image(export, HOST)))
                .contains("(%d bytes)".formatted(VOLUME_BYTES));
        io(export, HOST, "write -P 7 64k 64k");
        BackendSnapshot snapshot = driver.createSnapshot(snapshotOf(volume));
        io(export, HOST, "write -P 8 64k 64k");
        io(export, HOST, "read -P 8 64k 64k");
        io(export, HOST, "discard 0 64k");
        exporting().unexport(spec.id(), target);
        assertThat(read(snapshot.location())).isEqualTo(7);
        assertThat(read(volume.location())).isEqualTo(8);
        assertThatThrownBy(() -> io(export, HOST, "read 0 4k")).isInstanceOf(AssertionError.class);
    }

    @Test
    void nobodyButItsHostIsLetInAndOnlyWithItsPassword() throws Exception {
        ExportSpec spec = iscsi(target, false, "IQN.2026-01.io.example:Web1");
        Export export = exporting().export(spec);
        assertThat(export.secrets()).containsExactly("auth_password");
        String password = String.valueOf(export.info().get("auth_password"));
        assertThat(export.toString()).doesNotContain(password);
        io(export, HOST, "read -P 0 0 4k");
        String good = image(export, HOST);
        for (String bad :
                List.of(
                        image(export, OTHER),
                        good.replace(password, "another-password"),
                        good.replace(",file.password=" + password, "")
                                .replace(",file.user=" + export.info().get("auth_username"), ""))) {
            assertThatThrownBy(() -> Commands.run("qemu-img", "info", "--image-opts", bad))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("Failed to log in");
        }
        exporting().unexport(spec.id(), target);
        Export again = exporting().export(spec);
        assertThat(again.info().get("auth_password")).isNotEqualTo(password);
        exporting().unexport(spec.id(), target);
        for (String nobody : List.of("", "web1", "iqn.2026-01.a:../../b", "iqn.2026-01.a:b c")) {
            assertFails(INVALID, () -> exporting().export(iscsi(target, false, nobody)));
            nothingIsLeft();
        }
    }

    /** The kernel takes what begins so for Base64. */
    @Test
    void whateverTheIdOfAConnectionBeginsWithItsHostIsLetIn() throws Exception {
        ConnectionId id = ConnectionId.parse("0becae5c-afa5-4691-a40e-f1ab2dc1956e");
        ExportSpec spec = new ExportSpec(id, target, false, "iscsi", Map.of("initiator", HOST));
        made.add(spec);
        io(exporting().export(spec), HOST, "read -P 0 0 4k");
        exporting().unexport(id, target);
    }

    @Test
    void severalHostsReadASnapshotAndNoneWritesToIt() throws Exception {
        BackendSnapshot snapshot = driver.createSnapshot(snapshotOf(volume));
        Target cut = Target.of(volume.id(), snapshot.id());
        ExportSpec first = iscsi(cut, true, HOST);
        ExportSpec second = iscsi(cut, true, OTHER);
        Export export = exporting().export(first);
        Export other = exporting().export(second);
        for (Export each : List.of(export, other)) {
            String host = each.equals(export) ? HOST : OTHER;
            io(each, host, "read -P 0 0 64k");
            assertThatThrownBy(() -> io(each, host, "write -P 9 0 64k"))
                    .isInstanceOf(AssertionError.class);
        }
        assertFails(IN_USE, () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        exporting().unexport(first.id(), cut);
        assertThat(exporting().exported(first.id(), cut)).isEmpty();
        assertThat(exporting().exported(second.id(), cut)).contains(other);
        io(other, OTHER, "read -P 0 0 64k");
        exporting().unexport(second.id(), cut);
        driver.deleteSnapshot(snapshot.id(), volume.id());
    }

    @Test
    void aHostThatMayOnlyReadAVolumeCannotWriteToIt() throws Exception {
        ExportSpec spec = iscsi(target, true, HOST);
        Export export = exporting().export(spec);
        io(export, HOST, "read -P 0 0 64k");
        assertThatThrownBy(() -> io(export, HOST, "write -P 9 0 64k"))
                .isInstanceOf(AssertionError.class);
        ExportSpec otherwise =
                new ExportSpec(spec.id(), target, false, spec.protocol(), spec.host());
        assertFails(CONFLICT, () -> exporting().export(otherwise));
        assertThat(exporting().exported(spec.id(), target)).contains(export);
        exporting().unexport(spec.id(), target);
        // The device itself may be written, as by whoever has it attached.
        driver.attaching().orElseThrow().attach(target, false);
        Export shared = exporting().export(spec);
        assertThatThrownBy(() -> io(shared, HOST, "write -P 9 0 64k"))
                .isInstanceOf(AssertionError.class);
        exporting().unexport(spec.id(), target);
        driver.attaching().orElseThrow().detach(target);
        assertThat(read(volume.location())).isZero();
    }

    @Test
    void writersExcludeEachOtherWhateverTheirProtocol() throws Exception {
        ExportSpec iscsi = iscsi(target, false, HOST);
        ExportSpec nbd = ExportedTest.export(target, false);
        exporting().export(iscsi);
        assertFails(IN_USE, () -> exporting().export(nbd));
        assertFails(IN_USE, () -> exporting().export(iscsi(target, false, OTHER)));
        exporting().unexport(iscsi.id(), target);
        exporting().export(nbd);
        assertFails(IN_USE, () -> exporting().export(iscsi));
        exporting().unexport(nbd.id(), target);
    }

    @Test
    void anExportOutlivesItsDriverAndGrowsWithItsVolume() throws Exception {
        ExportSpec spec = iscsi(target, false, HOST);
        Export export = exporting().export(spec);
        driver.close();
        driver = open(Map.of(ExportOptions.ISCSI, "127.0.0.1:3261"));
        assertThat(exporting().exported(spec.id(), target)).contains(export);
        assertThat(exporting().export(spec)).isEqualTo(export);
        long larger = VOLUME_BYTES + VolumeGroup.EXTENT;
        driver.growing().orElseThrow().grow(volume.id(), larger);
        assertThat(Commands.run("qemu-img", "info", "--image-opts", image(export, HOST)))
                .contains("(%d bytes)".formatted(larger));
        exporting().unexport(spec.id(), target);
        Export elsewhere = exporting().export(spec);
        assertThat(elsewhere.info()).containsEntry("target_portal", "127.0.0.1:3261");
        assertThat(Files.readString(Path.of("/proc/net/tcp")))
                .contains("0100007F:%04X 00000000:0000 0A".formatted(3261));
        io(elsewhere, HOST, "read -P 0 0 64k");
        exporting().unexport(spec.id(), target);
    }

    /** All that is half made, or half taken back, when a call is killed at any step. */
    @Test
    void whateverStepACallWasKilledAtItsRepeatConverges() throws Exception {
        for (boolean takeBack : new boolean[] {false, true}) {
            int steps = 1;
            for (int step = 0; step < steps; step++) {
                ExportSpec spec = iscsi(target, false, HOST);
                exporting().export(spec);
                List<KernelTarget.Step> undoing = KernelTarget.undoing(spec.id());
                steps = undoing.size() + 1;
                for (KernelTarget.Step each : undoing.subList(0, step)) {
                    each.run();
                }
                assertThat(exporting().exported(spec.id(), target).isPresent())
                        .isEqualTo(step == 0);
                if (takeBack) {
                    exporting().unexport(spec.id(), target);
                } else {
                    Export export = exporting().export(spec);
                    assertThat(exporting().exported(spec.id(), target)).contains(export);
                    if (step % 4 == 1) {
                        io(export, HOST, "read -P 0 0 4k");
                    }
                    exporting().unexport(spec.id(), target);
                }
                nothingIsLeft();
            }
            assertThat(steps).isGreaterThan(10);
        }
    }

    @Test
    void anInterruptedExportConvergesWhenRepeated() throws Exception {
        Random random = new Random(5);
        ExportSpec spec = iscsi(target, false, HOST);
        for (int i = 0; i < 6; i++) {
            Thread call =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        try {
                                            exporting().export(spec);
                                        } catch (Exception _) {
                                            // Whatever came of it.
                                        }
                                    });
            Thread.sleep(random.nextInt(400));
            call.interrupt();
            call.join();
            if (i % 2 == 0) {
                Export export = exporting().export(spec);
                assertThat(exporting().exported(spec.id(), target)).contains(export);
            }
            exporting().unexport(spec.id(), target);
            nothingIsLeft();
        }
    }

    @Test
    void whatCannotBeServedLeavesNothingAndSaysWhy() throws Exception {
        ExportSpec spec = iscsi(target, false, HOST);
        try (ServerSocket taken = new ServerSocket(0)) {
            driver.close();
            driver = open(Map.of(ExportOptions.ISCSI, "127.0.0.1:" + taken.getLocalPort()));
            assertThat(assertFails(UNSUPPORTED, () -> exporting().export(spec)))
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
                    .hasMessageContaining(ExportOptions.ISCSI);
        }
        nothingIsLeft();
        Path mounted = Files.createTempDirectory("cairn-mounted-");
        String device = driver.attaching().orElseThrow().attach(target, false).device();
        Commands.run("mkfs.ext4", "-q", device);
        Commands.run("mount", device, mounted.toString());
        ExportSpec reading = iscsi(target, true, HOST);
        assertThat(assertFails(IN_USE, () -> exporting().export(reading)))
                .hasMessageContaining(device);
        Commands.run("umount", mounted.toString());
        driver.attaching().orElseThrow().detach(target);
        nothingIsLeft();
        for (String nowhere : List.of("0.0.0.0:3260", "localhost:3260", "127.0.0.1", "[::]:1")) {
            driver.close();
            assertThat(assertFails(INVALID, () -> open(Map.of(ExportOptions.ISCSI, nowhere))))
                    .hasMessageContaining(ExportOptions.ISCSI);
        }
        driver = open(Map.of(ExportOptions.ISCSI, "none"));
        assertThat(exporting().protocols()).doesNotContain("iscsi");
        assertFails(UNSUPPORTED, () -> exporting().export(spec));
    }

    @Test
    void withoutTheKernelsTargetItIsNotOffered() throws Exception {
        ExportSpec spec = iscsi(target, false, HOST);
        Commands.run("umount", "/sys/kernel/config");
        try {
            assertThat(exporting().protocols()).contains("nbd").doesNotContain("iscsi");
            assertThat(assertFails(UNSUPPORTED, () -> exporting().export(spec)))
                    .hasMessageContaining("modprobe");
            exporting().unexport(spec.id(), target);
        } finally {
            Commands.run("mount", "-t", "configfs", "configfs", "/sys/kernel/config");
        }
        assertThat(exporting().protocols()).contains("iscsi");
    }

    @Test
    void whatOthersServeIsLeftAlone() throws Exception {
        Path image = Files.createTempFile("foreign-", ".raw");
        Commands.run("truncate", "-s", "1M", image.toString());
        String device = Commands.run("losetup", "-f", "--show", image.toString());
        KernelTarget foreign = new KernelTarget("iqn.2003-01.org.example:foreign", device);
        foreign.make(HOST, "127.0.0.1:3260");
        try {
            List<String> before = KernelTarget.objects();
            ExportSpec spec = iscsi(target, false, HOST);
            Export export = exporting().export(spec);
            io(export, HOST, "read -P 0 0 4k");
            assertThat(KernelTarget.objects())
                    .containsAll(before)
                    .hasSizeGreaterThan(before.size());
            exporting().unexport(spec.id(), target);
            exporting().unexport(ConnectionId.random(), target);
            assertThat(KernelTarget.objects()).isEqualTo(before);
            assertThat(foreign.serves()).isTrue();
        } finally {
            foreign.remove();
            Commands.run("losetup", "-d", device);
        }
    }

    static void io(Export export, String host, String command) throws Exception {
        String image = image(export, host);
        String said =
                command.startsWith("read")
                        ? Commands.run("qemu-io", "-r", "--image-opts", image, "-c", command)
                        : Commands.run("qemu-io", "--image-opts", image, "-c", command);
        assertThat(said).doesNotContain("Pattern verification failed").doesNotContain("failed:");
    }

    /** For QEMU's tools. */
    private static String image(Export export, String host) {
        Map<String, String> info = export.info();
        return "driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=%s,file.target=%s,file.lun=%s,file.initiator-name=%s,file.user=%s,file.password=%s"
                .formatted(
                        info.get("target_portal"),
                        info.get("target_iqn"),
                        info.get("target_lun"),
                        host,
                        info.get("auth_username"),
                        info.get("auth_password"));
    }

    static int read(String location) throws Exception {
        try (ActiveVolume content = new ActiveVolume(location, false)) {
            content.position(64 << 10);
            java.nio.ByteBuffer one = java.nio.ByteBuffer.allocate(1);
            content.read(one);
            return one.flip().get();
        }
    }

    private Exporting exporting() {
        return driver.exporting().orElseThrow();
    }

    private ExportSpec iscsi(Target target, boolean readOnly, String host) {
        ExportSpec spec =
                new ExportSpec(
                        ConnectionId.random(),
                        target,
                        readOnly,
                        "iscsi",
                        Map.of("initiator", host));
        made.add(spec);
        return spec;
    }
}
