package io.cairn.plugin.qcow2;

import static io.cairn.plugin.qcow2.StorageDaemonFixture.kill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.plugin.local.Native;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Layers that are merged below one that is written to. */
@Timeout(60)
class LiveCommittingTest {
    private static final ConnectionId HOST = ConnectionId.random();
    private static final int EACH = 20;

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path folder;

    private final Native os = new Native();

    @SuppressWarnings("NullAway.Init") // before each test
    private StorageDaemonFixture fixture;

    @SuppressWarnings("NullAway.Init") // before each test
    private Layers layers;

    @BeforeEach
    void open() throws Exception {
        fixture = StorageDaemonFixture.in(folder);
        Optional<Path> tool = QemuImg.installed();
        assumeTrue(tool.isPresent(), "qemu-img is not installed");
        Path path = folder.resolve(Layers.LAYERS);
        layers =
                new Layers(
                        path,
                        os.open(path.toString(), Native.O_RDONLY),
                        new QemuImg(tool.orElseThrow()));
    }

    @AfterEach
    void close() throws Exception {
        try (os) {
            if (layers != null) {
                layers.close();
            }
            if (fixture != null) {
                fixture.close();
            }
        }
    }

    private LayeredDaemon start(List<Path> chain) throws Exception {
        return fixture.daemons.start(fixture.target, chain, false);
    }

    private StorageDaemonWriter writer(LayeredDaemon daemon, int first) throws Exception {
        Map<String, String> info = daemon.exportNbd(HOST, true);
        return new StorageDaemonWriter(
                StorageDaemonWriter.nbd(Path.of(info.get("socket")), HOST.toString(), true), first);
    }

    private static LayerId id(Path layer) {
        return LayerId.ofFile(layer.toFile().getName()).orElseThrow();
    }

    /** From the top down, as the headers have it. */
    private List<LayerId> chain(Path top) throws Exception {
        return layers.chain(os, id(top));
    }

    private LiveCommitting committing(LayeredDaemon daemon, Path top, Path upper, Path lower)
            throws Exception {
        return new LiveCommitting(layers, daemon, chain(top), id(upper), id(lower));
    }

    private static void assertClean(Path layer) throws Exception {
        assertThat(StorageDaemonFixture.run("qemu-img", "check", layer.toString()))
                .contains("No errors were found");
    }

    /** Once more, by the names that the headers have. */
    private LayeredDaemon startAgain(Path top) throws Exception {
        return start(chain(top).reversed().stream().map(layers::path).toList());
    }

    @Test
    void whatWasMergedIsMergedOnUnderAWriter() throws Exception {
        List<Path> files = fixture.chain(5, EACH);
        Path top = files.get(4);
        LayeredDaemon daemon = start(files);
        try (StorageDaemonWriter writer = writer(daemon, 5 * EACH)) {
            writer.awaitMore(50);
            assertThat(committing(daemon, top, files.get(2), files.get(1)).run()).isTrue();
            assertThat(chain(top))
                    .containsExactly(id(top), id(files.get(3)), id(files.get(2)), id(files.get(0)));
            // Which the storage daemon knows by its former name.
            assertThat(Files.isSameFile(files.get(2), files.get(1))).isTrue();
            assertThat(daemon.chain())
                    .containsExactly(top, files.get(3), files.get(1), files.get(0));
            writer.awaitMore(50);
            assertThat(committing(daemon, top, files.get(3), files.get(2)).run()).isTrue();
            assertThat(chain(top)).containsExactly(id(top), id(files.get(3)), id(files.get(0)));
            writer.awaitMore(50);
            assertThat(committing(daemon, top, files.get(3), files.get(0)).run()).isTrue();
            assertThat(chain(top)).containsExactly(id(top), id(files.get(3)));
            assertThat(Files.isSameFile(files.get(3), files.get(0))).isTrue();
            writer.awaitMore(50);
        }
        assertThat(daemon.jobs()).isEmpty();
        daemon.stop();
        assertClean(top);
        assertClean(files.get(3));
        assertThat(fixture.writes(files.get(3))).isEqualTo(4 * EACH);
        long writes = fixture.writes(top);
        assertThat(writes).isGreaterThanOrEqualTo(5 * EACH + 200);
        startAgain(top).stop();
        assertThat(fixture.writes(top)).isEqualTo(writes);
    }

