package io.cairn.plugin.qcow2;

import static io.cairn.plugin.qcow2.StorageDaemonFixture.await;
import static io.cairn.plugin.qcow2.StorageDaemonFixture.below;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Layers that are merged while all is used. */
class StorageDaemonMergeTest {
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

    private static void assertInUse(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        OsException.class,
                        e -> assertThat(e.told().kind()).as(e.getMessage()).isEqualTo(Kind.IN_USE));
    }

    @Test
    void aLayerThatAnotherProcessReadsIsNotWrittenTo() throws Exception {
        List<Path> chain = fixture.chain(3, 4);
        LayeredDaemon volume = start(chain);
        Target snapshot = Target.of(fixture.target.volume(), SnapshotId.random());
        for (int layers = 1; layers <= 2; layers++) {
            LayeredDaemon reader = fixture.daemons.start(snapshot, chain.subList(0, layers), true);

            assertInUse(() -> volume.commit(1, 3, name(chain.getFirst()), JOB));

            assertThat(volume.jobs()).isEmpty();
            assertThat(volume.chain()).isEqualTo(chain.reversed());
            assertThat(fixture.writes(chain.getFirst())).isEqualTo(4);
            reader.stop();
        }
        volume.commit(1, 3, name(chain.getFirst()), JOB);
        assertThat(await(volume, JOB).error()).isEmpty();
        assertThat(fixture.writes(chain.getFirst())).isEqualTo(8);
    }

    @Test
    void noOtherProcessReadsALayerWhileItIsWrittenTo() throws Exception {
        List<Path> chain = fixture.chain(3, 4);
        LayeredDaemon volume = start(chain);
        Target snapshot = Target.of(fixture.target.volume(), SnapshotId.random());
        volume.commit(1, 3, name(chain.getFirst()), JOB);

        assertInUse(() -> fixture.daemons.start(snapshot, chain.subList(0, 1), true));

        assertThat(await(volume, JOB).error()).isEmpty();
        LayeredDaemon reader = fixture.daemons.start(snapshot, chain.subList(0, 1), true);
        assertThat(reader.chain()).containsExactly(chain.getFirst());
    }

    @Test
    void layersAreMergedDownUnderAWriter() throws Exception {
        List<Path> chain = fixture.chain(5, 20);
        LayeredDaemon daemon = start(chain);
        try (StorageDaemonWriter writer = writer(daemon, 100)) {
            writer.awaitMore(50);
            daemon.commit(1, 5, name(chain.get(2)), JOB);
            assertThat(await(daemon, JOB).error()).isEmpty();
            writer.awaitMore(50);
            daemon.commit(2, 4, name(chain.get(0)), JOB);
            assertThat(await(daemon, JOB).error()).isEmpty();
            writer.awaitMore(50);
            assertThat(daemon.chain()).containsExactly(chain.get(4), chain.get(2), chain.get(0));
            assertThat(below(chain.get(4))).contains(name(chain.get(2)));
            assertThat(below(chain.get(2))).contains(name(chain.get(0)));
            assertThat(fixture.writes(chain.get(2))).isEqualTo(80);
            daemon.commit(1, 3, name(chain.get(0)), JOB);
            assertThat(await(daemon, JOB).error()).isEmpty();
            writer.awaitMore(600);
        }
        assertThat(daemon.chain()).containsExactly(chain.get(4), chain.get(0));
        daemon.stop();
        assertThat(below(chain.get(4))).contains(name(chain.get(0)));
        assertThat(fixture.writes(chain.get(4))).isGreaterThan(800);
        assertThat(fixture.writes(chain.get(0))).isEqualTo(80);
    }

    @Test
    void nothingIsMergedThatIsNotBetweenLayersOfThatMany() throws Exception {
        List<Path> chain = fixture.chain(3, 4);
        LayeredDaemon daemon = start(chain);
        String name = name(chain.getFirst());

        // The top, the lowest, and of chains that others are of.
        for (int[] wrong : new int[][] {{0, 3}, {2, 3}, {1, 4}, {1, 2}}) {
            assertThatThrownBy(() -> daemon.commit(wrong[0], wrong[1], name, JOB))
                    .isInstanceOfSatisfying(
                            OsException.class,
                            e -> assertThat(e.told().kind()).isEqualTo(Kind.FAULT));
        }

        assertThat(daemon.jobs()).isEmpty();
        assertThat(daemon.chain()).isEqualTo(chain.reversed());
    }

    @Test
    void layersThatWereMergedAreClosed() throws Exception {
        List<Path> chain = fixture.chain(4, 4);
        LayeredDaemon daemon = start(chain);

        daemon.commit(1, 4, name(chain.get(1)), JOB);
        assertThat(await(daemon, JOB).error()).isEmpty();

        assertThat(open(daemon))
                .contains(chain.get(0), chain.get(1), chain.get(3))
                .doesNotContain(chain.get(2));
    }

    private static List<Path> open(LayeredDaemon daemon) throws IOException {
        try (var open = Files.list(Path.of("/proc/" + daemon.pid() + "/fd"))) {
            List<Path> files = new ArrayList<>();
            for (Path fd : open.toList()) {
                try {
                    files.add(Files.readSymbolicLink(fd));
                } catch (NoSuchFileException _) {
                    // Closed since.
                }
            }
            return files;
        }
    }

    @Test
    void aJobThatIsDismissedBeforeItIsDoneChangesNothing() throws Exception {
        List<Path> chain = fixture.chain(3, 4);
        LayeredDaemon daemon = start(chain);
        daemon.commit(1, 3, name(chain.get(0)), JOB);

        assertThat(daemon.concluded(JOB)).isTrue();
        assertThat(daemon.jobs()).hasSize(1);
        daemon.dismiss(JOB);
        daemon.dismiss(JOB);

        assertThat(daemon.jobs()).isEmpty();
        assertThat(daemon.chain()).isEqualTo(chain.reversed());
        daemon.commit(1, 3, name(chain.get(0)), JOB);
        assertThat(await(daemon, JOB).error()).isEmpty();
        daemon.stop();
        assertThat(fixture.writes(chain.get(2))).isEqualTo(12);
    }

    @Test
    void twoJobsDoNotWorkAtOneLayer() throws Exception {
        List<Path> chain = fixture.chain(4, 4);
        LayeredDaemon daemon = start(chain);
        daemon.commit(1, 4, name(chain.get(1)), JOB);

        assertThatThrownBy(() -> daemon.commit(2, 4, name(chain.get(0)), "merge-2"))
                .isInstanceOf(OsException.class);

        assertThat(await(daemon, JOB).error()).isEmpty();
        daemon.commit(1, 3, name(chain.get(0)), "merge-2");
        assertThat(await(daemon, "merge-2").error()).isEmpty();
        daemon.stop();
        assertThat(fixture.writes(chain.get(3))).isEqualTo(16);
        assertThat(fixture.writes(chain.get(0))).isEqualTo(12);
    }

    @Test
    void cutsAreWholeWhileLayersAreMerged() throws Exception {
        List<Path> chain = fixture.chain(3, 20);
        LayeredDaemon daemon = start(chain);
        Path overlay = fixture.layer(Optional.of(chain.get(2)));
        long before;
        long after;
        try (StorageDaemonWriter writer = writer(daemon, 60)) {
            writer.awaitMore(50);
            daemon.commit(1, 3, name(chain.get(0)), JOB);
            before = writer.done();
            daemon.cut(overlay);
            after = writer.done();
            writer.awaitMore(50);
            assertThat(daemon.chain())
                    .containsExactly(overlay, chain.get(2), chain.get(1), chain.get(0));
            // The header is changed of a layer that is not the top any more.
            assertThat(await(daemon, JOB).error()).isEmpty();
            writer.awaitMore(50);
        }
        assertThat(daemon.chain()).containsExactly(overlay, chain.get(2), chain.get(0));
        assertThat(below(chain.get(2))).contains(name(chain.get(0)));
        daemon.stop();
        assertThat(fixture.writes(chain.get(2))).isBetween(before, after + 1);
        assertThat(fixture.writes(overlay)).isGreaterThanOrEqualTo(after + 100);
    }
}
