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
import io.cairn.tck.NvmeHost;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Exports by NVMe/TCP, which the kernel's target serves and the kernel uses as a host. */
@Tag("vm")
final class NvmeTest extends PoolFixture {
    private static final String HOST =
            "nqn.2014-08.org.nvmexpress:uuid:6f1b2c1e-8a4d-4a55-9a0c-0a3d2f5b7c11";
    private static final String OTHER = "nqn.2026-01.io.example:web2";

    @SuppressWarnings("NullAway.Init") // made before each test
    private BackendVolume volume;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Target target;

    private final List<ExportSpec> made = new ArrayList<>();

    @BeforeAll
    static void loadTarget() throws Exception {
        Commands.run("modprobe", "-a", "nvmet_tcp", "nvme_tcp");
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
        assertThat(NvmeTarget.objects()).isEmpty();
        assertThat(VolumeGroup.names(pool, "lv_active=active")).isEmpty();
        assertThat(VolumeGroup.names(pool, "lv_tags=" + Tags.EXPORTED)).isEmpty();
    }

    @Test
    void whatAHostWritesIsInTheVolumeAndInItsSnapshots() throws Exception {
        ExportSpec spec = nvme(target, HOST);
        assertThat(exporting().protocols()).contains("nvmeof");
        Export export = exporting().export(spec);
        BackendSnapshot snapshot;
        try (NvmeHost host = connected(export, HOST)) {
            String device = host.device(volume.id().toString()).toString();
            assertThat(Commands.run("blockdev", "--getsize64", device))
                    .isEqualTo(Long.toString(VOLUME_BYTES));
            io(device, "write -P 7 64k 64k");
            snapshot = driver.createSnapshot(snapshotOf(volume));
            io(device, "write -P 8 64k 64k");
            io(device, "read -P 8 64k 64k");
        }
        exporting().unexport(spec.id(), target);
        assertThat(IscsiTest.read(snapshot.location())).isEqualTo(7);
        assertThat(IscsiTest.read(volume.location())).isEqualTo(8);
        assertThatThrownBy(() -> connected(export, HOST)).isInstanceOf(IOException.class);
    }

    @Test
    void nobodyButItsHostIsLetInAndOnlyWithItsKey() throws Exception {
        ExportSpec spec = nvme(target, HOST);
        Export export = exporting().export(spec);
        assertThat(export.secrets()).containsExactly("dhchap_secret");
        String key = String.valueOf(export.info().get("dhchap_secret"));
        assertThat(export.toString()).doesNotContain(key);
        assertThat(NvmeTarget.keyModeOf(HOST)).isEqualTo("rw-------");
        connected(export, HOST).close();

        assertThatThrownBy(() -> NvmeHost.connect(export.info(), OTHER, key))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> NvmeHost.connect(export.info(), HOST, ""))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(
                        () ->
                                NvmeHost.connect(
                                        export.info(),
                                        HOST,
                                        "DHHC-1:00:ia6zGodOr4SEG0Zzaw398rpY0wqipUWj4jWjUh4HWUz6aQ2n:"))
                .isInstanceOf(IOException.class);

