package io.cairn.daemon.volume;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

@Timeout(60)
final class BackgroundTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final Background background = new Background();

    @Test
    void whatTheWorkUsesIsClosedOnlyAfterTheWorkHasEnded() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        AtomicBoolean ended = new AtomicBoolean();
        background.begin(
                "slow",
                () -> {
                    begun.countDown();
                    untilInterrupted();
                    untilZero(mayEnd);
                    ended.set(true);
                });
        begun.await();
        background.stop();
        assertThat(background.await(Duration.ofMillis(50))).isFalse();
        mayEnd.countDown();
        assertThat(background.await(LONG)).isTrue();
        assertThat(ended).isTrue();
    }

    @Test
    void workThatIsDoneIsNotWaitedFor() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        background.begin("quick", begun::countDown);
        begun.await();
        assertThat(background.await(LONG)).isTrue();
    }

    @Test
    void noWorkBeginsAfterTheStop() throws Exception {
        background.stop();
        AtomicBoolean begun = new AtomicBoolean();
        background.begin("late", () -> begun.set(true));
        assertThat(background.await(LONG)).isTrue();
        assertThat(begun).isFalse();
    }

    private static void untilInterrupted() {
        try {
            Thread.sleep(LONG);
        } catch (InterruptedException _) {
            // What was waited for.
        }
    }

    private static void untilZero(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted twice", e);
        }
    }
}
