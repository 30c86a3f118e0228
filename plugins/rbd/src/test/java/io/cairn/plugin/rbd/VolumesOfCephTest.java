package io.cairn.plugin.rbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ChangedRange;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.List;
import java.util.Optional;

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
    void anOsdThatDoesNotAnswerMakesCallsFailAndLosesNothing() throws Exception {
        BackendVolume volume = volume(2 * OBJECT);
        write(volume, 0, 1);
        BackendSnapshot before = snapshot(volume);
        SnapshotSpec spec = new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE);

        node.signal("STOP", "osd.0");
        try {
            assertFails(Kind.UNAVAILABLE, () -> driver.createSnapshot(spec));
            assertFails(Kind.UNAVAILABLE, () -> driver.findVolume(volume.id()));
            assertFails(Kind.UNAVAILABLE, () -> driver.deleteSnapshot(before.id(), volume.id()));
        } finally {
            node.signal("CONT", "osd.0");
        }

        BackendSnapshot cut = driver.createSnapshot(spec);
        assertThat(driver.findSnapshot(spec.id(), volume.id())).contains(cut);
        assertThat(read(cut.location(), 0)).isEqualTo(1);
        driver.deleteSnapshot(before.id(), volume.id());
        driver.deleteSnapshot(cut.id(), volume.id());
        driver.deleteVolume(volume.id());
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

    private static void assertFails(Kind kind, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        DriverException.class,
                        e -> assertThat(e.kind()).as(e.getMessage()).isEqualTo(kind));
    }
}
