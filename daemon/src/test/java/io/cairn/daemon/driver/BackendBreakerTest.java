package io.cairn.daemon.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.config.BackendConfig;
import io.cairn.daemon.config.PoolLimits;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.driver.Backend.Cadence;
import io.cairn.daemon.driver.BreakerStatus.State;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.PoolStats;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** When a backend's breaker opens and closes, and what it keeps from the driver. */
@Timeout(60)
final class BackendBreakerTest {
    private static final Duration LONG = Duration.ofSeconds(50);
    private static final int THREADS = 4;
    private static final int LIMIT = 3;

    private final FakeDriver.Provider provider = new FakeDriver.Provider();
    private final CountDownLatch letGo = new CountDownLatch(1);
    private final ConcurrentLinkedQueue<String> told = new ConcurrentLinkedQueue<>();
    private final AtomicInteger ups = new AtomicInteger();
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Backends> open = new ArrayList<>();

    @AfterEach
    void closeAll() {
        letGo.countDown();
        callers.shutdownNow();
        open.forEach(backends -> backends.close(Duration.ZERO));
    }

    @Test
    void aBackendThatHangsIsGivenNoMoreWorkUntilItsCallsComeBackAndThenIsUpForItsListeners()
            throws Exception {
        Backend backend = open(Duration.ofMillis(100), LIMIT, LONG);
        // It has them in memory, so that they say nothing.
        provider.pools = () -> List.of(new PoolStats("p", 100, 7));
        for (int i = 0; i < LIMIT; i++) {
            refused(backend, VolumeId.random(), this::stubborn, "has not answered within PT0.1S");
        }

        assertThat(backend.breaker().refuses()).isTrue();
        assertThat(backend.takesWork()).isFalse();
        AtomicInteger made = new AtomicInteger();
        refused(backend, VolumeId.random(), made::incrementAndGet, "no work is given to it since");
        assertThatThrownBy(() -> backend.requireReady(VolumeId.random()))
                .hasMessageContaining("no work is given to it since");
        assertThatThrownBy(backend::refreshPools).hasMessageContaining("no work is given");
        assertThat(backend.state().up()).isTrue();
        assertThat(backend.load().overdue()).isEqualTo(LIMIT);
        int before = ups.get();

        letGo.countDown();

        await().until(() -> backend.breaker().state() == State.CLOSED);
        await().until(() -> ups.get() > before);
        assertThat(told).containsExactly("OPEN", "CLOSED");
        assertThat(made).hasValue(0);
        assertThat(backend.<Integer>call(VolumeId.random(), _ -> 1)).isEqualTo(1);
    }

    @Test
    void oneVolumeThatHangsKeepsNoOtherFromWork() throws Exception {
        Backend backend = open(Duration.ofMillis(100), LIMIT, Duration.ofMillis(20));
        VolumeId hung = VolumeId.random();
        refused(backend, hung, this::stubborn, "has not answered");
        for (int i = 0; i < 20; i++) {
            refused(backend, hung, () -> 1, "an earlier call for volume " + hung);
            assertThat(backend.<Integer>call(VolumeId.random(), _ -> 1)).isEqualTo(1);
        }
        assertThat(backend.breaker().state()).isEqualTo(State.CLOSED);
        assertThat(backend.breaker().opened()).isZero();
    }

    @Test
    void volumesThatFailKeepNoOthersFromWorkWhereThePoolsAreTold() throws Exception {
        Backend backend = open(LONG, LIMIT, LONG);
        List<PoolStats> news = List.of(new PoolStats("p", 100, 7));
        provider.pools = () -> news;
        for (int i = 0; i < 10; i++) {
            refused(backend, VolumeId.random(), BackendBreakerTest::unavailable, "no answer");
        }
        // Nobody but the breaker asked for them.
        await().until(() -> backend.pools().pools().equals(news));
        assertThat(backend.<Integer>call(VolumeId.random(), _ -> 1)).isEqualTo(1);
        assertThat(backend.breaker().opened()).isZero();
    }

