package io.cairn.daemon.driver;

import io.cairn.daemon.config.BackendConfig;
import io.cairn.daemon.config.ConfigException;
import io.cairn.daemon.config.ConfigReader;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.config.Spelling;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.DriverInfo;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * Opens and closes single backends while the daemon runs, by the files that the start reads too.
 * Safe for many threads; what is done to one backend is done one after the other.
 */
public final class BackendDoor {
    private static final Logger LOG = LoggerFactory.getLogger(BackendDoor.class);

    private final Backends backends;
    private final Optional<Path> etc;
    private final Duration openWait;
    private final Duration closeDeadline;
    private final Predicate<String> used;
    private final Predicate<String> holding;
    private final Map<String, ReentrantLock> turns = new ConcurrentHashMap<>();

    /**
     * @param used whether volumes were ever made on the backend of a name
     * @param holding whether volumes are known of it now
     */
    public BackendDoor(
            Backends backends,
            Configuration configuration,
            Predicate<String> used,
            Predicate<String> holding) {
        this.backends = backends;
        this.etc = configuration.etc();
        this.openWait = configuration.daemon().startWait();
        this.closeDeadline = configuration.daemon().stopDeadline();
        this.used = used;
        this.holding = holding;
    }

    /**
     * Opens the backend that a file describes, and waits for it no longer than {@code start.wait}:
     * it may be down then, and is tried again in the background. The same again changes nothing.
     *
     * @throws ConfigException with every problem of the file
     * @throws DriverException NOT_FOUND if there is no such file, CONFLICT if the backend is open
     *     with another configuration, UNAVAILABLE if the daemon is stopping
     */
    public Backend open(String name) throws ConfigException, DriverException, InterruptedException {
        Path folder =
                etc.filter(found -> ConfigReader.describes(found, name))
                        .orElseThrow(() -> noFile(name));
        ReentrantLock turn = turn(name);
        try {
            BackendConfig config = ConfigReader.readBackend(folder, name);
            check(config);
            Optional<Backend> there = backends.find(name).filter(backend -> !backend.closed());
            if (there.isPresent()) {
                requireSame(there.get(), config);
                return there.get();
            }
            requireEnded(name);
            Backend opened =
                    backends.put(config, used.test(name))
                            .orElseThrow(
                                    () ->
                                            new DriverException(
                                                    Kind.UNAVAILABLE, "the daemon is stopping"));
            LOG.info("Backend {} is opened by an operator", name);
            backends.await(opened, openWait);
            return opened;
        } finally {
            turn.unlock();
        }
    }

    /**
     * Closes a backend: takes no more calls, waits for those that run no longer than {@code
     * stop.deadline}, and closes the driver. It stays there, down, unless nothing describes it and
     * no volumes are known of it. The same again changes nothing.
     *
     * @return whether nothing of the driver runs any more
     * @throws DriverException NOT_FOUND if there is no such backend
     */
    public boolean close(String name) throws DriverException, InterruptedException {
        if (backends.find(name).isEmpty()) {
            throw unknown(name);
        }
        ReentrantLock turn = turn(name);
        try {
            Backend backend = backends.find(name).orElseThrow(() -> unknown(name));
            boolean before = backend.closed();
            boolean ended = backend.close(closeDeadline);
            if (!before) {
                LOG.info("Backend {} is closed by an operator", name);
            }
            if (!ended) {
                backends.leaveBehind();
            }
            boolean described =
                    etc.filter(found -> ConfigReader.describes(found, name)).isPresent();
            if (!described && !holding.test(name)) {
                backends.remove(backend);
            }
            return ended;
        } finally {
            turn.unlock();
        }
    }

    /** What is done while nobody opens or closes a backend. */
    public interface Body<T, E extends Exception> {
        T run() throws E, InterruptedException;
    }

    /** Does something to a backend while nobody opens or closes it, which what is done may. */
    public <T, E extends Exception> T alone(String name, Body<T, E> body)
            throws E, InterruptedException {
        ReentrantLock turn = turn(name);
        try {
            return body.run();
        } finally {
            turn.unlock();
        }
    }

    /** Two drivers on one storage would work on the same volumes without knowing of each other. */
    private void requireEnded(String name) throws DriverException, InterruptedException {
        Optional<Backend> before = backends.find(name);
        if (before.isPresent() && !before.get().close(Duration.ZERO)) {
            throw new DriverException(
                    Kind.UNAVAILABLE,
                    "backend %s was closed and its driver still runs: try again when it has ended, or restart the daemon"
                            .formatted(name));
        }
    }

    private void check(BackendConfig config) throws ConfigException {
        List<String> problems =
                new ArrayList<>(Backends.problems(List.of(config), backends.plugins()));
        Set<String> drivers = backends.plugins().names();
        if (!drivers.contains(config.driver())) {
            problems.add(
                    "backends/%s.properties: driver: no plugin brings a driver '%s'%s; there are: %s"
                            .formatted(
                                    config.name(),
                                    config.driver(),
                                    Spelling.hint(config.driver(), drivers),
                                    drivers.isEmpty() ? "none" : String.join(", ", drivers)));
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
    }

    private static void requireSame(Backend open, BackendConfig config) throws DriverException {
        Set<String> differing =
                open.config()
                        .differences(
                                config,
                                open.driverInfo().map(DriverInfo::options).orElse(List.of()));
        if (!differing.isEmpty()) {
            throw new DriverException(
                    Kind.CONFLICT,
                    "backend %s is open with another configuration; its file differs in %s: close the backend and open it again to use the file as it is now, or take the changes back"
                            .formatted(open.name(), String.join(", ", differing)));
        }
    }

    private ReentrantLock turn(String name) throws InterruptedException {
        ReentrantLock turn = turns.computeIfAbsent(name, _ -> new ReentrantLock());
        turn.lockInterruptibly();
        return turn;
    }

    private DriverException noFile(String name) {
        String shown = ConfigReader.validName(name) ? name : "NAME";
        return new DriverException(
                Kind.NOT_FOUND,
                etc.isEmpty()
                        ? "this daemon has no configuration folder that a backend could be read from"
                        : "there is no file %s: write it first, with a name of lower-case letters, digits and . _ -"
                                .formatted(
                                        etc.get()
                                                .resolve("backends")
                                                .resolve(shown + ".properties")));
    }

    private DriverException unknown(String name) {
        return new DriverException(
                Kind.NOT_FOUND,
                "there is no backend '%s'; there are: %s"
                        .formatted(
                                ConfigReader.validName(name) ? name : "?",
                                String.join(
                                        ", ",
                                        backends.all().stream().map(Backend::name).toList())));
    }
}