    @Test
    void theNamesOfTheHeadersHoldAfterAKill() throws Exception {
        List<Path> files = fixture.chain(5, EACH);
        Path top = files.get(4);
        LayeredDaemon daemon = start(files);
        StorageDaemonWriter writer = writer(daemon, 5 * EACH);
        writer.awaitMore(50);
        assertThat(committing(daemon, top, files.get(2), files.get(1)).run()).isTrue();
        writer.awaitMore(50);
        kill(daemon);
        writer.closeAfterKill();
        assertThat(fixture.daemons.of(fixture.target)).isEmpty();
        Files.delete(files.get(1));

        LayeredDaemon again = startAgain(top);
        assertThat(committing(again, top, files.get(3), files.get(2)).run()).isTrue();
        again.stop();

        assertThat(fixture.writes(files.get(3))).isEqualTo(4 * EACH);
        assertThat(fixture.writes(top)).isBetween(writer.done(), writer.done() + 1);
    }

    @Test
    void whatIsStoppedBeforeItBeginsDoesNothing() throws Exception {
        List<Path> files = fixture.chain(4, EACH);
        LayeredDaemon daemon = start(files);
        LiveCommitting committing = committing(daemon, files.get(3), files.get(2), files.get(1));

        committing.stop();

        assertThat(committing.run()).isFalse();
        assertThat(daemon.jobs()).isEmpty();
        assertThat(daemon.chain()).isEqualTo(files.reversed());
    }

    @Test
    void whatAnotherDaemonLeftTakesEffectIfItWasDone() throws Exception {
        List<Path> files = fixture.chain(4, EACH);
        Path top = files.get(3);
        LayeredDaemon daemon = start(files);
        begin(daemon, files.get(2), files.get(1));
        while (!daemon.jobs().getFirst().concluded()) {
            Thread.sleep(1);
        }
        // The header has the name already that the merged layer is to get.
        assertThat(chain(top)).hasSize(4);

        assertThat(committing(daemon, top, files.get(2), files.get(1)).run()).isFalse();

        assertThat(daemon.jobs()).isEmpty();
        assertThat(chain(top)).containsExactly(id(top), id(files.get(2)), id(files.get(0)));
        daemon.stop();
        assertThat(fixture.writes(files.get(2))).isEqualTo(3 * EACH);
        assertThat(fixture.writes(top)).isEqualTo(4 * EACH);
        assertClean(files.get(2));
    }

    @Test
    void whatAnotherDaemonLeftIsBegunAnewIfItWasNotDone() throws Exception {
        List<Path> files = fixture.chain(4, EACH);
        Path top = files.get(3);
        LayeredDaemon daemon = start(files);
        begin(daemon, files.get(2), files.get(1));

        assertThat(LiveCommitting.end(os, layers, daemon)).isTrue();

        assertThat(LiveCommitting.end(os, layers, daemon)).isFalse();
        // It may have ended well before it was to end.
        boolean done = daemon.chain().size() < files.size();
        assertThat(Files.isSameFile(files.get(2), files.get(1))).isEqualTo(done);
        if (!done) {
            assertThat(daemon.chain()).isEqualTo(files.reversed());
            LiveCommitting again = committing(daemon, top, files.get(2), files.get(1));
            assertThat(again.run()).isTrue();
            assertThat(again.progress().done()).isEqualTo(again.progress().total()).isPositive();
        }
        daemon.stop();
        assertThat(fixture.writes(top)).isEqualTo(4 * EACH);
    }

    private static void begin(LayeredDaemon daemon, Path upper, Path lower) throws Exception {
        daemon.commit(1, 4, upper.toFile().getName(), "merge." + id(upper) + "." + id(lower));
    }

    @Test
    void whatAnotherReadsStays() throws Exception {
        List<Path> files = fixture.chain(4, EACH);
        LayeredDaemon daemon = start(files);
        Target snapshot = Target.of(fixture.target.volume(), SnapshotId.random());
        LayeredDaemon reader = fixture.daemons.start(snapshot, files.subList(0, 2), true);
        LiveCommitting committing = committing(daemon, files.get(3), files.get(2), files.get(1));

        assertThatThrownBy(committing::run).hasMessageContaining("lock");

        assertThat(daemon.jobs()).isEmpty();
        assertThat(fixture.writes(files.get(1))).isEqualTo(2 * EACH);
        reader.stop();
        assertThat(committing.run()).isTrue();
    }
}
