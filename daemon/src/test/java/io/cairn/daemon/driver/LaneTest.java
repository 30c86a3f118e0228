package io.cairn.daemon.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(60)
final class LaneTest {
    private static final Duration SOON = Duration.ofMillis(50);
    private static final Duration LATE = Duration.ofSeconds(50);

    private final VolumeId volume = VolumeId.random();
    private final VolumeId other = VolumeId.random();
    private final CountDownLatch stubbornly = new CountDownLatch(1);
    private final CountDownLatch letGo = new CountDownLatch(1);
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void letEveryoneGo() {
        letGo.countDown();
        callers.shutdownNow();
    }

    @Test
    void aCallReturnsWhatTheDriverReturns() throws Exception {
        assertThat(lane(1, 1, LATE).call(List.of(volume), () -> "done")).isEqualTo("done");
    }

    @Test
    void aCallGoesOnPastItsDeadlineWhichItsCallerIsTold() throws Exception {
        AtomicBoolean finished = new AtomicBoolean();
        Lane lane = lane(1, 1, SOON);

        assertUnavailable(
                () ->
                        lane.call(
                                List.of(volume),
                                () -> {
                                    letGo.await();
                                    finished.set(true);
                                    return "late";
                                }),
                "has not answered within PT0.05S");
        letGo.countDown();
        await().untilTrue(finished);
    }

    @Test
    void noSecondCallForAVolumeIsMadeWhileAnOverdueOneStillRuns() {
        Lane lane = lane(3, 1, SOON);
        assertUnavailable(() -> lane.call(List.of(volume, other), this::stubborn), "not answered");

        assertUnavailable(
                () -> lane.call(List.of(volume), () -> "second"),
                "an earlier call for volume " + volume + " is still running since 20");
        assertUnavailable(() -> lane.call(List.of(other), () -> "second"), "an earlier call");
        assertUnavailable(
                () -> {
                    lane.requireFree(List.of(VolumeId.random(), other));
                    return "";
                },
                "an earlier call");
    }

    @Test
    void aRefusedCallForTwoVolumesLeavesTheOtherOneFree() throws Exception {
        Lane lane = lane(3, 1, SOON);
        assertUnavailable(() -> lane.call(List.of(volume), this::stubborn), "not answered");
        assertUnavailable(() -> lane.call(List.of(other, volume), () -> "both"), "an earlier call");

        assertThat(lane.call(List.of(other), () -> "free")).isEqualTo("free");
    }

    @Test
    void aVolumeIsFreeAgainOnceItsOverdueCallHasReturned() {
        Lane lane = lane(2, 1, SOON);
        assertUnavailable(() -> lane.call(List.of(volume), this::stubborn), "not answered");
        assertThat(lane.load().overdue()).isEqualTo(1);

        letGo.countDown();

        await().untilAsserted(
                        () ->
                                assertThat(lane.call(List.of(volume), () -> "again"))
                                        .isEqualTo("again"));
        assertThat(lane.load().overdue()).isZero();
    }

    @Test
    void aLaneWhoseThreadsAreAllOverdueRefusesAtOnce() {
        Lane lane = lane(1, 5, SOON);
        assertUnavailable(() -> lane.call(List.of(volume), this::stubborn), "not answered");

        assertUnavailable(
                () -> lane.call(List.of(other), () -> ""), "all of its 1 threads are held");
    }

    @Test
    void moreCallsThanMayWaitAreRefusedAsBusy() {
        Lane lane = lane(1, 1, LATE);
        Future<String> running = callers.submit(() -> lane.call(List.of(), this::stubborn));
        await().until(() -> lane.load().running() == 1);
        Future<String> waiting = callers.submit(() -> lane.call(List.of(), () -> ""));
        await().until(() -> lane.load().waiting() == 1);

        assertBusy(() -> lane.call(List.of(volume), () -> ""), "busy: 1 calls run and 1");
        assertThat(running).isNotDone();
        assertThat(waiting).isNotDone();
        assertThat(lane.load().refused()).isEqualTo(2);
    }

