package io.cairn.plugin.qcow2;

import static io.cairn.plugin.qcow2.StorageDaemonFixture.await;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.qemu.Qmp;
import io.cairn.plugin.local.qemu.ServingOptions;
import io.cairn.plugin.local.qemu.StorageDaemonFiles;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class StorageDaemonTest {
    private static final ConnectionId HOST = ConnectionId.random();
    private static final String JOB = "merge-1";

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path folder;

    @SuppressWarnings("NullAway.Init") // before each test
    private StorageDaemonFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = StorageDaemonFixture.in(folder);
    }

    @AfterEach
    void close() throws IOException {
        if (fixture != null) {
            fixture.close();
        }
    }

    private LayeredDaemon start(List<Path> chain) throws Exception {
        return fixture.daemons.start(fixture.target, chain, false);
    }

    private StorageDaemonWriter writer(LayeredDaemon daemon, long first) throws Exception {
        Map<String, String> info = daemon.exportNbd(HOST, true);
        return new StorageDaemonWriter(
                StorageDaemonWriter.nbd(Path.of(info.get("socket")), HOST.toString(), false),
                first);
    }

    private static String name(Path layer) {
        return layer.toFile().getName();
    }

    private List<String> left() throws IOException {
        try (var files = Files.list(folder.resolve("exports"))) {
            return files.map(Path::toString).toList();
        }
    }

    @Test
    void isFoundAgainUntilItIsStopped() throws Exception {
        List<Path> chain = fixture.chain(3, 2);
        assertThat(fixture.daemons.of(fixture.target)).isEmpty();
        assertThat(fixture.daemons.running()).isEmpty();

        LayeredDaemon started = start(chain);

        assertThat(fixture.daemons.running()).containsExactly(fixture.target);
        LayeredDaemon found = fixture.daemons.of(fixture.target).orElseThrow();
        assertThat(found.pid()).isEqualTo(started.pid());
        assertThat(found.readOnly()).isFalse();
        assertThat(found.chain()).isEqualTo(chain.reversed());
        assertThat(found.isTop(chain.getLast())).isTrue();
        assertThat(found.sizeBytes()).isEqualTo(StorageDaemonFixture.SIZE_BYTES);
        assertThat(found.exports()).isEmpty();
        found.stop();
        assertThat(fixture.daemons.of(fixture.target)).isEmpty();
        assertThat(left()).isEmpty();
    }

    @Test
    void aSnapshotIsServedReadOnlyBesideItsVolume() throws Exception {
        List<Path> chain = fixture.chain(4, 4);
        LayeredDaemon volume = start(chain);
        Target snapshot = Target.of(fixture.target.volume(), SnapshotId.random());

        LayeredDaemon daemon = fixture.daemons.start(snapshot, chain.subList(0, 1), true);

        assertThat(fixture.daemons.running()).containsExactlyInAnyOrder(fixture.target, snapshot);
        assertThat(daemon.readOnly()).isTrue();
        assertThatThrownBy(() -> daemon.exportNbd(HOST, true)).isInstanceOf(OsException.class);
        assertThat(daemon.exportNbd(HOST, false)).containsKey("uri");
        try (StorageDaemonWriter writer = writer(volume, 16)) {
            writer.awaitMore(100);
            // What both have below is only read.
            volume.commit(1, 4, name(chain.get(1)), JOB);
            assertThat(await(volume, JOB).error()).isEmpty();
            writer.awaitMore(100);
        }
        assertThat(volume.chain()).containsExactly(chain.get(3), chain.get(1), chain.get(0));
        volume.stop();
        assertThat(fixture.writes(chain.getLast())).isGreaterThan(200);
        assertThat(fixture.writes(chain.get(1))).isEqualTo(12);
        assertThat(fixture.writes(chain.getFirst())).isEqualTo(4);
    }

    @Test
    void twoDoNotWriteToOneLayer() throws Exception {
        List<Path> chain = fixture.chain(1, 1);
        LayeredDaemon _ = start(chain);
        Target other = Target.of(fixture.target.volume(), SnapshotId.random());

        assertThatThrownBy(() -> fixture.daemons.start(other, chain, false))
                .isInstanceOf(OsException.class)
                .hasMessageContaining("lock");

        assertThat(fixture.daemons.running()).containsExactly(fixture.target);
        assertThat(left()).noneMatch(name -> name.contains(other.snapshot().orElseThrow() + ""));
    }

    @Test
    void nothingStaysOfOneThatDoesNotStart() throws Exception {
        Path missing = folder.resolve(Layers.LAYERS).resolve(LayerId.random().file());

        assertThatThrownBy(() -> start(List.of(missing)))
                .isInstanceOf(OsException.class)
                .hasMessageContaining("No such file");

        assertThat(left()).isEmpty();
    }

    @Test
    void cutsAreWholeUnderAWriter() throws Exception {
        List<Path> chain = new ArrayList<>(fixture.chain(1, 1));
        LayeredDaemon daemon = start(chain);
        List<Long> before = new ArrayList<>();
        List<Long> after = new ArrayList<>();
        try (StorageDaemonWriter writer = writer(daemon, 1)) {
            for (int i = 0; i < 5; i++) {
                writer.awaitMore(300);
                Path overlay = fixture.layer(Optional.of(chain.getLast()));
                before.add(writer.done());
                daemon.cut(overlay);
                after.add(writer.done());
                daemon.cut(overlay);
                chain.add(overlay);
            }
            writer.awaitMore(100);
        }
        assertThat(daemon.chain()).isEqualTo(chain.reversed());
        assertThat(daemon.exports()).containsExactly(HOST.toString());
        daemon.stop();
        for (int i = 0; i < 5; i++) {
            // One may have been on its way at either time.
            assertThat(fixture.writes(chain.get(i))).isBetween(before.get(i), after.get(i) + 1);
        }
        assertThat(fixture.writes(chain.getLast())).isGreaterThan(1500);
    }

    @Test
    void aCutThatWasBegunIsFinished() throws Exception {
        List<Path> chain = fixture.chain(1, 3);
        LayeredDaemon daemon = start(chain);
        Path overlay = fixture.layer(Optional.of(chain.getFirst()));
        Path socket = StorageDaemonFiles.of(folder, folder, fixture.target).qmp();
        try (Qmp qmp = Qmp.connect(socket)) {
            var _ = qmp.execute("blockdev-add", Node.of(overlay).options(overlay, null, false));
        }

        daemon.cut(overlay);

        assertThat(daemon.chain()).containsExactly(overlay, chain.getFirst());
    }

    @Test
    void exportsAreToldApartAndTakenBack() throws Exception {
        LayeredDaemon daemon = start(fixture.chain(1, 1));
        ConnectionId reader = ConnectionId.random();

        Map<String, String> info = daemon.exportNbd(HOST, true);

        assertThat(daemon.exportNbd(HOST, true)).isEqualTo(info);
        assertThat(info).containsOnlyKeys("uri", "socket", "export");
        assertThatThrownBy(() -> daemon.exportNbd(HOST, false)).isInstanceOf(OsException.class);
        assertThat(daemon.exportedNbd(reader)).isEmpty();
        Map<String, String> _ = daemon.exportNbd(reader, false);
        assertThat(daemon.exports()).containsExactlyInAnyOrder(HOST + "", reader + "");
        assertThat(daemon.isWritable(HOST)).isTrue();
        assertThat(daemon.isWritable(reader)).isFalse();
        assertThatThrownBy(() -> daemon.grow(2 * StorageDaemonFixture.SIZE_BYTES))
                .isInstanceOf(OsException.class);
        try (var client = StorageDaemonWriter.nbd(Path.of(info.get("socket")), HOST + "", false)) {
            daemon.unexport(HOST.toString());
            assertThatThrownBy(() -> client.write(0, StorageDaemonFixture.block(0)))
                    .isInstanceOf(IOException.class);
        }
        daemon.unexport(HOST.toString());
        assertThat(daemon.anyWritable()).isFalse();
        daemon.unexport(reader.toString());
        daemon.grow(2 * StorageDaemonFixture.SIZE_BYTES);
        assertThat(daemon.sizeBytes()).isEqualTo(2 * StorageDaemonFixture.SIZE_BYTES);
    }

    @Test
    void aHostWithoutACertificateIsNotLetIn() throws Exception {
        Path certificates = StorageDaemonCertificates.make(folder.resolve("tls"));
        fixture.close();
        fixture =
                StorageDaemonFixture.in(
                        folder, new ServingOptions(true, Optional.of(certificates)));
        LayeredDaemon daemon = start(fixture.chain(1, 1));

        Map<String, String> info = daemon.exportNbd(HOST, false);

        assertThat(info)
                .containsOnlyKeys("uri", "host", "port", "export", "tls")
                .containsEntry("tls", "required")
                .containsEntry("host", "127.0.0.1");
        assertThat(info.get("uri")).startsWith("nbds://127.0.0.1:");
        assertThat(fixture.daemons.of(fixture.target).orElseThrow().exportedNbd(HOST))
                .contains(info);
        String image =
                "driver=nbd,host=127.0.0.1,port=%s,export=%s"
                        .formatted(info.get("port"), info.get("export"));
        String object = "tls-creds-x509,id=tls,endpoint=client,dir=" + certificates;
        assertThat(
                        StorageDaemonFixture.run(
                                "qemu-img",
                                "info",
                                "--object",
                                object,
                                "--image-opts",
                                image + ",tls-creds=tls"))
                .contains("virtual size: 32 MiB");
        assertThatThrownBy(
                        () -> StorageDaemonFixture.run("qemu-img", "info", "--image-opts", image))
                .hasMessageContaining("TLS");
    }

    @Test
    void aPidFileOfAnotherProcessIsClearedAway() throws Exception {
        StorageDaemonFiles files = StorageDaemonFiles.of(folder, folder, fixture.target);
        files.makeFolders();
        Files.writeString(files.pid(), Long.toString(ProcessHandle.current().pid()));
        Files.createFile(files.qmp());
        Files.createFile(files.fuse());

        assertThat(fixture.daemons.running()).isEmpty();
        assertThat(fixture.daemons.of(fixture.target)).isEmpty();

        assertThat(left()).isEmpty();
    }
}
