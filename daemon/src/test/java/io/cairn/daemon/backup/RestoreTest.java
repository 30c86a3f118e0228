package io.cairn.daemon.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.cairn.daemon.store.SchemaStep;
import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreException;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.volume.Census;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.logging.Logger;
import java.util.stream.LongStream;

/** Backups put back in the place of the state. */
final class RestoreTest {
    private static final long SEED = Long.getLong("cairn.seed", System.nanoTime());
    private static final List<Long> OLD = LongStream.range(0, 10).boxed().toList();
    private static final List<Long> NEW = LongStream.range(0, 20).boxed().toList();

    @TempDir private Path temp;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Path state;

    @SuppressWarnings("NullAway.Init") // made before each test
    private Path backups;

    @SuppressWarnings("NullAway.Init") // made before each test
    private String backup;

    @BeforeEach
    void make() throws Exception {
        state = temp.resolve("state");
        backups = temp.resolve("backups");
        try (Estate estate = new Estate(state)) {
            estate.cut(0, 10);
            backup = Estate.make(estate.backups(backups)).name();
            estate.cut(10, 20);
        }
    }

    @Test
    void theStateIsThatOfTheBackupAndWhatWasThereIsPutAside() throws Exception {
        Estate.Restored restored = Estate.restore(state, backups, backup);

        assertThat(restored.err()).isEmpty();
        assertThat(restored.status()).isZero();
        assertThat(restored.out()).contains("1 volumes and 10 snapshots").contains(backup);
        assertThat(Estate.numbers(state)).isEqualTo(OLD);
        List<String> aside = aside();
        assertThat(aside).hasSize(1);
        assertThat(restored.out()).contains(aside.getFirst());
        // It is whole, and could be put back.
        Path again = temp.resolve("again");
        Files.createDirectories(again);
        Files.move(state.resolve(aside.getFirst()), again.resolve("database"));
        assertThat(Estate.numbers(again)).isEqualTo(NEW);
        assertThat(Estate.names(state)).noneMatch(name -> name.startsWith("restor"));
    }

    @Test
    void whatWasBeingCarriedOutThenIsGivenUpAndTold() throws Exception {
        try (Estate estate = new Estate(state)) {
            estate.begin("DELETE_VOLUME");
            backup = Estate.make(estate.backups(backups)).name();
        }

        Estate.Restored restored = Estate.restore(state, backups, backup);

        assertThat(restored.status()).isZero();
        assertThat(restored.out()).contains("given up here", "delete volume many", "fast");
        try (Estate estate = new Estate(state)) {
            assertThat(estate.number("SELECT COUNT(*) FROM intent")).isZero();
            assertThat(estate.check()).isEqualTo(NEW);
        }
    }

    private List<String> aside() throws IOException {
        return Estate.names(state).stream()
                .filter(name -> name.startsWith("database.before-"))
                .toList();
    }

    @Test
    void itMayBeRepeatedAndTheBackupStaysByteForByte() throws Exception {
        var before = Manifest.sums(backups.resolve(backup));
        for (int i = 0; i < 3; i++) {
            assertThat(Estate.restore(state, backups, backup).status()).isZero();
            assertThat(Estate.numbers(state)).isEqualTo(OLD);
        }
        assertThat(aside()).hasSize(3);
        assertThat(Manifest.sums(backups.resolve(backup))).isEqualTo(before);
    }

    @Test
    void whereThereIsNoStateItIsMade() throws Exception {
        Path fresh = temp.resolve("elsewhere/state");

        Estate.Restored restored =
                Estate.restore(
                        fresh,
                        temp.resolve("no-backups"),
                        backups.resolve(backup).toString(),
                        Optional.empty());

        assertThat(restored.status()).isZero();
        assertThat(restored.out()).contains("identity is missing: write " + Estate.DAEMON);
        assertThat(Estate.numbers(fresh)).isEqualTo(OLD);
    }

