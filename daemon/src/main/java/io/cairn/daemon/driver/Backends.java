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
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The configured backends by name. Safe for many threads. */
public final class Backends {
    /** How soon a backend that is down is tried again. */
    private static final Duration RETRY = Duration.ofSeconds(10);

    private static final Logger LOG = LoggerFactory.getLogger(Backends.class);

    private final SortedMap<String, Backend> backends = new TreeMap<>();
    private final List<Consumer<Backend>> listeners = new CopyOnWriteArrayList<>();
    private final Plugins plugins;

    private Backends(Plugins plugins) {
        this.plugins = plugins;
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
        return open(
                daemon,
                used,
                plugins,
                configuration.backends(),
                configuration.daemon().startWait(),
                new Cadence(RETRY, configuration.daemon().statsEvery()));
    }

    static Backends open(
            UUID daemon,
            Set<String> used,
            Plugins plugins,
            List<BackendConfig> configs,
            Duration wait,
            Cadence cadence)
            throws InterruptedException {
        Backends all = new Backends(plugins);
        for (BackendConfig config : configs) {
            BackendIdentity identity =
                    new BackendIdentity(daemon, config.name(), used.contains(config.name()));
            all.backends.put(
                    config.name(), new Backend(config, identity, plugins, cadence, all::tell));
        }
        all.backends.values().forEach(Backend::start);
        try {
            long end = System.nanoTime() + wait.toNanos();
            for (Backend backend : all.backends.values()) {
                boolean tried =
                        backend.tried().await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (!tried) {
                    LOG.warn("Backend {} is not open after {}: going on", backend.name(), wait);
                }
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

    /** Every configured backend, up or down, by name. */
    public Collection<Backend> all() {
        return Collections.unmodifiableCollection(backends.values());
    }

    public Optional<Backend> find(String name) {
        return Optional.ofNullable(backends.get(name));
    }

    /**
     * Has somebody told, on a virtual thread of its own, whenever a backend comes up. Of those that
     * are up already he is told at once, by the calling thread. He may be told twice of one.
     */
    public void onUp(Consumer<Backend> listener) {
        listeners.add(listener);
        backends.values().stream().filter(backend -> backend.state().up()).forEach(listener);
    }

    /**
     * Takes no more calls, waits for those that run, interrupts what is left at the deadline,
     * closes the drivers and then the plugins. A driver that does not stop even then is left
     * behind, and its plugin with it. An interrupt of the caller makes it the deadline.
     */
    public void close(Duration deadline) {
        boolean allStopped = true;
        try (ExecutorService waiting = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> stops = new ArrayList<>();
            for (Backend backend : backends.values()) {
                stops.add(waiting.submit(() -> backend.stop(deadline)));
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
        if (allStopped) {
            plugins.close();
        }
    }

    private void tell(Backend backend) {
        for (Consumer<Backend> listener : listeners) {
            try {
                listener.accept(backend);
            } catch (RuntimeException e) {
                LOG.error("Backend {} came up, and what follows from it failed", backend.name(), e);
            }
        }
    }
}
