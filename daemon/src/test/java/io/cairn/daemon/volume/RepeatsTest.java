package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.history.Slate;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** What becomes of a request that is sent once more while the first is with the driver. */
final class RepeatsTest {
    private static final long MIB = 1L << 20;
    private static final int REPEATS = 6;

    /** So short that whoever waits for a turn gives up while the driver is still at it. */
    private static final Duration PATIENCE = Duration.ofMillis(100);

    private final Slate.Provider slate = new Slate.Provider();
    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch gate = new CountDownLatch(1);
    private CountDownLatch entered = new CountDownLatch(1);
    private House house;
    private Volumes volumes;
    private VolumeId volume;
    private SnapshotId snapshot;

    interface Asking {
        Object ask(RepeatsTest test) throws Exception;
    }

    private static Object done() {
        return "done";
    }

    /** Every operation that has the driver change something. */
    enum Request {
        CREATE_VOLUME(
                test -> test.volumes.createVolume(BACKEND, NewVolume.named("new", MIB)),
                test -> test.volumes.createVolume(BACKEND, NewVolume.named("new", 2 * MIB))),
        CREATE_FROM_SNAPSHOT(
                test -> test.volumes.createFromSnapshot(test.snapshot, NewVolume.named("new"))),
        CLONE_VOLUME(test -> test.volumes.cloneVolume(test.volume, NewVolume.named("new"))),
        CREATE_SNAPSHOT(test -> test.volumes.createSnapshot(test.volume, NewSnapshot.named("new"))),
        CREATE_GROUP_SNAPSHOT(
                test ->
                        test.volumes.createGroupSnapshot(
                                BACKEND, List.of(test.volume), NewSnapshot.named("new"))),
        DELETE_VOLUME(
                test -> {
                    test.volumes.deleteVolume(test.volume);
                    return done();
                }) {
            @Override
            void prepare(RepeatsTest test) throws Exception {
                test.volumes.deleteSnapshot(test.snapshot);
            }
        },
        DELETE_SNAPSHOT(
                test -> {
                    test.volumes.deleteSnapshot(test.snapshot);
                    return done();
                }),
        EXTEND(test -> test.volumes.alterations().extend(test.volume, 2 * MIB)),
        REVERT(test -> test.volumes.alterations().revert(test.volume, "s")),
        RENAME(test -> test.volumes.alterations().rename(test.volume, "new")),
        DESCRIBE(test -> test.volumes.alterations().describe(test.volume, "new")),
        LABEL(test -> test.volumes.alterations().label(test.volume, "new", "x")),
        UNLABEL(test -> test.volumes.alterations().unlabel(test.volume, "old")) {
            @Override
            void prepare(RepeatsTest test) throws Exception {
                Volume _ = test.volumes.alterations().label(test.volume, "old", "x");
            }
        },
        MARK(test -> test.volumes.alterations().mark(test.volume)),
        RENAME_SNAPSHOT(test -> test.volumes.alterations().rename(test.snapshot, "new")),
        DESCRIBE_SNAPSHOT(test -> test.volumes.alterations().describe(test.snapshot, "new")),
        LABEL_SNAPSHOT(test -> test.volumes.alterations().label(test.snapshot, "new", "x")),
        MARK_SNAPSHOT(test -> test.volumes.alterations().mark(test.snapshot)),
        CONNECT(test -> test.connect()),
        DISCONNECT(
                test -> {
                    test.volumes.connections().disconnect(test.connection());
                    return done();
                }) {
            @Override
            void prepare(RepeatsTest test) throws Exception {
                test.connectFirst();
            }
        },
        CLEANUP(test -> test.volumes.connections().cleanup(test.volume)) {
            @Override
            void prepare(RepeatsTest test) throws Exception {
                test.connectFirst();
            }
        },
        ATTACH_HERE(test -> test.volumes.connections().attachHere(Target.of(test.volume), false)),
        ATTACH(test -> test.volumes.connections().attach(test.connection())) {
            @Override
            void prepare(RepeatsTest test) throws Exception {
                test.attachFirst();
                Connection _ = test.volumes.connections().detach(test.connection);
            }
        },
        DETACH(test -> test.volumes.connections().detach(test.connection())) {
            @Override
            void prepare(RepeatsTest test) throws Exception {
                test.attachFirst();
            }
        },
        DETACH_HERE(
                test -> {
                    test.volumes.connections().detachHere(Target.of(test.volume));
                    return done();
                }) {
            @Override
            void prepare(RepeatsTest test) throws Exception {
                test.attachFirst();
            }
        },
        RESTORE_SNAPSHOT(
                test ->
                        test.volumes
                                .restoring()
                                .restore(BACKEND, test.snapshot.toString(), "new")) {
            @Override
            void prepare(RepeatsTest test) throws Exception {
                test.volumes.deleteSnapshot(test.snapshot);
            }
        },
        RESTORE_VOLUME(
                test -> test.volumes.restoring().restore(BACKEND, test.volume.toString(), "new"),
                test -> test.volumes.createVolume(BACKEND, NewVolume.named("new", MIB))) {
            @Override
            void prepare(RepeatsTest test) throws Exception {
                test.volumes.deleteSnapshot(test.snapshot);
                test.volumes.deleteVolume(test.volume);
            }
        },
        PURGE(test -> test.volumes.purging().purge(BACKEND, test.snapshot.toString())) {
            @Override
            void prepare(RepeatsTest test) throws Exception {
                test.volumes.deleteSnapshot(test.snapshot);
            }
        };

