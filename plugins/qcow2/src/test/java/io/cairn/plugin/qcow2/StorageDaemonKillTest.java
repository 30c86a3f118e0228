package io.cairn.plugin.qcow2;

import static io.cairn.plugin.qcow2.StorageDaemonFixture.await;
import static io.cairn.plugin.qcow2.StorageDaemonFixture.below;
import static io.cairn.plugin.qcow2.StorageDaemonFixture.kill;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.plugin.local.OsException;
import io.cairn.spi.ConnectionId;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/** Processes that are killed while they move content between layers. */
class StorageDaemonKillTest {
    private static final ConnectionId HOST = ConnectionId.random();
    private static final String JOB = "merge-1";

    /** Beyond what it takes to merge. */
    private static final long MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(60);

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
                StorageDaemonWriter.nbd(Path.of(info.get("socket")), HOST.toString(), true), first);
    }

    private List<String> left() throws IOException {
        try (var files = Files.list(folder.resolve("exports"))) {
            return files.map(Path::toString).toList();
        }
    }

    /** Has it work on as its callers do, until it is killed at an instant that chance chooses. */
    private static void killAmid(LayeredDaemon daemon, long afterNanos) throws Exception {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        long begun = System.nanoTime();
        Thread killer =
                Thread.ofPlatform()
                        .uncaughtExceptionHandler((_, e) -> failure.set(e))
                        .start(
                                () -> {
                                    LockSupport.parkNanos(afterNanos);
                                    while (System.nanoTime() - begun < afterNanos) {
                                        Thread.onSpinWait();
                                    }
                                    killNow(daemon);
                                });
        try {
            boolean done = false;
            while (!done) {
                List<Job> jobs = daemon.jobs();
                done = jobs.isEmpty() || jobs.getFirst().concluded();
                Thread.sleep(1);
            }
            daemon.dismiss(JOB);
        } catch (OsException | IOException _) {
            // Killed, as it is to be.
        }
        killer.join();
        assertThat(failure.get()).isNull();
    }

    private static void killNow(LayeredDaemon daemon) {
        try {
            kill(daemon);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The layers as their headers have them, the lowest first. */
    private List<Path> chainBelow(Path top) throws IOException {
        List<Path> chain = new ArrayList<>(List.of(top));
        for (Optional<String> lower = below(top); lower.isPresent(); ) {
            chain.addFirst(folder.resolve(Layers.LAYERS).resolve(lower.get()));
            lower = below(chain.getFirst());
        }
        return chain;
    }

    @RepeatedTest(10)
    void aChainIsWholeAfterAKillAmidACommit() throws Exception {
        long seed = Long.getLong("cairn.kill.seed", System.nanoTime());
        System.out.printf("-Dcairn.kill.seed=%d%n", seed);
        Random random = new Random(seed);
        long afterNanos = random.nextLong(MOST_NANOS);
        List<Path> chain = fixture.chain(4, 100);
        LayeredDaemon daemon = start(chain);
        StorageDaemonWriter writer = writer(daemon, 400);
        writer.awaitMore(100);
        int upper = 1 + random.nextInt(2);
        Path base = chain.get(2 - upper);
        daemon.commit(upper, 4, base.toFile().getName(), JOB);
        killAmid(daemon, afterNanos);
        writer.closeAfterKill();

        assertThat(fixture.daemons.running()).isEmpty();
        assertThat(fixture.daemons.of(fixture.target)).isEmpty();
        assertThat(left()).isEmpty();
        Path top = chain.get(3);
        assertThat(fixture.writes(top)).isBetween(writer.done(), writer.done() + 1);
        // Nobody reads the base but through the merged layer, which reads the same.
        assertThat(fixture.writes(chain.get(3 - upper))).isEqualTo((4 - upper) * 100L);
        List<Path> found = chainBelow(top);
        assertThat(found).isSubsetOf(chain).hasSizeBetween(3, 4);
        for (Path layer : found) {
            String _ =
                    StorageDaemonFixture.run("qemu-img", "check", "-r", "leaks", layer.toString());
        }
        mergeAgain(found, writer.done());
    }

    /** The next try goes as if there had been none. */
    private void mergeAgain(List<Path> chain, long writes) throws Exception {
        LayeredDaemon again = start(chain);
        again.commit(1, chain.size(), chain.get(chain.size() - 3).toFile().getName(), JOB);
        assertThat(await(again, JOB).error()).isEmpty();
        again.stop();
        assertThat(fixture.writes(chain.getLast())).isBetween(writes, writes + 1);
    }
}
