package io.cairn.plugin.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.plugin.local.Extents;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.tck.LoopFileSystem;
import io.cairn.tck.LoopFileSystem.Kind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** What of a file no other shares, as the kernel tells it. */
final class ExtentsTest {
    private static final int BLOCK = 4096;

    /** More than one call to the kernel gets. */
    private static final int PIECES = 1_200;

    private static final Path MEMORY = Path.of("/dev/shm");

    @Test
    void aFileInManyPiecesIsCountedWhole(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("pieces");
        writeEverySecond(file, PIECES);
        try (Native os = new Native();
                Fd open = os.open(file.toString(), Native.O_RDONLY)) {
            assumeTrue(Extents.told(os, open), "this file system does not tell its extents");
            long bytes = (long) PIECES * BLOCK;
            assertThat(Extents.unsharedBytes(os, open)).isEqualTo(bytes);
            // The list of so many pieces takes a little too.
            assertThat(os.stat(open).takenBytes()).isBetween(bytes, bytes + 64 * BLOCK);
        }
    }

    @Test
    void onlyThePiecesThatNoOtherFileHasAreCounted() throws Exception {
        try (LoopFileSystem mounted = LoopFileSystem.create(Kind.XFS, LoopFileSystem.LEAST_BYTES)) {
            Path volume = mounted.path().resolve("volume");
            Path snapshot = mounted.path().resolve("snapshot");
            Files.write(volume, filled(2 * PIECES * BLOCK), StandardOpenOption.CREATE);
            Opened.run("cp", "--reflink=always", volume.toString(), snapshot.toString());
            writeEverySecond(volume, PIECES);
            try (Native os = new Native();
                    Fd open = os.open(snapshot.toString(), Native.O_RDONLY)) {
                assertThat(Extents.unsharedBytes(os, open)).isEqualTo((long) PIECES * BLOCK);
                assertThat(os.stat(open).takenBytes()).isEqualTo(2L * PIECES * BLOCK);
            }
        }
    }

    @Test
    void anInterruptEndsTheCount(@TempDir Path folder) throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        try (Native os = new Native();
                Fd open = os.open(file.toString(), Native.O_RDONLY)) {
            Thread.currentThread().interrupt();
            assertThatExceptionOfType(InterruptedException.class)
                    .isThrownBy(() -> Extents.unsharedBytes(os, open));
        }
    }

    @Test
    void aFileSystemThatDoesNotTellIsKnown() throws Exception {
        assumeTrue(Files.isDirectory(MEMORY) && Files.getFileStore(MEMORY).type().equals("tmpfs"));
        Path file = Files.createTempFile(MEMORY, "cairn-", ".img");
        try (Native os = new Native();
                Fd open = os.open(file.toString(), Native.O_RDONLY)) {
            assertThat(Extents.told(os, open)).isFalse();
        } finally {
            Files.delete(file);
        }
    }

    private static void writeEverySecond(Path file, int pieces) throws IOException {
        try (FileChannel content =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.wrap(filled(BLOCK));
            for (long i = 0; i < pieces; i++) {
                content.write(block.rewind(), 2 * i * BLOCK);
            }
            content.force(true);
        }
    }

    private static byte[] filled(int bytes) {
        byte[] content = new byte[bytes];
        Arrays.fill(content, (byte) 7);
        return content;
    }
}
