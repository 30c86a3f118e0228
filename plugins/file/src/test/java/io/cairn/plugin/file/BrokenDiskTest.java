package io.cairn.plugin.file;

import static io.cairn.plugin.file.Opened.MIB;
import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;
import io.cairn.tck.LoopFileSystem;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Disks that break under an open backend: each call fails with one clear error. */
final class BrokenDiskTest {
    @Test
    void errorsOfTheDeviceAreFaultsThatNameItAndNothingAcknowledgedIsLost() throws Exception {
        try (LoopFileSystem mounted =
                LoopFileSystem.create(LoopFileSystem.Kind.XFS, LoopFileSystem.LEAST_BYTES)) {
            Made made;
            try (Driver driver = open(mounted.path())) {
                made = Made.on(driver);
                mounted.failDevice();
                for (ThrowingCallable call : made.changes(driver)) {
                    assertTells(FAULT, mounted.path(), "see the kernel's log", call);
                }
                assertTells(FAULT, mounted.path(), "see the kernel's log", driver::inventory);
            }
            mounted.mountAnew();
            made.assertWhole(mounted.path());
        }
    }

    @Test
    void aFileSystemThatMakesItselfReadOnlyIsUnavailableAndSaysWhatToDo() throws Exception {
        try (LoopFileSystem mounted =
                LoopFileSystem.create(LoopFileSystem.Kind.EXT4, LoopFileSystem.LEAST_BYTES)) {
            Made made;
            try (Driver driver = open(mounted.path())) {
                made = Made.on(driver);
                mounted.becomeReadOnly();
                for (ThrowingCallable call : made.changes(driver)) {
                    assertTells(UNAVAILABLE, mounted.path(), "mount it anew", call);
                }
                assertThat(driver.inventory().volumes()).containsExactly(made.volume());
            }
            mounted.mountAnew();
            made.assertWhole(mounted.path());
        }
    }

    private static Driver open(Path folder) throws DriverException, InterruptedException {
        return Opened.open(folder, Map.of());
    }

    private static void assertTells(Kind kind, Path named, String advice, ThrowingCallable call) {
        assertThat(assertFails(kind, call)).hasMessageContainingAll(named.toString(), advice);
    }

    /** What was acknowledged before the disk broke. */
    private record Made(BackendVolume volume, BackendSnapshot snapshot) {
        static Made on(Driver driver) throws DriverException, InterruptedException {
            BackendVolume volume = Opened.volume(driver, MIB);
            SnapshotSpec spec = new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE);
            return new Made(volume, driver.createSnapshot(spec));
        }

        /** One call of each kind that changes something. */
        List<ThrowingCallable> changes(Driver driver) {
            VolumeSpec another = new VolumeSpec(VolumeId.random(), "default", MIB, Mark.NONE);
            SnapshotSpec cut = new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE);
            return List.of(
                    () -> driver.createVolume(another),
                    () -> driver.createSnapshot(cut),
                    () -> driver.createFromSnapshot(another, snapshot.id(), volume.id()),
                    () -> driver.growing().orElseThrow().grow(volume.id(), 2 * MIB),
                    () -> driver.reverting().orElseThrow().revert(volume.id(), snapshot.id()),
                    () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        }

        /** That the next start finds just this. */
        void assertWhole(Path folder) throws Exception {
            try (Driver driver = open(folder)) {
                assertThat(driver.inventory().volumes()).containsExactly(volume);
                assertThat(driver.inventory().snapshots()).containsExactly(snapshot);
                assertThat(FileDriverFixture.strangers(folder, driver.inventory()))
                        .allMatch(path -> path.endsWith("lost+found"));
            }
        }
    }
}
