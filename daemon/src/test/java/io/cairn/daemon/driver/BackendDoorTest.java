package io.cairn.daemon.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.cairn.daemon.access.Role;
import io.cairn.daemon.config.ConfigException;
import io.cairn.daemon.config.Configuration;
import io.cairn.daemon.config.DaemonConfig;
import io.cairn.daemon.driver.Backend.Cadence;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.VolumeId;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Backends that are opened and closed while others are at work. */
@Timeout(60)
final class BackendDoorTest {
    private static final UUID DAEMON = UUID.randomUUID();
    private static final Duration LONG = Duration.ofSeconds(50);

    private final FakeDriver.Provider provider = new FakeDriver.Provider();
    private final Set<String> used = new ConcurrentSkipListSet<>();
    private final Set<String> holding = new ConcurrentSkipListSet<>();
    private final ConcurrentLinkedQueue<String> told = new ConcurrentLinkedQueue<>();
    private final CountDownLatch letGo = new CountDownLatch(1);

    @TempDir private Path etc;
    private Backends backends;
    private BackendDoor door;

    @BeforeEach
    void open() throws Exception {
        Files.createDirectory(etc.resolve("backends"));
        backends =
                Backends.open(
                        DAEMON,
                        Set.of(),
                        Plugins.of(provider),
                        List.of(),
                        LONG,
                        new Cadence(Duration.ofMillis(20), Duration.ofMillis(20)));
        door = door(LONG);
        backends.onName(
                new Backends.NameListener() {
                    @Override
                    public void came(String name) {
                        told.add("came " + name);
                    }

                    @Override
                    public void went(String name) {
                        told.add("went " + name);
                    }
                });
    }

    @AfterEach
    void close() {
        letGo.countDown();
        backends.close(Duration.ZERO);
    }

    @Test
    void aBackendWhoseFileIsWrittenLaterIsOpenedByItsName() throws Exception {
        write("b", "driver=fake\nfolder=/data\n");

        Backend opened = door.open("b");

        assertThat(opened.state().up()).isTrue();
        assertThat(opened.shownSettings()).containsEntry("folder", "/data");
        assertThat(backends.find("b")).contains(opened);
        assertThat(told).containsExactly("came b");
        assertThat(provider.identities).containsExactly(new BackendIdentity(DAEMON, "b", false));
    }

    @Test
    void theSameAgainOpensNothing() throws Exception {
        write("b", "driver=fake\n");
        Backend opened = door.open("b");
        write("b", "driver=fake\nfolder=/srv\nthreads=16\n");

        assertThat(door.open("b")).isSameAs(opened);
        assertThat(provider.opened).hasSize(1);
    }

    @Test
    void anotherConfigurationIsRefusedByItsKeysAndWithoutItsSecrets() throws Exception {
        write("b", "driver=fake\npassword=hush\n");
        Backend opened = door.open("b");
        write("b", "driver=fake\npassword=whisper\nthreads=3\nreserve=5%\n");

        assertThatExceptionOfType(DriverException.class)
                .isThrownBy(() -> door.open("b"))
                .withMessageStartingWith(
                        "backend b is open with another configuration; its file differs in password,"
                                + " reserve, threads: close the backend and open it again")
                .satisfies(
                        e -> {
                            assertThat(e.kind()).isEqualTo(Kind.CONFLICT);
                            assertThat(e.getMessage()).doesNotContain("hush", "whisper");
                        });
        assertThat(opened.state().up()).isTrue();
    }

    @Test
    void everyProblemOfTheFileIsSaidAndNothingIsOpened() throws Exception {
        write("b", "driver=fkae\nthreads=0\nreserve=x\n");
        write("c", "driver=fake\nfoldr=/x\npassword=hush\nfolder=y\n");

        assertThat(problems("b")).hasSize(2);
        assertThat(problems("c"))
                .containsExactly(
                        "backends/c.properties: foldr: unknown; did you mean 'folder'?",
                        "backends/c.properties: setting 'folder': 'y' is not an absolute path without"
                                + " '.' and '..'");
        write("b", "driver=fkae\n");
        assertThat(problems("b"))
                .containsExactly(
                        "backends/b.properties: driver: no plugin brings a driver 'fkae'; did you mean"
                                + " 'fake'?; there are: fake");
        assertThat(backends.all()).isEmpty();
        assertThat(told).isEmpty();
    }