    @Test
    void whileADaemonHasTheStateItIsRefused() throws Exception {
        try (Estate running = new Estate(state)) {
            Estate.Restored restored = Estate.restore(state, backups, backup);

            assertThat(restored.status()).isEqualTo(1);
            assertThat(restored.err()).contains("in use by").contains("stop that daemon first");
            running.cut(20);
            assertThat(running.check()).hasSize(21);
        }
        assertThat(aside()).isEmpty();
    }

    @Test
    void oneFlippedBitAnywhereIsRefusedAndTheFileNamed() throws Exception {
        System.out.printf("RestoreTest: -Dcairn.seed=%d%n", SEED);
        Random random = new Random(SEED);
        Path path = backups.resolve(backup);
        for (String name : Estate.names(path)) {
            for (int i = 0; i < 5; i++) {
                byte[] whole = Files.readAllBytes(path.resolve(name));
                Estate.flip(path.resolve(name), random);

                Estate.Restored restored = Estate.restore(state, backups, backup);

                assertThat(restored.status()).as(name).isEqualTo(1);
                assertThat(restored.err()).contains(name).contains("take another backup");
                Files.write(path.resolve(name), whole);
            }
        }
        untouched();
        assertThat(Estate.restore(state, backups, backup).status()).isZero();
    }

    @Test
    void oneWithAFileMissingOrTooManyIsRefused() throws Exception {
        Path path = backups.resolve(backup);
        Files.writeString(path.resolve("state.lobs"), "mine");
        assertThat(Estate.restore(state, backups, backup).err())
                .contains("state.lobs does not belong to it");
        Files.delete(path.resolve("state.lobs"));
        Files.move(path.resolve("state.log"), temp.resolve("state.log"));
        assertThat(Estate.restore(state, backups, backup).err())
                .contains("its file state.log is missing");
        untouched();
    }

    @Test
    void aManifestThatLeadsOutOfTheFolderIsRefused() throws Exception {
        Path path = backups.resolve(backup);
        Manifest manifest = Manifest.read(path);
        var sums = new TreeMap<>(manifest.sums());
        sums.put("../../state/lock", "0");
        Files.delete(path.resolve("manifest"));
        new Manifest(
                        manifest.sequence(),
                        manifest.at(),
                        manifest.daemon(),
                        manifest.schema(),
                        manifest.census(),
                        manifest.bytes(),
                        sums)
                .write(path);

        assertThat(Estate.restore(state, backups, backup).err())
                .contains("names a file that is none of a database");
        untouched();
    }

    @Test
    void oneThatDoesNotHoldWhatItSaysIsRefused() throws Exception {
        Path path = backups.resolve(backup);
        Manifest manifest = Manifest.read(path);
        Files.delete(path.resolve("manifest"));
        new Manifest(
                        manifest.sequence(),
                        manifest.at(),
                        manifest.daemon(),
                        manifest.schema(),
                        new Census(1, 11, 0),
                        manifest.bytes(),
                        manifest.sums())
                .write(path);

        assertThat(Estate.restore(state, backups, backup).err())
                .contains("it was opened to be verified, and it has");
        untouched();
    }

    @Test
    void thatOfAnotherDaemonIsRefused() throws Exception {
        Estate.Restored restored =
                Estate.restore(state, backups, backup, Optional.of(UUID.randomUUID()));

        assertThat(restored.status()).isEqualTo(1);
        assertThat(restored.err()).contains("it is of the daemon " + Estate.DAEMON);
        untouched();
    }

    @Test
    void thatOfANewerCairnIsRefused() throws Exception {
        List<SchemaStep> newer = new ArrayList<>(Estate.SCHEMA);
        newer.add(
                new SchemaStep(
                        10_000, "later", "CREATE MEMORY TABLE later (id INTEGER PRIMARY KEY);\n"));
        String made;
        try (StateStore store =
                StateStore.open(
                        temp.resolve("newer"),
                        new StoreOptions(0, 0, 1, Duration.ofSeconds(1)),
                        newer)) {
            made =
                    Estate.make(
                                    new Backups(
                                            store,
                                            newer,
                                            new BackupPolicy(backups, Duration.ZERO, 7, 0),
                                            Estate.DAEMON))
                            .name();
        }

        Estate.Restored restored = Estate.restore(state, backups, made);

        assertThat(restored.status()).isEqualTo(1);
        assertThat(restored.err()).contains("used by a newer Cairn");
        untouched();
    }