        exporting().unexport(spec.id(), target);
        Export again = exporting().export(spec);
        assertThat(again.info().get("dhchap_secret")).isNotEqualTo(key);
        exporting().unexport(spec.id(), target);
        for (String nobody :
                List.of(
                        "",
                        "web1",
                        "nqn.2026-01.a:../../b",
                        "nqn.2026-01.a:b c",
                        "nqn.2026-01.io.cairn:probe-1")) {
            assertFails(INVALID, "hostnqn", () -> exporting().export(nvme(target, nobody)));
            nothingIsLeft();
        }
    }

    /** The kernel has one key for a host, whatever it may use. */
    @Test
    void aHostKeepsItsKeyAsLongAsItIsLetInAnywhere() throws Exception {
        BackendVolume second = volume();
        Target other = Target.of(second.id());
        ExportSpec first = nvme(target, HOST);
        ExportSpec next = nvme(other, HOST);
        Export export = exporting().export(first);
        Export also = exporting().export(next);
        assertThat(also.info().get("dhchap_secret")).isEqualTo(export.info().get("dhchap_secret"));
        exporting().unexport(first.id(), target);

        assertThatThrownBy(() -> connected(export, HOST)).isInstanceOf(IOException.class);
        connected(also, HOST).close();
        assertThat(exporting().exported(next.id(), other)).contains(also);
        exporting().unexport(next.id(), other);
    }

    @Test
    void nothingIsServedForReadingOnly() throws Exception {
        BackendSnapshot snapshot = driver.createSnapshot(snapshotOf(volume));
        Target cut = Target.of(volume.id(), snapshot.id());
        for (ExportSpec each :
                List.of(
                        new ExportSpec(
                                ConnectionId.random(), target, true, "nvmeof", Map.of("nqn", HOST)),
                        new ExportSpec(
                                ConnectionId.random(), cut, true, "nvmeof", Map.of("nqn", HOST)))) {
            assertFails(UNSUPPORTED, "iscsi", () -> exporting().export(each));
            nothingIsLeft();
        }
    }

    @Test
    void writersExcludeEachOtherWhateverTheirProtocol() throws Exception {
        ExportSpec nvme = nvme(target, HOST);
        ExportSpec nbd = ExportedTest.export(target, false);
        exporting().export(nvme);
        assertFails(IN_USE, () -> exporting().export(nbd));
        assertFails(IN_USE, () -> exporting().export(nvme(target, OTHER)));
        assertFails(IN_USE, () -> driver.deleteVolume(volume.id()));
        exporting().unexport(nvme.id(), target);
        exporting().export(nbd);
        assertFails(IN_USE, () -> exporting().export(nvme));
        exporting().unexport(nbd.id(), target);
    }

    @Test
    void anExportOutlivesItsDriverAndGrowsWithItsVolume() throws Exception {
        ExportSpec spec = nvme(target, HOST);
        Export export = exporting().export(spec);
        driver.close();
        driver = open(Map.of(ExportOptions.NVME, "127.0.0.1:4421"));
        assertThat(exporting().exported(spec.id(), target)).contains(export);
        assertThat(exporting().export(spec)).isEqualTo(export);
        long larger = VOLUME_BYTES + VolumeGroup.EXTENT;
        try (NvmeHost host = connected(export, HOST)) {
            String device = host.device(volume.id().toString()).toString();
            driver.growing().orElseThrow().grow(volume.id(), larger);
            long until = System.nanoTime() + 20_000_000_000L;
            while (!Commands.run("blockdev", "--getsize64", device).equals(Long.toString(larger))) {
                assertThat(System.nanoTime()).as("the host sees it").isLessThan(until);
                Thread.sleep(100);
            }
        }
        driver.close();
        driver = open(Map.of(ExportOptions.NVME, "none"));
        assertThat(exporting().protocols()).doesNotContain("nvmeof");
        assertThat(exporting().exported(spec.id(), target)).isPresent();
        assertFails(IN_USE, () -> exporting().export(ExportedTest.export(target, false)));
        exporting().unexport(spec.id(), target);
        assertFails(UNSUPPORTED, ExportOptions.NVME, () -> exporting().export(spec));
        driver.close();
        driver = open(Map.of(ExportOptions.NVME, "127.0.0.1:4421"));
        Export elsewhere = exporting().export(spec);
        assertThat(elsewhere.info()).containsEntry("target_port", "4421");
        connected(elsewhere, HOST).close();
        exporting().unexport(spec.id(), target);
    }

    /** All that is half made, or half taken back, when a call is killed at any step. */
    @Test
    void whateverStepACallWasKilledAtItsRepeatConverges() throws Exception {
        for (boolean takeBack : new boolean[] {false, true}) {
            int steps = 1;
            for (int step = 0; step < steps; step++) {
                ExportSpec spec = nvme(target, HOST);
                exporting().export(spec);
                List<NvmeTarget.Step> undoing = NvmeTarget.undoing(spec.id());
                steps = undoing.size() + 1;
                for (NvmeTarget.Step each : undoing.subList(0, step)) {
                    each.run();
                }
                assertThat(exporting().exported(spec.id(), target).isPresent())
                        .isEqualTo(step == 0);
                if (!takeBack) {
                    Export export = exporting().export(spec);
                    assertThat(exporting().exported(spec.id(), target)).contains(export);
                    connected(export, HOST).close();
                }
                exporting().unexport(spec.id(), target);
                nothingIsLeft();
            }
            assertThat(steps).isGreaterThan(7);
        }
    }

    @Test
    void whatOthersServeIsLeftAlone() throws Exception {
        NvmeTarget foreign = new NvmeTarget("nqn.2003-01.org.example:foreign");
        foreign.make(OTHER, "4420");
        try {
            List<String> before = NvmeTarget.objects();
            ExportSpec spec = nvme(target, HOST);
            connected(exporting().export(spec), HOST).close();
            assertThat(NvmeTarget.objects()).containsAll(before);
            exporting().unexport(spec.id(), target);
            exporting().unexport(ConnectionId.random(), target);
            assertThat(NvmeTarget.objects()).isEqualTo(before);
            assertFails(CONFLICT, OTHER, () -> exporting().export(nvme(target, OTHER)));
            assertThat(NvmeTarget.objects()).isEqualTo(before);
            assertThat(NvmeTarget.keyOf(OTHER)).isEmpty();
        } finally {
            foreign.remove();
        }
        // Nor is one that is let in nowhere yet.
        NvmeTarget.makeHost(OTHER);
        try {
            assertFails(CONFLICT, OTHER, () -> exporting().export(nvme(target, OTHER)));
            assertThat(NvmeTarget.keyOf(OTHER)).isEmpty();
        } finally {
            NvmeTarget.removeHost(OTHER);
        }
    }

    @Test
    void withoutTheKernelsTargetItIsNotOffered() throws Exception {
        ExportSpec spec = nvme(target, HOST);
        Commands.run("umount", "/sys/kernel/config");
        try {
            assertThat(exporting().protocols()).contains("nbd").doesNotContain("nvmeof");
            assertFails(UNSUPPORTED, "modprobe nvmet_tcp", () -> exporting().export(spec));
            exporting().unexport(spec.id(), target);
        } finally {
            Commands.run("mount", "-t", "configfs", "configfs", "/sys/kernel/config");
        }
        assertThat(exporting().protocols()).contains("nvmeof");
    }

    private static NvmeHost connected(Export export, String host) throws IOException {
        return NvmeHost.connect(
                export.info(), host, String.valueOf(export.info().get("dhchap_secret")));
    }

    private static void io(String device, String command) throws Exception {
        String said = Commands.run("qemu-io", "-f", "raw", "-n", "-c", command, device);
        assertThat(said).doesNotContain("Pattern verification failed").doesNotContain("failed:");
    }

    private Exporting exporting() {
        return driver.exporting().orElseThrow();
    }

    private ExportSpec nvme(Target target, String host) {
        ExportSpec spec =
                new ExportSpec(ConnectionId.random(), target, false, "nvmeof", Map.of("nqn", host));
        made.add(spec);
        return spec;
    }
}
