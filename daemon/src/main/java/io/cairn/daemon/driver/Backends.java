package io.cairn.daemon.driver;

import io.cairn.daemon.config.BackendConfig;
import io.cairn.daemon.config.ConfigException;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.config.DriverSettings;
import io.cairn.daemon.driver.Backend.Cadence;
import io.cairn.spi.BackendIdentity;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The backends by name: those that are configured, and those that volumes are known of. {@link
 * BackendDoor} opens and closes single ones. Safe for many threads.
 */
public final class Backends {
    /** How soon a backend that is down is tried again. */
    private static final Duration RETRY = Duration.ofSeconds(10);

    private static final Logger LOG = LoggerFactory.getLogger(Backends.class);

    private final ConcurrentSkipListMap<String, Backend> backends = new ConcurrentSkipListMap<>();
    private final List<Consumer<Backend>> upListeners = new CopyOnWriteArrayList<>();
    private final List<BreakerListener> breakerListeners = new CopyOnWriteArrayList<>();
    private final List<NameListener> nameListeners = new CopyOnWriteArrayList<>();
    private final UUID daemon;
    private final Plugins plugins;
    private final Cadence cadence;
    private final Backend.Audience audience =
            new Backend.Audience() {
                @Override
                public void up(Backend backend) {
                    tell(backend);
                }

                @Override
                public void breaker(Backend backend, BreakerStatus status) {
                    tell(backend, status);
                }
            };
    private boolean stopping;
    private volatile boolean leftBehind;

    private Backends(UUID daemon, Plugins plugins, Cadence cadence) {
        this.daemon = daemon;
        this.plugins = plugins;
        this.cadence = cadence;
    }

    /** Is told of the names that backends have. */
    public interface NameListener {
        /** There is a backend of that name; told again whenever it is opened anew. */
        void came(String name);

        /** There is none of that name any more. */
        void went(String name);
    }

    /** Is told of the circuit breakers of backends. */
    public interface BreakerListener {
        /**
         * It opened, or closed.
         *
         * @param now how it stands since
         */
        void changed(String backend, BreakerStatus now);
    }

    /**
     * Opens every backend, all at once, and waits for that no longer than {@code start.wait}. One
     * that cannot be opened is down and is tried again in the background.
     *
     * @param daemon the daemon's lasting identity
     * @param used the names of the backends that volumes were made on before
     * @param plugins closed by {@link #close}
     * @throws InterruptedException if the caller was interrupted; what was opened is closed again
     */
    public static Backends open(
            UUID daemon, Set<String> used, Plugins plugins, Configuration configuration)
            throws InterruptedException {
        return open(daemon, used, Set.of(), plugins, configuration);
    }

    /**
     * As {@link #open(UUID, Set, Plugins, Configuration)}.
     *
     * @param holding the names of the backends that volumes are known of: one that is not
     *     configured is there all the same, and down
     */
    public static Backends open(
            UUID daemon,
            Set<String> used,
            Set<String> holding,
            Plugins plugins,
            Configuration configuration)
            throws InterruptedException {
        Backends all =
                open(
                        daemon,
                        used,
                        plugins,
                        configuration.backends(),
                        configuration.daemon().startWait(),
                        new Cadence(RETRY, configuration.daemon().statsEvery()));
        for (String name : holding) {
            if (!all.backends.containsKey(name)) {
                LOG.warn(
                        "Backend {} has or had volumes and is not configured: write its file and open it, or forget it",
                        name);
                all.backends.put(
                        name, Backend.notConfigured(name, all.identity(name, true), plugins));
            }
        }
        return all;
    }

    static Backends open(
            UUID daemon,
            Set<String> used,
            Plugins plugins,
            List<BackendConfig> configs,
            Duration wait,
            Cadence cadence)
            throws InterruptedException {
        Backends all = new Backends(daemon, plugins, cadence);
        for (BackendConfig config : configs) {
            all.backends.put(config.name(), all.made(config, used.contains(config.name())));
        }
        all.backends.values().forEach(Backend::start);
        try {
            long end = System.nanoTime() + wait.toNanos();
            for (Backend backend : all.backends.values()) {
                all.await(backend, Duration.ofNanos(end - System.nanoTime()));
            }
        } catch (InterruptedException e) {
            all.close(Duration.ZERO);
            throw e;
        }
        return all;
    }

