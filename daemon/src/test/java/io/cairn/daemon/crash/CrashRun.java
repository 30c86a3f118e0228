package io.cairn.daemon.crash;

import static org.awaitility.Awaitility.await;

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
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import javax.management.JMException;
import javax.management.ObjectName;

/** Lets clients work, kills the daemon, starts it again and looks, as often as is wanted. */
final class CrashRun {
    static final String BACKEND = "files";
    private static final int CLIENTS = 6;

    /** For what the kill left unfinished; the daemon tries again every five seconds. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

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
        this.backend = root.resolve("backend");
        this.output = folder.resolve("output");
        this.disk = disk;
        this.random = new Random(seed);
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(
                    new Client(
                            i, backend, records, new Random(seed + 1 + i), disk != null, attaches));
        }
        Files.createDirectory(backend);
        // The first loss of power may come before anything else has it written.
        try (FileChannel folderOfBoth = FileChannel.open(root, StandardOpenOption.READ)) {
            folderOfBoth.force(true);
        }
        Files.createDirectories(
                etc.resolve("backends"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(etc.resolve("cairn.properties"), "jmx.port=0\n");
        Files.writeString(
                etc.resolve("backends").resolve(BACKEND + ".properties"),
                "driver=%s\ndirectory=%s\n".formatted(layout.driver(), backend));
    }

    /** Runs so many cycles, and says in one line what it did. */
    String run(int cycles) throws Exception {
        try {
            return runAll(cycles);
        } finally {
            Devices.end(backend);
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
        Found found = Inspection.inspect(management, backend, records, loss, devicesEnded);
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
        Duration life = Duration.ofMillis((long) Math.exp(2 + random.nextDouble() * 6));
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
                boolean _ = connected.await(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
                refuseEnd(daemon, life);
            } finally {
                if (power && disk != null) {
                    long from = System.nanoTime();
                    disk.freeze();
                    loss = new Loss(from, System.nanoTime());
                }
                records.killing(true);
                daemon.kill();
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
        // The devices end with the host.
        Devices.end(backend);
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

    /** How many connections are said to be attached; after a loss of power none is. */
    private static long attached(Management management) throws Exception {
        return management
                .connections(BACKEND)
                .lines()
                .filter(line -> line.contains(" attached "))
                .count();
    }

    private DaemonProcess start() throws IOException {
        starts++;
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
        ObjectName files = Management.backend(BACKEND);
        await("a backend that is up")
                .atMost(PATIENCE)
                .until(() -> management.text(files, "State").equals("up"));
        await("nothing unfinished")
                .atMost(PATIENCE)
                .until(() -> management.number(Management.DAEMON, "UnfinishedCount") == 0);
        await("devices that were looked at")
                .atMost(PATIENCE)
                .until(() -> attached(management) == Devices.below(backend).size());
        return management;
    }
}
