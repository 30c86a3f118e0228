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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Checks backends for drift, when asked and from time to time. A backend is checked once at a time:
 * who asks meanwhile is told of the check that runs. Safe for many threads.
 */
@Singleton
public final class Checks {
    /** How soon a backend is checked that was opened, or could not be checked. */
    private static final Duration FIRST = Duration.ofMinutes(10);

    /** How often it is looked whether one is due. */
    private static final Duration LOOK = Duration.ofSeconds(30);

    /** Each takes memory for all that is recorded of its backend; one that hangs leaves another. */
    private static final int AT_ONCE = 2;

    private static final Logger LOG = LoggerFactory.getLogger(Checks.class);

    private final Volumes volumes;
    private final Backends backends;
    private final Repairs repairs;

    /** By what was opened, so that nothing is told of what had the name before. */
    private final Map<Backend, Book> books = new ConcurrentHashMap<>();

    private final Semaphore free = new Semaphore(AT_ONCE);
    private @Nullable Thread schedule;
    private boolean stopped;

    @Inject
    public Checks(Volumes volumes, Backends backends) {
        this.volumes = volumes;
        this.backends = backends;
        this.repairs = new Repairs(volumes, backends, this);
    }

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
    public record Status(boolean running, Optional<Report> last, Optional<Failure> failure) {
        private static final Status NEVER = new Status(false, Optional.empty(), Optional.empty());
    }

    /** What ends what checks found. */
    public Repairs repairs() {
        return repairs;
    }

    private record Running(Thread thread, CompletableFuture<Report> report) {}

    /** What is known of a backend since it was opened. */
    private static final class Book {
        private @Nullable Running running;
        private @Nullable Report report;
        private @Nullable Failure failure;
        private long dueNanos;

        synchronized Status status() {
            return new Status(
                    running != null, Optional.ofNullable(report), Optional.ofNullable(failure));
        }
    }

    public Status status(String backend) {
        return backends.find(backend).map(books::get).map(Book::status).orElse(Status.NEVER);
    }

    /** Checks every backend that is up from now on, each so often. */
    public synchronized void start(Duration every) {
        if (!stopped) {
            schedule = Thread.ofVirtual().name("cairn-check").start(() -> checkAlways(every));
        }
    }

