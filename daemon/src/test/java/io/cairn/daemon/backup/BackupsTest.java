package io.cairn.daemon.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.daemon.store.CopyWatch;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.volume.OperationException;
import io.cairn.daemon.volume.OperationException.Code;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Logger;
import java.util.stream.Stream;

/** Backups of a real state, made, kept and refused. */
final class BackupsTest {
    private static final long SEED = Long.getLong("cairn.seed", System.nanoTime());

    @TempDir private Path temp;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Estate estate;

    @BeforeEach
    void open() throws Exception {
        folder = temp.resolve("backups");
        estate = new Estate(temp.resolve("state"));
        estate.cut(0, 10);
    }

    @AfterEach
    void close() {
        estate.close();
    }

    @Test
    void aBackupMadeWhileEightThreadsCommitHoldsWhatWasAcknowledgedAndNothingTorn()
            throws Exception {
        System.out.printf("BackupsTest: -Dcairn.seed=%d%n", SEED);
        Random random = new Random(SEED);
        Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
        AtomicLong next = new AtomicLong(1_000);
        AtomicBoolean stop = new AtomicBoolean();
        List<Throwable> failures = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            threads.add(
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        try {
                                            while (!stop.get()) {
                                                long number = next.getAndIncrement();
                                                estate.cut(number);
                                                acknowledged.add(number);
                                            }
                                        } catch (Exception e) {
                                            synchronized (failures) {
                                                failures.add(e);
                                            }
                                        }
                                    }));
        }
        Backups backups = estate.backups(folder);
        try {
            for (int round = 0; round < 3; round++) {
                int more = acknowledged.size() + 50 + random.nextInt(200);
                Awaitility.await().atMost(Estate.LONG).until(() -> acknowledged.size() >= more);
                Set<Long> before = Set.copyOf(acknowledged);

                Backup made = Estate.make(backups);

                Path state = temp.resolve("restored-" + round);
                assertThat(Estate.restore(state, folder, made.name()).status()).isZero();
                Set<Long> found = new HashSet<>(Estate.numbers(state));
                assertThat(found).containsAll(before);
                assertThat((long) found.size()).isEqualTo(made.census().snapshots());
            }
        } finally {
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(failures).isEmpty();
        assertThat(estate.store.health().fences()).isZero();
        assertThat(estate.check()).containsAll(acknowledged);
    }

    @Test
    void aBackupIsItsOwnersAloneAndSha256sumAgrees() throws Exception {
        Backup made = Estate.make(estate.backups(folder));
        Path path = folder.resolve(made.name());

        assertThat(made.name()).matches("state-\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\dZ");
        assertThat(permissions(folder)).isEqualTo("rwx------");
        assertThat(permissions(path)).isEqualTo("rwx------");
        assertThat(Estate.names(path)).contains("manifest", "state.script", "state.log");
        for (String name : Estate.names(path)) {
            assertThat(permissions(path.resolve(name))).as(name).isEqualTo("rw-------");
        }
        Process check =
                new ProcessBuilder("sha256sum", "--strict", "-c", "manifest")
                        .directory(path.toFile())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(check.getInputStream().readAllBytes(), UTF_8);
        assertThat(check.waitFor()).as(said).isZero();
        assertThat(said).contains("state.script: OK");
        assertThat(Estate.names(folder)).containsExactly(made.name());
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void namesAreOfTheInstantAndNoneCollides() throws Exception {
        Instant at = Instant.parse("2026-12-01T13:05:11.900Z");
        Backups backups = estate.backups(folder, 7, () -> at, _ -> {});

        List<String> made = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            made.add(Estate.make(backups).name());
        }

        assertThat(made)
                .containsExactly(
                        "state-2026-12-01T13-05-11Z",
                        "state-2026-12-01T13-05-11Z-2",
                        "state-2026-12-01T13-05-11Z-3");
        assertThat(backups.list()).extracting(Backup::name).isEqualTo(made.reversed());
    }

    @Test
    void aClockThatJumpsBackChangesNoOrderAndTheNewestStays() throws Exception {
        AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-12-01T00:00:00Z"));
        InstantSource clock = now::get;
        Backups backups = estate.backups(folder, 2, clock, _ -> {});
        String first = Estate.make(backups).name();
        now.set(Instant.parse("2027-01-01T00:00:00Z"));
        String future = Estate.make(backups).name();
        now.set(Instant.parse("2020-01-01T00:00:00Z"));
        String past = Estate.make(backups).name();

        assertThat(past).isEqualTo("state-2020-01-01T00-00-00Z");
        assertThat(backups.list()).extracting(Backup::name).containsExactly(past, future);
        assertThat(backups.last().orElseThrow().name()).isEqualTo(past);
        assertThat(Estate.names(folder)).doesNotContain(first);
        // Also by a daemon that was started anew.
        Backups again = estate.backups(folder, 2, clock, _ -> {});
        assertThat(again.last().orElseThrow().name()).isEqualTo(past);
        assertThat(again.lastAgeMillis().orElseThrow()).isZero();
        String last = Estate.make(again).name();
        assertThat(again.list()).extracting(Backup::name).containsExactly(last, past);
    }

    @Test
    void theOldestAreRemovedOnlyOnceANewerOneIsVerified() throws Exception {
        AtomicBoolean fail = new AtomicBoolean();
        AtomicInteger seconds = new AtomicInteger();
        Backups backups =
                estate.backups(
                        folder,
                        2,
                        () -> Instant.ofEpochSecond(1_800_000_000L + seconds.getAndIncrement()),
                        _ -> {
                            if (fail.get()) {
                                throw new IOException("the disk is broken");
                            }
                        });
        String one = Estate.make(backups).name();
        String two = Estate.make(backups).name();
        fail.set(true);

        OperationException e = refusal(backups);

        assertThat(e.code()).isEqualTo(Code.UNAVAILABLE);
        assertThat(e).hasMessageContaining("the disk is broken");
        assertThat(backups.problem()).contains("the disk is broken");
        assertThat(Estate.names(folder)).containsExactly(one, two);
        fail.set(false);
        String three = Estate.make(backups).name();
        assertThat(Estate.names(folder)).containsExactly(two, three);
        assertThat(backups.problem()).isEmpty();
        assertThat(backups.count()).isEqualTo(2);
    }

    @Test
    void oneThatCannotBeVerifiedIsNotKept() throws Exception {
        AtomicBoolean damaged = new AtomicBoolean();
        CopyWatch watch =
                _ -> {
                    // While it is copied once more to be opened.
                    if (Estate.names(folder).stream().anyMatch(n -> n.startsWith(".checking"))
                            && damaged.compareAndSet(false, true)) {
                        cutLog();
                    }
                };

        OperationException e = refusal(estate.backups(folder, 7, InstantSource.system(), watch));

        assertThat(damaged).isTrue();
        assertThat(e.code()).isEqualTo(Code.FAULT);
        assertThat(e).hasMessageContaining("it was verified and");
        assertThat(Estate.names(folder)).isEmpty();
        assertThat(estate.store.health().fences()).isZero();
        estate.cut(50);
    }

    private void cutLog() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            Path making =
                    files.filter(f -> f.getFileName().toString().startsWith(".making"))
                            .findFirst()
                            .orElseThrow();
            try (FileChannel log =
                    FileChannel.open(making.resolve("state.log"), StandardOpenOption.WRITE)) {
                log.truncate(log.size() - 3);
            }
        }
    }

    @Test
    void withoutTheSpaceNoneIsBegun() throws Exception {
        Backups backups =
                new Backups(
                        estate.store,
                        Estate.SCHEMA,
                        new BackupPolicy(folder, Duration.ZERO, 7, Long.MAX_VALUE / 2),
                        Estate.DAEMON);

        OperationException e = refusal(backups);

        assertThat(e.code()).isEqualTo(Code.NO_SPACE);
        assertThat(e).hasMessageContaining("to spare: make room there");
        assertThat(Estate.names(folder)).isEmpty();
    }

    @Test
    void aFencedStateIsNotBackedUp() throws Exception {
        Path state = temp.resolve("fenced");
        StoreOptions options = new StoreOptions(0, 0, 2, Duration.ofMinutes(10));
        try (Estate fenced = new Estate(state, options)) {
            String name =
                    fenced.store
                            .reads()
                            .withHandle(
                                    h ->
                                            h.createQuery("CALL DATABASE_NAME()")
                                                    .mapTo(String.class)
                                                    .one());
            Logger.getLogger("hsqldb.db." + name).warning("it smells of smoke");
            Backups backups = fenced.backups(folder);

            OperationException e = refusal(backups);

            assertThat(e.code()).isEqualTo(Code.UNAVAILABLE);
            assertThat(e).hasMessageContaining("it smells of smoke");
            assertThat(Estate.names(folder)).isEmpty();
        }
    }

    @Test
    void whileOneIsMadeAnotherIsRefused() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Backups backups =
                estate.backups(
                        folder,
                        7,
                        InstantSource.system(),
                        _ -> {
                            begun.countDown();
                            await(go);
                        });
        assertThat(backups.make(Duration.ofMillis(1))).isEmpty();
        begun.await();

        OperationException e = refusal(backups);
        OperationException other = refusal(estate.backups(folder));

        assertThat(e.code()).isEqualTo(Code.BUSY);
        assertThat(other.code()).isEqualTo(Code.BUSY);
        assertThat(backups.running()).isTrue();
        // Changes go on meanwhile.
        estate.cut(100, 200);
        go.countDown();
        Awaitility.await().atMost(Estate.LONG).until(() -> !backups.running());
        assertThat(backups.last().orElseThrow().census().snapshots()).isEqualTo(110);
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    @Test
    void stoppingGivesUpWhatIsBeingMade() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        Backups backups =
                estate.backups(
                        folder,
                        7,
                        InstantSource.system(),
                        _ -> {
                            begun.countDown();
                            await(new CountDownLatch(1));
                        });
        assertThat(backups.make(Duration.ofMillis(1))).isEmpty();
        begun.await();

        backups.stop(Estate.LONG);

        assertThat(backups.running()).isFalse();
        assertThat(Estate.names(folder)).isEmpty();
        assertThat(refusal(backups)).hasMessageContaining("the daemon is stopping");
        estate.cut(50);
    }

    @Test
    void aDamagedOneCountsForNothingAndIsToldOf() throws Exception {
        System.out.printf("BackupsTest: -Dcairn.seed=%d%n", SEED);
        AtomicInteger seconds = new AtomicInteger();
        Backups backups =
                estate.backups(
                        folder,
                        2,
                        () -> Instant.ofEpochSecond(1_800_000_000L + seconds.getAndIncrement()),
                        _ -> {});
        String one = Estate.make(backups).name();
        String two = Estate.make(backups).name();
        Estate.flip(folder.resolve(two).resolve("state.script"), new Random(SEED));

        String three = Estate.make(backups).name();

        // The damaged one is not one of the two that are kept.
        assertThat(Estate.names(folder)).containsExactly(one, two, three);
        assertThat(backups.problem()).contains(two).contains("state.script is damaged");
        assertThat(backups.count()).isEqualTo(2);
        assertThat(backups.list())
                .filteredOn(each -> !each.good())
                .extracting(Backup::name)
                .containsExactly(two);
        Estate.delete(folder.resolve(two));
        assertThat(backups.list()).extracting(Backup::name).containsExactly(three, one);
        assertThat(backups.problem()).isEmpty();
    }

    @Test
    void aDamagedManifestIsToldOfAtOnce() throws Exception {
        Backups backups = estate.backups(folder);
        Backup made = Estate.make(backups);
        Estate.flip(folder.resolve(made.name()).resolve("manifest"), new Random(SEED));

        assertThat(backups.list())
                .singleElement()
                .satisfies(each -> assertThat(each.problem()).contains("manifest"));
        assertThat(backups.count()).isZero();
        assertThat(backups.lastAgeMillis()).isEmpty();
        assertThat(estate.backups(folder).problem()).contains(made.name());
        // What is made next is the newest all the same.
        Backup next = Estate.make(backups);
        assertThat(backups.last().orElseThrow().name()).isEqualTo(next.name());
    }

    @Test
    void whatAKilledDaemonLeftIsRemovedByTheNextBackup() throws Exception {
        for (String what : List.of("making", "checking", "removing")) {
            Path left = folder.resolve(".%s-%s".formatted(what, UUID.randomUUID()));
            Files.createDirectories(left.resolve("database"));
            Files.writeString(left.resolve("database/state.log"), "half");
        }
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        Files.writeString(folder.resolve("notes.txt"), "an operator's");
        Backups backups = estate.backups(folder);
        assertThat(backups.list()).isEmpty();

        Backup made = Estate.make(backups);

        assertThat(Estate.names(folder)).containsExactly("notes.txt", made.name());
    }

    @Test
    void theFolderOfAnotherDaemonIsRefused() throws Exception {
        Backup made = Estate.make(estate.backups(folder));
        Backups others =
                new Backups(
                        estate.store,
                        Estate.SCHEMA,
                        new BackupPolicy(folder, Duration.ZERO, 1, 0),
                        UUID.randomUUID());

        OperationException e = refusal(others);

        assertThat(e.code()).isEqualTo(Code.CONFLICT);
        assertThat(e).hasMessageContaining(Estate.DAEMON.toString());
        assertThat(Estate.names(folder)).containsExactly(made.name());
    }

    @Test
    void aFolderThatOthersCanReadIsRefused() throws Exception {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));

        OperationException e = refusal(estate.backups(folder));

        assertThat(e.code()).isEqualTo(Code.UNAVAILABLE);
        assertThat(e).hasMessageContaining("chmod 700");
        assertThat(Estate.names(folder)).isEmpty();
    }

    @Test
    void aStateThatDisagreesWithItselfIsBackedUpAsItIs() throws Exception {
        boolean _ =
                estate.store.commit(
                        statements ->
                                statements
                                                .prepare("UPDATE backend_count SET snapshots = 99")
                                                .executeUpdate()
                                        == 1);

        Backup made = Estate.make(estate.backups(folder));

        assertThat(made.census().snapshots()).isEqualTo(99);
        Path state = temp.resolve("restored");
        assertThat(Estate.restore(state, folder, made.name()).err()).isEmpty();
        try (Estate restored = new Estate(state)) {
            assertThat(restored.number("SELECT COUNT(*) FROM snapshot")).isEqualTo(10);
            assertThat(restored.number("SELECT SUM(snapshots) FROM backend_count")).isEqualTo(99);
        }
    }

    @Test
    void theyAreMadeFromTimeToTime() throws Exception {
        Backups backups =
                new Backups(
                        estate.store,
                        Estate.SCHEMA,
                        new BackupPolicy(folder, Duration.ofMillis(50), 2, 0),
                        Estate.DAEMON);
        backups.start();

        Awaitility.await()
                .atMost(Estate.LONG)
                .until(() -> backups.last().map(Backup::sequence).orElse(0L) >= 4);

        backups.stop(Estate.LONG);
        assertThat(backups.list()).hasSizeLessThanOrEqualTo(2);
        assertThat(Estate.names(folder)).allMatch(BackupFolder::validName);
        assertThat(backups.lastAgeMillis().orElseThrow()).isNotNegative();
    }

    private static OperationException refusal(Backups backups) {
        return catchThrowableOfType(
                OperationException.class, () -> backups.make(Estate.LONG).orElseThrow());
    }
}
