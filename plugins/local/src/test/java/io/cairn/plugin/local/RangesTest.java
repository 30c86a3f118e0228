package io.cairn.plugin.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.ChangedRange;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

final class RangesTest {
    private static final int BYTES = 64;

    @Test
    void whatLiesInBothIsWhatABitSetSays() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 2_000; i++) {
            BitSet some = bits(random);
            BitSet others = bits(random);

            List<ChangedRange> both = Ranges.both(ranges(some), ranges(others));

            BitSet found = new BitSet();
            for (ChangedRange each : both) {
                found.set((int) each.offsetBytes(), (int) each.endBytes());
            }
            some.and(others);
            assertThat(found).describedAs("seed %d, case %d", seed, i).isEqualTo(some);
            assertThat(both.stream().mapToLong(ChangedRange::lengthBytes).sum())
                    .describedAs("seed %d, case %d", seed, i)
                    .isEqualTo(some.cardinality());
        }
    }

    private static BitSet bits(Random random) {
        BitSet bits = new BitSet();
        for (int left = random.nextInt(8); left > 0; left--) {
            int from = random.nextInt(BYTES);
            bits.set(from, from + 1 + random.nextInt(BYTES - from));
        }
        return bits;
    }

    /** Neighbours are not joined. */
    private static List<ChangedRange> ranges(BitSet bits) {
        List<ChangedRange> ranges = new ArrayList<>();
        for (int at = bits.nextSetBit(0); at >= 0; ) {
            int end = Math.min(bits.nextClearBit(at), (at / 16 + 1) * 16);
            ranges.add(new ChangedRange(at, end - at));
            at = bits.nextSetBit(end);
        }
        return ranges;
    }
}
