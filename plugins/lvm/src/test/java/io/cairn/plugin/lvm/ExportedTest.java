package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.plugin.local.NbdProgram;
import io.cairn.plugin.local.Server;
import io.cairn.spi.Attaching;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

/** What is active for its exports, by NBD, and what is attached: told apart, also after kills. */
@Tag("vm")
final class ExportedTest extends PoolFixture {
    @SuppressWarnings("NullAway.Init") // made before each test
    private BackendVolume volume;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Target target;

    @BeforeEach
    void makeVolume() throws Exception {
        volume = volume();
        target = Target.of(volume.id());
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        assertThat(VolumeGroup.names(pool, "lv_active=active")).isEmpty();
        assertThat(tags()).doesNotContain(Tags.EXPORTED);
    }

    @Test
    void whatIsExportedIsNotAttached() throws Exception {
        ExportSpec spec = export(target, false);
        exporting().export(spec);
        assertThat(attaching().attached(target)).isEmpty();
        assertFails(IN_USE, () -> attaching().attach(target, false));
        assertFails(IN_USE, () -> attaching().attach(target, true));
        assertThat(attaching().attached(target)).isEmpty();
        exporting().unexport(spec.id(), target);
        Attachment attached = attaching().attach(target, false);
        assertFails(IN_USE, () -> exporting().export(spec));
        assertThat(attaching().attached(target)).contains(attached);
        exporting().unexport(spec.id(), target);
        assertThat(attaching().attached(target)).contains(attached);
        attaching().detach(target);
    }