    @Test
    void aFileThatOthersCanChangeIsRefusedAsAtTheStart() throws Exception {
        Path file = write("b", "driver=fake\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));

        assertThat(problems("b"))
                .singleElement()
                .asString()
                .contains("can be changed by everyone: chmod o-w it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "../b", "/etc/passwd", "b.properties/..", "B", "", "String"})
    void whatNamesNoFileOfTheFolderIsNotFound(String name) throws Exception {
        write("b", "driver=fake\n");

        refused(Kind.NOT_FOUND, "there is no file", () -> door.open(name));
        refused(Kind.NOT_FOUND, "there is no backend", () -> door.close(name));
    }

    @Test
    void aBackendThatIsDownWhenItIsOpenedComesUpByItself() throws Exception {
        provider.open =
                () -> {
                    throw new DriverException(Kind.UNAVAILABLE, "the array does not answer");
                };
        ConcurrentLinkedQueue<String> up = new ConcurrentLinkedQueue<>();
        backends.onUp(backend -> up.add(backend.name()));
        write("b", "driver=fake\n");

        Backend opened = door.open("b");

        assertThat(opened.state().reason()).isEqualTo("the array does not answer");
        provider.open = () -> true;
        await().until(() -> opened.state().up());
        await().until(() -> up.contains("b"));
    }

    @Test
    void aClosedBackendTakesNoCallsAndStaysDownUntilItIsOpenedAgain() throws Exception {
        write("b", "driver=fake\n");
        Backend first = door.open("b");

        assertThat(door.close("b")).isTrue();
        assertThat(door.close("b")).isTrue();

        assertThat(provider.opened.element().closed).hasValue(1);
        refused(Kind.UNAVAILABLE, "closed by an operator", () -> first.call(_ -> true));
        Thread.sleep(100);
        assertThat(backends.find("b")).contains(first);
        assertThat(first.state().reason()).isEqualTo("closed by an operator");
        write("b", "driver=fake\nfolder=/other\n");
        used.add("b");
        Backend second = door.open("b");
        assertThat(second.state().up()).isTrue();
        boolean answered = second.call(_ -> true);
        assertThat(answered).isTrue();
        assertThat(provider.identities)
                .containsExactly(
                        new BackendIdentity(DAEMON, "b", false),
                        new BackendIdentity(DAEMON, "b", true));
    }

    @Test
    void closingWaitsForRunningCalls() throws Exception {
        write("b", "driver=fake\n");
        Backend backend = door.open("b");
        FakeDriver driver = provider.opened.element();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> call =
                    callers.submit(
                            () ->
                                    backend.call(
                                            VolumeId.random(),
                                            _ -> {
                                                letGo.await();
                                                return driver.closed.get() == 0;
                                            }));
            await().until(() -> backend.load().running() > 0);
            Future<Boolean> closing = callers.submit(() -> door.close("b"));
            await().until(() -> !backend.state().up());
            refused(Kind.UNAVAILABLE, "closed by an operator", () -> backend.call(_ -> true));
            assertThat(closing.isDone()).isFalse();

            letGo.countDown();

            assertThat(call.get()).isTrue();
            assertThat(closing.get()).isTrue();
            assertThat(driver.closed).hasValue(1);
        }
    }

    @Test
    void atTheDeadlineOfClosingRunningCallsAreInterruptedAndToldWhy() throws Exception {
        write("b", "driver=fake\n");
        Backend backend = door.open("b");
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> call =
                    callers.submit(
                            () ->
                                    backend.call(
                                            VolumeId.random(),
                                            _ -> {
                                                letGo.await();
                                                return true;
                                            }));
            await().until(() -> backend.load().running() > 0);

            assertThat(door(Duration.ofMillis(20)).close("b")).isTrue();

            assertThat(catchThrowableOfType(Exception.class, call::get))
                    .hasMessageContaining("closed by an operator");
            assertThat(provider.opened.element().closed).hasValue(1);
        }
    }

    @Test
    void aDriverThatDoesNotStopIsLeftBehindAndSaidToBe() throws Exception {
        write("b", "driver=fake\n");
        Backend backend = door.open("b");
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> call =
                    callers.submit(() -> backend.call(VolumeId.random(), _ -> stubborn()));
            await().until(() -> backend.load().running() > 0);

            assertThat(door(Duration.ZERO).close("b")).isFalse();

            assertThat(backend.state().reason()).isEqualTo("closed by an operator");
            assertThat(provider.opened.element().closed).hasValue(0);
            assertThatThrownBy(() -> door.open("b")).hasMessageContaining("its driver still runs");
            letGo.countDown();
            assertThat(call.get()).isTrue();
        }
        assertThat(door.close("b")).isTrue();
        assertThat(provider.opened.element().closed).hasValue(1);
        assertThat(door.open("b").state().up()).isTrue();
    }

    @Test
    void aClosedBackendOfWhichNothingIsLeftIsGone() throws Exception {
        Path file = write("b", "driver=fake\n");
        Backend first = door.open("b");
        assertThat(first.state().up()).isTrue();
        Files.delete(file);
        holding.add("b");
        assertThat(door.close("b")).isTrue();
        assertThat(backends.find("b")).isPresent();

        holding.clear();
        assertThat(door.close("b")).isTrue();

        assertThat(backends.find("b")).isEmpty();
        assertThat(told).containsExactly("came b", "went b");
        refused(Kind.NOT_FOUND, "there is no backend 'b'", () -> door.close("b"));
    }

