package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.spi.Attaching;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Inventory;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;

import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Calls at once, interrupted calls, calls under a writer, and calls that die with their process.
 */
abstract class TurmoilCases extends DifferingCases {
    @Test
    void manyVolumesAtOnceDoNotMeet() throws Exception {
        int threads = 8;
        ConcurrentLinkedQueue<BackendVolume> volumes = new ConcurrentLinkedQueue<>();
        ConcurrentLinkedQueue<BackendSnapshot> snapshots = new ConcurrentLinkedQueue<>();
        List<Future<?>> running = new ArrayList<>();
        try (ExecutorService workers = Executors.newFixedThreadPool(threads)) {
            for (int i = 1; i <= threads; i++) {
                int generation = i;
                running.add(
                        workers.submit(
                                () -> {
                                    for (int j = 0; j < 4; j++) {
                                        BackendVolume volume = volume(MIB, generation);
                                        BackendSnapshot snapshot = snapshot(volume);
                                        write(volume.location(), MIB, generation + 100);
                                        BackendVolume clone = clone(snapshot, MIB);
                                        verify(clone.location(), MIB, generation);
                                        driver.inventory();
                                        driver.pools();
                                        driver.deleteVolume(clone.id());
                                        driver.deleteSnapshot(snapshot(volume).id(), volume.id());
                                        volumes.add(volume);
                                        snapshots.add(snapshot);
                                        verify(snapshot.location(), MIB, generation);
                                    }
                                    return generation;
                                }));
            }
        }
        for (Future<?> each : running) {
            each.get();
        }
        assertSame(
                driver.inventory(),
                new Inventory(new ArrayList<>(volumes), new ArrayList<>(snapshots)));
        verifyNoRubbish();
    }

    @Test
    void anIdThatTwoVolumesCutAtOnceIsOneSnapshotOfItsOwnVolume() throws Exception {
        List<BackendVolume> volumes = List.of(volume(MIB, 1), volume(MIB, 2));
        try (ExecutorService workers = Executors.newFixedThreadPool(volumes.size())) {
            for (int i = 0; i < 50; i++) {
                SnapshotId id = SnapshotId.random();
                CyclicBarrier together = new CyclicBarrier(volumes.size());
                List<Future<BackendSnapshot>> running = new ArrayList<>();
                for (BackendVolume volume : volumes) {
                    running.add(
                            workers.submit(
                                    () -> {
                                        together.await();
                                        return driver.createSnapshot(snapshotSpec(id, volume.id()));
                                    }));
                }
                List<BackendSnapshot> cut = new ArrayList<>();
                for (Future<BackendSnapshot> each : running) {
                    try {
                        cut.add(each.get());
                    } catch (ExecutionException e) {
                        assertFails(CONFLICT, () -> rethrow(e));
                    }
                }
                assertThat(cut).hasSize(1);
                BackendSnapshot snapshot = cut.getFirst();
                boolean first = snapshot.volume().equals(volumes.getFirst().id());
                verify(snapshot.location(), MIB, first ? 1 : 2);
                assertThat(driver.inventory().snapshots()).containsExactly(snapshot);
                verifyNoRubbish();
                driver.deleteSnapshot(snapshot.id(), snapshot.volume());
            }
        }
    }

    private static void rethrow(ExecutionException e) throws Throwable {
        throw e.getCause();
    }

    @Test
    void anInterruptedCallConvergesWhenRepeated() throws Exception {
        long seed = Long.getLong("cairn.tck.seed", System.nanoTime());
        System.out.printf("-Dcairn.tck.seed=%d%n", seed);
        Random random = new Random(seed);
        long size = 24 * MIB;
        BackendVolume volume = volume(size, 1);
        for (int i = 0; i < 20; i++) {
            SnapshotSpec spec = snapshotSpec(SnapshotId.random(), volume.id());
            interrupt(random, 3, () -> driver.createSnapshot(spec));
            BackendSnapshot snapshot = driver.createSnapshot(spec);
            verify(snapshot.location(), size, 1);
            assertThat(driver.inventory().snapshots()).containsExactly(snapshot);
            verifyNoRubbish();
            interrupt(
                    random,
                    3,
                    () -> {
                        driver.deleteSnapshot(snapshot.id(), volume.id());
                        return snapshot;
                    });
            driver.deleteSnapshot(snapshot.id(), volume.id());
            assertThat(driver.inventory().snapshots()).isEmpty();
            verifyNoRubbish();
        }
    }

    @Test
    void whateverIsInterruptedIsWholeOrNotAtAllAndConvergesWhenRepeated() throws Exception {
        long seed = Long.getLong("cairn.tck.seed", System.nanoTime());
        System.out.printf("-Dcairn.tck.seed=%d%n", seed);
        Random random = new Random(seed);
        Life life = new Life(this, seed);
        for (int i = 0; i < 3 * Life.STEPS; i++) {
            int step = i;
            interrupt(
                    random,
                    3,
                    () -> {
                        life.call(driver, step);
                        return life;
                    });
            life.verify(driver, step, false);
            life.call(driver, step);
            life.verify(driver, step, true);
            verifyNoRubbish();
        }
    }