    @Test
    void refusalsOfTheDriverOpenNothing() throws Exception {
        Backend backend = open(LONG, LIMIT, LONG);
        provider.pools = BackendBreakerTest::unavailable;
        for (Kind kind : Kind.values()) {
            for (int i = 0; kind != Kind.UNAVAILABLE && i < 2 * LIMIT; i++) {
                assertThatThrownBy(
                                () ->
                                        backend.call(
                                                VolumeId.random(),
                                                _ -> {
                                                    throw new DriverException(kind, "no");
                                                }))
                        .hasMessage("no");
            }
        }
        assertThat(backend.<Integer>call(VolumeId.random(), _ -> 1)).isEqualTo(1);
        assertThat(told).doesNotContain("OPEN");
    }

    @Test
    void aBackendOfWhichNothingIsHeardIsAskedForItsPoolsAloneAndComesBackByThem() throws Exception {
        Backend backend = open(LONG, LIMIT, Duration.ofMillis(20));
        AtomicInteger asked = new AtomicInteger();
        provider.pools =
                () -> {
                    asked.incrementAndGet();
                    return unavailable();
                };
        await().until(() -> backend.breaker().state() != State.CLOSED);
        int before = asked.get();
        assertThat(backend.breaker().reason()).contains("in a row were not answered", "no answer");
        await().until(() -> asked.get() > before + 2);
        assertThat(backend.breaker().opened()).isEqualTo(1);

        provider.pools = () -> List.of(new PoolStats("p", 100, 7));

        await().until(() -> backend.breaker().state() == State.CLOSED);
        assertThat(backend.pools().problem()).isEmpty();
        assertThat(told).containsExactly("OPEN", "CLOSED");
    }

    @Test
    void whatWaitsForAThreadIsRefusedWhenItOpens() throws Exception {
        Backend backend = open(Duration.ofSeconds(2), THREADS, LONG);
        List<Future<Integer>> hung = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            hung.add(callers.submit(() -> backend.call(VolumeId.random(), _ -> stubborn())));
        }
        await().until(() -> backend.load().running() == THREADS);
        AtomicInteger made = new AtomicInteger();
        Future<Integer> waiting =
                callers.submit(() -> backend.call(VolumeId.random(), _ -> made.incrementAndGet()));

