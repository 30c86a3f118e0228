package io.cairn.plugin.rbd;

import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What is Ceph's own way: its maps of objects, images made one of the other, and its failures. */
@Tag("ceph")
@Timeout(180)
final class VolumesOfCephTest extends NamespaceFixture {
    @Test
    void whatAVolumeWentBackFromDiffersFromWhatItIs() throws Exception {
        BackendVolume volume = volume(2 * OBJECT);
        write(volume, 0, 1);
        BackendSnapshot first = snapshot(volume);
        BackendSnapshot unchanged = snapshot(volume);
        write(volume, 0, 2);
        BackendSnapshot changed = snapshot(volume);

        driver.reverting().orElseThrow().revert(volume.id(), unchanged.id());
        BackendSnapshot back = snapshot(volume);

        assertThat(read(back.location(), 0)).isEqualTo(1);
        List<ChangedRange> differ =
                driver.differing()
                        .orElseThrow()
                        .changed(volume.id(), back.id(), Optional.of(changed.id()), 0, 10);
        assertThat(differ).isNotEmpty();
        assertThat(differ.getFirst().offsetBytes()).isZero();
        assertThat(read(first.location(), 0)).isEqualTo(1);
        assertThat(read(changed.location(), 0)).isEqualTo(2);
    }

    @Test
    void whatLiesTooDeepIsCopiedAndNeedsNothingAnyMore() throws Exception {
        BackendVolume first = volume(2 * OBJECT);
        write(first, 0, 7);
        BackendVolume second = clone(first);
        assertThat(below(second)).isEqualTo("1");
        BackendVolume third = clone(second);

        while (!driver.background().orElseThrow().chores().isEmpty()) {
            Thread.sleep(100);
        }

        assertThat(below(third)).isEqualTo("0");
        assertThat(below(second)).isEqualTo("1");
        driver.deleteVolume(first.id());
        driver.deleteVolume(second.id());
        assertThat(read(third.location(), 0)).isEqualTo(7);
        driver.deleteVolume(third.id());
        assertThat(OneNode.rbd(node.folder(), "trash", "ls", "--all", of())).isEmpty();
    }

    /** Windows of a comparison are as large as the volume is now, so that one begins at its end. */
    @Test
    void whatASnapshotFreesIsMeasuredAlsoWhereItsVolumeIsSmallerByNow() throws Exception {
        BackendVolume volume = volume(Comparison.WINDOW);
        BackendSnapshot small = snapshot(volume);
        driver.growing().orElseThrow().grow(volume.id(), 2 * Comparison.WINDOW);
        write(volume, Comparison.WINDOW, 1);
        BackendSnapshot large = snapshot(volume);

        driver.reverting().orElseThrow().revert(volume.id(), small.id());

        assertThat(driver.measuring().orElseThrow().freedByDeleting(large.id(), volume.id()))
                .isEqualTo(4096);
        assertThat(
                        driver.differing()
                                .orElseThrow()
                                .changed(
                                        volume.id(),
                                        large.id(),
                                        Optional.of(small.id()),
                                        Comparison.WINDOW,
                                        10))
                .containsExactly(new ChangedRange(Comparison.WINDOW, 4096));
    }

    private BackendVolume clone(BackendVolume of) throws Exception {
        return driver.cloning().orElseThrow().cloneVolume(spec(of.sizeBytes()), of.id());
    }

    private String below(BackendVolume volume) throws Exception {
        return driver.inspecting()
                .orElseThrow()
                .inspect(Target.of(volume.id()))
                .getOrDefault("images-below", "");
    }

    private String of() {
        return OneNode.POOL + "/" + OneNode.name(namespace);
    }

    @Test
    void nobodyOpensABackendThatIsOpen() {
        assertFails(Kind.UNAVAILABLE, this::open);
    }

    @Test
    void anOsdThatDoesNotAnswerMakesCallsWaitAndLosesNothing() throws Exception {
        BackendVolume volume = volume(2 * OBJECT);
        write(volume, 0, 1);
        BackendVolume other = volume(2 * OBJECT);
        BackendSnapshot before = snapshot(other);
        VolumeSpec more = spec(OBJECT);
        SnapshotSpec spec = new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE);

        BackendSnapshot cut;
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
            Future<BackendSnapshot> cutting;
            Future<?> deleting;
            Future<BackendVolume> making;
            node.signal("STOP", "osd.0");
            try {
                cutting = threads.submit(() -> driver.createSnapshot(spec));
                deleting =
                        threads.submit(
                                () -> {
                                    driver.deleteSnapshot(before.id(), other.id());
                                    return before;
                                });
                making = threads.submit(() -> driver.createVolume(more));
                // Longer than any of them takes, and less than the driver waits.
                Thread.sleep(4_000);
                assertThat(List.of(cutting, deleting, making)).noneMatch(Future::isDone);
            } finally {
                node.signal("CONT", "osd.0");
            }
            cut = cutting.get();
            Object _ = deleting.get();
            assertThat(making.get().sizeBytes()).isEqualTo(OBJECT);
        }

        assertThat(driver.findSnapshot(spec.id(), volume.id())).contains(cut);
        assertThat(read(cut.location(), 0)).isEqualTo(1);
        assertThat(driver.findSnapshot(before.id(), other.id())).isEmpty();
        driver.deleteSnapshot(cut.id(), volume.id());
        driver.deleteVolume(volume.id());
        driver.deleteVolume(other.id());
        driver.deleteVolume(more.id());
        assertThat(driver.inventory().volumes()).isEmpty();
        assertThat(
                        OneNode.asAdmin(
                                "rados",
                                node.folder(),
                                "-p",
                                OneNode.POOL,
                                "-N",
                                OneNode.name(namespace),
                                "ls"))
                .doesNotContain("cairn.v.", "cairn.s.", "cairn-v-");
    }
}
