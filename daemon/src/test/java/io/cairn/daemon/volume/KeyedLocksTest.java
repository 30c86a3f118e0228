package io.cairn.daemon.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(60)
final class KeyedLocksTest {
    private static final Duration LONG = Duration.ofSeconds(50);

    private final KeyedLocks<String> locks = new KeyedLocks<>(2);
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void end() {
        callers.shutdownNow();
    }

    @Test
    void oneMoreThanMayWaitIsRefusedAtOnceAndHoldsNothing() throws Exception {
        AtomicInteger had = new AtomicInteger();
        List<Future<?>> waiting = new ArrayList<>();
        try (var _ = lock("a").orElseThrow()) {
            for (int i = 0; i < 3; i++) {
                waiting.add(
                        callers.submit(
                                () -> {
                                    try (var _ = lock("a").orElseThrow()) {
                                        return had.incrementAndGet();
                                    }
                                }));
            }
            // Of three who ask for what is held, two wait and one does not.
            await().until(() -> waiting.stream().anyMatch(Future::isDone));
            assertThat(lock("0", "a")).isEmpty();
            assertThat(locks.isLocked("0")).isFalse();
            assertThat(had).hasValue(0);
        }
        await().until(() -> waiting.stream().allMatch(Future::isDone));
        assertThat(had).hasValue(2);
        try (var _ = lock("a").orElseThrow()) {
            assertThat(locks.isLocked("a")).isTrue();
        }
    }

    @Test
    void whatIsHeldForLongerThanThePatienceIsNotHad() throws Exception {
        try (var _ = lock("a").orElseThrow()) {
            boolean had =
                    callers.submit(
                                    () ->
                                            locks.lock(
                                                            new TreeSet<>(List.of("a")),
                                                            Duration.ofMillis(20))
                                                    .isPresent())
                            .get();
            assertThat(had).isFalse();
        }
        assertThat(locks.isLocked("a")).isFalse();
    }

    private Optional<KeyedLocks<String>.Held> lock(String... keys) throws InterruptedException {
        return locks.lock(new TreeSet<>(List.of(keys)), LONG);
    }
}