    @Test
    void whatIsNoBackupIsNotTaken() throws Exception {
        for (String which : List.of("state-2020-01-01T00-00-00Z", "nothing", "..")) {
            assertThat(Estate.restore(state, backups, which).status()).isEqualTo(1);
        }
        assertThat(Estate.restore(state, backups, "").status()).isEqualTo(2);
        untouched();
    }

    private void untouched() throws Exception {
        assertThat(aside()).isEmpty();
        assertThat(Estate.numbers(state)).isEqualTo(NEW);
    }

    /** What a kill between the two renames leaves. */
    private void killBetweenTheRenames() throws IOException {
        Path restored = state.resolve("database.restored");
        Files.createDirectory(restored);
        for (String name : Manifest.read(backups.resolve(backup)).sums().keySet()) {
            Files.copy(backups.resolve(backup).resolve(name), restored.resolve(name));
        }
        Files.move(state.resolve("database"), state.resolve("database.before-killed"));
    }

    @Test
    void killedBetweenTheRenamesTheNextStartPutsTheNewOneInPlace() throws Exception {
        killBetweenTheRenames();

        try (Estate estate = new Estate(state)) {
            assertThat(estate.check()).isEqualTo(OLD);
            assertThat(estate.store.health().repairs())
                    .singleElement()
                    .asString()
                    .contains("that a restore had made");
        }
        assertThat(Estate.names(state)).doesNotContain("database.restored");
    }

    @Test
    void killedBetweenTheRenamesAnotherRestoreWorks() throws Exception {
        killBetweenTheRenames();

        assertThat(Estate.restore(state, backups, backup).status()).isZero();

        assertThat(Estate.numbers(state)).isEqualTo(OLD);
        assertThat(aside()).hasSize(2);
    }

    @Test
    void killedBeforeTheRenamesTheOldOneStaysAndTheNewOneIsForgotten() throws Exception {
        Files.createDirectory(state.resolve("database.restored"));
        Files.writeString(state.resolve("database.restored/state.log"), "whole");

        assertThat(Estate.numbers(state)).isEqualTo(NEW);

        // Else it would come in place years later, when somebody takes the database away.
        assertThat(Estate.names(state)).doesNotContain("database.restored");
    }

    @Test
    void whatTheFenceSaidOfTheOldLogIsNotSaidOfTheNew() throws Exception {
        // As a daemon leaves it that was killed while it was fenced.
        Path fenced = temp.resolve("fenced");
        StoreOptions options = new StoreOptions(0, 0, 2, Duration.ofMinutes(10));
        try (Estate estate = new Estate(fenced, options)) {
            estate.cut(0, 5);
            String name =
                    estate.store
                            .reads()
                            .withHandle(
                                    h ->
                                            h.createQuery("CALL DATABASE_NAME()")
                                                    .mapTo(String.class)
                                                    .one());
            Logger.getLogger("hsqldb.db." + name).warning("it smells of smoke");
            assertThat(catchThrowableOfType(StoreException.class, () -> estate.cut(5)).kind())
                    .isEqualTo(StoreException.Kind.FENCED);
            Files.copy(fenced.resolve("fence"), temp.resolve("fence"));
        }
        Files.copy(
                temp.resolve("fence"), state.resolve("fence"), StandardCopyOption.REPLACE_EXISTING);

        assertThat(Estate.restore(state, backups, backup).status()).isZero();

        try (Estate estate = new Estate(state)) {
            assertThat(estate.check()).isEqualTo(OLD);
            assertThat(estate.store.health().repairs()).isEmpty();
        }
        assertThat(state.resolve(aside().getFirst()).resolve("fence"))
                .hasSameBinaryContentAs(temp.resolve("fence"));
    }
}
