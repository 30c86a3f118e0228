package io.cairn.daemon.drift;

import io.cairn.daemon.driver.Backend;
import io.cairn.daemon.driver.Backends;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.Volumes;
import io.cairn.spi.DriverException;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Checks backends for drift, when asked and from time to time. A backend is checked once at a time:
 * who asks meanwhile is told of the check that runs. Safe for many threads.
 */
@Singleton
public final class Checks {
    /** How soon a backend that has not been checked since the start is. */
    private static final Duration FIRST = Duration.ofMinutes(10);

    private static final Duration LOOK = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(Checks.class);

    private final Volumes volumes;
    private final Backends backends;
    private final Map<String, Running> running = new ConcurrentHashMap<>();
    private final Map<String, Report> reports = new ConcurrentHashMap<>();
    private final Map<String, Failure> failures = new ConcurrentHashMap<>();
    private @Nullable Thread schedule;
    private boolean stopped;

    @Inject
    public Checks(Volumes volumes, Backends backends) {
        this.volumes = volumes;
        this.backends = backends;
    }

    private record Running(Thread thread, CompletableFuture<Report> report) {}

    /**
     * A check that was not finished.
     *
     * @param why for an operator
     */
    public record Failure(Instant at, String why) {}

    /**
     * How far the checks of a backend are.
     *
     * @param running whether one is under way
     * @param last what the last that was finished found
     * @param failure why a later one was not
     */
    public record Status(boolean running, Optional<Report> last, Optional<Failure> failure) {}

    public Status status(String backend) {
        return new Status(
                running.containsKey(backend),
                Optional.ofNullable(reports.get(backend)),
                Optional.ofNullable(failures.get(backend)));
    }

    /** Checks every backend that is up from now on, each so often. */
    public synchronized void start(Duration every) {
        if (stopped) {
            return;
        }
        Instant since = Instant.now();
        schedule = Thread.ofVirtual().name("cairn-check").start(() -> checkAlways(every, since));
    }

    /**
     * Begins a check unless one runs, and waits for its end.
     *
     * @return what it found; empty if it goes on after the patience
     * @throws OperationException NOT_FOUND; UNAVAILABLE if the backend could not be looked at
     */
    public Optional<Report> check(String backend, Duration patience)
            throws OperationException, InterruptedException {
        Backend found =
                backends.find(backend)
                        .orElseThrow(
                                () ->
                                        new OperationException(
                                                Code.NOT_FOUND,
                                                "there is no backend %s any more"
                                                        .formatted(backend)));
        try {
            return Optional.of(begun(found).report().get(patience.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException _) {
            return Optional.empty();
        } catch (ExecutionException e) {
            String why = "backend %s was not checked: %s".formatted(backend, why(e.getCause()));
            throw switch (e.getCause()) {
                case DriverException cause -> OperationException.of(cause, why);
                case OperationException cause -> new OperationException(cause.code(), why, cause);
                case null, default -> new OperationException(Code.FAULT, why, e.getCause());
            };
        }
    }

    private synchronized Running begun(Backend backend) throws OperationException {
        if (stopped) {
            throw new OperationException(
                    Code.UNAVAILABLE, "the daemon is stopping; try again later");
        }
        Running earlier = running.get(backend.name());
        if (earlier != null) {
            return earlier;
        }
        CompletableFuture<Report> report = new CompletableFuture<>();
        Thread thread =
                Thread.ofVirtual()
                        .name("cairn-check-" + backend.name())
                        .unstarted(() -> run(backend, report));
        Running begun = new Running(thread, report);
        running.put(backend.name(), begun);
        thread.start();
        return begun;
    }

    private void run(Backend backend, CompletableFuture<Report> result) {
        String name = backend.name();
        Throwable problem = null;
        Report report = null;
        try {
            report = new Check(volumes, backend).run();
            failures.remove(name);
            reports.put(name, report);
            tell(name, report);
        } catch (OperationException | DriverException | InterruptedException e) {
            LOG.warn("Backend {} was not checked: {}", name, why(e));
            problem = e;
        } catch (RuntimeException e) {
            LOG.error("The check of backend {} failed", name, e);
            problem = e;
        }
        if (problem != null) {
            failures.put(name, new Failure(Instant.now(), why(problem)));
        }
        running.remove(name);
        if (report == null) {
            result.completeExceptionally(problem);
        } else {
            result.complete(report);
        }
    }

    private static void tell(String backend, Report report) {
        if (report.drifts().isEmpty()) {
            LOG.info(
                    "Backend {} has its {} volumes and {} snapshots as they are recorded",
                    backend,
                    report.volumes(),
                    report.snapshots());
        } else {
            LOG.warn("Backend {} differs from what is recorded: {}", backend, report.counts());
        }
    }

    private static String why(@Nullable Throwable problem) {
        return problem instanceof InterruptedException
                ? "the daemon is stopping"
                : problem instanceof OperationException || problem instanceof DriverException
                        ? String.valueOf(problem.getMessage())
                        : String.valueOf(problem);
    }

    private void checkAlways(Duration every, Instant since) {
        try {
            while (true) {
                Thread.sleep(every.compareTo(LOOK) < 0 ? every : LOOK);
                for (Backend backend : backends.all()) {
                    if (backend.state().up() && due(backend.name(), every, since)) {
                        checkNow(backend.name());
                    }
                }
            }
        } catch (InterruptedException _) {
            // The daemon stops.
        }
    }

    private boolean due(String backend, Duration every, Instant since) {
        Report report = reports.get(backend);
        Failure failure = failures.get(backend);
        Instant tried = report == null ? Instant.MIN : report.endedAt();
        if (failure != null && failure.at().isAfter(tried)) {
            tried = failure.at();
        }
        Instant due =
                tried.equals(Instant.MIN)
                        ? since.plus(every.compareTo(FIRST) < 0 ? every : FIRST)
                        : tried.plus(every);
        return !Instant.now().isBefore(due);
    }

    private void checkNow(String backend) throws InterruptedException {
        try {
            Optional<Report> _ = check(backend, Duration.ofDays(1));
        } catch (OperationException _) {
            // It is logged and shown.
        }
    }

    /** Ends what runs; nothing begins any more. */
    public void stop() throws InterruptedException {
        Thread watch;
        synchronized (this) {
            stopped = true;
            watch = schedule;
        }
        if (watch != null) {
            watch.interrupt();
            watch.join();
        }
        for (Running each : running.values()) {
            each.thread().interrupt();
            each.thread().join();
        }
    }
}
