package io.cairn.daemon.backup;

import io.cairn.daemon.store.CopyWatch;
import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Backups of the state, made when asked for and from time to time, one at a time. Safe for many
 * threads.
 */
public final class Backups {
    /** How soon the first is made, if one is due; and the next, after one that failed. */
    private static final Duration SOON = Duration.ofMinutes(10);

    /** How often it is looked whether one is due. */
    private static final Duration LOOK = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(Backups.class);

    private final StateStore store;
    private final List<SchemaStep> schema;
    private final BackupPolicy policy;
    private final UUID daemon;
    private final InstantSource clock;
    private final CopyWatch watch;
    private final BackupFolder folder;

    /** When those of this process were made, by a clock that nobody sets. */
    private final Map<Long, Long> nanosBySequence = new HashMap<>();

    private List<Backup> known = List.of();
    private @Nullable String failure;
    private @Nullable Running running;
    private @Nullable Thread schedule;
    private long dueNanos;
    private boolean stopped;

    private record Running(Thread thread, Instant since, CompletableFuture<Backup> result) {}

    /**
     * @param schema all steps that the store has
     * @param daemon the daemon's lasting identity
     */
    public Backups(StateStore store, List<SchemaStep> schema, BackupPolicy policy, UUID daemon) {
        this(store, schema, policy, daemon, InstantSource.system(), _ -> {});
    }

    Backups(
            StateStore store,
            List<SchemaStep> schema,
            BackupPolicy policy,
            UUID daemon,
            InstantSource clock,
            CopyWatch watch) {
        this.store = store;
        this.schema = List.copyOf(schema);
        this.policy = policy;
        this.daemon = daemon;
        this.clock = clock;
        this.watch = watch;
        this.folder = new BackupFolder(policy.folder());
        try {
            known = folder.list();
        } catch (IOException e) {
            failure = unreadable(e);
        }
    }

    /**
     * Begins a backup of the state as it is at an instant after this was called, and waits for its
     * end.
     *
     * @return what was made; empty if it goes on after the patience
     * @throws OperationException BUSY if one is being made; NO_SPACE; UNAVAILABLE if the store
     *     takes no changes or the folder cannot be used; CONFLICT if that is another daemon's;
     *     FAULT if what was made could not be verified. No backup was made then
     */
    public Optional<Backup> make(Duration patience)
            throws OperationException, InterruptedException {
        try {
            return Optional.of(begin().result().get(patience.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException _) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw switch (e.getCause()) {
                case OperationException cause ->
                        new OperationException(
                                cause.code(), String.valueOf(cause.getMessage()), cause);
                case null, default ->
                        new OperationException(
                                Code.FAULT,
                                "no backup was made, for a reason nobody foresaw (%s); the daemon's log has the details"
                                        .formatted(e.getCause()),
                                e.getCause());
            };
        }
    }

    private synchronized Running begin() throws OperationException {
        if (stopped) {
            throw new OperationException(
                    Code.UNAVAILABLE, "the daemon is stopping; try again later");
        }
        Running other = running;
        if (other != null) {
            // It may be of an instant before this call, which is not what its caller asked for.
            throw new OperationException(
                    Code.BUSY,
                    "a backup is being made since %s: listBackups shows it when it is done"
                            .formatted(other.since()));
        }
        CompletableFuture<Backup> result = new CompletableFuture<>();
        Running fresh =
                new Running(
                        Thread.ofPlatform()
                                .name("cairn-backup")
                                .daemon(true)
                                .unstarted(() -> run(result)),
                        clock.instant(),
                        result);
        running = fresh;
        fresh.thread().start();
        return fresh;
    }

    private void run(CompletableFuture<Backup> result) {
        long startedNanos = System.nanoTime();
        Throwable problem = new IllegalStateException("it ended without a result");
        Making.Made made = null;
        try {
            made = new Making(store, schema, policy, daemon, clock, watch).run();
            LOG.info(
                    "Made backup {} of {} volumes and {} snapshots, {} bytes, in {} ms",
                    made.backup().name(),
                    made.backup().census().volumes(),
                    made.backup().census().snapshots(),
                    made.backup().bytes(),
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos));
        } catch (OperationException e) {
            LOG.warn("The state was not backed up: {}", e.getMessage());
            problem = e;
        } catch (RuntimeException e) {
            LOG.error("The state was not backed up", e);
            problem = e;
        } finally {
            end(made, problem, startedNanos);
            if (made == null) {
                result.completeExceptionally(problem);
            } else {
                result.complete(made.backup());
            }
        }
    }

