package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.util.Map;

/** Volumes and snapshots for other hosts, which a real client of the protocol reads and writes. */
abstract class ExportingCases extends AttachingCases {
    @Test
    void anExportedVolumeIsReadAndWrittenByAHost() throws Exception {
        Exporting exporting = the(driver.exporting());
        BackendVolume volume = volume(4 * MIB, 1);
        ExportSpec spec = export(exporting, Target.of(volume.id()), false);
        Export export = exporting.export(spec);
        assertThat(export.protocol()).isEqualTo(spec.protocol());
        try (SeekableByteChannel host = connect(export, true)) {
            assertThat(host.size()).isEqualTo(4 * MIB);
            Pattern.verify(host, 0, 4 * MIB, 1);
            Pattern.write(host, 0, 4 * MIB, 2);
        }
        exporting.unexport(spec.id(), spec.target());
        verify(volume.location(), 4 * MIB, 2);
        verifyNoRubbish();
    }

    @Test
    void exportedAgainItIsTheSameAlsoForAnotherDriver() throws Exception {
        Exporting first = the(driver.exporting());
        BackendVolume volume = volume(MIB, 1);
        ExportSpec spec = export(first, Target.of(volume.id()), false);
        Export export = first.export(spec);
        assertThat(first.export(spec)).isEqualTo(export);
        reopen();
        Exporting exporting = the(driver.exporting());
        assertThat(exporting.exported(spec.id(), spec.target())).contains(export);
        assertThat(exporting.export(spec)).isEqualTo(export);
        try (SeekableByteChannel host = connect(export, false)) {
            Pattern.verify(host, 0, MIB, 1);
        }
        exporting.unexport(spec.id(), spec.target());
        assertThat(exporting.exported(spec.id(), spec.target())).isEmpty();
        exporting.unexport(spec.id(), spec.target());
        assertThatThrownBy(() -> connect(export, false).close())
                .isInstanceOfAny(IOException.class, AssertionError.class);
        verifyNoRubbish();
    }

    @Test
    void aHostThatMayOnlyReadCannotWrite() throws Exception {
        Exporting exporting = the(driver.exporting());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        write(volume.location(), MIB, 2);
        Target cut = Target.of(volume.id(), snapshot.id());
        for (Target target : new Target[] {cut, Target.of(volume.id())}) {
            ExportSpec spec = export(exporting, target, true);
            Export export = exporting.export(spec);
            try (SeekableByteChannel host = connect(export, false)) {
                Pattern.verify(host, 0, MIB, target.fixed() ? 1 : 2);
            }
            assertThatThrownBy(
                            () -> {
                                try (SeekableByteChannel host = connect(export, true)) {
                                    Pattern.write(host, 0, MIB, 3);
                                }
                            })
                    .isInstanceOfAny(IOException.class, IllegalStateException.class);
            exporting.unexport(spec.id(), spec.target());
        }
        verify(snapshot.location(), MIB, 1);
        verify(volume.location(), MIB, 2);
    }

    @Test
    void anExportOfAnotherAccessConflicts() throws Exception {
        Exporting exporting = the(driver.exporting());
        Target target = Target.of(volume(MIB, 1).id());
        ExportSpec spec = export(exporting, target, true);
        Export export = exporting.export(spec);
        ExportSpec other = new ExportSpec(spec.id(), target, false, spec.protocol(), Map.of());
        assertRefused(CONFLICT, () -> exporting.export(other));
        assertThat(exporting.exported(spec.id(), target)).contains(export);
        exporting.unexport(spec.id(), target);
    }

    @Test
    void severalHostsMayWriteToAVolumeJustWhereThatIsDeclared() throws Exception {
        Exporting exporting = the(driver.exporting());
        Target target = Target.of(volume(MIB, 1).id());
        ExportSpec first = export(exporting, target, false);
        ExportSpec second = export(exporting, target, false);
        Export _ = exporting.export(first);
        if (driver.facts().traits().contains(Trait.MULTI_ATTACH)) {
            Export _ = exporting.export(second);
            exporting.unexport(second.id(), target);
        } else {
            assertRefused(IN_USE, () -> exporting.export(second));
        }
        exporting.unexport(first.id(), target);
    }

    @Test
    void whatIsNotThereIsNotExported() throws Exception {
        Exporting exporting = the(driver.exporting());
        assertThat(exporting.protocols()).isNotEmpty();
        VolumeId volume = volume(MIB).id();
        Target none = Target.of(VolumeId.random());
        Target noSnapshot = Target.of(volume, SnapshotId.random());
        for (Target target : new Target[] {none, noSnapshot}) {
            ExportSpec spec = export(exporting, target, true);
            assertRefused(NOT_FOUND, () -> exporting.export(spec));
            assertThat(exporting.exported(spec.id(), target)).isEmpty();
            exporting.unexport(spec.id(), target);
        }
        ExportSpec unknown =
                new ExportSpec(ConnectionId.random(), Target.of(volume), true, "pigeon", Map.of());
        assertRefused(UNSUPPORTED, () -> exporting.export(unknown));
        verifyNoRubbish();
    }

    @Test
    void whatIsExportedIsNotDeletedNorTakenBack() throws Exception {
        Exporting exporting = the(driver.exporting());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        ExportSpec cut = export(exporting, Target.of(volume.id(), snapshot.id()), true);
        exporting.export(cut);
        assertRefused(IN_USE, () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        exporting.unexport(cut.id(), cut.target());
        for (boolean readOnly : new boolean[] {true, false}) {
            ExportSpec spec = export(exporting, Target.of(volume.id()), readOnly);
            exporting.export(spec);
            assertRefused(IN_USE, () -> the(driver.reverting()).revert(volume.id(), snapshot.id()));
            exporting.unexport(spec.id(), spec.target());
        }
        driver.deleteSnapshot(snapshot.id(), volume.id());
        ExportSpec spec = export(exporting, Target.of(volume.id()), true);
        exporting.export(spec);
        assertRefused(IN_USE, () -> driver.deleteVolume(volume.id()));
        exporting.unexport(spec.id(), spec.target());
        driver.deleteVolume(volume.id());
        verifyNoRubbish();
    }

    @Test
    void aSnapshotHoldsWhatAHostWroteBefore() throws Exception {
        Exporting exporting = the(driver.exporting());
        BackendVolume volume = volume(MIB, 1);
        ExportSpec spec = export(exporting, Target.of(volume.id()), false);
        Export export = exporting.export(spec);
        try (SeekableByteChannel host = connect(export, true)) {
            Pattern.write(host, 0, MIB, 2);
        }
        try {
            verify(snapshot(volume).location(), MIB, 2);
        } catch (DriverException e) {
            assertThat(e.kind()).describedAs(e.getMessage()).isEqualTo(UNSUPPORTED);
        }
        exporting.unexport(spec.id(), spec.target());
    }

    private static ExportSpec export(Exporting exporting, Target target, boolean readOnly) {
        String protocol = exporting.protocols().iterator().next();
        return new ExportSpec(ConnectionId.random(), target, readOnly, protocol, Map.of());
    }
}