        @SuppressWarnings("ImmutableEnumChecker") // it captures nothing
        final Asking asking;

        /** Something else, which must wait for it. */
        @SuppressWarnings("ImmutableEnumChecker") // it captures nothing
        final Asking other;

        Request(Asking asking) {
            this(asking, test -> test.volumes.alterations().extend(test.volume, 3 * MIB));
        }

        Request(Asking asking, Asking other) {
            this.asking = asking;
            this.other = other;
        }

        void prepare(RepeatsTest test) throws Exception {}
    }

    private ConnectionId connection = new ConnectionId(UUID.randomUUID());

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        house =
                House.open(
                        folder, new TrashPolicy(Duration.ofDays(1), Reserve.NONE), slate, PATIENCE);
        volumes = house.volumes;
        volume = volumes.createVolume(BACKEND, NewVolume.named("v", MIB)).id();
        snapshot = volumes.createSnapshot(volume, NewSnapshot.named("s")).id();
    }

    @AfterEach
    void close() throws Exception {
        gate.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        house.close();
    }

    @ParameterizedTest
    @EnumSource(Request.class)
    void repeatsInFlightJoinHoweverLongItTakes(Request request) throws Exception {
        request.prepare(this);
        block();
        int before = slate.changes();
        FutureTask<Object> first = begin(request);
        entered.await();
        List<FutureTask<Object>> repeats = new ArrayList<>();
        for (int i = 0; i < REPEATS; i++) {
            repeats.add(begin(request));
        }
        awaitJoined();
        assertThatExceptionOfType(OperationException.class)
                .isThrownBy(() -> request.other.ask(this))
                .extracting(OperationException::code)
                .isEqualTo(Code.BUSY);
        gate.countDown();
        Object answer = first.get();
        for (FutureTask<Object> repeat : repeats) {
            assertThat(repeat.get()).isEqualTo(answer);
        }
        assertThat(slate.changes()).isEqualTo(before + 1);
        assertThat(volumes.unfinished()).isEmpty();
        assertThat(house.idle()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(
            value = Request.class,
            names = {"CREATE_VOLUME", "CREATE_SNAPSHOT", "DELETE_VOLUME", "DETACH_HERE", "REVERT"})
    void aClientThatIsGoneCancelsNobodyElse(Request request) throws Exception {
        request.prepare(this);
        block();
        FutureTask<Object> first = begin(request);
        entered.await();
        FutureTask<Object> second = begin(request);
        FutureTask<Object> third = begin(request);
        awaitJoined();
        entered = new CountDownLatch(1);
        threads.get(0).interrupt();
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(first::get)
                .withCauseInstanceOf(InterruptedException.class);
        // The others are at it by themselves now.
        entered.await();
        gate.countDown();
        assertThat(third.get()).isEqualTo(second.get());
        assertThat(volumes.unfinished()).isEmpty();
        assertThat(house.idle()).isTrue();
    }

    @Test
    void noMoreJoinThanMayWait() throws Exception {
        Repeats repeats = new Repeats();
        Callable<String> ask =
                () ->
                        repeats.once(
                                "the same",
                                flight -> {
                                    entered.countDown();
                                    gate.await();
                                    return flight.answered("done");
                                });
        List<FutureTask<String>> asked = new ArrayList<>();
        for (int i = 0; i <= Repeats.MOST_JOINED; i++) {
            FutureTask<String> one = new FutureTask<>(ask);
            asked.add(one);
            threads.add(Thread.ofVirtual().start(one));
            entered.await();
        }
        await().until(() -> threads.stream().allMatch(RepeatsTest::waits));

        assertThatExceptionOfType(OperationException.class)
                .isThrownBy(ask::call)
                .satisfies(e -> assertThat(e.code()).isEqualTo(Code.BUSY));

        gate.countDown();
        for (FutureTask<String> one : asked) {
            assertThat(one.get()).isEqualTo("done");
        }
        assertThat(repeats.idle()).isTrue();
    }

    private static boolean waits(Thread thread) {
        return thread.getState() == Thread.State.WAITING;
    }

    @Test
    void whoWaitsForARepeatCanLeave() throws Exception {
        block();
        FutureTask<Object> first = begin(Request.CREATE_VOLUME);
        entered.await();
        FutureTask<Object> second = begin(Request.CREATE_VOLUME);
        awaitJoined();
        threads.get(1).interrupt();
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(second::get)
                .withCauseInstanceOf(InterruptedException.class);
        gate.countDown();
        assertThat(first.get()).isEqualTo(volumes.volume(BACKEND, "new").orElseThrow());
    }

    @Test
    void volumesThatCairnNamesAreNeverTheSame() throws Exception {
        Volume one = volumes.createVolume(BACKEND, NewVolume.named("", MIB));
        block();
        Callable<Object> unnamed = () -> volumes.createVolume(BACKEND, NewVolume.named("", MIB));
        FutureTask<Object> first = begin(unnamed);
        entered.await();
        entered = new CountDownLatch(1);
        FutureTask<Object> second = begin(unnamed);
        // It does not wait for the other one.
        entered.await();
        gate.countDown();
        assertThat(first.get()).isNotEqualTo(second.get()).isNotEqualTo(one);
    }

    @Test
    void aRequestThatComesAfterTheAnswerIsAnotherOne() throws Exception {
        attachFirst();
        volumes.connections().detachHere(Target.of(volume));
        assertThatExceptionOfType(OperationException.class)
                .isThrownBy(() -> volumes.connections().detachHere(Target.of(volume)))
                .extracting(OperationException::code)
                .isEqualTo(Code.NOT_FOUND);
    }

    /** Whoever changes something from now on waits for the gate. */
    private void block() {
        slate.pausing(
                () -> {
                    entered.countDown();
                    gate.await();
                });
    }

    private FutureTask<Object> begin(Request request) {
        return begin(() -> request.asking.ask(this));
    }

    private FutureTask<Object> begin(Callable<Object> asking) {
        FutureTask<Object> task = new FutureTask<>(asking);
        threads.add(Thread.ofPlatform().start(task));
        return task;
    }

    /** Until all but the first have joined that. */
    private void awaitJoined() {
        await().atMost(Duration.ofMinutes(1))
                .until(() -> threads.stream().skip(1).allMatch(RepeatsTest::joined));
    }

    private static boolean joined(Thread thread) {
        List<String> callers =
                Arrays.stream(thread.getStackTrace()).map(StackTraceElement::getClassName).toList();
        int at = callers.indexOf(Repeats.class.getName());
        return at > 0 && callers.get(at - 1).equals(CountDownLatch.class.getName());
    }

    private ConnectionId connection() {
        return connection;
    }

    private Connection connect() throws Exception {
        return volumes.connections()
                .connect(
                        Target.of(volume),
                        new NewConnection("elsewhere", false, Optional.empty(), Map.of()));
    }

    private void connectFirst() throws Exception {
        connection = connect().id();
    }

    private void attachFirst() throws Exception {
        connection = volumes.connections().attachHere(Target.of(volume), false).id();
    }
}
