package io.cairn.daemon.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.config.BackendConfig;
import io.cairn.daemon.driver.Backend.Cadence;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
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

@Timeout(60)
final class BackendsTest {
    private static final UUID DAEMON = UUID.randomUUID();
    private static final Duration LONG = Duration.ofSeconds(50);

    private final FakeDriver.Provider provider = new FakeDriver.Provider();
    private final CountDownLatch letGo = new CountDownLatch(1);
    private final List<Backends> open = new ArrayList<>();

    @AfterEach
    void closeAll() {
        letGo.countDown();
        open.forEach(backends -> backends.close(Duration.ZERO));
    }

    @Test
    void anOpenBackendIsUpAndBearsTheDaemonsIdentity() throws Exception {
        Backend backend = open(Map.of("folder", "/data")).find("b").orElseThrow();

        assertThat(backend.state().up()).isTrue();
        assertThat(backend.facts()).isPresent();
        String method = backend.call(VolumeId.random(), d -> d.facts().snapshotMethod());

        assertThat(method).isEqualTo("nothing");
        assertThat(provider.identities).containsExactly(new BackendIdentity(DAEMON, "b"));
    }

    @Test
    void shownSettingsHideSecretsAndHaveFallbacks() throws Exception {
        Backend backend = open(Map.of("password", "hush")).find("b").orElseThrow();

        assertThat(backend.shownSettings())
                .containsExactlyInAnyOrderEntriesOf(Map.of("folder", "/srv", "password", "***"));
    }

    @Test
    void aBackendThatCannotBeOpenedIsDownAndComesUpByItself() throws Exception {
        provider.open =
                () -> {
                    throw new DriverException(Kind.UNAVAILABLE, "the array does not answer");
                };
        Backends backends = open(Map.of());
        Backend backend = backends.find("b").orElseThrow();
        ConcurrentLinkedQueue<String> told = new ConcurrentLinkedQueue<>();
        backends.onUp(up -> told.add(up.name()));
        assertThat(backend.state().reason()).isEqualTo("the array does not answer");
        assertThatThrownBy(() -> backend.call(Driver::pools))
                .isInstanceOfSatisfying(
                        DriverException.class,
                        e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE))
                .hasMessageContaining("backend b is down since")
                .hasMessageContaining("the array does not answer");
        assertThatThrownBy(backend::requireReady).isInstanceOf(DriverException.class);

        provider.open = () -> true;

