package io.cairn.daemon.driver;

import io.cairn.daemon.config.BackendConfig;
import io.cairn.daemon.config.ConfigException;
import io.cairn.daemon.config.DriverSettings;
import io.cairn.daemon.config.PoolLimits;
import io.cairn.daemon.config.Spelling;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.spi.BackendFacts;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Background;
import io.cairn.spi.Chore;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.InventoryVisitor;
import io.cairn.spi.PoolStats;
import io.cairn.spi.Settings;
import io.cairn.spi.VolumeId;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One configured backend: up while its driver is open, down with a reason otherwise, and tried
 * again in the background until it is up. Safe for many threads. Nothing here but {@link #call} and
 * {@link #run} waits for the driver.
 */
public final class Backend {
    /** Enough for every client of a busy daemon, and few enough to answer before the deadline. */
    private static final int WAITING_CALLS = 1_024;

    /** How long an interrupted driver, and then its closing, may take when the daemon stops. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    /** Of a million snapshots, each of which may be a file to be opened. */
    private static final Duration LISTING = Duration.ofHours(1);

    /** How long the question may take that tells whether a backend answers. */
    private static final Duration PROOF = Duration.ofSeconds(30);

    private static final Audience NOBODY =
            new Audience() {
                @Override
                public void up(Backend backend) {}

                @Override
                public void breaker(Backend backend, BreakerStatus status) {}
            };

    private static final Logger LOG = LoggerFactory.getLogger(Backend.class);

    private final BackendConfig config;
    private final BackendIdentity identity;
    private final Plugins plugins;
    private final Cadence cadence;
    private final Breaker breaker;
    private final Lane lane;
    private final Audience audience;
    private final CountDownLatch tried = new CountDownLatch(1);
    private final AtomicBoolean opening = new AtomicBoolean();
    private final Thread watch;
    private boolean stopping;
    private volatile boolean closed;
    private volatile @Nullable Thread closing;
    private volatile @Nullable Driver driver;
    private volatile @Nullable BackendFacts facts;
    private volatile SortedSet<String> capabilities = Collections.emptySortedSet();
    private volatile Map<String, String> shown;
    private final PoolFigures figures;

    /** Looks of the watch that are in the driver. */
    private final AtomicInteger looks = new AtomicInteger();

    private volatile BackendState state =
            new BackendState(false, Instant.now(), "it has not been opened yet");

    /** How often a backend that is down is tried, and one that is up is asked for its pools. */
    record Cadence(Duration retry, Duration stats) {
        /** How soon one that does not answer is asked again, at first. */
        Duration soonest() {
            return stats.compareTo(retry) < 0 ? stats : retry;
        }
    }

    /** Who is told of a backend. */
    interface Audience {
        /** Work on it may go on: it came up, or its breaker closed. */
        void up(Backend backend);

        /** Its breaker opened or closed. */
        void breaker(Backend backend, BreakerStatus status);
    }

    Backend(
            BackendConfig config,
            BackendIdentity identity,
            Plugins plugins,
            Cadence cadence,
            Audience audience) {
        this.config = config;
        this.identity = identity;
        this.plugins = plugins;
        this.cadence = cadence;
        this.audience = audience;
        this.figures = new PoolFigures(config.name());
        this.shown = new TreeMap<>(config.settings());
        this.shown.replaceAll((_, _) -> "***");
        ClassLoader loader =
                plugins.provider(config.driver())
                        .map(provider -> provider.getClass().getClassLoader())
                        .orElse(ClassLoader.getPlatformClassLoader());
        int hanging = hanging(config.threads());
        breaker =
                new Breaker(
                        config.name(),
                        config.breakerFailures(),
                        cadence.soonest(),
                        () -> overdue() >= hanging,
                        this::breakerChanged);
        lane =
                new Lane(
                        config.name(),
                        config.threads(),
                        WAITING_CALLS,
                        config.deadline(),
                        loader,
                        breaker::cameBack);
        watch = Thread.ofVirtual().name("cairn-" + config.name() + "-watch").unstarted(this::watch);
    }

    /** What volumes are known of though nothing describes it any more; never up. */
    static Backend notConfigured(String name, BackendIdentity identity, Plugins plugins) {
        Backend absent =
                new Backend(
                        new BackendConfig(name, "", "", 1, Duration.ofSeconds(1), Map.of()),
                        identity,
                        plugins,
                        new Cadence(Duration.ofDays(1), Duration.ofDays(1)),
                        NOBODY);
        absent.closed = true;
        absent.stopping = true;
        absent.state = new BackendState(false, Instant.now(), "not configured");
        return absent;
    }

    public String name() {
        return config.name();
    }

    /** As it was read when it was opened. */
    BackendConfig config() {
        return config;
    }

    /** Whether it was closed by an operator, or never configured: it does not come up by itself. */
    public boolean closed() {
        return closed;
    }

    /** What becomes of what is deleted on it. */
    public TrashPolicy trash() {
        return config.trash();
    }

    /** How much of its pools may be given out. */
    public PoolLimits limits() {
        return config.limits();
    }

    /** Whether a new volume takes next to no space; false as long as it has never been up. */
    public boolean thin() {
        BackendFacts found = facts;
        return found != null && found.traits().contains(BackendFacts.Trait.THIN);
    }

    public String driverName() {
        return config.driver();
    }

    /** The operator's own words; may be empty. */
    public String description() {
        return config.description();
    }

    /** What the driver says of itself; empty if no plugin brings it. */
    public Optional<DriverInfo> driverInfo() {
        return plugins.info(config.driver());
    }

    public BackendState state() {
        return state;
    }

    /** How its circuit breaker stands. */
    public BreakerStatus breaker() {
        return breaker.status();
    }

    /** Whether work that nobody waits for is worth a try: it is up, and not known to be silent. */
    public boolean takesWork() {
        return state.up() && !breaker.status().refuses();
    }

    /** What holds for this backend; empty as long as it has never been up. */
    public Optional<BackendFacts> facts() {
        return Optional.ofNullable(facts);
    }

    /** What this backend can do and not every one; empty as long as it has never been up. */
    public SortedSet<String> capabilities() {
        return Collections.unmodifiableSortedSet(capabilities);
    }

    /** What the driver goes on with by itself at the moment; nothing while it is down. */
    public List<Chore> chores() {
        Driver open = driver;
        if (open == null) {
            return List.of();
        }
        try {
            return open.background().map(Background::chores).orElse(List.of());
        } catch (RuntimeException e) {
            LOG.error("Backend {}: its driver cannot tell what it is at", name(), e);
            return List.of();
        }
    }

    /** The pools as they last were; refreshed in the background. */
    public Pools pools() {
        return figures.pools();
    }

    /**
     * Every setting with its value, by name: fallbacks included and secrets hidden. Before the
     * settings could be checked every value is hidden.
     */
    public Map<String, String> shownSettings() {
        return Collections.unmodifiableMap(shown);
    }

    public LaneLoad load() {
        return lane.load();
    }

    /**
     * Calls the driver for one volume and its snapshots, on the backend's own threads, and waits.
     * The caller sees to it that no two calls for a volume are made at once; one that is made
     * nevertheless, or while an overdue one still runs, is refused.
     *
     * @throws DriverException what the driver threw; UNAVAILABLE if the backend is down, busy or
     *     does not answer within its deadline; FAULT for anything else that the driver threw, or if
     *     it returned null
     * @throws InterruptedException if the caller was interrupted: the driver was asked to stop and
     *     has stopped, or did not by the deadline. A call that finished in spite of the interrupt
     *     returns, or throws, what came of it, with the caller's interrupt status set
     */
    public <T> T call(VolumeId key, DriverCall<T> call)
            throws DriverException, InterruptedException {
        return call(List.of(key), call);
    }

    /** As {@link #call(VolumeId, DriverCall)}, for a call that concerns two volumes. */
    public <T> T call(VolumeId key, VolumeId other, DriverCall<T> call)
            throws DriverException, InterruptedException {
        return call(List.of(key, other), call);
    }

    /** As {@link #call(VolumeId, DriverCall)}, for a call that concerns no single volume. */
    public <T> T call(DriverCall<T> call) throws DriverException, InterruptedException {
        return call(List.of(), call);
    }

    /**
     * As {@link #call(DriverCall)}, for all that is on the backend, with an hour for it: it changes
     * nothing, and is interrupted at once when the backend is closed.
     *
     * @param visitor is told on one of the backend's threads
     */
    public void inventory(InventoryVisitor visitor) throws DriverException, InterruptedException {
        Driver open = open();
        breaker.admit();
        boolean _ =
                judged(
                        List.of(),
                        () ->
                                lane.ask(
                                        LISTING,
                                        () -> {
                                            open.inventory(visitor);
                                            return true;
                                        }));
    }

    /** As {@link #call(VolumeId, DriverCall)}, for a method that returns nothing. */
    public void run(VolumeId key, DriverAction action)
            throws DriverException, InterruptedException {
        boolean _ =
                call(
                        key,
                        open -> {
                            action.on(open);
                            return true;
                        });
    }

    /**
     * Fails as a call would that is refused before the driver is asked, so that work which cannot
     * begin need not be recorded first. That it passes promises nothing.
     *
     * @throws DriverException UNAVAILABLE, {@link NotBegun}, if the backend is down or busy, its
     *     breaker is open, or an earlier call for one of the volumes still runs
     */
    public void requireReady(VolumeId... keys) throws DriverException {
        Driver _ = open();
        breaker.admit();
        lane.requireFree(Arrays.asList(keys));
    }

    /**
     * Asks the driver for its pools now.
     *
     * @return what it answered, which {@link #pools} shows from then on
     * @throws DriverException as {@link #call}; {@link #pools} then shows the problem
     */
    public Pools refreshPools() throws DriverException, InterruptedException {
        return figures.refresh(() -> call(Driver::pools));
    }

    /**
     * Asks the driver at once whether it answers, if the breaker is open, and closes it if so,
     * though earlier calls may still hang.
     *
     * @throws DriverException as {@link #call}: it stays as it is
     */
    public BreakerStatus resetBreaker() throws DriverException, InterruptedException {
        Driver _ = open();
        if (breaker.begin()) {
            Pools _ = prove(true);
        }
        return breaker.status();
    }

    void start() {
        watch.start();
    }

    /** Counted down once the first attempt to open, and to read the pools, has come to an end. */
    CountDownLatch tried() {
        return tried;
    }

    /**
     * Lets running calls finish, then closes the driver. Asked again, it waits once more for what
     * it left behind.
     *
     * @param why as callers, and who looks at the state, are told it
     * @return whether nothing of the driver runs any more
     */
    boolean stop(String why, Duration patience) throws InterruptedException {
        synchronized (this) {
            if (!stopping) {
                stopping = true;
                state = new BackendState(false, Instant.now(), why);
            }
        }
        watch.interrupt();
        if (!lane.stop(why, patience, GRACE)) {
            LOG.warn("Backend {}: the driver still runs and is left behind", name());
            return false;
        }
        Driver open;
        synchronized (this) {
            open = driver;
            driver = null;
        }
        Thread still = open == null ? closing : close(open);
        if (still == null || still.join(GRACE)) {
            return true;
        }
        LOG.warn("Backend {}: the driver does not close and is left behind", name());
        return false;
    }

    /** As {@link #stop}, after which it is down until it is opened anew. */
    boolean close(Duration patience) throws InterruptedException {
        closed = true;
        return stop("closed by an operator", patience);
    }

    private <T> T call(List<VolumeId> keys, DriverCall<T> call)
            throws DriverException, InterruptedException {
        Driver open = open();
        breaker.admit();
        return judged(keys, () -> lane.call(keys, () -> call.on(open)));
    }

    private interface Asking<T> {
        T ask() throws DriverException, InterruptedException;
    }

    /** Tells the breaker what came of a call. */
    private <T> T judged(List<VolumeId> keys, Asking<T> asking)
            throws DriverException, InterruptedException {
        try {
            T answer = asking.ask();
            breaker.answered(keys);
            return answer;
        } catch (DriverException e) {
            switch (e.kind()) {
                case UNAVAILABLE -> {
                    // What is being closed is not silent, nor is what was not asked.
                    if (state.up() && !NotBegun.is(e)) {
                        breaker.unanswered(keys, String.valueOf(e.getMessage()));
                    }
                }
                case INVALID, NOT_FOUND, CONFLICT, IN_USE, NO_SPACE, UNSUPPORTED ->
                        breaker.answered(keys);
                case FAULT -> {}
            }
            throw e;
        }
    }

    private int overdue() {
        return lane.overdue();
    }

    /**
     * So many calls that are overdue are taken for a backend that hangs: one thread is left then to
     * ask by. Fewer may be copies that take long, while the others have their answers.
     */
    private static int hanging(int threads) {
        return threads <= 2 ? threads : threads - 1;
    }

    private void breakerChanged(BreakerStatus now) {
        if (now.refuses() && !breaker.status().refuses()) {
            // It closed again meanwhile.
            return;
        }
        if (now.refuses()) {
            lane.refuseWaiting("it does not answer: " + now.reason());
        }
        audience.breaker(this, now);
        if (!now.refuses()) {
            announce();
        }
    }

    private void announce() {
        Thread.ofVirtual().name("cairn-" + name() + "-up").start(() -> audience.up(this));
    }

    private Driver open() throws DriverException {
        Driver open = driver;
        BackendState now = state;
        if (open == null || !now.up()) {
            throw NotBegun.unavailable(
                    "backend %s is down since %s: %s".formatted(name(), now.since(), now.reason()));
        }
        return open;
    }

    private void watch() {
        boolean announced = false;
        try {
            while (true) {
                if (driver == null) {
                    tryToOpen();
                }
                boolean up = driver != null;
                if (up) {
                    look();
                }
                tried.countDown();
                if (up && !announced) {
                    announced = true;
                    announce();
                }
                if (up) {
                    breaker.awaitTurn(cadence.stats());
                } else {
                    Thread.sleep(cadence.retry());
                }
            }
        } catch (InterruptedException _) {
            // The daemon is stopping: nothing else interrupts this thread.
            tried.countDown();
        }
    }

    private void tryToOpen() throws InterruptedException {
        if (opening.get()) {
            return;
        }
        try {
            DriverProvider provider =
                    plugins.provider(config.driver())
                            .orElseThrow(() -> new DriverException(Kind.INVALID, missing()));
            DriverInfo info = driverInfo().orElseThrow();
            Settings settings = DriverSettings.read(config, info.options());
            shown = settings.shown();
            boolean _ =
                    lane.call(
                            List.of(),
                            () -> {
                                opening.set(true);
                                try {
                                    return install(provider.open(identity, settings));
                                } finally {
                                    opening.set(false);
                                }
                            });
        } catch (ConfigException e) {
            down(String.join("; ", e.problems()));
        } catch (DriverException e) {
            down(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.error("Backend {}: its driver failed before it was opened", name(), e);
            down("its driver failed with " + e);
        }
    }

    /** On the lane, so that a driver that opens late, after nobody waits any more, is kept too. */
    private boolean install(Driver opened) {
        BackendFacts found;
        SortedSet<String> able;
        try {
            found = opened.facts();
            able = Capabilities.of(opened);
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
        synchronized (this) {
            if (!stopping) {
                facts = found;
                capabilities = able;
                driver = opened;
                state = new BackendState(true, Instant.now(), "");
                LOG.info(
                        "Backend {} is up: driver {}, snapshots by {}",
                        name(),
                        driverName(),
                        found.snapshotMethod());
                return true;
            }
        }
        opened.close();
        return false;
    }

    private synchronized void down(String reason) {
        if (stopping || state.up() || state.reason().equals(reason)) {
            return;
        }
        state = new BackendState(false, state.since(), reason);
        LOG.warn("Backend {} is down: {}", name(), reason);
    }

    private void look() throws InterruptedException {
        boolean trial = breaker.begin();
        if (looks.get() > 0) {
            // What hangs is asked once: each look would hold one more thread for good.
            breaker.disproved("what it was asked before is not answered yet");
            return;
        }
        try {
            Pools _ = trial ? prove(false) : figures.refresh(() -> call(this::poolsOf));
        } catch (DriverException _) {
            // It is logged and shown; the next turn of the watch asks again.
        } catch (RuntimeException | OutOfMemoryError e) {
            // As where no thread can be made: nobody else would ask again.
            LOG.error("Backend {} could not be asked for its pools", name(), e);
        }
    }

    /** Asks what the breaker opens or closes by. */
    private Pools prove(boolean surely) throws DriverException, InterruptedException {
        Duration longest = config.deadline().compareTo(PROOF) < 0 ? config.deadline() : PROOF;
        boolean asked = false;
        try {
            Driver open = open();
            Pools answer = figures.refresh(() -> lane.ask(longest, () -> poolsOf(open)));
            asked = true;
            breaker.proved(surely);
            return answer;
        } catch (DriverException e) {
            if (!NotBegun.isBusy(e)) {
                asked = true;
                if (e.kind() == Kind.UNAVAILABLE) {
                    breaker.disproved(String.valueOf(e.getMessage()));
                } else {
                    // Whatever is wrong with its pools, it does answer.
                    breaker.proved(surely);
                }
            }
            throw e;
        } finally {
            if (!asked) {
                breaker.unasked();
            }
        }
    }

    private List<PoolStats> poolsOf(Driver open) throws DriverException, InterruptedException {
        looks.incrementAndGet();
        try {
            return open.pools();
        } finally {
            looks.decrementAndGet();
        }
    }

    private String missing() {
        return "no plugin brings a driver '%s'%s; there are: %s"
                .formatted(
                        driverName(),
                        Spelling.hint(driverName(), plugins.names()),
                        plugins.names().isEmpty() ? "none" : String.join(", ", plugins.names()));
    }

    private Thread close(Driver open) {
        Thread thread =
                Thread.ofPlatform()
                        .name("cairn-" + name() + "-close")
                        .daemon()
                        .unstarted(open::close);
        thread.setContextClassLoader(open.getClass().getClassLoader());
        thread.setUncaughtExceptionHandler(
                (_, e) -> LOG.error("Backend {}: its driver failed to close", name(), e));
        closing = thread;
        thread.start();
        return thread;
    }
}
