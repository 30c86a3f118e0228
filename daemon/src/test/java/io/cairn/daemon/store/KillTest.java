package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Kills a process that commits, at random moments, and looks for what it had been told is done. */
final class KillTest {
    private static final int KILLS = Integer.getInteger("cairn.store.kills", 10);
    private static final long SEED = Long.getLong("cairn.store.seed", System.nanoTime());

    @TempDir private Path folder;

    @Test
    void whatWasAcknowledgedSurvivesKills() throws Exception {
        System.out.printf("KillTest: -Dcairn.store.seed=%d%n", SEED);
        Random random = new Random(SEED);
        Set<Long> acknowledged = new HashSet<>();
        long first = 1;
        for (int kill = 0; kill < KILLS; kill++) {
            try (Child child = Child.start(folder, first)) {
                assertThat(child.output().readLine()).isEqualTo("open");
                int lines = random.nextInt(600);
                for (int i = 0; i < lines; i++) {
                    acknowledged.add(idOf(child.output().readLine()));
                }
                child.kill();
                acknowledged.addAll(child.acknowledged());
            }
            first += 1_000_000;

            try (StateStore store = Items.open(folder)) {
                List<Long> ids = Items.ids(store);
                assertThat(new HashSet<>(ids)).containsAll(acknowledged);
                // Whole changes only: each row with its other half.
                assertThat(ids.stream().mapToLong(Long::longValue).sum()).isZero();
            }
        }
        assertThat(acknowledged).hasSizeGreaterThan(KILLS);
    }

    private static long idOf(String line) {
        return Long.parseLong(line.substring("added ".length(), line.length() - 1));
    }
}
