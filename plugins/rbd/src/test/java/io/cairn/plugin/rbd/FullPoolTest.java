package io.cairn.plugin.rbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeSpec;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A pool that has no room: of what is asked for nothing is there, and what is there can go. */
@Tag("ceph")
final class FullPoolTest extends NamespaceFixture {
    /** The OSD tells the manager what there is, and the monitor marks the pool as full. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @AfterEach
    void makeRoom() throws Exception {
        quota("0");
        awaitFull(false);
    }

    @Test
    void aPoolWhoseQuotaIsUsedUpRefusesAndLeavesNothing() throws Exception {
        BackendVolume volume = volume(4 * OBJECT);
        for (long at = 0; at < 4 * OBJECT; at += OBJECT) {
            write(volume, at, 1);
        }
        BackendSnapshot snapshot = snapshot(volume);
        VolumeSpec other = spec(OBJECT);
        SnapshotSpec second = new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE);
        String before = objects();
        quota("1");
        awaitFull(true);

        assertNoSpace(() -> driver.createVolume(other));
        assertNoSpace(() -> driver.createSnapshot(second));
        VolumeSpec clone = spec(volume.sizeBytes());
        assertNoSpace(() -> driver.createFromSnapshot(clone, snapshot.id(), volume.id()));

        assertThat(driver.findVolume(other.id())).isEmpty();
        assertThat(driver.findVolume(clone.id())).isEmpty();
        assertThat(driver.findSnapshot(second.id(), volume.id())).isEmpty();
        assertThat(read(snapshot.location(), 0)).isEqualTo(1);
        assertThat(objects()).isEqualTo(before);
        driver.deleteSnapshot(snapshot.id(), volume.id());
        driver.deleteVolume(volume.id());
        assertThat(driver.inventory().volumes()).isEmpty();
        assertThat(objects()).doesNotContain("cairn.v.", "cairn.s.", "rbd_id.");
    }

    /**
     * A backend that was full when it was opened first; Ceph says then that an image is not there.
     */
    @Test
    void whatCannotBeNotedAsRemovedStaysAndIsSaidToBeThere() throws Exception {
        BackendVolume volume = volume(OBJECT);
        write(volume, 0, 1);
        String _ = rados("rm", Names.TRASH);
        quota("1");
        awaitFull(true);

        assertNoSpace(() -> driver.deleteVolume(volume.id()));

        assertThat(driver.findVolume(volume.id())).contains(volume);
        assertThat(read(volume.location(), 0)).isEqualTo(1);
        quota("0");
        awaitFull(false);
        driver.deleteVolume(volume.id());
        assertThat(objects()).doesNotContain("cairn.v.", "rbd_id.");
    }

    private static void assertNoSpace(ThrowingCallable call) {
        DriverException e = catchThrowableOfType(DriverException.class, call);
        assertThat(e).isNotNull();
        assertThat(e.kind()).describedAs(e.getMessage()).isEqualTo(Kind.NO_SPACE);
    }

    private void quota(String bytes) throws Exception {
        String _ =
                OneNode.asAdmin(
                        "ceph",
                        node.folder(),
                        "osd",
                        "pool",
                        "set-quota",
                        OneNode.POOL,
                        "max_bytes",
                        bytes);
    }

    private void awaitFull(boolean full) throws Exception {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (isFull() != full) {
            assertThat(System.nanoTime()).describedAs("waiting").isLessThan(until);
            Thread.sleep(500);
        }
    }

    private boolean isFull() throws Exception {
        node.settleStats();
        return OneNode.asAdmin("ceph", node.folder(), "osd", "dump")
                .lines()
                .filter(
                        line ->
                                line.startsWith("pool ")
                                        && line.contains("'%s'".formatted(OneNode.POOL)))
                .anyMatch(line -> line.contains("full_quota"));
    }

    /** All that is in the namespace. */
    private String objects() throws Exception {
        return rados("ls").lines().sorted().collect(Collectors.joining("\n"));
    }

    private String rados(String... words) throws Exception {
        List<String> all =
                new ArrayList<>(List.of("-p", OneNode.POOL, "-N", OneNode.name(namespace)));
        all.addAll(List.of(words));
        return OneNode.asAdmin("rados", node.folder(), all.toArray(String[]::new));
    }
}
