package io.cairn.daemon.crash;

import static io.cairn.daemon.crash.CrashRun.BACKEND;

import io.cairn.daemon.crash.Ledger.Loss;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Lets clients work on a daemon whose driver has calls go wrong, ends it at times, and looks at all
 * once nothing goes wrong any more, as often as is wanted.
 */
final class Campaign implements AutoCloseable {
    private static final int CLIENTS = 10;

    /** Far longer than the calls of a driver that any operation makes may take together. */
    private static final Duration HUNG = Duration.ofMinutes(2);

    private static final String DEADLINE = "PT3S";

    /** Of a start after which calls go wrong before all is settled. */
    private static final int MOST_DISTURBED_STARTS = 4;

    private static final long EVERY = 4;

    /** A call that hangs costs its caller the deadline, and a halt costs a start. */
    private static final String KINDS =
            "all:10,hang-before:2,hang-after:2,halt-before:1,halt-after:1";

    private final Path etc;
    private final Path data;
    private final Path backend;
    private final Path output;
    private final Drill drill;
    private final long seed;
    private final Random random;
    private final Records records;
    private final List<Client> clients = new ArrayList<>();
    private final Tally tally = new Tally();
    private @Nullable DaemonProcess running;

    /** Whether the daemon ended since the last look, so that nothing may have begun since. */
    private boolean ended;

    private String password = "";

    /**
     * @param folder for the configuration, the drill, and the daemon's output
     * @param root for the state and the backend
     * @param attaches whether volumes can be attached here and still be snapshotted
     */
    Campaign(Path distribution, Path folder, Path root, Layout layout, boolean attaches, long seed)
            throws IOException {
        this.records = new Records(layout);
        records.drill();
        this.etc = folder.resolve("etc");
        this.data = root.resolve("data");
        this.backend = layout.backend(root);
        this.output = folder.resolve("output");
        this.drill = Drill.of(distribution, layout.driver(), folder);
        this.seed = seed;
        this.random = new Random(seed);
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(new Client(i, backend, records, new Random(seed + 1 + i), true, attaches));
        }
        Files.createDirectories(
                etc.resolve("backends"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(
                etc.resolve("cairn.properties"),
                "jmx.port=0%nplugins.folder=%s%nstats.every=PT1S%n".formatted(drill.plugins()));
    }

    private void describe() throws IOException {
        Layout layout = records.layout();
        Files.writeString(
                etc.resolve("backends").resolve(BACKEND + ".properties"),
                "%sdeadline=%s%ntrash.keep=%s%n%s"
                        .formatted(
                                drill.settings(layout.driver(), seed, EVERY, KINDS),
                                DEADLINE,
                                random.nextInt(3) > 0 ? "PT2S" : "PT0S",
                                layout.settings(backend)));
    }

    /**
     * Goes on until so many faults struck or so much time passed, whichever is first, and says in a
     * table what it did and what it found.
     */
    String run(long faults, Duration time) throws Exception {
        long begun = System.nanoTime();
        try {
            long struck = 0;
            while (struck < faults && System.nanoTime() - begun < time.toNanos()) {
                tally.cycles++;
                Found found = settled();
                records.beginWith(found.ids(), found.byKey().keySet());
                records.versions.beginWith(found.properties());
                clients.forEach(client -> client.see(found));
                workAndDisturb(daemon());
                struck = drill.faults().values().stream().mapToLong(Long::longValue).sum();
            }
            Found found = settled();
            try (Management management = connect(daemon())) {
                takeAllAway(management, found);
            }
        } catch (Exception | AssertionError e) {
            throw new AssertionError(
                    "cycle %d:%n%s%n%s%nThe daemon said last:%n%s"
                            .formatted(
                                    tally.cycles,
                                    e,
                                    tally.table(records, drill.faults(), begun, e.getMessage()),
                                    DaemonProcess.tail(output)),
                    e);
        }
        return tally.table(records, drill.faults(), begun, "");
    }

    /** By how much one daemon's share of the host grew at most, while it was at rest. */
    Footprint grown() {
        return tally.grown();
    }

    /** Waits until nothing goes wrong and nothing is left to do, and looks at everything. */
    private Found settled() throws Exception {
        while (true) {
            DaemonProcess daemon = running == null ? start() : running;
            running = daemon;
            drill.off();
            try (Management management = connect(daemon)) {
                Set<String> trashed = new AtRest(management, records, backend).await();
                if (!ended) {
                    records.killed();
                }
                Found found =
                        Inspection.inspect(management, backend, records, Loss.NONE, false, trashed);
                tally.rest(Footprint.of(daemon.pid()), ended);
                ended = false;
                return found;
            } catch (Exception e) {
                // By a fault that was on its way.
                if (!halted(daemon)) {
                    throw e;
                }
            }
        }
    }

    private DaemonProcess daemon() {
        if (running == null) {
            throw new IllegalStateException("no daemon runs");
        }
        return running;
    }

    /** Whether a fault ended it; it is not there any more then. */
    private boolean halted(DaemonProcess daemon) throws InterruptedException {
        if (!daemon.endsWithin(Duration.ofSeconds(2))) {
            return false;
        }
        running = null;
        if (daemon.exitStatus() != Drill.HALTED) {
            throw new AssertionError(
                    "the daemon ended by itself with status " + daemon.exitStatus());
        }
        tally.halts++;
        over();
        return true;
    }

    private void over() {
        if (!ended) {
            records.killed();
        }
        ended = true;
    }

    /** Also with calls that go wrong while it settles what the end of another one left. */
    private DaemonProcess start() throws Exception {
        for (int disturbed = 0; ; disturbed++) {
            boolean calm = disturbed == MOST_DISTURBED_STARTS || random.nextBoolean();
            if (calm) {
                drill.off();
            } else {
                drill.on();
            }
            tally.starts++;
            describe();
            DaemonProcess daemon = DaemonProcess.start(etc, data, output);
            running = daemon;
            try {
                daemon.awaitReady();
            } catch (AssertionError e) {
                if (!halted(daemon)) {
                    throw e;
                }
                continue;
            }
            if (password.isEmpty()) {
                password = daemon.password();
            }
            if (calm || !daemon.endsWithin(Duration.ofMillis(random.nextInt(6_000)))) {
                return daemon;
            }
            if (!halted(daemon)) {
                throw new IllegalStateException("what has ended runs");
            }
        }
    }

    /** Lets all clients work, and then has the daemon killed, or not. */
    private void workAndDisturb(DaemonProcess daemon) throws Exception {
        Duration life = Duration.ofMillis(1_000 + random.nextInt(7_000));
        boolean kills = random.nextInt(6) == 0;
        records.killing(false);
        drill.on();
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
            List<Future<?>> working = new ArrayList<>();
            for (Client client : clients) {
                working.add(
                        threads.submit(
                                () -> {
                                    workOn(client, daemon);
                                    return client;
                                }));
            }
            try {
                // Hung calls are released in the middle of it too, and some go on hanging.
                boolean gone = daemon.endsWithin(life);
                if (!gone) {
                    drill.release();
                    gone = daemon.endsWithin(Duration.ofMillis(20));
                    drill.on();
                    gone = gone || daemon.endsWithin(life);
                }
                if (kills && !gone) {
                    records.killing(true);
                    daemon.kill();
                    tally.kills++;
                    running = null;
                    over();
                }
            } finally {
                records.killing(true);
                drill.off();
                awaitAll(working, daemon);
            }
        }
        if (running == null || (daemon.endsWithin(Duration.ZERO) && halted(daemon))) {
            records.writeLate(backend, random, Loss.NONE, true);
        }
    }

