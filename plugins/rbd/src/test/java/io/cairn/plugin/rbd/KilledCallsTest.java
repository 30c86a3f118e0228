package io.cairn.plugin.rbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.plugin.local.Label;
import io.cairn.plugin.local.Source;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What calls leave that were killed, or that nobody answered in time, and what becomes of it. */
@Tag("ceph")
@Timeout(180)
final class KilledCallsTest extends NamespaceFixture {
    @SuppressWarnings("NullAway.Init") // connected before each test
    private Cluster cluster;

    @SuppressWarnings("NullAway.Init") // the same
    private Cards cards;

    @BeforeEach
    void connect() throws Exception {
        cluster =
                LargeStack.call(() -> Cluster.connect(Library.load(), OneNode.address(namespace)));
        cards = new Cards(new Objects(cluster));
    }

    @AfterEach
    void disconnect() {
        cluster.close();
    }

    /** What is there of it may have been taken back by Ceph, and then goes on changing. */
    @Test
    void aSnapshotThatWasNotAcknowledgedDoesNotCount() throws Exception {
        BackendVolume volume = volume(OBJECT);
        write(volume, 0, 1);
        SnapshotSpec spec = halfCut(volume);

        assertThat(driver.findSnapshot(spec.id(), volume.id())).isEmpty();
        assertThat(driver.inventory().snapshots()).isEmpty();
        write(volume, 0, 2);
        BackendSnapshot cut = driver.createSnapshot(spec);

        assertThat(read(cut.location(), 0)).isEqualTo(2);
        assertThat(driver.findSnapshot(spec.id(), volume.id())).contains(cut);
    }

    @Test
    void aSnapshotThatWasNotAcknowledgedGoesWithItsVolumeOrBeforeIt() throws Exception {
        BackendVolume volume = volume(OBJECT);
        SnapshotSpec first = halfCut(volume);
        SnapshotSpec second = halfCut(volume);

        driver.deleteSnapshot(first.id(), volume.id());
        driver.deleteVolume(volume.id());

        assertThat(cards.of(first.id())).isEmpty();
        assertThat(cards.of(second.id())).isEmpty();
        assertThat(Image.openIfThere(cluster, Names.image(volume.id()))).isEmpty();
    }

    private SnapshotSpec halfCut(BackendVolume volume) throws Exception {
        SnapshotSpec spec = new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE);
        Label label =
                new Label(
                        spec.id().toString(),
                        Mark.NONE,
                        Optional.of(Instant.now()),
                        Optional.of(new Source.OfVolume(volume.id())));
        assertThat(cards.make(spec.id(), Card.cutting(label))).isTrue();
        try (Image image = Image.open(cluster, Names.image(volume.id()))) {
            assertThat(image.cut(spec.id().toString())).isTrue();
        }
        return spec;
    }

    @Test
    void whatAVolumeIsHalfBackToIsDeletedOnceItIsBack() throws Exception {
        BackendVolume volume = volume(OBJECT);
        BackendSnapshot snapshot = halfBack(volume);

        driver.deleteSnapshot(snapshot.id(), volume.id());

        assertThat(read(volume.location(), 0)).isEqualTo(1);
        assertThat(driver.findVolume(volume.id())).contains(volume);
    }

    @Test
    void aSnapshotOfAVolumeThatIsHalfBackIsCutOnceItIsBack() throws Exception {
        BackendVolume volume = volume(OBJECT);
        BackendSnapshot _ = halfBack(volume);

        BackendSnapshot cut = snapshot(volume);

        assertThat(read(cut.location(), 0)).isEqualTo(1);
        assertThat(cards.of(volume.id()).orElseThrow().reverting()).isEmpty();
        assertThat(driver.findSnapshot(cut.id(), volume.id())).contains(cut);
    }

    /** Whoever finds it after a kill takes it for made, and does nothing more about it. */
    @Test
    void aCloneIsThereOnlyOnceNothingIsLeftAtItsSource() throws Exception {
        BackendVolume source = volume(OBJECT);
        for (int i = 0; i < 10; i++) {
            VolumeSpec spec =
                    new VolumeSpec(VolumeId.random(), source.pool(), OBJECT, new Mark("clone"));
            try (ExecutorService worker = Executors.newSingleThreadExecutor()) {
                Future<BackendVolume> cloning =
                        worker.submit(
                                () ->
                                        driver.cloning()
                                                .orElseThrow()
                                                .cloneVolume(spec, source.id()));
                while (cards.of(spec.id()).isEmpty() && !cloning.isDone()) {
                    Thread.onSpinWait();
                }
                try (Image image = Image.openToRead(cluster, Names.image(source.id()))) {
                    assertThat(image.snaps()).isEmpty();
                }
                assertThat(cloning.get().id()).isEqualTo(spec.id());
            }
            driver.deleteVolume(spec.id());
        }
    }

    /** A volume that is to read as 1 again, and reads as 2. */
    private BackendSnapshot halfBack(BackendVolume volume) throws Exception {
        write(volume, 0, 1);
        BackendSnapshot snapshot = snapshot(volume);
        write(volume, 0, 2);
        Card card = cards.of(volume.id()).orElseThrow();
        cards.replace(
                volume.id(),
                card.reverting(Optional.of(new Card.Reverting(snapshot.id(), OBJECT))));
        return snapshot;
    }

    /** As that of a host that hung for longer than its lock. */
    @Test
    void whoseLockHasEndedIsShutOutByTheNext() throws Exception {
        BackendVolume volume = volume(OBJECT);
        String[] holder =
                OneNode.asAdmin(
                                "rados",
                                node.folder(),
                                "-p",
                                OneNode.POOL,
                                "-N",
                                OneNode.name(namespace),
                                "lock",
                                "info",
                                Names.BACKEND,
                                "cairn")
                        .split("\"", -1);
        String cookie = value(holder, "cookie");
        String _ =
                OneNode.asAdmin(
                        "rados",
                        node.folder(),
                        "-p",
                        OneNode.POOL,
                        "-N",
                        OneNode.name(namespace),
                        "--lock-cookie",
                        cookie,
                        "lock",
                        "break",
                        Names.BACKEND,
                        "cairn",
                        value(holder, "name", 1));

        RbdDriver next = open();
        try {
            assertThatThrownBy(() -> driver.deleteVolume(volume.id()))
                    .isInstanceOfSatisfying(
                            DriverException.class,
                            e ->
                                    assertThat(e.kind())
                                            .as(e.getMessage())
                                            .isEqualTo(Kind.UNAVAILABLE));
            assertThat(next.findVolume(volume.id())).contains(volume);
        } finally {
            next.close();
        }
    }

    /** Of JSON that was cut at its quotation marks, the value of a word, or of its next. */
    private static String value(String[] words, String word) {
        return value(words, word, 0);
    }

    private static String value(String[] words, String word, int skipped) {
        int left = skipped;
        for (int i = 0; i < words.length - 2; i++) {
            if (words[i].equals(word) && left-- == 0) {
                return words[i + 2];
            }
        }
        throw new IllegalStateException("there is no " + word);
    }
}