    @Test
    void anInterruptedCutIsUndoneByDeletingIt() throws Exception {
        BackendVolume volume = volume(24 * MIB, 1);
        Random random = new Random(1);
        for (int i = 0; i < 10; i++) {
            SnapshotSpec spec = snapshotSpec(SnapshotId.random(), volume.id());
            interrupt(random, 3, () -> driver.createSnapshot(spec));
            driver.deleteSnapshot(spec.id(), volume.id());
            assertThat(driver.inventory().snapshots()).isEmpty();
            verifyNoRubbish();
        }
    }

    @Test
    void anInterruptedAttachmentConvergesWhenRepeated() throws Exception {
        Attaching attaching = the(driver.attaching());
        Target target = Target.of(volume(MIB, 1).id());
        Random random = new Random(2);
        for (int i = 0; i < 10; i++) {
            interrupt(random, 3, () -> attaching.attach(target, false));
            verify(attaching.attach(target, false).device(), MIB, 1);
            interrupt(
                    random,
                    3,
                    () -> {
                        attaching.detach(target);
                        return target;
                    });
            attaching.detach(target);
            assertThat(attaching.attached(target)).isEmpty();
            assertThat(leftBehind(storage)).isEmpty();
        }
    }

    @Test
    void anInterruptedExportConvergesWhenRepeated() throws Exception {
        Exporting exporting = the(driver.exporting());
        Target target = Target.of(volume(MIB, 1).id());
        ExportSpec spec =
                new ExportSpec(
                        ConnectionId.random(),
                        target,
                        false,
                        exporting.protocols().iterator().next(),
                        Map.of());
        Random random = new Random(3);
        for (int i = 0; i < 10; i++) {
            interrupt(random, 100, () -> exporting.export(spec));
            if (i % 2 == 0) {
                Export export = exporting.export(spec);
                assertThat(exporting.exported(spec.id(), target)).contains(export);
                interrupt(
                        random,
                        20,
                        () -> {
                            exporting.unexport(spec.id(), target);
                            return target;
                        });
            }
            exporting.unexport(spec.id(), target);
            assertThat(exporting.exported(spec.id(), target)).isEmpty();
            assertThat(leftBehind(storage)).isEmpty();
            verifyNoRubbish();
        }
    }

    @Test
    void aSnapshotUnderAWriterIsOfOneInstantOrRefused() throws Exception {
        BackendVolume volume = volume(16 * MIB);
        try (SeekableByteChannel content = ordered(volume.location())) {
            assertSnapshotsOfInstants(volume, content, 10);
        }
    }

    @Test
    void whatAKilledCallLeftIsWholeOrRemovedByItsRepeat() throws Exception {
        assumeTrue(outlivesItsProcess(), "the storage dies with its process");
        long seed = Long.getLong("cairn.tck.seed", System.nanoTime());
        int kills = Integer.getInteger("cairn.tck.kills", 6);
        System.out.printf("-Dcairn.tck.seed=%d -Dcairn.tck.kills=%d%n", seed, kills);
        Random random = new Random(seed);
        for (int i = 0; i < kills; i++) {
            Life life = new Life(this, i);
            close();
            int begun;
            try (Victim victim = Victim.start(getClass(), storage, i)) {
                begun = victim.killDuringCall(random);
            }
            driver = open(SELF);
            life.verify(driver, begun, false);
            life.call(driver, begun);
            life.verify(driver, begun, true);
            verifyNoRubbish();
            removeAll();
        }
    }

    private void removeAll() throws Exception {
        if (driver.adopting().isPresent()) {
            for (Unmanaged file : driver.adopting().get().unmanaged()) {
                driver.adopting().get().adopt(file.path(), VolumeId.random(), Mark.NONE);
            }
        }
        for (BackendSnapshot snapshot : driver.inventory().snapshots()) {
            driver.deleteSnapshot(snapshot.id(), snapshot.volume());
        }
        for (BackendVolume volume : driver.inventory().volumes()) {
            driver.deleteVolume(volume.id());
        }
        assertSame(driver.inventory(), new Inventory(List.of(), List.of()));
        verifyNoRubbish();
    }

    private static void interrupt(Random random, int millis, Call call) throws Exception {
        try (ExecutorService worker = Executors.newSingleThreadExecutor()) {
            Future<?> running =
                    worker.submit(
                            () -> {
                                try {
                                    call.run();
                                } catch (InterruptedException | ClosedByInterruptException _) {
                                    // One of the two ways it may go.
                                }
                                return call;
                            });
            long until = System.nanoTime() + random.nextLong(millis * 1_000_000L);
            while (System.nanoTime() < until && !running.isDone()) {
                Thread.onSpinWait();
            }
            worker.shutdownNow();
            try {
                running.get();
            } catch (CancellationException _) {
                // It had not begun.
            }
        }
    }

    private interface Call {
        Object run() throws Exception;
    }
}
