package io.cairn.plugin.local.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.plugin.local.Entries;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class StorageDaemonFilesTest {
    /** What the kernel takes, and one less and more. */
    private static final int LEAST = 105;

    private static final int MOST = 109;

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path temporary;

    @Test
    void socketsAreWhereTheyCanBeConnectedTo() throws Exception {
        Path shortFolder = Files.createDirectory(temporary.resolve("s"));
        Target target = Target.of(VolumeId.random());
        int rest =
                StorageDaemonFiles.of(temporary, shortFolder, target).qmp().toString().length() + 1;
        for (int length = LEAST; length <= MOST; length++) {
            Path backend = temporary.resolve("b".repeat(length - rest));
            Files.createDirectories(backend.resolve("exports"));

            Path socket = StorageDaemonFiles.of(backend, shortFolder, target).qmp();

            try (ServerSocketChannel server =
                            ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                    SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                server.bind(UnixDomainSocketAddress.of(socket));
                assertThat(client.connect(UnixDomainSocketAddress.of(socket))).isTrue();
            } finally {
                Files.deleteIfExists(socket);
            }
        }
    }

    @Test
    void socketsOfWhatEndedWhenNobodyLookedAreRemoved() throws Exception {
        Path exports = Files.createDirectory(temporary.resolve("exports"));
        String ended = VolumeId.random().toString();
        String known = VolumeId.random().toString();
        String alive = VolumeId.random().toString();
        List<String> kept = List.of(known + ".nbd", known + ".qmp");
        for (String name : List.of(ended + ".nbd", ended + ".qmp", kept.get(0), kept.get(1))) {
            bound(exports.resolve(name)).close();
        }
        // As of a snapshot.
        Files.createFile(exports.resolve(ended + "." + known + ".pid"));
        try (ServerSocketChannel _ = bound(exports.resolve(alive + ".nbd"))) {
            StorageDaemonFiles.clearDead(temporary);

            assertThat(Entries.names(exports))
                    .containsExactlyInAnyOrder(
                            kept.get(0), kept.get(1), ended + "." + known + ".pid", alive + ".nbd");
        }
        StorageDaemonFiles.clearDead(temporary.resolve("absent"));
    }

    private static ServerSocketChannel bound(Path socket) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(socket));
    }
}