    @Test
    void aCallThatFoundNoThreadInTimeWhileOthersAreNotOverdueIsRefusedAsBusy() {
        Lane lane = lane(1, 5, SOON);
        Future<Boolean> slow =
                callers.submit(() -> lane.ask(LATE, () -> !this.stubborn().isEmpty()));
        await().until(() -> lane.load().running() == 1);

        assertBusy(
                () -> lane.call(List.of(volume), () -> ""),
                "busy: no thread was free within PT0.0");
        assertThat(slow).isNotDone();
        assertThat(lane.load().waiting()).isZero();
    }

    @Test
    void whatIsRefusedSinceTheBackendHangsIsNotCalledBusy() {
        Lane lane = lane(1, 5, SOON);
        assertUnavailable(() -> lane.call(List.of(volume), this::stubborn), "not answered");

        assertThatThrownBy(() -> lane.call(List.of(volume), () -> ""))
                .isInstanceOfSatisfying(
                        DriverException.class,
                        e -> {
                            assertThat(NotBegun.is(e)).isTrue();
                            assertThat(NotBegun.isBusy(e)).isFalse();
                        });
    }

    @Test
    void aCallThatFoundNoThreadInTimeIsNeverMade() {
        AtomicBoolean made = new AtomicBoolean();
        Lane lane = lane(1, 5, Duration.ofMillis(300));
        Future<String> first = callers.submit(() -> lane.call(List.of(), this::stubborn));
        await().until(() -> lane.load().running() == 1);

        assertUnavailable(
                () ->
                        lane.call(
                                List.of(volume),
                                () -> {
                                    made.set(true);
                                    return "";
                                }),
                "");
        letGo.countDown();
        await().until(() -> lane.load().running() == 0);
        assertThat(made).isFalse();
        assertThat(first).isDone();
    }

    @Test
    void anythingElseThatADriverThrowsIsItsFault() {
        Lane lane = lane(1, 1, LATE);
        for (Callable<String> bad :
                List.<Callable<String>>of(
                        () -> {
                            throw new IllegalStateException("oops");
                        },
                        () -> {
                            throw new NoClassDefFoundError("oops");
                        },
                        () -> {
                            throw new IOException("oops");
                        })) {
            assertThatThrownBy(() -> lane.call(List.of(volume), bad))
                    .isInstanceOfSatisfying(
                            DriverException.class, e -> assertThat(e.kind()).isEqualTo(Kind.FAULT))
                    .hasMessageContaining("backend b: its driver failed with")
                    .hasMessageContaining("oops");
        }
    }

    @Test
    void aDriversOwnExceptionComesAsItIs() {
        DriverException full = new DriverException(Kind.NO_SPACE, "full");

        assertThatThrownBy(
                        () ->
                                lane(1, 1, LATE)
                                        .call(
                                                List.of(volume),
                                                () -> {
                                                    throw full;
                                                }))
                .isSameAs(full);
    }

