package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.crash.Ledger.Attempt;
import io.cairn.daemon.crash.Ledger.Loss;
import io.cairn.daemon.crash.Ledger.Verdict;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Set;

/** What follows from the records, so that the crash test notices what it should. */
final class LedgerTest {
    private final Ledger ledger = new Ledger();

    @Test
    void whatWasAcknowledgedMustBeThere() {
        ledger.creates("v").done();

        assertThat(verdict()).isEqualTo(Verdict.THERE);
    }

    @Test
    void whatNobodyAskedForMustNotBeThere() {
        assertThat(verdict()).isEqualTo(Verdict.GONE);
    }

    @Test
    void whatWasRefusedWasNotAskedFor() {
        ledger.creates("v").refused();

        assertThat(verdict()).isEqualTo(Verdict.GONE);
    }

    @Test
    void whatWasRefusedSinceTheDiskStoodStillMayBeDoneLater() {
        Attempt creation = ledger.creates("v");
        Versions versions = new Versions();
        Versions.Version growth = versions.asking("v size", "2");
        Loss loss = new Loss(System.nanoTime(), System.nanoTime());
        creation.refused();
        growth.refused();

        assertThat(ledger.verdict("v", loss)).isEqualTo(Verdict.EITHER);
        assertThat(ledger.verdict("v", Loss.NONE)).isEqualTo(Verdict.GONE);
        assertThat(versions.possible("v size", "1", loss)).containsExactly("1", "2");
        assertThat(versions.possible("v size", "1", Loss.NONE)).containsExactly("1");
    }

    @Test
    void whatIsCutTogetherIsThereTogether() {
        List<String> group = List.of("v/g", "w/g");
        assertThat(ledger.areTogether(group, Loss.NONE)).isTrue();
        group.forEach(key -> ledger.creates(key).done());
        assertThat(ledger.areTogether(group, Loss.NONE)).isTrue();
        ledger.deletes("v/g").refused();
        assertThat(ledger.areTogether(group, Loss.NONE)).isTrue();
        Attempt _ = ledger.deletes("v/g");
        assertThat(ledger.areTogether(group, Loss.NONE)).isFalse();

        ledger.beginWith(Set.of("v/g"));
        assertThat(ledger.areTogether(group, Loss.NONE)).isFalse();
        ledger.beginWith(Set.of("v/g", "w/g"));
        assertThat(ledger.areTogether(group, Loss.NONE)).isTrue();
    }

    @Test
    void whatWasNotAnsweredMayBeEither() {
        Attempt _ = ledger.creates("v");

        assertThat(verdict()).isEqualTo(Verdict.EITHER);
    }

    @Test
    void anAcknowledgedDeletionMustHold() {
        ledger.beginWith(Set.of("v"));
        ledger.deletes("v").done();

        assertThat(verdict()).isEqualTo(Verdict.GONE);
    }

    @Test
    void aDeletionWithoutAnAnswerMayBeEither() {
        ledger.beginWith(Set.of("v"));
        Attempt _ = ledger.deletes("v");

        assertThat(verdict()).isEqualTo(Verdict.EITHER);
    }

    @Test
    void ofTwoAtOnceEitherMayHaveBeenTheLast() {
        Attempt creation = ledger.creates("v");
        ledger.deletes("v").done();
        creation.done();

        assertThat(verdict()).isEqualTo(Verdict.EITHER);
    }

    @Test
    void theLastOfTwoInTurnCounts() {
        ledger.creates("v").done();
        ledger.deletes("v").done();
        ledger.creates("v").done();

        assertThat(verdict()).isEqualTo(Verdict.THERE);
    }

    @Test
    void anAnswerAfterTheLossDoesNotCount() {
        long from = System.nanoTime();
        ledger.creates("v").done();

        assertThat(ledger.verdict("v", new Loss(from, System.nanoTime())))
                .isEqualTo(Verdict.EITHER);
    }

    @Test
    void whatWasAskedForAfterTheLossNeverHappened() {
        long lost = System.nanoTime();
        Attempt _ = after(lost);

        assertThat(ledger.verdict("v", new Loss(lost, lost))).isEqualTo(Verdict.GONE);
    }

    private Attempt after(long nanos) {
        while (System.nanoTime() <= nanos) {
            Thread.onSpinWait();
        }
        return ledger.creates("v");
    }

    private Verdict verdict() {
        return ledger.verdict("v", Loss.NONE);
    }
}
