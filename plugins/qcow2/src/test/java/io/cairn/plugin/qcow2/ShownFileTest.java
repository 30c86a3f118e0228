package io.cairn.plugin.qcow2;

import static io.cairn.plugin.qcow2.StorageDaemonFixture.await;
import static io.cairn.plugin.qcow2.StorageDaemonFixture.kill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.plugin.local.qemu.ExportName;
import io.cairn.plugin.local.qemu.ServingOptions;
import io.cairn.plugin.local.qemu.ShownFile;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException.Kind;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Volumes as files, and loop devices of these. */
@Timeout(60)
class ShownFileTest {
    private static final String JOB = "merge-1";
    private static final int ROUNDS = 8;
    private static final int ROUND_BYTES = 4 << 20;
    private static final int ALIGNMENT = 4096;

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path folder;

    private final Native os = new Native();
    private final List<Loops.Loop> loops = new ArrayList<>();

    @SuppressWarnings("NullAway.Init") // before each test
    private StorageDaemonFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = StorageDaemonFixture.in(folder);
        assumeTrue(
                ShownFile.available(), "no nbdfuse: /dev/fuse is not ours, or it is not installed");
        assumeTrue(Loops.available(os), "no loop devices: not root");
    }

    @AfterEach
    void close() throws Exception {
        try (os) {
            for (Loops.Loop loop : loops) {
                // Not as it should be done, for there may be nobody any more to write to.
                Loops.abandon(os, loop);
            }
            if (fixture != null) {
                fixture.close();
                ShownFile.awaitEnd(shown());
            }
        }
    }

    private Path shown() {
        return fixture.daemons.shown(fixture.target);
    }

    private LayeredDaemon start(List<Path> chain) throws Exception {
        return fixture.daemons.start(fixture.target, chain, false);
    }

    private Loops.Loop attach(Path file) throws Exception {
        try (Fd shown = os.open(file.toString(), Native.O_RDWR)) {
            loops.add(Loops.attach(os, shown, false, Layers.SECTOR));
            return loops.getLast();
        }
    }

    /** Past the kernel's cache, so that what is acknowledged is in QEMU's hands. */
    private static StorageDaemonWriter writer(Loops.Loop loop, long first) throws IOException {
        FileChannel device =
                FileChannel.open(Path.of(loop.device()), StandardOpenOption.WRITE, direct());
        return new StorageDaemonWriter(
                new StorageDaemonWriter.Sink() {
                    @Override
                    public void write(long offset, byte[] block) throws IOException {
                        ByteBuffer buffer =
                                ByteBuffer.allocateDirect(block.length + ALIGNMENT)
                                        .alignedSlice(ALIGNMENT);
                        buffer.put(block).flip();
                        while (buffer.hasRemaining()) {
                            int _ = device.write(buffer, offset + buffer.position());
                        }
                    }

                    @Override
                    public void close() throws IOException {
                        device.close();
                    }
                },
                first);
    }

    /** Found by its name, for the compiler warns of it as of what is not for everybody. */
    private static OpenOption direct() {
        try {
            Class<?> options = Class.forName("com.sun.nio.file.ExtendedOpenOption");
            return (OpenOption) options.getField("DIRECT").get(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JDK cannot open files past the cache", e);
        }
    }

    private static String name(Path layer) {
        return layer.toFile().getName();
    }

    private static void assertFails(Kind kind, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        OsException.class,
                        e -> assertThat(e.told().kind()).as(e.getMessage()).isEqualTo(kind));
    }

    /** Those that show it now. */
    private List<ProcessHandle> processes() {
        return ProcessHandle.allProcesses()
                .filter(
                        each ->
                                each.info().command().orElse("").endsWith("/nbdfuse")
                                        && each.info().arguments().stream()
                                                .flatMap(Stream::of)
                                                .anyMatch(shown().toString()::equals))
                .toList();
    }

    private void killShowing() {
        List<ProcessHandle> showing = processes();
        assertThat(showing).hasSize(1);
        assertThat(showing.getFirst().destroyForcibly()).isTrue();
        ProcessHandle _ = showing.getFirst().onExit().join();
    }

    @Test
    void writesThatAreOnTheirWayAtOnceKeepTheirContents() throws Exception {
        List<Path> chain = fixture.chain(1, 1);
        LayeredDaemon daemon = start(chain);
        Path file = daemon.exportFuse(true);
        Loops.Loop loop = attach(file);
        assertThat(Files.readString(Path.of("/sys/block", loop.name(), "loop/dio")).strip())
                .isEqualTo("1");
        for (int round = 1; round <= ROUNDS; round++) {
            try (FileChannel device =
                    FileChannel.open(Path.of(loop.device()), StandardOpenOption.WRITE)) {
                ByteBuffer content = content(round);
                while (content.hasRemaining()) {
                    int _ = device.write(content, start(round) + content.position());
                }
                // The kernel writes all of it out, much of it at once.
                device.force(true);
            }
            assertShows(file, round);
        }
        Loops.detach(os, loops.removeLast());
        daemon.unexportFuse();
        daemon.stop();
        Path raw = folder.resolve("raw");
        String _ =
                StorageDaemonFixture.run(
                        "qemu-img", "convert", "-O", "raw", chain.getFirst() + "", raw + "");
        assertShows(raw, ROUNDS - 1);
        assertShows(raw, ROUNDS);
    }

    /** Two places in turn, so that old content is written over too. */
    private static long start(int round) {
        return (long) (round % 2) * ROUND_BYTES;
    }

    /** Each eight bytes tell where they belong, and since when. */
    private static ByteBuffer content(int round) {
        ByteBuffer content = ByteBuffer.allocate(ROUND_BYTES);
        while (content.hasRemaining()) {
            content.putLong((long) round << Integer.SIZE | start(round) + content.position());
        }
        return content.flip();
    }

    private static void assertShows(Path file, int round) throws IOException {
        ByteBuffer read = ByteBuffer.allocate(ROUND_BYTES);
        try (FileChannel shown = FileChannel.open(file)) {
            while (read.hasRemaining()) {
                assertThat(shown.read(read, start(round) + read.position())).isPositive();
            }
        }
        read.flip();
        int differs = content(round).mismatch(read);
        if (differs >= 0) {
            long found = read.getLong(differs / Long.BYTES * Long.BYTES);
            throw new AssertionError(
                    "round %d: byte %d has what belongs to byte %d since round %d"
                            .formatted(
                                    round,
                                    start(round) + differs,
                                    found & 0xffffffffL,
                                    found >> Integer.SIZE));
        }
    }

    @Test
    void aDeviceIsWrittenWhileLayersAreCutAndMerged() throws Exception {
        List<Path> chain = new ArrayList<>(fixture.chain(4, 20));
        LayeredDaemon daemon = start(chain);
        Loops.Loop loop = attach(daemon.exportFuse(true));
        List<Long> before = new ArrayList<>();
        List<Long> after = new ArrayList<>();
        try (StorageDaemonWriter writer = writer(loop, 80)) {
            for (int i = 0; i < 3; i++) {
                writer.awaitMore(50);
                Path overlay = fixture.layer(Optional.of(chain.getLast()));
                before.add(writer.done());
                daemon.cut(overlay);
                after.add(writer.done());
                chain.add(overlay);
            }
            writer.awaitMore(50);
            daemon.commit(5, 7, name(chain.get(0)), JOB);
            assertThat(await(daemon, JOB).error()).isEmpty();
            daemon.commit(1, 6, name(chain.get(4)), JOB);
            assertThat(await(daemon, JOB).error()).isEmpty();
            writer.awaitMore(50);
        }
        assertThat(daemon.chain())
                .containsExactly(
                        chain.get(6), chain.get(4), chain.get(3), chain.get(2), chain.get(0));
        Loops.detach(os, loops.removeLast());
        daemon.unexportFuse();
        assertThat(daemon.exports()).isEmpty();
        daemon.stop();
        assertThat(fixture.writes(chain.get(0))).isEqualTo(40);
        assertThat(fixture.writes(chain.get(2))).isEqualTo(60);
        assertThat(fixture.writes(chain.get(3))).isBetween(before.get(0), after.get(0) + 1);
        // Since it has what the next one had.
        assertThat(fixture.writes(chain.get(4))).isBetween(before.get(2), after.get(2) + 1);
        assertThat(fixture.writes(chain.getLast())).isGreaterThan(after.get(2) + 99);
    }

    @Test
    void itDoesNotGrowWhileItIsShown() throws Exception {
        LayeredDaemon daemon = start(fixture.chain(2, 1));
        Loops.Loop loop = attach(daemon.exportFuse(true));

        assertFails(Kind.IN_USE, () -> daemon.grow(2 * StorageDaemonFixture.SIZE_BYTES));

        assertThat(daemon.sizeBytes()).isEqualTo(StorageDaemonFixture.SIZE_BYTES);
        assertThat(Files.size(shown())).isEqualTo(StorageDaemonFixture.SIZE_BYTES);
        Loops.detach(os, loop);
        loops.clear();
        daemon.unexportFuse();
        daemon.grow(2 * StorageDaemonFixture.SIZE_BYTES);
        assertThat(Loops.sizeBytes(attach(daemon.exportFuse(true))))
                .isEqualTo(2 * StorageDaemonFixture.SIZE_BYTES);
    }

    @Test
    void itIsShownOnceAndTakenBack() throws Exception {
        LayeredDaemon daemon = start(fixture.chain(1, 7));
        assertThat(daemon.exportedFuse()).isEmpty();

        Path file = daemon.exportFuse(false);

        assertThat(daemon.exportFuse(false)).isEqualTo(file).isEqualTo(shown());
        assertThat(processes()).hasSize(1);
        assertThat(daemon.exportedFuse()).contains(file);
        assertThat(StorageDaemonFixture.writesOf(file)).isEqualTo(7);
        assertThatThrownBy(() -> FileChannel.open(file, StandardOpenOption.WRITE))
                .isInstanceOf(IOException.class);
        assertFails(Kind.CONFLICT, () -> daemon.exportFuse(true));
        assertThat(daemon.anyWritable()).isFalse();
        daemon.unexportFuse();
        daemon.unexportFuse();
        assertThat(file).doesNotExist();
        assertThat(processes()).isEmpty();
        assertThat(daemon.exportedFuse()).isEmpty();
        assertThat(daemon.exports()).isEmpty();
    }

    @Test
    void otherExportsAreNoneOfItsConcern() throws Exception {
        LayeredDaemon daemon = start(fixture.chain(1, 7));
        ConnectionId host = ConnectionId.random();
        assertThat(daemon.exportNbd(host, true)).isNotEmpty();

        Path file = daemon.exportFuse(true);

        assertThat(daemon.exports()).containsExactlyInAnyOrder(host.toString(), ExportName.FUSE);
        assertThat(daemon.anyWritable()).isTrue();
        assertThat(StorageDaemonFixture.writesOf(file)).isEqualTo(7);
        daemon.unexport(host.toString());
        assertThat(daemon.exportedFuse()).contains(file);
        assertThat(StorageDaemonFixture.writesOf(file)).isEqualTo(7);
    }

    @Test
    void itIsNotShownWhereClientsMustEncrypt() throws Exception {
        Path certificates = StorageDaemonCertificates.make(folder.resolve("tls"));
        fixture.close();
        fixture =
                StorageDaemonFixture.in(
                        folder, new ServingOptions(true, Optional.of(certificates)));
        LayeredDaemon daemon = start(fixture.chain(1, 1));

        assertFails(Kind.UNSUPPORTED, () -> daemon.exportFuse(false));

        assertThat(daemon.exports()).isEmpty();
        assertThat(shown()).doesNotExist();
    }

    @Test
    void itIsShownByTcpToo() throws Exception {
        fixture.close();
        fixture = StorageDaemonFixture.in(folder, new ServingOptions(true, Optional.empty()));
        LayeredDaemon daemon = start(fixture.chain(1, 7));

        assertThat(StorageDaemonFixture.writesOf(daemon.exportFuse(false))).isEqualTo(7);
    }

    @Test
    void itIsShownAgainAfterTheProcessWasKilledThatShowedIt() throws Exception {
        LayeredDaemon daemon = start(fixture.chain(1, 7));
        Path file = daemon.exportFuse(true);
        killShowing();
        assertThatThrownBy(() -> Files.size(file)).isInstanceOf(IOException.class);

        // It is there to be taken back.
        assertThat(daemon.exportedFuse()).contains(file);
        daemon.unexportFuse();

        assertThat(file).doesNotExist();
        assertThat(daemon.exportedFuse()).isEmpty();
        assertThat(daemon.exports()).isEmpty();
        assertThat(StorageDaemonFixture.writesOf(daemon.exportFuse(true))).isEqualTo(7);
    }

    @Test
    void itIsShownAgainThoughADeviceOfTheKilledProcessIsLeft() throws Exception {
        LayeredDaemon daemon = start(fixture.chain(1, 7));
        Path file = daemon.exportFuse(true);
        Loops.Loop _ = attach(file);
        killShowing();

        daemon.unexportFuse();

        assertThat(daemon.exports()).isEmpty();
        assertThat(StorageDaemonFixture.writesOf(daemon.exportFuse(true))).isEqualTo(7);
    }

    @Test
    void whatAKilledOneShowedIsClearedAway() throws Exception {
        List<Path> chain = fixture.chain(1, 1);
        LayeredDaemon daemon = start(chain);
        Path file = daemon.exportFuse(true);
        Loops.Loop loop = attach(file);
        kill(daemon);
        try (FileChannel device =
                FileChannel.open(Path.of(loop.device()), StandardOpenOption.WRITE, direct())) {
            ByteBuffer sector = ByteBuffer.allocateDirect(2 * ALIGNMENT).alignedSlice(ALIGNMENT);
            assertThatThrownBy(() -> device.write(sector, 0)).isInstanceOf(IOException.class);
        }

        assertThat(fixture.daemons.of(fixture.target)).isEmpty();

        assertThat(file).doesNotExist();
        assertThat(start(chain).exportFuse(true)).isEqualTo(file).exists();
    }

    @Test
    void itStopsWithADeviceAttached() throws Exception {
        LayeredDaemon daemon = start(fixture.chain(1, 1));
        Loops.Loop _ = attach(daemon.exportFuse(true));

        daemon.stop();

        assertThat(folder.resolve("exports")).isEmptyDirectory();
    }
}