        await().until(() -> hung.stream().allMatch(Future::isDone));
        assertThat(backend.breaker().refuses()).isTrue();
        assertThatThrownBy(waiting::get).hasMessageContaining("it does not answer: calls have not");
        // But for the question whether it answers, which may be waiting itself.
        await().until(() -> backend.load().waiting() == 0);
        letGo.countDown();
        await().until(() -> backend.load().running() == 0);
        assertThat(made).hasValue(0);
    }

    /** As copies do that are longer than the deadline. */
    @Test
    void callsThatTakeLongKeepNoOthersFromWorkWhereThePoolsAreTold() throws Exception {
        Backend backend = open(Duration.ofMillis(100), 2, LONG);
        AtomicInteger asked = new AtomicInteger();
        provider.pools =
                () -> {
                    asked.incrementAndGet();
                    return List.of(new PoolStats("p", 100, 7));
                };
        for (int i = 0; i < 2; i++) {
            refused(backend, VolumeId.random(), this::stubborn, "has not answered");
        }
        await().until(() -> asked.get() > 0);
        assertThat(backend.<Integer>call(VolumeId.random(), _ -> 1)).isEqualTo(1);
        assertThat(backend.breaker().state()).isEqualTo(State.CLOSED);
        assertThat(told).isEmpty();
    }

    /** Whatever is wrong with its pools, it is there. */
    @Test
    void oneThatAnswersByAFaultIsNotSilent() throws Exception {
        Backend backend = open(LONG, LIMIT, LONG);
        AtomicInteger asked = new AtomicInteger();
        provider.pools =
                () -> {
                    asked.incrementAndGet();
                    throw new DriverException(Kind.FAULT, "a bug in the pools");
                };
        for (int i = 0; i < LIMIT; i++) {
            refused(backend, VolumeId.random(), BackendBreakerTest::unavailable, "no answer");
        }
        await().until(() -> asked.get() > 0);
        assertThat(backend.<Integer>call(VolumeId.random(), _ -> 1)).isEqualTo(1);
        assertThat(told).isEmpty();
    }

    @Test
    void anOperatorHasItAskedAtOnce() throws Exception {
        Backend backend = open(Duration.ofMillis(100), LIMIT, LONG);
        for (int i = 0; i < LIMIT; i++) {
            refused(backend, VolumeId.random(), this::stubborn, "has not answered");
        }
        provider.pools = BackendBreakerTest::unavailable;
        assertThatThrownBy(backend::resetBreaker).hasMessage("no answer");
        assertThat(backend.breaker().refuses()).isTrue();
        provider.pools = () -> List.of(new PoolStats("p", 100, 7));

        BreakerStatus now = backend.resetBreaker();

        assertThat(now.state()).isEqualTo(State.CLOSED);
        // What hangs still has its threads, and the last one works.
        assertThat(backend.<Integer>call(VolumeId.random(), _ -> 1)).isEqualTo(1);
        assertThat(backend.load().overdue()).isEqualTo(LIMIT);
        assertThat(backend.resetBreaker()).isEqualTo(now);
    }

    @Test
    void aQuestionThatHangsIsNotAskedAgainBesideItself() throws Exception {
        Backend backend = open(Duration.ofMillis(50), 1, Duration.ofMillis(20));
        AtomicInteger asked = new AtomicInteger();
        provider.pools =
                () -> {
                    asked.incrementAndGet();
                    int _ = stubborn();
                    return List.of(new PoolStats("p", 100, 7));
                };
        await().until(() -> backend.breaker().state() == State.OPEN);
        for (int i = 0; i < 20; i++) {
            Thread.sleep(20);
            refused(backend, VolumeId.random(), () -> 1, "no work is given to it");
        }
        assertThat(asked).hasValue(1);
        assertThat(backend.load().running()).isEqualTo(1);

        letGo.countDown();

        await().until(() -> backend.breaker().state() == State.CLOSED);
    }

    @Test
    void itCanBeTurnedOff() throws Exception {
        Backend backend = open(Duration.ofMillis(50), 0, Duration.ofMillis(20));
        provider.pools = BackendBreakerTest::unavailable;
        for (int i = 0; i < 50; i++) {
            refused(backend, VolumeId.random(), BackendBreakerTest::unavailable, "no answer");
        }
        assertThat(backend.<Integer>call(VolumeId.random(), _ -> 1)).isEqualTo(1);
        assertThat(backend.breaker().state()).isEqualTo(State.OFF);
        assertThat(backend.resetBreaker().state()).isEqualTo(State.OFF);
    }

    @Test
    void anOpenBreakerKeepsNoBackendFromBeingClosed() throws Exception {
        Backend backend = open(Duration.ofMillis(100), LIMIT, LONG);
        for (int i = 0; i < LIMIT; i++) {
            refused(backend, VolumeId.random(), this::stubborn, "has not answered");
        }
        assertThat(backend.breaker().refuses()).isTrue();

        assertThat(backend.close(Duration.ZERO)).isFalse();

        refused(backend, VolumeId.random(), () -> 1, "closed by an operator");
        letGo.countDown();
        await().until(() -> backend.close(Duration.ZERO));
        assertThat(provider.opened.element().closed).hasValue(1);
    }

    private interface Body<T> {
        T run() throws DriverException, InterruptedException;
    }

    private static <T> void refused(
            Backend backend, VolumeId volume, Body<T> body, String message) {
        assertThatThrownBy(() -> backend.call(volume, _ -> body.run()))
                .isInstanceOfSatisfying(
                        DriverException.class,
                        e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE))
                .hasMessageContaining(message);
    }

    private static List<PoolStats> unavailable() throws DriverException {
        throw new DriverException(Kind.UNAVAILABLE, "no answer");
    }

    private int stubborn() {
        while (true) {
            try {
                letGo.await();
                return 1;
            } catch (InterruptedException _) {
                // As a native call would.
            }
        }
    }

    private Backend open(Duration deadline, int limit, Duration stats) throws Exception {
        Backends backends =
                Backends.open(
                        UUID.randomUUID(),
                        Set.of(),
                        Plugins.of(provider),
                        List.of(
                                new BackendConfig(
                                        "b",
                                        "fake",
                                        "",
                                        THREADS,
                                        deadline,
                                        limit,
                                        PoolLimits.DEFAULT,
                                        TrashPolicy.DEFAULT,
                                        Map.of())),
                        LONG,
                        new Cadence(Duration.ofMillis(20), stats));
        open.add(backends);
        backends.onBreaker((_, now) -> told.add(now.state().name()));
        Backend backend = backends.find("b").orElseThrow();
        backends.onUp(_ -> ups.incrementAndGet());
        return backend;
    }
}
