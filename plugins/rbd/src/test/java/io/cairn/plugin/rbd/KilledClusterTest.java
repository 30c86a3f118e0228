package io.cairn.plugin.rbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Inventory;
import io.cairn.spi.Mark;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A cluster on BlueStore whose OSD or monitor is killed while calls are at work: what it
 * acknowledged is there, what failed is done by its repeat, and all go on once it is back.
 */
@Tag("ceph")
@Timeout(900)
final class KilledClusterTest extends NamespaceFixture {
    private static final int ROUNDS = Integer.getInteger("cairn.rbd.kills", 4);
    private static final int CLIENTS = 4;
    private static final int MOST_VOLUMES = 4;

    /** Longer than the cluster is ever away, and needs to begin again. */
    private static final Duration MOST = Duration.ofSeconds(60);

    /** How long it is away at least. */
    private static final Duration AWAY = Duration.ofSeconds(2);

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private volatile boolean killing;

    @Override
    String[] options() {
        return new String[] {"--store", "bluestore", "--size", "4G"};
    }

    @Test
    void whateverIsKilledNothingAcknowledgedIsLostAndNothingHangs() throws Exception {
        long seed = Long.getLong("cairn.rbd.seed", System.nanoTime());
        System.out.printf("-Dcairn.rbd.seed=%d -Dcairn.rbd.kills=%d%n", seed, ROUNDS);
        Random random = new Random(seed);
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(new Client(new Random(seed + 1 + i)));
        }
        for (int round = 0; round < ROUNDS; round++) {
            killWhileTheyWork(clients, random, round % 2 == 0 ? "osd.0" : "mon.a");
            for (Client client : clients) {
                client.repeat();
            }
            check(clients);
        }
        assertThat(clients).allMatch(client -> client.longest.compareTo(AWAY) >= 0);
    }

    @Test
    void aBackendIsNotOpenedWhileTheOsdIsDown() throws Exception {
        driver.close();
        List<String> command = node.kill("osd.0");
        try {
            assertThatThrownBy(this::open)
                    .isInstanceOfSatisfying(
                            DriverException.class,
                            e ->
                                    assertThat(e.kind())
                                            .as(e.getMessage())
                                            .isEqualTo(Kind.UNAVAILABLE));
        } finally {
            node.start("osd.0", command);
        }

        driver = open();

        assertThat(driver.inventory().volumes()).isEmpty();
    }

    /** And a call that was at work then fails too, and is done by its repeat. */
    @Test
    void callsFailAtOnceWhenTheOsdHasBeenDownForLong() throws Exception {
        BackendVolume volume = volume(OBJECT);
        BackendVolume other = volume(OBJECT);
        SnapshotSpec cut = new SnapshotSpec(SnapshotId.random(), other.id(), Mark.NONE);
        List<String> command = node.kill("osd.0");
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
            Future<BackendSnapshot> cutting = threads.submit(() -> driver.createSnapshot(cut));
            Thread.sleep(Tenure.TERM.plusSeconds(1));

            assertThatThrownBy(() -> driver.findVolume(volume.id()))
                    .isInstanceOf(DriverException.class)
                    .hasMessageContaining("lock on the backend could not be renewed");
            assertThatThrownBy(cutting::get)
                    .cause()
                    .isInstanceOfSatisfying(
                            DriverException.class,
                            e ->
                                    assertThat(e.kind())
                                            .as(e.getMessage())
                                            .isEqualTo(Kind.UNAVAILABLE));
        } finally {
            node.start("osd.0", command);
        }

        assertThat(onceItAnswers(() -> driver.findVolume(volume.id()))).contains(volume);
        BackendSnapshot there = onceItAnswers(() -> driver.createSnapshot(cut));
        assertThat(driver.findSnapshot(cut.id(), other.id())).contains(there);
    }

    private interface Asking<T> {
        T ask() throws DriverException, InterruptedException;
    }

    private static <T> T onceItAnswers(Asking<T> asking) throws Exception {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                return asking.ask();
            } catch (DriverException e) {
                if (e.kind() != Kind.UNAVAILABLE || System.nanoTime() - until > 0) {
                    throw e;
                }
                Thread.sleep(200);
            }
        }
    }

    private void killWhileTheyWork(List<Client> clients, Random random, String daemon)
            throws Exception {
        killing = false;
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
            List<Future<Client>> working =
                    clients.stream().map(client -> threads.submit(client::work)).toList();
            // At any instant of their work.
            Thread.sleep(500 + random.nextInt(2_000));
            List<String> command = node.kill(daemon);
            Thread.sleep(AWAY.plusMillis(random.nextInt(4_000)));
            node.start(daemon, command);
            killing = true;
            for (Future<Client> each : working) {
                Client _ = each.get();
            }
        }
    }

    private void check(List<Client> clients) throws Exception {
        Inventory found = driver.inventory();
        Set<String> wanted = new TreeSet<>();
        clients.forEach(
                client ->
                        client.there.forEach(
                                (volume, snapshots) -> {
                                    wanted.add(volume.toString());
                                    snapshots.forEach(each -> wanted.add(volume + "@" + each));
                                }));
        Set<String> there = new TreeSet<>();
        found.volumes().forEach(each -> there.add(each.id().toString()));
        found.snapshots().forEach(each -> there.add(each.volume() + "@" + each.id()));
        assertThat(there).isEqualTo(wanted);
    }

    /** A call that may be repeated, and what is then there. */
    private record Call(String what, Doing doing, Runnable then) {}

    private interface Doing {
        void run() throws DriverException, InterruptedException;
    }

    /** Makes one call after another for volumes of its own, until one fails or it is to end. */
    private final class Client {
        private final Random random;
        private final Map<VolumeId, Set<SnapshotId>> there = new LinkedHashMap<>();
        private Optional<Call> open = Optional.empty();
        private Duration longest = Duration.ZERO;

        Client(Random random) {
            this.random = random;
        }

        Client work() throws InterruptedException {
            while (!killing && open.isEmpty()) {
                Call call = choose();
                long begun = System.nanoTime();
                try {
                    call.doing().run();
                    call.then().run();
                } catch (DriverException e) {
                    assertThat(e.kind().outcomeKnown())
                            .describedAs("%s: %s", call.what(), e.getMessage())
                            .isFalse();
                    open = Optional.of(call);
                }
                Duration took = Duration.ofNanos(System.nanoTime() - begun);
                assertThat(took).describedAs(call.what()).isLessThan(MOST);
                longest = took.compareTo(longest) > 0 ? took : longest;
            }
            return this;
        }

        /** Until it succeeds, as it does once the cluster is there again. */
        void repeat() throws DriverException, InterruptedException {
            long until = System.nanoTime() + PATIENCE.toNanos();
            while (open.isPresent()) {
                try {
                    open.get().doing().run();
                    open.get().then().run();
                    open = Optional.empty();
                } catch (DriverException e) {
                    if (e.kind().outcomeKnown() || System.nanoTime() - until > 0) {
                        throw e;
                    }
                }
            }
        }

        private Call choose() {
            List<VolumeId> volumes = List.copyOf(there.keySet());
            if (volumes.isEmpty() || (volumes.size() < MOST_VOLUMES && random.nextInt(4) == 0)) {
                return make(spec(OBJECT), Optional.empty());
            }
            VolumeId volume = volumes.get(random.nextInt(volumes.size()));
            Set<SnapshotId> snapshots = there.getOrDefault(volume, Set.of());
            if (snapshots.isEmpty() && random.nextInt(3) == 0) {
                return new Call(
                        "delete " + volume,
                        () -> driver.deleteVolume(volume),
                        () -> there.remove(volume));
            }
            if (snapshots.isEmpty() || random.nextBoolean()) {
                SnapshotSpec cut = new SnapshotSpec(SnapshotId.random(), volume, Mark.NONE);
                return new Call(
                        "cut " + cut,
                        () -> {
                            BackendSnapshot _ = driver.createSnapshot(cut);
                        },
                        () -> snapshots.add(cut.id()));
            }
            SnapshotId snapshot = snapshots.iterator().next();
            if (volumes.size() < MOST_VOLUMES && random.nextInt(3) == 0) {
                return make(
                        spec(OBJECT), Optional.of(new SnapshotSpec(snapshot, volume, Mark.NONE)));
            }
            return new Call(
                    "delete %s of %s".formatted(snapshot, volume),
                    () -> driver.deleteSnapshot(snapshot, volume),
                    () -> snapshots.remove(snapshot));
        }

        private Call make(VolumeSpec spec, Optional<SnapshotSpec> from) {
            return new Call(
                    "make " + spec,
                    () -> {
                        BackendVolume _ =
                                from.isEmpty()
                                        ? driver.createVolume(spec)
                                        : driver.createFromSnapshot(
                                                spec, from.get().id(), from.get().volume());
                    },
                    () -> there.put(spec.id(), new LinkedHashSet<>()));
        }
    }
}