    @Test
    void anInterruptedCallerLeavesOnlyOnceTheDriverHasStopped() throws Exception {
        Lane lane = lane(1, 1, LATE);
        CountDownLatch asked = new CountDownLatch(1);
        AtomicBoolean stopped = new AtomicBoolean();
        AtomicReference<Object> seen = new AtomicReference<>("nothing");
        Callable<String> slowToStop =
                () -> {
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        asked.countDown();
                        letGo.await();
                        stopped.set(true);
                        throw e;
                    }
                    return "";
                };
        Thread caller =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try {
                                        seen.set(lane.call(List.of(volume), slowToStop));
                                    } catch (DriverException e) {
                                        seen.set(e);
                                    } catch (InterruptedException _) {
                                        seen.set("interrupted, stopped: " + stopped);
                                    }
                                });
        await().until(() -> lane.load().running() == 1);

        caller.interrupt();
        asked.await();
        assertThat(seen.get()).isEqualTo("nothing");
        letGo.countDown();
        caller.join();

        assertThat(seen.get()).isEqualTo("interrupted, stopped: true");
    }

    @Test
    void aCallThatFinishesInSpiteOfAnInterruptIsNotLost() throws Exception {
        Lane lane = lane(1, 1, LATE);
        AtomicReference<Object> seen = new AtomicReference<>("nothing");
        Thread caller =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try {
                                        seen.set(
                                                lane.call(List.of(volume), this::stubborn)
                                                        + Thread.currentThread().isInterrupted());
                                    } catch (DriverException | InterruptedException e) {
                                        seen.set(e);
                                    }
                                });
        // A thread that runs may not have begun the call yet, which an interrupt then takes back.
        stubbornly.await();

        caller.interrupt();
        letGo.countDown();
        caller.join();

        assertThat(seen.get()).isEqualTo("finished true");
    }

    @Test
    void anInterruptOfOneCallNeverReachesTheNext() throws Exception {
        Lane lane = lane(1, 10, LATE);
        for (int i = 0; i < 2_000; i++) {
            Thread caller =
                    Thread.ofVirtual()
                            .start(
                                    () -> {
                                        try {
                                            boolean _ = lane.call(List.of(), () -> true);
                                        } catch (DriverException | InterruptedException _) {
                                            // Either may come of it; the next call is looked at.
                                        }
                                    });
            caller.interrupt();
            assertThat(lane.call(List.of(), () -> Thread.currentThread().isInterrupted()))
                    .isFalse();
            caller.join();
        }
    }

    @Test
    void aVolumeIsFreeAsSoonAsItsCallHasReturned() throws Exception {
        Lane lane = lane(4, 4, LATE);
        for (int i = 0; i < 5_000; i++) {
            assertThat(lane.call(List.of(volume), () -> true)).isTrue();
        }
    }

    @Test
    void theDriverSeesItsPluginsClassesWhateverAnEarlierCallLeft() throws Exception {
        ClassLoader plugin = new ClassLoader("plugin", null) {};
        Lane lane = new Lane("b", 1, 1, LATE, plugin, () -> {});
        boolean _ =
                lane.call(
                        List.of(),
                        () -> {
                            Thread.currentThread().setContextClassLoader(null);
                            return true;
                        });

        assertThat(lane.call(List.of(), () -> Thread.currentThread().getContextClassLoader()))
                .isSameAs(plugin);
    }

    @Test
    void aStoppedLaneAnswersThoseWhoWaitForAThread() throws Exception {
        Lane lane = lane(1, 5, LATE);
        Future<String> running = callers.submit(() -> lane.call(List.of(), this::stubborn));
        await().until(() -> lane.load().running() == 1);
        Future<String> waiting = callers.submit(() -> lane.call(List.of(volume), () -> ""));
        await().until(() -> lane.load().waiting() == 1);

        assertThat(lane.stop("the daemon is stopping", Duration.ZERO, Duration.ZERO)).isFalse();

        assertThatThrownBy(waiting::get)
                .hasCauseInstanceOf(DriverException.class)
                .hasMessageContaining("the daemon is stopping");
        assertUnavailable(() -> lane.call(List.of(), () -> ""), "the daemon is stopping");
        assertThat(running).isNotDone();
    }

    private Lane lane(int size, int waiting, Duration deadline) {
        return new Lane(
                "b", size, waiting, deadline, ClassLoader.getPlatformClassLoader(), () -> {});
    }

    /** Goes on in spite of interrupts, as a native call does. */
    private String stubborn() {
        stubbornly.countDown();
        while (true) {
            try {
                letGo.await();
                return "finished ";
            } catch (InterruptedException _) {
                // That is the point.
            }
        }
    }

    private static void assertBusy(Callable<String> call, String message) {
        assertThatThrownBy(call::call)
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(NotBegun.isBusy(e)).isTrue());
        assertUnavailable(call, message);
    }

    private static void assertUnavailable(Callable<String> call, String message) {
        assertThatThrownBy(call::call)
                .isInstanceOfSatisfying(
                        DriverException.class,
                        e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE))
                .hasMessageStartingWith("backend b: ")
                .hasMessageContaining(message);
    }
}