    private synchronized void end(
            Making.@Nullable Made made, Throwable problem, long startedNanos) {
        running = null;
        dueNanos = System.nanoTime() + (made == null ? soon() : policy.every()).toNanos();
        if (made == null) {
            failure =
                    "the last attempt, at %s, failed: %s"
                            .formatted(
                                    clock.instant(),
                                    problem instanceof OperationException
                                            ? problem.getMessage()
                                            : problem);
        } else {
            failure = made.leftOver().orElse(null);
            known = List.copyOf(made.all());
            nanosBySequence.put(made.backup().sequence(), startedNanos);
            nanosBySequence.keySet().retainAll(known.stream().map(Backup::sequence).toList());
        }
    }

    /**
     * All that are in the folder now, the newest first, also those that are damaged.
     *
     * @throws OperationException UNAVAILABLE if it cannot be read
     */
    public List<Backup> list() throws OperationException {
        List<Backup> found;
        try {
            found = folder.list();
        } catch (IOException e) {
            throw new OperationException(Code.UNAVAILABLE, unreadable(e), e);
        }
        synchronized (this) {
            // What was found damaged when it was read looks as it did.
            Map<String, Backup> damaged = new HashMap<>();
            known.stream()
                    .filter(each -> !each.good())
                    .forEach(each -> damaged.put(each.name() + each.sequence(), each));
            List<Backup> merged = new ArrayList<>();
            for (Backup each : found) {
                merged.add(damaged.getOrDefault(each.name() + each.sequence(), each));
            }
            known = List.copyOf(merged);
            return known;
        }
    }

    private String unreadable(IOException e) {
        return "the folder %s cannot be read: %s; see that it is the daemon's user's"
                .formatted(policy.folder(), e);
    }

    /** How many good ones there were when it was last looked. */
    public synchronized int count() {
        return (int) known.stream().filter(Backup::good).count();
    }

    /** Whether one is being made. */
    public synchronized boolean running() {
        return running != null;
    }

    /** The newest good one, as of when it was last looked. */
    public synchronized Optional<Backup> last() {
        return known.stream().filter(Backup::good).findFirst();
    }

    /** How old the newest good one is, in milliseconds and at least 0; empty if there is none. */
    public synchronized OptionalLong lastAgeMillis() {
        Optional<Backup> last = last();
        if (last.isEmpty()) {
            return OptionalLong.empty();
        }
        Long nanos = nanosBySequence.get(last.get().sequence());
        return OptionalLong.of(
                nanos == null
                        ? Math.max(0, Duration.between(last.get().at(), clock.instant()).toMillis())
                        : TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos));
    }

    /** Why the last attempt failed, and which backups are damaged; empty if all is well. */
    public synchronized String problem() {
        List<String> problems = new ArrayList<>();
        if (failure != null) {
            problems.add(failure);
        }
        known.stream()
                .filter(each -> !each.good())
                .forEach(
                        each ->
                                problems.add(
                                        "backup %s is damaged and counts for none: %s; take it away"
                                                .formatted(each.name(), each.problem())));
        return String.join("; ", problems);
    }

    /** Makes one from time to time from now on, as the policy says. */
    public synchronized void start() {
        if (!stopped && policy.every().isPositive()) {
            dueNanos = System.nanoTime() + first(lastAgeMillis()).toNanos();
            schedule = Thread.ofVirtual().name("cairn-backups").start(this::makeAlways);
        }
    }

    private void makeAlways() {
        Duration every = policy.every();
        try {
            while (true) {
                Thread.sleep(every.compareTo(LOOK) < 0 ? every : LOOK);
                if (due()) {
                    try {
                        Backup _ = begin().result().get();
                    } catch (OperationException | ExecutionException _) {
                        // It is logged, and the problem tells of it.
                    }
                }
            }
        } catch (InterruptedException _) {
            // The daemon stops.
        }
    }

    private synchronized boolean due() {
        return running == null && System.nanoTime() - dueNanos >= 0;
    }

    /** What one is due after that is so old, by a clock that may have been set since. */
    private Duration first(OptionalLong age) {
        Duration rest = policy.every().minusMillis(age.orElse(Long.MAX_VALUE / 1_000_000));
        return rest.compareTo(soon()) < 0 ? soon() : rest;
    }

    private Duration soon() {
        return policy.every().compareTo(SOON) < 0 ? policy.every() : SOON;
    }

    /**
     * Gives up what is being made; nothing begins any more.
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
            if (running != null) {
                threads.add(running.thread());
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
