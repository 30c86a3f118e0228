package io.cairn.daemon.drift;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.drift.KnownObjects.Match;

import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;

final class KnownObjectsTest {
    private record Entry(long size, long look) {}

    @Test
    void itIsAsAMapIs() {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("KnownObjectsTest: -Dcairn.seed=" + seed);
        Random random = new Random(seed);
        KnownObjects known = new KnownObjects(random.nextLong(3_000));
        Map<UUID, Entry> expected = new HashMap<>();
        Set<UUID> unseen = new HashSet<>();
        for (int i = 0; i < 20_000; i++) {
            // Few different halves, so that many collide.
            UUID id = new UUID(random.nextLong(200), random.nextLong(200));
            Entry entry = new Entry(random.nextLong(3), random.nextLong(3));
            if (random.nextInt(3) > 0) {
                known.add(id, entry.size(), entry.look());
                expected.put(id, entry);
                unseen.add(id);
            } else {
                Entry there = expected.get(id);
                Match match = known.see(id, entry.size(), entry.look());
                assertThat(match)
                        .isEqualTo(
                                there == null
                                        ? Match.UNKNOWN
                                        : there.equals(entry) ? Match.SAME : Match.OTHER);
                unseen.remove(id);
            }
        }
        assertThat(known.count()).isEqualTo(expected.size());
        Set<UUID> found = new HashSet<>();
        known.forEachUnseen(id -> assertThat(found.add(id)).isTrue());
        assertThat(found).isEqualTo(unseen);
    }
}
