package io.cairn.daemon.crash;

import io.cairn.daemon.crash.Ledger.Loss;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import javax.management.JMException;

/** Lets clients work, kills the daemon, starts it again and looks, as often as is wanted. */
final class CrashRun {
    static final String BACKEND = "files";

    private static final int CLIENTS = 6;

    private static final String SHORT = "PT2S";

    /** Longer than the test takes. */
    private static final String LONG = "P1D";

    private final Path etc;
    private final Path data;
    private final Path backend;
    private final Path output;
    private final @Nullable Disk disk;
    private final Random random;
    private final Records records;
    private final List<Client> clients = new ArrayList<>();
    private final Moving moving;

    /** Since the last look, which may have been several kills ago. */
    private boolean devicesEnded;

    /** How long the daemon keeps what is deleted, at this start. */
    private String keep = SHORT;

    /** What was in the trash when the daemon had started. */
    private Set<String> trashed = Set.of();

    private String password = "";
    private long startMillis = 2_000;
    private int starts;
    private int killsAtStart;
    private int killsBeforeReady;
    private int lossesOfPower;

    /**
     * @param folder for the configuration and the daemon's output
     * @param root for the state and the backend
     * @param disk that root is on, if it can lose its power
     * @param layout of the driver that is used
     * @param attaches whether volumes can be attached here and still be snapshotted
     */
    CrashRun(
            Path folder, Path root, @Nullable Disk disk, Layout layout, boolean attaches, long seed)
            throws IOException {
        this.records = new Records(layout);
        this.moving = new Moving(records);
        this.etc = folder.resolve("etc");
        this.data = root.resolve("data");
        this.backend = layout.backend(root);
        this.output = folder.resolve("output");
        this.disk = disk;
        this.random = new Random(seed);
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(
                    new Client(
                            i, backend, records, new Random(seed + 1 + i), disk != null, attaches));
        }
        // The first loss of power may come before anything else has it written.
        try (FileChannel folderOfBoth = FileChannel.open(root, StandardOpenOption.READ)) {
            folderOfBoth.force(true);
        }
        Files.createDirectories(
                etc.resolve("backends"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(etc.resolve("cairn.properties"), "jmx.port=0\n");
        describe();
    }

    /** Deleting moves to the trash at times, where things stay for long at times. */
    private void describe() throws IOException {
        Layout layout = records.layout();
        if (random.nextInt(4) == 0) {
            keep = List.of("PT0S", SHORT, LONG, LONG).get(random.nextInt(4));
        }
        records.keepsAll(records.keepsAll() && keep.equals(LONG));
        Files.writeString(
                etc.resolve("backends").resolve(BACKEND + ".properties"),
                "driver=%s%ntrash.keep=%s%ntrash.minFree=0%n%s"
                        .formatted(layout.driver(), keep, layout.settings(backend)));
    }

    /** Runs so many cycles, and says in one line what it did. */
    String run(int cycles) throws Exception {
        try {
            return runAll(cycles);
        } finally {
            Helpers.end(records.layout().serving(backend));
        }
    }

    private String runAll(int cycles) throws Exception {
        long begun = System.nanoTime();
        Loss loss = Loss.NONE;
        for (int cycle = 1; cycle <= cycles; cycle++) {
            try {
                loss = cycle(loss);
            } catch (Exception | AssertionError e) {
                throw new AssertionError(
                        "cycle %d:%n%s%nThe daemon said last:%n%s"
                                .formatted(cycle, e, DaemonProcess.tail(output)),
                        e);
            }
        }
        try (DaemonProcess daemon = start();
                Management management = ready(daemon)) {
            Found _ = inspect(management, loss);
        }
        return "%d cycles, %d starts, %d killed without work (%d before they were ready), %d losses of power, %d requests, %d acknowledged (%s), %d s"
                .formatted(
                        cycles,
                        starts,
                        killsAtStart,
                        killsBeforeReady,
                        lossesOfPower,
                        records.asked.get(),
                        records.acknowledged.get(),
                        records.counts(),
                        Duration.ofNanos(System.nanoTime() - begun).toSeconds());
    }

    private Loss cycle(Loss before) throws Exception {
        while (random.nextInt(3) == 0) {
            killAtStart();
        }
        boolean moves = random.nextInt(5) == 0;
        try (DaemonProcess daemon = start()) {
            try (Management management = ready(daemon)) {
                Found found = inspect(management, before);
                records.beginWith(found.ids(), found.byKey().keySet());
                records.keepsAll(keep.equals(LONG));
                records.versions.beginWith(found.properties());
                clients.forEach(client -> client.see(found));
                if (moves) {
                    moving.prepare(management, found);
                }
            }
            return moves
                    ? workAndKill(daemon, List.of(moving::step))
                    : workAndKill(daemon, clients.stream().<Work>map(each -> each::step).toList());
        }
    }

    /** Also in the middle of what the start has to settle. */
    private void killAtStart() throws IOException, InterruptedException {
        Duration life = Duration.ofMillis(random.nextLong(startMillis * 5 / 4));
        boolean power = random.nextInt(4) == 0;
        try (DaemonProcess daemon = start()) {
            refuseEnd(daemon, life);
            if (power && disk != null) {
                disk.freeze();
            }
            killsAtStart++;
            killsBeforeReady += daemon.isReady() ? 0 : 1;
        }
        if (power && disk != null) {
            losePower(disk);
        }
    }

    private Found inspect(Management management, Loss loss) throws JMException, IOException {
        moving.settle(management, loss);
        Found found = Inspection.inspect(management, backend, records, loss, devicesEnded, trashed);
        devicesEnded = false;
        return found;
    }

    /** What is done again and again until the daemon is killed. */
    private interface Work {
        void step(Management daemon) throws JMException, IOException;
    }

    /**
     * @param all what is done at once, each over a connection of its own
     */
    private Loss workAndKill(DaemonProcess daemon, List<Work> all) throws Exception {
        // Mostly short, since the first operations after a start are hit by that.
        double shortest = records.layout().shortestLife();
        Duration life = Duration.ofMillis((long) Math.exp(shortest + random.nextDouble() * 6));
        boolean whileConnecting = random.nextInt(8) == 0;
        boolean power = disk != null && random.nextInt(3) == 0;
        Loss loss = Loss.NONE;
        CountDownLatch connected = new CountDownLatch(whileConnecting ? 0 : all.size());
        records.killing(false);
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
            List<Future<?>> working = new ArrayList<>();
            for (Work work : all) {
                working.add(
                        threads.submit(
                                () -> {
                                    workOn(work, daemon, connected);
                                    return work;
                                }));
            }
            try {
                boolean _ = connected.await(AtRest.PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
                refuseEnd(daemon, life);
            } finally {
                if (power && disk != null) {
                    long from = System.nanoTime();
                    disk.freeze();
                    loss = new Loss(from, System.nanoTime());
                }
                records.killing(true);
                killServer();
                killWithCommands(daemon);
                records.layout().awaitEnd();
                records.killed();
            }
            for (Future<?> each : working) {
                each.get();
            }
        }
        if (power && disk != null) {
            losePower(disk);
        }
        records.writeLate(backend, random, loss, disk != null);
        return loss;
    }

    /** Kills at times what serves one of the volumes in use, where there is a process for each. */
    private void killServer() throws IOException, InterruptedException {
        if (!records.layout().serversMayEnd() || random.nextBoolean()) {
            return;
        }
        Map<String, Long> serving = Helpers.serving(records.layout().serving(backend));
        if (!serving.isEmpty()) {
            List<String> ids = List.copyOf(serving.keySet());
            String id = ids.get(random.nextInt(ids.size()));
            records.killingServer(id);
            Helpers.kill(Objects.requireNonNull(serving.get(id)));
            records.count("storage daemons killed", true);
            // What goes on then meets the end of it.
            Thread.sleep(random.nextInt(50));
        }
    }

    /** At times with the commands that the driver runs, as where the whole service is killed. */
    private void killWithCommands(DaemonProcess daemon) throws IOException {
        Set<String> commands = records.layout().commands();
        if (commands.isEmpty() || random.nextBoolean()) {
            daemon.kill();
            return;
        }
        daemon.kill(commands);
        records.count("killed with their commands", true);
        // Clients that write to a device which was left suspended must end before the next start.
        records.layout().resume();
    }

    /** Works until the connection ends, which it must not do by itself. */
    private void workOn(Work work, DaemonProcess daemon, CountDownLatch connected)
            throws JMException, IOException {
        try (Management management = connect(daemon, connected)) {
            while (!records.isKilling()) {
                work.step(management);
            }
        } catch (IOException e) {
            if (!records.isKilling()) {
                throw e;
            }
        }
    }

    private void losePower(Disk disk) throws IOException, InterruptedException {
        // The devices end with the host, and so does what serves them.
        Helpers.end(records.layout().serving(backend));
        devicesEnded = true;
        disk.losePower();
        lossesOfPower++;
    }

    private Management connect(DaemonProcess daemon, CountDownLatch connected) throws IOException {
        try {
            return new Management(daemon.connect(password));
        } finally {
            connected.countDown();
        }
    }

    private void refuseEnd(DaemonProcess daemon, Duration life) throws InterruptedException {
        if (daemon.endsWithin(life)) {
            throw new AssertionError(
                    "the daemon ended by itself with status " + daemon.exitStatus());
        }
    }

    private DaemonProcess start() throws IOException {
        starts++;
        describe();
        return DaemonProcess.start(etc, data, output);
    }

    private Management ready(DaemonProcess daemon) throws Exception {
        long begun = System.nanoTime();
        daemon.awaitReady();
        startMillis = Duration.ofNanos(System.nanoTime() - begun).toMillis() + 1;
        if (password.isEmpty()) {
            password = daemon.password();
        }
        Management management = new Management(daemon.connect(password));
        trashed = new AtRest(management, records, backend).await();
        return management;
    }
}