    /**
     * Begins a check unless one runs, and waits for its end.
     *
     * @return what it found; empty if it goes on after the patience
     * @throws OperationException NOT_FOUND; UNSUPPORTED if the backend has but one thread;
     *     UNAVAILABLE if the backend could not be looked at
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
        if (found.load().threads() < 2) {
            throw new OperationException(
                    Code.UNSUPPORTED,
                    "backend %s has one thread, which a check would keep from all else: give it two by threads=2 in its file"
                            .formatted(backend));
        }
        try {
            return Optional.of(begun(found).report().get(patience.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException _) {
            return Optional.empty();
        } catch (ExecutionException e) {
            String why = "backend %s was not checked: %s".formatted(backend, why(e.getCause()));
            throw switch (e.getCause()) {
                case DriverException cause -> OperationException.of(cause, why);
                case OperationException cause -> new OperationException(cause.code(), why, cause);
                case InterruptedException cause ->
                        new OperationException(Code.UNAVAILABLE, why, cause);
                case null, default -> new OperationException(Code.FAULT, why, e.getCause());
            };
        }
    }

    private synchronized Running begun(Backend backend) throws OperationException {
        if (stopped) {
            throw new OperationException(
                    Code.UNAVAILABLE, "the daemon is stopping; try again later");
        }
        books.entrySet()
                .removeIf(
                        each ->
                                !backends.find(each.getKey().name())
                                                .equals(Optional.of(each.getKey()))
                                        && !each.getValue().status().running());
        Book book = books.computeIfAbsent(backend, _ -> new Book());
        synchronized (book) {
            if (book.running == null) {
                CompletableFuture<Report> report = new CompletableFuture<>();
                book.running =
                        new Running(
                                Thread.ofVirtual()
                                        .name("cairn-check-" + backend.name())
                                        .start(() -> run(backend, book, report)),
                                report);
            }
            return book.running;
        }
    }

    private void run(Backend backend, Book book, CompletableFuture<Report> result) {
        Throwable problem = new IllegalStateException("it ended without a result");
        Report report = null;
        try {
            free.acquire();
            try {
                report = new Check(volumes, backend).run();
                tell(backend.name(), report);
            } finally {
                free.release();
            }
        } catch (OperationException | DriverException | InterruptedException e) {
            LOG.warn("Backend {} was not checked: {}", backend.name(), why(e));
            problem = e;
        } catch (RuntimeException e) {
            LOG.error("The check of backend {} failed", backend.name(), e);
            problem = e;
        } finally {
            end(book, report, new Failure(Instant.now(), why(problem)));
            if (report == null) {
                result.completeExceptionally(problem);
            } else {
                result.complete(report);
            }
        }
    }

    private static void end(Book book, @Nullable Report report, Failure failure) {
        synchronized (book) {
            book.running = null;
            book.dueNanos = 0;
            if (report == null) {
                book.failure = failure;
            } else {
                book.failure = null;
                book.report = report;
            }
        }
    }

    private static void tell(String backend, Report report) {
        if (report.count() == 0 && report.skipped() == 0) {
            LOG.info(
                    "Backend {} has its {} volumes and {} snapshots as they are recorded",
                    backend,
                    report.volumes(),
                    report.snapshots());
        } else {
            LOG.warn(
                    "Backend {} differs from what is recorded: {}, and {} could not be looked at",
                    backend,
                    report.counts(),
                    report.skipped());
        }
    }

    private static String why(@Nullable Throwable problem) {
        return problem instanceof InterruptedException
                ? "the daemon is stopping, or the backend is being closed"
                : problem instanceof OperationException || problem instanceof DriverException
                        ? String.valueOf(problem.getMessage())
                        : String.valueOf(problem);
    }

    private void checkAlways(Duration every) {
        try {
            while (true) {
                Thread.sleep(every.compareTo(LOOK) < 0 ? every : LOOK);
                for (Backend backend : backends.all()) {
                    if (backend.takesWork() && backend.load().threads() > 1) {
                        checkIfDue(backend, every);
                    }
                }
            }
        } catch (InterruptedException _) {
            // The daemon stops.
        }
    }

    private void checkIfDue(Backend backend, Duration every) {
        Book book = books.computeIfAbsent(backend, _ -> new Book());
        synchronized (book) {
            if (book.running != null) {
                return;
            }
            if (book.dueNanos == 0) {
                boolean soon = book.report == null || book.failure != null;
                Duration wait = soon && FIRST.compareTo(every) < 0 ? FIRST : every;
                book.dueNanos = System.nanoTime() + wait.toNanos();
                return;
            }
            if (System.nanoTime() - book.dueNanos < 0) {
                return;
            }
        }
        try {
            Running _ = begun(backend);
        } catch (OperationException _) {
            // The daemon stops.
        }
    }

    /**
     * Ends what runs; nothing begins any more.
     *
     * @param patience how long it waits for that
     */
    public void stop(Duration patience) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        synchronized (this) {
            stopped = true;
            if (schedule != null) {
                threads.add(schedule);
            }
            for (Book book : books.values()) {
                synchronized (book) {
                    if (book.running != null) {
                        threads.add(book.running.thread());
                    }
                }
            }
        }
        threads.forEach(Thread::interrupt);
        long end = System.nanoTime() + patience.toNanos();
        for (Thread each : threads) {
            if (!each.join(Duration.ofNanos(Math.max(0, end - System.nanoTime())))) {
                LOG.warn("{} does not end within {}: going on", each.getName(), patience);
            }
        }
    }
}
