package io.cairn.daemon.volume.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.volume.House;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/** Whatever 64 clients do to few names at once, some order of it explains all that they saw. */
@Isolated("the more is done beside it, the more calls overlap, and the longer the search")
final class StormTest {
    private static final int CALLS = Integer.getInteger("cairn.storm.calls", 10_000);

    /** How long the storage takes for a change at most. */
    private static final int NANOS = 300_000;

    /** However slow the machine is, nobody is told that anything is busy. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void someOrderExplainsAll(boolean trash, @TempDir Path folder) throws Exception {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("StormTest: -Dcairn.seed=" + seed);
        TrashPolicy policy =
                trash ? new TrashPolicy(Duration.ofDays(1), Reserve.NONE) : TrashPolicy.DEFAULT;
        Slate.Provider slate = new Slate.Provider();
        Random random = new Random(seed);
        slate.pausing(() -> LockSupport.parkNanos(random.nextInt(NANOS)));
        try (House house = House.open(folder, policy, slate, PATIENCE)) {
            Recorder recorder = new Recorder();
            house.volumes.addListener(recorder::accept);
            Storm storm =
                    new Storm(
                            house.volumes,
                            house.backend(),
                            slate,
                            recorder,
                            Storm.direct(house.volumes, House.BACKEND, slate),
                            seed);
            storm.rage(CALLS);
            System.out.println(new TreeMap<>(storm.answers()));
            System.out.printf(
                    "%d of %d rounds could not be decided%n", storm.undecided(), storm.rounds());
            assertThat(storm.undecided()).isLessThanOrEqualTo(storm.rounds() / 2);
            assertThat(house.idle()).isTrue();
        }
    }
}