    @Test
    void whoeverOpensAndClosesAtOnceEveryDriverIsClosedOnceAndAtMostOneIsOpen() throws Exception {
        long seed = Long.getLong("cairn.seed", System.nanoTime());
        System.out.println("BackendDoorTest: -Dcairn.seed=" + seed);
        write("b", "driver=fake\n");
        Backend _ = door.open("b");
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Random random = new Random(seed + i);
                all.add(callers.submit(() -> openCloseAndCall(random)));
            }
            for (Future<Boolean> one : all) {
                assertThat(one.get()).isTrue();
            }
        }
        assertThat(provider.opened.stream().filter(one -> one.closed.get() == 0))
                .hasSizeLessThanOrEqualTo(1);

        assertThat(door.close("b")).isTrue();

        assertThat(provider.opened).allMatch(one -> one.closed.get() == 1);
    }

    private boolean openCloseAndCall(Random random) throws Exception {
        for (int i = 0; i < 40; i++) {
            switch (random.nextInt(4)) {
                case 0 -> {
                    boolean ended = door.close("b");
                    if (!ended) {
                        return false;
                    }
                }
                case 1 -> {
                    Backend _ = door.open("b");
                }
                default -> {
                    try {
                        boolean open =
                                backends.find("b")
                                        .orElseThrow()
                                        .call(
                                                driver ->
                                                        driver instanceof FakeDriver fake
                                                                && fake.closed.get() == 0);
                        if (!open) {
                            return false;
                        }
                    } catch (DriverException e) {
                        assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE);
                    }
                }
            }
        }
        return true;
    }

    @Test
    void theEndOfTheDaemonClosesNoDriverTwiceAndLetsNoneBeOpened() throws Exception {
        write("b", "driver=fake\n");
        write("c", "driver=fake\n");
        Backend _ = door.open("b");
        assertThat(door.close("b")).isTrue();

        backends.close(LONG);

        assertThat(provider.opened.element().closed).hasValue(1);
        refused(Kind.UNAVAILABLE, "the daemon is stopping", () -> door.open("c"));
        assertThat(provider.opened).hasSize(1);
    }

    @Test
    void aBackendThatHasVolumesAndNoFileIsThereAndDown() throws Exception {
        Backends found =
                Backends.open(
                        DAEMON,
                        Set.of("old", "empty"),
                        Set.of("old"),
                        Plugins.of(provider),
                        configuration(LONG));
        assertThat(found.all()).extracting(Backend::name).containsExactly("old");
        Backend old = found.find("old").orElseThrow();
        assertThat(old.driverName()).isEmpty();
        assertThat(old.state().reason()).isEqualTo("not configured");
        refused(Kind.UNAVAILABLE, "not configured", () -> old.call(_ -> true));
        refused(Kind.UNAVAILABLE, "not configured", old::requireReady);
        write("old", "driver=fake\n");
        used.add("old");

        Backend opened =
                new BackendDoor(found, configuration(LONG), used::contains, _ -> true).open("old");

        assertThat(opened.state().up()).isTrue();
        assertThat(provider.identities).containsExactly(new BackendIdentity(DAEMON, "old", true));
        found.close(LONG);
        assertThat(provider.opened.element().closed).hasValue(1);
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(etc.resolve("backends").resolve(name + ".properties"), text);
    }

    private List<String> problems(String name) {
        return catchThrowableOfType(ConfigException.class, () -> door.open(name)).problems();
    }

    private static void refused(Kind kind, String reason, ThrowingCallable call) {
        assertThatExceptionOfType(DriverException.class)
                .isThrownBy(call)
                .withMessageContaining(reason)
                .extracting(DriverException::kind)
                .isEqualTo(kind);
    }

    private boolean stubborn() {
        while (true) {
            try {
                letGo.await();
                return true;
            } catch (InterruptedException _) {
                // As a native call would.
            }
        }
    }

    private BackendDoor door(Duration stopDeadline) {
        return new BackendDoor(
                backends, configuration(stopDeadline), used::contains, holding::contains);
    }

    private Configuration configuration(Duration stopDeadline) {
        return new Configuration(
                Optional.of(etc),
                new DaemonConfig(
                        etc,
                        etc,
                        LONG,
                        stopDeadline,
                        Duration.ofSeconds(10),
                        Duration.ofDays(1),
                        Duration.ofDays(7),
                        etc,
                        new DaemonConfig.Backups(etc.resolve("backups"), Duration.ZERO, 7),
                        0,
                        new DaemonConfig.Jmx(
                                "127.0.0.1",
                                0,
                                Optional.empty(),
                                true,
                                Role.READER,
                                etc.resolve("users"),
                                200)),
                List.of());
    }
}
