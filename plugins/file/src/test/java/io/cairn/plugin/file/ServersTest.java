package io.cairn.plugin.file;

import static io.cairn.plugin.file.Opened.MIB;
import static io.cairn.plugin.file.Opened.open;
import static io.cairn.plugin.file.Opened.volume;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.UNSUPPORTED;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.plugin.local.NbdProgram;
import io.cairn.plugin.local.Server;
import io.cairn.plugin.local.Servers;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Driver;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Growing;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The server processes of exports: where they listen, and what becomes of them. */
final class ServersTest {
    private static final Map<String, String> TCP = Map.of(ExportOptions.NBD, "tcp");

    @BeforeEach
    void findServer() {
        assumeTrue(
                NbdProgram.first(NbdProgram.ANY).isPresent(),
                "neither nbdkit nor qemu-storage-daemon is installed (Debian: nbdkit, qemu-system-common)");
    }

    @Test
    void aPortIsOfTheLoopbackInterfaceAndOnlyWhereAskedFor(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, TCP)) {
            ExportSpec spec = spec(volume(driver, MIB), false);
            Exporting exporting = driver.exporting().orElseThrow();
            Export export = exporting.export(spec);
            assertThat(export.info()).containsEntry("host", "127.0.0.1").containsKey("port");
            int port = Integer.parseInt(String.valueOf(export.info().get("port")));
            assertThat(Files.readString(Path.of("/proc/net/tcp")))
                    .contains("0100007F:%04X 00000000:0000 0A".formatted(port));
            assertThat(exporting.exported(spec.id(), spec.target())).contains(export);
            exporting.unexport(spec.id(), spec.target());
            assertThat(folder.resolve("exports")).isEmptyDirectory();
        }
    }

    @Test
    void aSocketGoesElsewhereWhereThePathIsTooLong(@TempDir Path folder) throws Exception {
        Path deep = Files.createDirectory(folder.resolve("d".repeat(100)));
        Path run = folder.resolve("run");
        Map<String, String> elsewhere = Map.of(ExportOptions.DIRECTORY, run.toString());
        try (Driver driver = open(deep, elsewhere)) {
            ExportSpec spec = spec(volume(driver, MIB), false);
            Exporting exporting = driver.exporting().orElseThrow();
            Export export = exporting.export(spec);
            assertThat(export.info().get("socket")).startsWith(run + "/");
            exporting.unexport(spec.id(), spec.target());
            assertThat(run).isEmptyDirectory();
        }
        Path tooLong = folder.resolve("r".repeat(100));
        Map<String, String> nowhere = Map.of(ExportOptions.DIRECTORY, tooLong.toString());
        try (Driver driver = open(deep, nowhere)) {
            ExportSpec spec = spec(volume(driver, MIB), false);
            Exporting exporting = driver.exporting().orElseThrow();
            assertThat(assertFails(UNSUPPORTED, () -> exporting.export(spec)))
                    .hasMessageContaining(ExportOptions.DIRECTORY);
        }
    }

    /** Or one that is being started would be overlooked, and serve once it is taken back. */
    @Test
    void aServerIsKnownFromTheMomentOnThatItIsLaunched() {
        Path pidFile = Path.of("/exports/one.pid");
        for (NbdProgram program : NbdProgram.values()) {
            NbdProgram.Order order =
                    new NbdProgram.Order(
                            "/image",
                            "one",
                            false,
                            UnixDomainSocketAddress.of("/exports/one.sock"),
                            pidFile);
            List<String> running = new ArrayList<>(List.of("/usr/bin/" + word(program)));
            running.addAll(program.arguments(order));
            List<String> launched = new ArrayList<>(program.launcher());
            launched.addAll(running);
            assertThat(program.isServing(running, pidFile)).isTrue();
            assertThat(program.isServing(launched, pidFile)).isTrue();
            assertThat(program.isServing(launched, Path.of("/exports/two.pid"))).isFalse();
            launched.set(launched.size() - running.size(), "/usr/bin/other");
            assertThat(program.isServing(launched, pidFile)).isFalse();
        }
    }

    private static String word(NbdProgram program) {
        return program == NbdProgram.NBDKIT ? "nbdkit" : "qemu-storage-daemon";
    }

    @Test
    void aServerThatDiedIsStartedAnewAndLeavesNothing(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            BackendVolume volume = volume(driver, MIB);
            ExportSpec spec = spec(volume, false);
            Exporting exporting = driver.exporting().orElseThrow();
            exporting.export(spec);
            kill(folder, spec);
            assertThat(exporting.exported(spec.id(), spec.target())).isEmpty();
            Export export = exporting.export(spec);
            assertThat(exporting.exported(spec.id(), spec.target())).contains(export);
            kill(folder, spec);
            driver.deleteVolume(volume.id());
            assertThat(folder.resolve("exports")).isEmptyDirectory();
        }
    }

    @Test
    void anExportThatIsJustStartingIsFoundByTheRepeat(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            ExportSpec spec = spec(volume(driver, MIB), false);
            Exporting exporting = driver.exporting().orElseThrow();
            Export export = exporting.export(spec);
            Path pidFile = pidFile(folder, spec);
            String pid = Files.readString(pidFile);
            Files.delete(pidFile);
            assertThat(exporting.exported(spec.id(), spec.target())).isEmpty();
            Thread writing =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        try {
                                            Thread.sleep(200);
                                            Files.writeString(pidFile, pid);
                                        } catch (Exception e) {
                                            throw new IllegalStateException(e);
                                        }
                                    });
            assertThat(exporting.export(spec)).isEqualTo(export);
            writing.join();
            assertThat(Files.readString(pidFile)).isEqualTo(pid);
            exporting.unexport(spec.id(), spec.target());
        }
    }

    @Test
    void oneHostMayWriteAtATime(@TempDir Path folder) throws Exception {
        try (Driver driver = open(folder, Map.of())) {
            BackendVolume volume = volume(driver, MIB);
            ExportSpec first = spec(volume, false);
            ExportSpec second = spec(volume, false);
            Exporting exporting = driver.exporting().orElseThrow();
            exporting.export(first);
            assertFails(IN_USE, () -> exporting.export(second));
            exporting.unexport(first.id(), first.target());
            exporting.export(second);
            exporting.unexport(second.id(), second.target());
            assertThat(folder.resolve("exports")).isEmptyDirectory();
        }
    }

    @Test
    void anExportOutlivesItsDriver(@TempDir Path folder) throws Exception {
        ExportSpec spec;
        Export export;
        long pid;
        try (Driver driver = open(folder, Map.of())) {
            spec = spec(volume(driver, MIB), false);
            export = driver.exporting().orElseThrow().export(spec);
            pid = Long.parseLong(Files.readString(pidFile(folder, spec)).strip());
        }
        try (Driver driver = open(folder, Map.of())) {
            Exporting exporting = driver.exporting().orElseThrow();
            assertThat(exporting.exported(spec.id(), spec.target())).contains(export);
            exporting.unexport(spec.id(), spec.target());
            assertThat(Server.commandLine(pid)).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(NbdProgram.class)
    void eachProgramServesInASessionOfItsOwn(NbdProgram program, @TempDir Path folder)
            throws Exception {
        assumeTrue(program.installed().isPresent(), program + " is not installed");
        Path image = Files.write(folder.resolve("image"), new byte[(int) MIB]);
        for (boolean tcp : new boolean[] {false, true}) {
            for (boolean readOnly : new boolean[] {false, true}) {
                Servers servers = new Servers(folder, folder, tcp, Optional.of(program));
                ConnectionId id = ConnectionId.random();
                Target target = Target.of(VolumeId.random());
                Server server = servers.start(id, target, image.toString(), readOnly);
                assertThat(server.readOnly()).isEqualTo(readOnly);
                assertThat(servers.serving(id, target)).contains(server);
                assertThat(servers.anyWriting(target)).isEqualTo(!readOnly);
                assertThat(session(server.pid()))
                        .isNotEqualTo(session(ProcessHandle.current().pid()));
                assertThat(Opened.run("qemu-img", "info", String.valueOf(server.info().get("uri"))))
                        .contains("1048576 bytes");
                servers.stop(id, target);
                assertThat(Server.commandLine(server.pid())).isEmpty();
                assertThat(folder.resolve("exports")).isEmptyDirectory();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(NbdProgram.class)
    void whoConnectsAfterAVolumeGrewSeesItOrItDoesNotGrow(NbdProgram program, @TempDir Path folder)
            throws Exception {
        assumeTrue(program.installed().isPresent(), program + " is not installed");
        Map<String, String> by = Map.of(ExportOptions.PROGRAM, program.program());
        try (Driver driver = open(folder, by)) {
            BackendVolume volume = volume(driver, MIB);
            ExportSpec spec = spec(volume, false);
            Exporting exporting = driver.exporting().orElseThrow();
            Export export = exporting.export(spec);
            Growing growing = driver.growing().orElseThrow();
            long expected = program.growing() ? 2 * MIB : MIB;
            if (program.growing()) {
                assertThat(growing.grow(volume.id(), 2 * MIB).sizeBytes()).isEqualTo(expected);
            } else {
                assertThat(assertFails(IN_USE, () -> growing.grow(volume.id(), 2 * MIB)))
                        .hasMessageContaining(program.program())
                        .hasMessageContaining(ExportOptions.PROGRAM);
            }
            String uri = String.valueOf(export.info().get("uri"));
            assertThat(Opened.run("qemu-img", "info", uri)).contains(expected + " bytes");
            assertThat(driver.findVolume(volume.id()).orElseThrow().sizeBytes())
                    .isEqualTo(expected);
            assertThat(exporting.exported(spec.id(), spec.target())).contains(export);
            exporting.unexport(spec.id(), spec.target());
        }
    }

    @Test
    void whatIsServedIsTakenBackThoughItsProgramIsNotUsedAnyMore(@TempDir Path folder)
            throws Exception {
        ExportSpec spec;
        try (Driver driver = open(folder, Map.of())) {
            spec = spec(volume(driver, MIB), false);
            driver.exporting().orElseThrow().export(spec);
        }
        Servers none = new Servers(folder, folder, false, Optional.empty());
        assertThat(none.available()).isFalse();
        assertThat(none.anyLeft()).isTrue();
        assertThat(none.serving(spec.id(), spec.target())).isPresent();
        none.stop(spec.id(), spec.target());
        assertThat(none.anyFor(spec.target())).isFalse();
        assertThat(none.anyLeft()).isFalse();
    }

    private static String session(long pid) throws Exception {
        return Opened.run("ps", "-o", "sid=", "-p", Long.toString(pid));
    }

    private static void kill(Path folder, ExportSpec spec) throws Exception {
        long pid = Long.parseLong(Files.readString(pidFile(folder, spec)).strip());
        boolean _ = ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        while (!Server.commandLine(pid).isEmpty()) {
            Thread.sleep(5);
        }
    }

    private static Path pidFile(Path folder, ExportSpec spec) {
        return folder.resolve("exports")
                .resolve("%s.%s.pid".formatted(spec.target().volume(), spec.id()));
    }

    private static ExportSpec spec(BackendVolume volume, boolean readOnly) {
        return new ExportSpec(
                ConnectionId.random(), Target.of(volume.id()), readOnly, "nbd", Map.of());
    }
}