    @Test
    void aSnapshotIsExportedAndAttachedAtOnceWhicheverEndsFirst() throws Exception {
        BackendSnapshot snapshot = driver.createSnapshot(snapshotOf(volume));
        Target cut = Target.of(volume.id(), snapshot.id());
        ExportSpec spec = export(cut, true);
        ExportSpec other = export(cut, true);
        for (boolean attachFirst : new boolean[] {true, false}) {
            for (boolean detachFirst : new boolean[] {true, false}) {
                Attachment attached;
                Export export;
                if (attachFirst) {
                    attached = attaching().attach(cut, true);
                    export = exporting().export(spec);
                } else {
                    export = exporting().export(spec);
                    attached = attaching().attach(cut, true);
                }
                exporting().export(other);
                assertThat(attached.readOnly()).isTrue();
                assertThat(attaching().attach(cut, true)).isEqualTo(attached);
                assertThat(exporting().export(spec)).isEqualTo(export);
                if (detachFirst) {
                    attaching().detach(cut);
                    assertThat(attaching().attached(cut)).isEmpty();
                    assertThat(exporting().exported(spec.id(), cut)).contains(export);
                    exporting().unexport(other.id(), cut);
                    assertFails(IN_USE, () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
                    exporting().unexport(spec.id(), cut);
                } else {
                    exporting().unexport(other.id(), cut);
                    exporting().unexport(spec.id(), cut);
                    assertThat(attaching().attached(cut)).contains(attached);
                    attaching().detach(cut);
                }
                nothingIsLeft();
            }
        }
    }

    /** The steps of an export, each as after a kill: the mark, the device, the server. */
    @Test
    void whateverAKilledExportLeftIsTakenUpOrTakenBack() throws Exception {
        for (boolean active : new boolean[] {false, true}) {
            for (boolean readOnly : new boolean[] {false, true}) {
                ExportSpec spec = export(target, readOnly);
                leave(active);
                assertThat(exporting().exported(spec.id(), target)).isEmpty();
                assertThat(attaching().attached(target)).isEmpty();
                exporting().export(spec);
                exporting().unexport(spec.id(), target);
                nothingIsLeft();

                leave(active);
                exporting().unexport(spec.id(), target);
                nothingIsLeft();

                leave(active);
                Attachment attached = attaching().attach(target, readOnly);
                assertThat(attached.readOnly()).isEqualTo(readOnly);
                assertThat(attaching().attached(target)).contains(attached);
                attaching().detach(target);
                nothingIsLeft();
            }
        }
    }

    @Test
    void aServerThatDiedIsStartedAnewOrTakenBack() throws Exception {
        ExportSpec spec = export(target, false);
        exporting().export(spec);
        kill(spec);
        assertThat(exporting().exported(spec.id(), target)).isEmpty();
        Export export = exporting().export(spec);
        driver.close();
        driver = open(Map.of());
        assertThat(exporting().exported(spec.id(), target)).contains(export);
        kill(spec);
        exporting().unexport(spec.id(), target);
        nothingIsLeft();
        assertThat(folder().resolve("exports")).isEmptyDirectory();
    }

    @Test
    void anExportThatFailsLeavesNoDevice() throws Exception {
        ExportSpec spec = export(target, false);
        Path exports = Files.createDirectories(folder().resolve("exports"));
        Files.setPosixFilePermissions(exports, PosixFilePermissions.fromString("rwxr-xr-x"));
        try {
            assertThat(assertFails(UNSUPPORTED, () -> exporting().export(spec)))
                    .hasMessageContaining("chmod");
        } finally {
            Files.setPosixFilePermissions(exports, PosixFilePermissions.fromString("rwx------"));
        }
        nothingIsLeft();
        exporting().export(spec);
        ExportSpec otherwise =
                new ExportSpec(spec.id(), target, true, spec.protocol(), spec.host());
        assertFails(CONFLICT, () -> exporting().export(otherwise));
        exporting().unexport(spec.id(), target);
    }

    @ParameterizedTest
    @EnumSource(NbdProgram.class)
    void whoConnectsAfterAVolumeGrewSeesItOrItDoesNotGrow(NbdProgram program) throws Exception {
        driver.close();
        driver = open(Map.of(ExportOptions.PROGRAM, program.program()));
        ExportSpec spec = export(target, false);
        Export export = exporting().export(spec);
        long larger = VOLUME_BYTES + VolumeGroup.EXTENT;
        if (program.growing()) {
            driver.growing().orElseThrow().grow(volume.id(), larger);
        } else {
            assertThat(
                            assertFails(
                                    IN_USE,
                                    () -> driver.growing().orElseThrow().grow(volume.id(), larger)))
                    .hasMessageContaining(ExportOptions.PROGRAM);
        }
        String uri = String.valueOf(export.info().get("uri"));
        assertThat(Commands.run("qemu-img", "info", uri))
                .contains((program.growing() ? larger : VOLUME_BYTES) + " bytes");
        exporting().unexport(spec.id(), target);
        assertFails(
                INVALID, () -> driver.growing().orElseThrow().grow(volume.id(), VOLUME_BYTES - 1));
    }

    private void leave(boolean active) throws Exception {
        String name = VolumeGroup.NAME + "/" + Names.volume(volume.id());
        VolumeGroup.run("lvchange", "--addtag", Tags.EXPORTED, name);
        if (active) {
            VolumeGroup.run("lvchange", "-ay", "-K", name);
        }
    }

    private List<String> tags() throws Exception {
        return VolumeGroup.rows(pool, "lv_name=~\"^cairn-\"").stream()
                .flatMap(each -> each.tags().stream())
                .toList();
    }

    private void kill(ExportSpec spec) throws Exception {
        Path pidFile =
                folder().resolve("exports").resolve("%s.%s.pid".formatted(volume.id(), spec.id()));
        long pid = Long.parseLong(Files.readString(pidFile).strip());
        boolean _ = ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        while (!Server.commandLine(pid).isEmpty()) {
            Thread.sleep(5);
        }
    }

    private Path folder() {
        return Path.of("/run/cairn/lvm:%s:%s".formatted(pool.getName(0), pool.getName(1)));
    }

    private Exporting exporting() {
        return driver.exporting().orElseThrow();
    }

    private Attaching attaching() {
        return driver.attaching().orElseThrow();
    }

    static ExportSpec export(Target target, boolean readOnly) {
        return new ExportSpec(ConnectionId.random(), target, readOnly, "nbd", Map.of());
    }
}