        await().until(() -> backend.state().up());
        await().until(() -> told.contains("b"));
        assertThat(backend.state().reason()).isEmpty();
    }

    @Test
    void aBackendWithoutItsDriverIsDownAndTheLikelyWordIsNamed() throws Exception {
        Backend backend =
                open(config("b", "fkae", Map.of("password", "hush"))).find("b").orElseThrow();

        assertThat(backend.state().up()).isFalse();
        assertThat(backend.state().reason())
                .contains("no plugin brings a driver 'fkae'", "did you mean 'fake'?");
        assertThat(backend.shownSettings()).isEqualTo(Map.of("password", "***"));
    }

    @Test
    void aDriverThatThrowsOnOpeningIsDownAndNotTheEnd() throws Exception {
        provider.open =
                () -> {
                    throw new IllegalStateException("a bug");
                };

        Backend backend = open(Map.of()).find("b").orElseThrow();

        assertThat(backend.state().reason()).contains("a bug");
    }

    @Test
    void aBackendThatHangsWhileOpeningDoesNotHoldUpTheStartAndIsKeptWhenItOpensLate()
            throws Exception {
        provider.open = this::stubborn;
        Backends backends =
                Backends.open(
                        DAEMON,
                        Set.of(),
                        Plugins.of(provider),
                        List.of(config("b", "fake", Map.of())),
                        Duration.ofMillis(20),
                        cadence());
        open.add(backends);
        Backend backend = backends.find("b").orElseThrow();
        assertThat(backend.state().up()).isFalse();

        letGo.countDown();

        await().until(() -> backend.state().up());
        assertThat(provider.identities).hasSize(1);
    }

    @Test
    void poolsAreReadInTheBackgroundAndOldOnesStayWhenTheDriverFails() throws Exception {
        Backend backend = open(Map.of()).find("b").orElseThrow();
        assertThat(backend.pools().pools()).containsExactly(new PoolStats("p", 100, 40));

        provider.pools =
                () -> {
                    throw new DriverException(Kind.UNAVAILABLE, "no answer");
                };

        await().until(() -> backend.pools().problem().equals("no answer"));
        assertThat(backend.pools().pools()).containsExactly(new PoolStats("p", 100, 40));
        assertThat(backend.state().up()).isTrue();
    }

    @Test
    void aBackendThatHangsOverItsPoolsIsNotAskedAgainSoThatItsOtherThreadsStayFree()
            throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Backend backend =
                open(new BackendConfig("b", "fake", "", 2, Duration.ofMillis(50), Map.of()))
                        .find("b")
                        .orElseThrow();
        provider.pools =
                () -> {
                    asked.incrementAndGet();
                    boolean _ = stubborn();
                    return List.of(new PoolStats("p", 100, 30));
                };
        await().until(() -> backend.load().overdue() > 0);
        for (int turn = 0; turn < 20; turn++) {
            // So often could the watch have asked once more.
            Thread.sleep(20);
            boolean answered = backend.call(VolumeId.random(), _ -> true);
            assertThat(answered).isTrue();
        }
        assertThat(asked).hasValue(1);

        provider.pools = () -> List.of(new PoolStats("p", 100, 20));
        letGo.countDown();

        await().until(() -> backend.pools().pools().equals(List.of(new PoolStats("p", 100, 20))));
    }

    @Test
    void aHungBackendDoesNotTouchAnother() throws Exception {
        Backends backends = open(config("b", "fake", Map.of()), config("c", "fake", Map.of()));
        Backend hung = backends.find("b").orElseThrow();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> stuck = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                stuck.add(callers.submit(() -> hung.call(VolumeId.random(), _ -> stubborn())));
            }
            await().until(() -> hung.load().running() == 2 && hung.load().waiting() >= 2);

            List<PoolStats> pools = backends.find("c").orElseThrow().call(Driver::pools);

            assertThat(pools).hasSize(1);
            assertThat(stuck).noneMatch(Future::isDone);
            letGo.countDown();
        }
    }

    @Test
    void closingWaitsForRunningCallsAndThenClosesTheDriver() throws Exception {
        Backends backends = open(Map.of());
        Backend backend = backends.find("b").orElseThrow();
        FakeDriver driver = provider.opened.element();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> call =
                    callers.submit(
                            () ->
                                    backend.call(
                                            VolumeId.random(),
                                            _ -> {
                                                letGo.await();
                                                return driver.closed.get() == 0;
                                            }));
            await().until(() -> backend.load().running() > 0);
            Future<?> closing = callers.submit(() -> backends.close(LONG));
            await().until(() -> backend.state().reason().equals("the daemon is stopping"));

            assertThatThrownBy(() -> backend.call(_ -> true)).hasMessageContaining("stopping");
            letGo.countDown();

            assertThat(call.get()).isTrue();
            assertThat(closing.get()).isNull();
            assertThat(driver.closed).hasValue(1);
        }
    }

    @Test
    void atTheDeadlineOfClosingRunningCallsAreInterrupted() throws Exception {
        Backends backends = open(Map.of());
        Backend backend = backends.find("b").orElseThrow();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> call =
                    callers.submit(
                            () ->
                                    backend.call(
                                            VolumeId.random(),
                                            _ -> {
                                                letGo.await();
                                                return true;
                                            }));
            await().until(() -> backend.load().running() > 0);

            backends.close(Duration.ofMillis(20));

            assertThatThrownBy(call::get).hasMessageContaining("because the daemon is stopping");
            assertThat(provider.opened.element().closed).hasValue(1);
        }
    }

    @Test
    void everyWrongSettingOfEveryBackendIsNamed() {
        assertThat(
                        Backends.problems(
                                List.of(
                                        config("b", "fake", Map.of("foldr", "/x")),
                                        config("c", "fake", Map.of("folder", "x", "zzz", "1")),
                                        config("d", "missing", Map.of("any", "1"))),
                                Plugins.of(provider)))
                .containsExactly(
                        "backends/b.properties: foldr: unknown; did you mean 'folder'?",
                        "backends/c.properties: zzz: unknown",
                        "backends/c.properties: setting 'folder': 'x' is not an absolute path"
                                + " without '.' and '..'");
    }

    private Backends open(Map<String, String> settings) throws InterruptedException {
        return open(config("b", "fake", settings));
    }

    private Backends open(BackendConfig... configs) throws InterruptedException {
        Backends backends =
                Backends.open(
                        DAEMON, Set.of(), Plugins.of(provider), List.of(configs), LONG, cadence());
        open.add(backends);
        return backends;
    }

    private boolean stubborn() {
        while (true) {
            try {
                letGo.await();
                return true;
            } catch (InterruptedException _) {
                // As a native call would.
            }
        }
    }

    private static Cadence cadence() {
        return new Cadence(Duration.ofMillis(20), Duration.ofMillis(20));
    }

    private static BackendConfig config(String name, String driver, Map<String, String> settings) {
        return new BackendConfig(name, driver, "", 2, LONG, settings);
    }
}