    /** Each call of a client ends, whatever becomes of those of the driver. */
    private void awaitAll(List<Future<?>> working, DaemonProcess daemon) throws Exception {
        for (Future<?> each : working) {
            try {
                each.get(HUNG.toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                tally.hung = records.calls.longerThan(HUNG);
                daemon.kill(); // or nobody would ever wait long enough
                throw new AssertionError("%d hung clients".formatted(tally.hung), e);
            }
        }
    }

    /** Works until all end, or the daemon does. */
    private void workOn(Client client, DaemonProcess daemon)
            throws JMException, IOException, InterruptedException {
        try (Management management = connect(daemon)) {
            while (!records.isKilling()) {
                client.step(management);
            }
        } catch (IOException e) {
            if (!records.isKilling() && !daemon.endsWithin(Duration.ofSeconds(30))) {
                throw e;
            }
        }
    }

    private Management connect(DaemonProcess daemon) throws IOException {
        return new Management(daemon.connect(password));
    }

    /** What was there leaves nothing. */
    private void takeAllAway(Management management, Found found) throws Exception {
        for (Found.Item volume : found.volumes().values()) {
            ObjectName bean = Requests.volume(volume.name());
            if (volume.held()) {
                String _ = management.invoke(bean, "release", "audit");
            }
            String _ = management.invoke(bean, "cleanup", volume.name());
            String _ = management.invoke(bean, "deleteWithSnapshots", volume.name());
        }
        Set<String> _ = new AtRest(management, records, backend).await();
        Problems problems = new Problems();
        records.layout()
                .storage(backend, records, Loss.NONE, problems)
                .check(new Found(Map.of(), Map.of(), management.values(), found.files()));
        problems.refuse();
    }

    @Override
    public void close() throws IOException {
        if (running != null) {
            running.close();
        }
        try {
            Helpers.end(records.layout().serving(backend));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while ending what serves " + backend, e);
        }
    }
}
