package io.cairn.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.benchmark.SnapshotRuns.Case;

import org.junit.jupiter.api.Test;

import java.util.List;

final class SnapshotRunsTest {
    @Test
    void aFullRunHasEveryCase() {
        List<Case> cases = SnapshotRuns.cases(Storage.XFS, Storage.BTRFS, false);
        for (Storage storage : List.of(Storage.XFS, Storage.BTRFS)) {
            for (boolean jmx : new boolean[] {false, true}) {
                for (int existing : new int[] {0, 10_000, 100_000}) {
                    for (int clients : new int[] {1, 8, 64}) {
                        assertThat(cases).contains(new Case(storage, jmx, existing, clients));
                    }
                }
            }
        }
        assertThat(cases).doesNotHaveDuplicates();
    }

    @Test
    void neighboursAreComparedAndNotMedians() {
        // The machine is half as fast in the second round.
        Series cairn = new Series(List.of(20.0, 40.0, 20.0));
        Series floor = new Series(List.of(10.0, 20.0, 10.0));
        assertThat(cairn.over(floor)).isEqualTo(2.0);
        assertThat(new Series(List.of(10.0, 40.0, 50.0)).over(new Series(List.of(5.0, 10.0, 50.0))))
                .isEqualTo(2.0);
        assertThat(new Series(List.of(1.0, 2.0)).plus(new Series(List.of(3.0, 4.0))).values())
                .containsExactly(4.0, 6.0);
    }
}
