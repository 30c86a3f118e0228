package io.cairn.daemon.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.driver.BreakerStatus.State;
import io.cairn.spi.DriverException;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

@Timeout(60)
final class BreakerTest {
    private static final Duration LONG = Duration.ofSeconds(50);
    private static final Duration SOON = Duration.ofMillis(20);

    private final AtomicBoolean hangs = new AtomicBoolean();
    private final List<State> told = new CopyOnWriteArrayList<>();

    @Test
    void callsOfDifferentVolumesThatAreNotAnsweredInARowOpenItOnceThePoolsAreNotToldEither()
            throws Exception {
        Breaker breaker = breaker(3, LONG);
        fail(breaker, 2);
        assertThat(breaker.begin()).isFalse();

        fail(breaker, 1);

        assertThat(breaker.status().state()).isEqualTo(State.CLOSED);
        breaker.admit();
        // It does not wait: the backend is to be asked now.
        breaker.awaitTurn(LONG);
        assertThat(breaker.begin()).isTrue();
        breaker.disproved("no answer either");
        assertThat(breaker.status().state()).isEqualTo(State.OPEN);
        assertThat(breaker.status().opened()).isEqualTo(1);
        assertThat(breaker.status().reason())
                .isEqualTo(
                        "3 calls in a row were not answered, the last: silence; and it says nothing of its pools: no answer either");
        assertThat(told).containsExactly(State.OPEN);
        assertThatThrownBy(breaker::admit)
                .isInstanceOfSatisfying(
                        DriverException.class,
                        e -> {
                            assertThat(NotBegun.is(e)).isTrue();
                            assertThat(NotBegun.isBusy(e)).isFalse();
                        })
                .hasMessageStartingWith(
                        "backend b does not answer, and no work is given to it since "
                                + breaker.status().since())
                .hasMessageContaining("the last: silence")
                .hasMessageContaining("it is asked again at 2")
                .hasMessageContaining("resetBreaker");
    }

    @Test
    void itStaysClosedWhereThePoolsAreTold() {
        Breaker breaker = breaker(3, LONG);
        fail(breaker, 3);
        assertThat(breaker.begin()).isTrue();

        breaker.proved(false);

        assertThat(breaker.begin()).isFalse();
        fail(breaker, 2);
        assertThat(breaker.begin()).isFalse();
        assertThat(breaker.status().state()).isEqualTo(State.CLOSED);
        assertThat(told).isEmpty();
    }

    @Test
    void anAnswerInBetweenBeginsTheCountAnew() {
        Breaker breaker = breaker(3, LONG);
        fail(breaker, 2);
        breaker.answered(List.of(VolumeId.random()));
        fail(breaker, 2);

        assertThat(breaker.begin()).isFalse();
    }

    @Test
    void oneVolumeCountsOnceHoweverOftenItDoesNotAnswer() {
        Breaker breaker = breaker(3, LONG);
        VolumeId hung = VolumeId.random();
        for (int i = 0; i < 10; i++) {
            breaker.unanswered(List.of(hung, VolumeId.random()), "silence");
        }
        fail(breaker, 1);
        assertThat(breaker.begin()).isFalse();

        fail(breaker, 1);

        assertThat(breaker.begin()).isTrue();
    }

    @Test
    void callsThatHangOpenItWithoutAQuestion() {
        Breaker breaker = breaker(3, LONG);
        hangs.set(true);

        fail(breaker, 1);

        assertThat(breaker.status().state()).isEqualTo(State.OPEN);
        assertThat(breaker.status().reason())
                .isEqualTo("calls have not come back from its driver; the last: silence");
    }

    @Test
    void itClosesOnceTheBackendAnswersAndCallsHangNoLonger() throws Exception {
        Breaker breaker = open(SOON);
        hangs.set(true);
        breaker.awaitTurn(LONG);
        breaker.awaitTurn(LONG);
        assertThat(breaker.begin()).isTrue();
        assertThat(breaker.status().state()).isEqualTo(State.HALF_OPEN);
        assertThatThrownBy(breaker::admit).hasMessageContaining("it is asked again right now");
        // As a file system does that has its numbers in memory.
        breaker.proved(false);
        assertThat(breaker.status().state()).isEqualTo(State.OPEN);
        hangs.set(false);

        breaker.awaitTurn(LONG);
        assertThat(breaker.begin()).isTrue();
        breaker.proved(false);

        assertThat(breaker.status().state()).isEqualTo(State.CLOSED);
        assertThat(breaker.status().reason()).isEmpty();
        assertThat(breaker.status().opened()).isEqualTo(1);
        assertThat(told).containsExactly(State.OPEN, State.CLOSED);
        breaker.admit();
    }

    @Test
    void anOperatorsQuestionClosesItThoughCallsHang() throws Exception {
        Breaker breaker = open(LONG);
        hangs.set(true);
        assertThat(breaker.begin()).isTrue();

        breaker.proved(true);

        assertThat(breaker.status().state()).isEqualTo(State.CLOSED);
        breaker.admit();
    }

    @Test
    void aCallThatComesBackHasTheBackendAskedAtOnce() throws Exception {
        Breaker breaker = open(LONG);
        breaker.awaitTurn(LONG);
        Thread watch =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try {
                                        breaker.awaitTurn(LONG);
                                        boolean _ = breaker.begin();
                                    } catch (InterruptedException e) {
                                        throw new IllegalStateException(e);
                                    }
                                });
        await().until(() -> watch.getState() == Thread.State.TIMED_WAITING);
        assertThat(breaker.status().state()).isEqualTo(State.OPEN);

        breaker.cameBack();

        watch.join();
        assertThat(breaker.status().state()).isEqualTo(State.HALF_OPEN);
    }

    @Test
    void whatCameBackWhileTheBackendWasAskedHasItAskedOnceMore() throws Exception {
        Breaker breaker = open(LONG);
        breaker.awaitTurn(LONG);
        assertThat(breaker.begin()).isTrue();
        breaker.cameBack();
        breaker.disproved("silence");

        breaker.awaitTurn(LONG);

        assertThat(breaker.begin()).isTrue();
    }

    @Test
    void theWaitsBetweenQuestionsDoubleUpToABound() {
        assertThat(Stream.iterate(Duration.ofSeconds(10), Breaker::longer).limit(7))
                .containsExactly(
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(40),
                        Duration.ofSeconds(80),
                        Duration.ofSeconds(120),
                        Duration.ofSeconds(120),
                        Duration.ofSeconds(120));
    }

    @Test
    void withoutALimitItIsOffAndLetsEverythingThrough() throws Exception {
        Breaker breaker = breaker(0, LONG);
        hangs.set(true);
        fail(breaker, 100);
        breaker.disproved("silence");

        assertThat(breaker.begin()).isFalse();
        breaker.admit();
        assertThat(breaker.status().state()).isEqualTo(State.OFF);
        assertThat(told).isEmpty();
    }

    /** One that opened by a hang which is over. */
    private Breaker open(Duration first) {
        Breaker breaker = breaker(3, first);
        hangs.set(true);
        fail(breaker, 1);
        hangs.set(false);
        assertThat(breaker.status().state()).isEqualTo(State.OPEN);
        return breaker;
    }

    private Breaker breaker(int limit, Duration first) {
        return new Breaker("b", limit, first, hangs::get, status -> told.add(status.state()));
    }

    private static void fail(Breaker breaker, int times) {
        for (int i = 0; i < times; i++) {
            breaker.unanswered(List.of(VolumeId.random()), "silence");
        }
    }
}