    /**
     * Everything that is wrong with the backends' settings by what the loaded drivers declare, a
     * line each; empty if nothing is. Says nothing of a backend whose driver is not there: that one
     * is down once opened.
     */
    public static List<String> problems(List<BackendConfig> configs, Plugins plugins) {
        List<String> problems = new ArrayList<>();
        for (BackendConfig config : configs) {
            plugins.info(config.driver())
                    .ifPresent(
                            info -> {
                                try {
                                    DriverSettings.read(config, info.options());
                                } catch (ConfigException e) {
                                    problems.addAll(e.problems());
                                }
                            });
        }
        return List.copyOf(problems);
    }

    /** The identity that the daemon leaves on every backend. */
    public UUID daemon() {
        return daemon;
    }

    /** Every backend, up or down, by name. */
    public Collection<Backend> all() {
        return Collections.unmodifiableCollection(backends.values());
    }

    public Optional<Backend> find(String name) {
        return Optional.ofNullable(backends.get(name));
    }

    /** What backends can be run by. */
    public List<LoadedDriver> drivers() {
        return plugins.drivers();
    }

    /**
     * Has somebody told, on a virtual thread of its own, whenever a backend comes up, or answers
     * again after its breaker was open. Of those that are up already he is told at once, by the
     * calling thread. He may be told twice of one.
     */
    public void onUp(Consumer<Backend> listener) {
        upListeners.add(listener);
        backends.values().stream().filter(backend -> backend.state().up()).forEach(listener);
    }

    /**
     * Has somebody told whenever a breaker opens or closes, by the thread whose call of the driver
     * did that.
     */
    public void onBreaker(BreakerListener listener) {
        breakerListeners.add(listener);
    }

    /**
     * Has somebody told of names that come and go, by the thread that opens or closes a backend,
     * and at once of those that are there. He may be told twice of one.
     */
    public void onName(NameListener listener) {
        nameListeners.add(listener);
        backends.keySet().forEach(listener::came);
    }

    /**
     * Takes no more calls, waits for those that run, interrupts what is left at the deadline,
     * closes the drivers and then the plugins. A driver that does not stop even then is left
     * behind, and its plugin with it. An interrupt of the caller makes it the deadline.
     */
    public void close(Duration deadline) {
        synchronized (this) {
            stopping = true;
        }
        boolean allStopped = true;
        try (ExecutorService waiting = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> stops = new ArrayList<>();
            for (Backend backend : backends.values()) {
                stops.add(waiting.submit(() -> backend.stop("the daemon is stopping", deadline)));
            }
            for (Future<Boolean> stop : stops) {
                allStopped &= stop.get();
            }
        } catch (ExecutionException e) {
            LOG.error("A backend could not be stopped", e.getCause());
            allStopped = false;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            allStopped = false;
        }
        if (allStopped && !leftBehind) {
            plugins.close();
        }
    }

    Plugins plugins() {
        return plugins;
    }

    /**
     * Opens a backend in the place of the closed one of that name, if there is one.
     *
     * @return empty if the daemon is stopping
     */
    Optional<Backend> put(BackendConfig config, boolean used) {
        Backend fresh = made(config, used);
        synchronized (this) {
            if (stopping) {
                return Optional.empty();
            }
            backends.put(config.name(), fresh);
            fresh.start();
        }
        nameListeners.forEach(listener -> listener.came(config.name()));
        return Optional.of(fresh);
    }

    /** Forgets a closed backend. */
    void remove(Backend backend) {
        if (backends.remove(backend.name(), backend)) {
            nameListeners.forEach(listener -> listener.went(backend.name()));
        }
    }

    /** A driver that was closed still runs, so that its jars must stay open. */
    void leaveBehind() {
        leftBehind = true;
    }

    void await(Backend backend, Duration wait) throws InterruptedException {
        if (!backend.tried().await(wait.toNanos(), TimeUnit.NANOSECONDS)) {
            LOG.warn("Backend {} is not open after {}: going on", backend.name(), wait);
        }
    }

    private Backend made(BackendConfig config, boolean used) {
        return new Backend(config, identity(config.name(), used), plugins, cadence, audience);
    }

    private BackendIdentity identity(String name, boolean used) {
        return new BackendIdentity(daemon, name, used);
    }

    private void tell(Backend backend) {
        for (Consumer<Backend> listener : upListeners) {
            try {
                listener.accept(backend);
            } catch (RuntimeException e) {
                LOG.error("Backend {} came up, and what follows from it failed", backend.name(), e);
            }
        }
    }

    private void tell(Backend backend, BreakerStatus status) {
        for (BreakerListener listener : breakerListeners) {
            try {
                listener.changed(backend.name(), status);
            } catch (RuntimeException e) {
                LOG.error("A listener failed on the breaker of backend {}", backend.name(), e);
            }
        }
    }
}
