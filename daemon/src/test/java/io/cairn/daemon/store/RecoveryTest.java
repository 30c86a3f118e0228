package io.cairn.daemon.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import static java.nio.charset.StandardCharsets.US_ASCII;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Opens what a crash left: the files of a running store, with the log cut short or damaged. */
final class RecoveryTest {
    private static final int CHANGES = 20;

    @TempDir private Path temp;
    private Path crashed;
    private Path log;
    private byte[] whole;

    @BeforeEach
    void crash() throws Exception {
        Path live = temp.resolve("live");
        crashed = temp.resolve("crashed");
        try (StateStore store = Items.open(live)) {
            for (long id = 1; id <= CHANGES; id++) {
                store.commit(Items.addingPair(id));
            }
            copy(live, crashed);
        }
        log = crashed.resolve("database/state.log");
        whole = Files.readAllBytes(log);
    }

    @Test
    void aLogCutAtAnyByteKeepsEveryWholeChange() throws Exception {
        int third = whole.length - 3 * (whole.length - endOfChange(CHANGES - 1));
        long seed = Long.getLong("cairn.store.seed", System.nanoTime());
        System.out.printf("RecoveryTest: -Dcairn.store.seed=%d%n", seed);
        Random random = new Random(seed);
        for (int cut = third; cut <= whole.length; cut += 1 + random.nextInt(5)) {
            Path copy = temp.resolve("cut-" + cut);
            copy(crashed, copy);
            Files.write(copy.resolve("database/state.log"), Arrays.copyOf(whole, cut));

            assertThat(changesIn(copy)).as("cut at byte %d", cut).isEqualTo(wholeChanges(cut));
        }
    }

    @Test
    void garbageBehindTheLastChangeIsCutOffKeptAndReported() throws Exception {
        byte[] garbage = new byte[5000];
        new Random(1).nextBytes(garbage);
        append(garbage);

        try (StateStore store = Items.open(crashed)) {
            assertThat(Items.ids(store)).hasSize(2 * CHANGES);
            assertThat(store.health().repairs()).singleElement().asString().contains("5000 bytes");
        }
        try (Stream<Path> files = Files.list(crashed.resolve("database"))) {
            Path kept =
                    files.filter(f -> f.getFileName().toString().startsWith("state.log.cut-"))
                            .findFirst()
                            .orElseThrow();
            assertThat(Files.readAllBytes(kept)).isEqualTo(garbage);
        }
    }

    @Test
    void aHoleInTheLastChangeIsATornWrite() throws Exception {
        byte[] torn = whole.clone();
        Arrays.fill(torn, endOfChange(CHANGES - 1) + 10, whole.length - 20, (byte) 0);
        Files.write(log, torn);

        assertThat(changesIn(crashed)).isEqualTo(CHANGES - 1);
    }

    @Test
    void aHoleBeforeTheLastChangeIsRefused() throws Exception {
        byte[] torn = whole.clone();
        Arrays.fill(torn, endOfChange(5) + 3, endOfChange(5) + 9, (byte) 0);

        refusedAndLeftAlone(torn);
    }

    @Test
    void binaryDamageBeforeTheLastChangeIsRefused() throws Exception {
        byte[] damaged = whole.clone();
        damaged[endOfChange(5) + 3] = (byte) 0xff;

        refusedAndLeftAlone(damaged);
    }

    @Test
    void aBadLineBeforeTheLastChangeIsRefused() throws Exception {
        byte[] damaged = whole.clone();
        damaged[endOfChange(5) + 3] = '?';

        refusedAndLeftAlone(damaged);
    }

    private void refusedAndLeftAlone(byte[] damaged) throws Exception {
        Files.write(log, damaged);

        StoreException e =
                catchThrowableOfType(StoreException.class, () -> Items.open(crashed).close());

        assertThat(e.kind()).isEqualTo(StoreException.Kind.DAMAGED);
        assertThat(Files.readAllBytes(log)).isEqualTo(damaged);
        Files.write(log, whole);
        assertThat(changesIn(crashed)).isEqualTo(CHANGES);
    }

    @Test
    void whatTheFenceNotedAsGoodIsKeptAndNoMore() throws Exception {
        int good = endOfChange(12);
        try (FenceNote note = FenceNote.in(crashed)) {
            note.write(good);
        }

        assertThat(changesIn(crashed)).isEqualTo(12);
    }

    @Test
    void theFencesNoteCountsOnce() throws Exception {
        try (FenceNote note = FenceNote.in(crashed)) {
            note.write(endOfChange(12));
        }
        try (StateStore store = Items.open(crashed)) {
            store.commit(Items.addingPair(100));
            copy(crashed, temp.resolve("again"));
        }

        assertThat(changesIn(temp.resolve("again"))).isEqualTo(13);
    }

    @Test
    void aNoteThatWasItselfTornIsIgnored() throws Exception {
        Files.write(crashed.resolve("fence"), new byte[] {0x43, 0x41, 0x49});

        assertThat(changesIn(crashed)).isEqualTo(CHANGES);
    }

    @Test
    void aDatabaseThatACrashLeftHalfMadeIsMadeAgain() throws Exception {
        Path fresh = temp.resolve("fresh");
        Files.createDirectories(fresh.resolve("database.new"));
        Files.writeString(fresh.resolve("database.new/state.properties"), "modified=yes\n");

        try (StateStore store = Items.open(fresh)) {
            assertThat(Items.ids(store)).isEmpty();
        }
    }

    @Test
    void aValueThatLooksLikeACommitIsAValue() throws Exception {
        byte[] text =
                "INSERT INTO T VALUES('\\u000aCOMMIT\\u000a')\nCOMMIT\nxCOMMIT\n"
                        .getBytes(US_ASCII);

        assertThat(LogTail.afterLastCommit(text, text.length))
                .isEqualTo(text.length - "xCOMMIT\n".length());
    }

    @Test
    void aCommitBehindAMarkOfItsSessionCounts() {
        byte[] text = "/*C12*/COMMIT\n".getBytes(US_ASCII);

        assertThat(LogTail.afterLastCommit(text, text.length)).isEqualTo(text.length);
    }

    private int changesIn(Path folder) throws StoreException {
        try (StateStore store = Items.open(folder)) {
            List<Long> ids = Items.ids(store);
            int changes = ids.size() / 2;
            assertThat(ids.stream().mapToLong(Long::longValue).sum()).isZero();
            assertThat(ids)
                    .containsAll(LongStream.rangeClosed(1, Math.min(changes, 12)).boxed().toList());
            return changes;
        }
    }

    /** Where the change with this number ends in the log; before the first is the store's own. */
    private int endOfChange(int change) {
        int end = whole.length;
        for (int i = CHANGES; i > change; i--) {
            end = LogTail.afterLastCommit(whole, end - 1);
        }
        return end;
    }

    private int wholeChanges(int length) {
        int changes = 0;
        while (changes < CHANGES && endOfChange(changes + 1) <= length) {
            changes++;
        }
        return changes;
    }

    private void append(byte[] bytes) throws IOException {
        byte[] longer = Arrays.copyOf(whole, whole.length + bytes.length);
        System.arraycopy(bytes, 0, longer, whole.length, bytes.length);
        Files.write(log, longer);
    }

    static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }
}
