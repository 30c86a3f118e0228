package io.cairn.daemon.backup;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;

/** Kills a process that makes backups, or restores one, at random moments. */
final class KilledTest {
    private static final int KILLS = Integer.getInteger("cairn.backup.kills", 6);
    private static final long SEED = Long.getLong("cairn.seed", System.nanoTime());

    @TempDir private Path temp;

    @Test
    void aBackupThatWasKilledIsNoneAndTheStateIsWhole() throws Exception {
        System.out.printf("KilledTest: -Dcairn.seed=%d%n", SEED);
        Random random = new Random(SEED);
        Path state = temp.resolve("state");
        Path backups = temp.resolve("backups");
        Set<Long> cut = new HashSet<>();
        String lastMade = "";
        int unfinished = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            try (Child child = Child.backing(state, backups, kill * 1_000_000L)) {
                List<String> said = new ArrayList<>();
                awaitLine(child, said, "begun");
                // A kill in the first backup of the child, or in one of those after it.
                for (int i = random.nextInt(3); i > 0; i--) {
                    awaitLine(child, said, "backup ");
                }
                Thread.sleep(random.nextInt(400));
                child.kill();
                said.addAll(child.rest());
                assertThat(said).noneMatch(line -> line.startsWith("failed"));
                for (String line : said) {
                    if (line.startsWith("cut ")) {
                        cut.add(Long.parseLong(line.substring(4)));
                    } else if (line.startsWith("backup ")) {
                        lastMade = line.substring(7);
                    }
                }
            }
            if (Estate.names(backups).stream().anyMatch(name -> name.startsWith("."))) {
                unfinished++;
            }
            assertThat(Estate.numbers(state)).containsAll(cut);
            List<Backup> there = new BackupFolder(backups).list();
            assertThat(there).hasSizeLessThanOrEqualTo(4).allMatch(Backup::good);
            if (!lastMade.isEmpty()) {
                assertThat(there).extracting(Backup::name).contains(lastMade);
            }
            for (Backup each : there) {
                assertThat(Manifest.read(backups.resolve(each.name())))
                        .satisfies(
                                manifest ->
                                        assertThat(
                                                        manifest.differing(
                                                                Manifest.sums(
                                                                        backups.resolve(
                                                                                each.name()))))
                                                .isEmpty());
            }
            if (!there.isEmpty()) {
                Path restored = temp.resolve("restored-" + kill);
                Estate.Restored done = Estate.restore(restored, backups, there.getFirst().name());
                assertThat(done.err()).isEmpty();
                assertThat((long) Estate.numbers(restored).size())
                        .isEqualTo(there.getFirst().census().snapshots());
            }
        }
        assertThat(lastMade).isNotEmpty();
        System.out.printf(
                "KilledTest: %d of %d kills left an unfinished backup%n", unfinished, KILLS);
        try (Estate estate = new Estate(state)) {
            Backup last = Estate.make(estate.backups(backups));
            assertThat(Estate.names(backups))
                    .contains(last.name())
                    .allMatch(BackupFolder::validName);
        }
    }

    @Test
    void aRestoreThatWasKilledLeavesTheOldStateOrTheNewAndMayBeRepeated() throws Exception {
        System.out.printf("KilledTest: -Dcairn.seed=%d%n", SEED);
        Random random = new Random(SEED);
        Path state = temp.resolve("state");
        Path backups = temp.resolve("backups");
        String ten;
        String twenty;
        try (Estate estate = new Estate(state)) {
            Backups made = estate.backups(backups);
            estate.cut(0, 10);
            ten = Estate.make(made).name();
            estate.cut(10, 20);
            twenty = Estate.make(made).name();
        }
        List<Long> ofTen = LongStream.range(0, 10).boxed().toList();
        List<Long> ofTwenty = LongStream.range(0, 20).boxed().toList();
        int cutShort = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            try (Child child = Child.restoring(state, backups, ten, twenty)) {
                List<String> said = new ArrayList<>();
                awaitLine(child, said, "begun");
                for (int i = random.nextInt(4); i > 0; i--) {
                    awaitLine(child, said, "restored ");
                }
                Thread.sleep(random.nextInt(150));
                child.kill();
                said.addAll(child.rest());
                assertThat(said).noneMatch(line -> line.startsWith("failed"));
            }
            if (!Files.exists(state.resolve("database"))
                    || Files.exists(state.resolve("restoring"))
                    || Files.exists(state.resolve("database.restored"))) {
                cutShort++;
            }
            // As a daemon would find it, or as another restore would.
            if (random.nextBoolean()) {
                assertThat(Estate.numbers(state)).isIn(ofTen, ofTwenty);
            } else {
                assertThat(Estate.restore(state, backups, ten).err()).isEmpty();
                assertThat(Estate.numbers(state)).isEqualTo(ofTen);
            }
            for (String name : Estate.names(state)) {
                if (name.startsWith("database.before-")) {
                    Path aside = temp.resolve("aside-" + kill + name.substring(15));
                    Files.createDirectories(aside);
                    Files.move(state.resolve(name), aside.resolve("database"));
                    assertThat(Estate.numbers(aside)).isIn(ofTen, ofTwenty);
                }
            }
        }
        System.out.printf("KilledTest: %d of %d kills cut a restore short%n", cutShort, KILLS);
        assertThat(cutShort).isPositive();
    }

    private static void awaitLine(Child child, List<String> said, String beginning)
            throws IOException {
        while (true) {
            String line = child.output().readLine();
            assertThat(line).as("the child ended").isNotNull();
            said.add(line.substring(0, line.length() - 1));
            if (line.startsWith(beginning)) {
                return;
            }
        }
    }
}
