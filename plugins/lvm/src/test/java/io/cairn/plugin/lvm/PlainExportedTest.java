package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.Attaching;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Exports of plain volumes, beside what makes a device come and go. */
@Tag("vm")
final class PlainExportedTest extends PlainFixture {
    private static final String HOST = "iqn.2026-01.io.example:web1";

    @Test
    void whatAHostWritesByIscsiIsInTheVolumeAndInItsSnapshots() throws Exception {
        Commands.run("modprobe", "-a", "target_core_iblock", "iscsi_target_mod");
        BackendVolume volume = volume(VOLUME_BYTES);
        Target target = Target.of(volume.id());
        ExportSpec spec =
                new ExportSpec(
                        ConnectionId.random(), target, false, "iscsi", Map.of("initiator", HOST));
        Export export = exporting().export(spec);
        IscsiTest.io(export, HOST, "write -P 7 0 8M");
        BackendSnapshot snapshot = snapshot(volume);
        IscsiTest.io(export, HOST, "write -P 8 0 8M");
        assertFails(IN_USE, () -> attach(volume));
        exporting().unexport(spec.id(), target);
        verify(snapshot.location(), 0, VOLUME_BYTES, 7);
        verify(volume.location(), 0, VOLUME_BYTES, 8);
        nothingIsActive();
    }

    @Test
    void itStaysADeviceWithoutAnyClientWhateverBecomesOfItsSnapshots() throws Exception {
        BackendVolume volume = volume(VOLUME_BYTES);
        BackendSnapshot first = snapshot(volume);
        BackendSnapshot second = snapshot(volume);
        ExportSpec spec = ExportedTest.export(Target.of(volume.id()), false);
        Export export = exporting().export(spec);
        driver.deleteSnapshot(first.id(), volume.id());
        Target cut = Target.of(volume.id(), second.id());
        attaching().attach(cut, true);
        attaching().detach(cut);
        assertThat(Path.of(volume.location())).exists();
        String uri = String.valueOf(export.info().get("uri"));
        assertThat(Commands.run("qemu-io", "-f", "raw", uri, "-c", "write -P 3 0 1M"))
                .contains("wrote 1048576/1048576");
        reopen(Map.of());
        assertThat(exporting().exported(spec.id(), Target.of(volume.id()))).contains(export);
        exporting().unexport(spec.id(), Target.of(volume.id()));
        nothingIsActive();
        verify(volume.location(), 0, MIB, 3);
        verify(second.location(), 0, MIB, 0);
    }

    @Test
    void whatIsOnlyReadIsExportedAndAttachedAtOnceAndEachEndsByItself() throws Exception {
        BackendVolume volume = volume(VOLUME_BYTES);
        BackendSnapshot snapshot = snapshot(volume);
        Target cut = Target.of(volume.id(), snapshot.id());
        ExportSpec spec = ExportedTest.export(cut, true);
        String device = attaching().attach(cut, true).device();
        exporting().export(spec);
        attaching().detach(cut);
        assertThat(attaching().attached(cut)).isEmpty();
        assertThat(Path.of(device)).exists();
        assertFails(IN_USE, () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        attaching().attach(cut, true);
        exporting().unexport(spec.id(), cut);
        assertThat(attaching().attached(cut)).isPresent();
        assertThat(Files.exists(Path.of(device))).isTrue();
        attaching().detach(cut);
        nothingIsActive();
    }

    private static void nothingIsActive() throws Exception {
        assertThat(VolumeGroup.plain("lv_active=active")).isEmpty();
    }

    private Exporting exporting() {
        return driver.exporting().orElseThrow();
    }

    private Attaching attaching() {
        return driver.attaching().orElseThrow();
    }
}
