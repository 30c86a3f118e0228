package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;
import static io.cairn.daemon.volume.VolumesTest.read;
import static io.cairn.daemon.volume.VolumesTest.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.store.StateStore;
import io.cairn.daemon.store.StoreOptions;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.Target;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A state from before what happened to the storage since. */
final class EarlierStateTest {
    private static final long MIB = 1L << 20;
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir private Path folder;

    private List<String> giveUp() throws Exception {
        try (StateStore store =
                StateStore.open(folder.resolve("state"), StoreOptions.DEFAULTS, Volumes.schema())) {
            return EarlierState.giveUpWhatWasBegun(store);
        }
    }

    /** What was written after it came to its end would be lost. */
    @Test
    void aRevertThatWasBegunThenIsNotCarriedOut() throws Exception {
        try (House then = House.open(folder)) {
            Volume volume = then.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
            write(volume.location(), "before");
            Snapshot _ = then.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
            then.driver.diesAfterTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> then.volumes.alterations().revert(volume.id(), "s"));
            write(volume.location(), "since!");
        }
        assertThat(giveUp()).singleElement().asString().contains("revert", "db1", BACKEND);
        assertThat(giveUp()).isEmpty();
        try (House now = House.open(folder)) {
            now.volumes.start(LONG);
            assertThat(now.volumes.unfinished()).isEmpty();
            Volume volume = now.volumes.volume(BACKEND, "db1").orElseThrow();
            assertThat(volume.state()).isEqualTo(ObjectState.AVAILABLE);
            assertThat(read(volume.location(), 6)).isEqualTo("since!");
        }
    }

    @Test
    void whatWasBeingCutDeletedOrMadeThenIsLeftAsItIs() throws Exception {
        try (House then = House.open(folder)) {
            Volume cut = then.volumes.createVolume(BACKEND, NewVolume.named("cut", MIB));
            then.driver.diesAfterTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> then.volumes.createSnapshot(cut.id(), NewSnapshot.named("s")));
            Volume kept = then.volumes.createVolume(BACKEND, NewVolume.named("kept", MIB));
            then.driver.diesBeforeTheNextChange();
            assertFails(Code.FAULT, "power cut", () -> then.volumes.deleteVolume(kept.id()));
            then.driver.diesAfterTheNextChange();
            assertFails(
                    Code.FAULT,
                    "power cut",
                    () -> then.volumes.createVolume(BACKEND, NewVolume.named("made", MIB)));
        }
        assertThat(giveUp()).hasSize(3);
        try (House now = House.open(folder)) {
            now.volumes.start(LONG);
            assertThat(now.volumes.unfinished()).isEmpty();
            assertThat(now.inventory().volumes()).hasSize(3);
            assertThat(now.inventory().snapshots()).hasSize(1);
            assertThat(now.volumes.volume(BACKEND, "made")).isEmpty();
            for (String name : List.of("cut", "kept")) {
                Volume volume = now.volumes.volume(BACKEND, name).orElseThrow();
                assertThat(volume.state()).isEqualTo(ObjectState.AVAILABLE);
                assertThat(volume.snapshotCount()).isZero();
            }
            assertThat(now.volumes.counts(BACKEND).volumes()).isEqualTo(2);
        }
    }

    @Test
    void whatWasToGoFromTheTrashThenStaysThere() throws Exception {
        try (Cellar then = Cellar.open(folder)) {
            Volume volume = then.house.volumes.createVolume(BACKEND, NewVolume.named("v", MIB));
            then.house.volumes.deleteVolume(volume.id());
            assertThat(then.house.volumes.purging().empty(BACKEND)).isEqualTo(1);
        }
        assertThat(giveUp()).isEmpty();
        try (Cellar now = Cellar.open(folder)) {
            now.house.volumes.start(LONG);
            Target _ = now.restore("v", "");
            assertThat(now.house.volumes.volume(BACKEND, "v")).isPresent();
        }
    }

    /** It says the same of itself as when it got into the trash, where it could not be marked. */
    @Test
    void whatWasBroughtBackSinceIsLeftAlone() throws Exception {
        Path state = folder.resolve("state");
        Path earlier = folder.resolve("earlier");
        String mark;
        try (Cellar then = Cellar.open(folder)) {
            Volume volume = then.house.volumes.createVolume(BACKEND, NewVolume.named("v", MIB));
            mark = then.house.inventory().volumes().getFirst().mark().text();
            then.house.volumes.deleteVolume(volume.id());
            then.house.damage(
                    "UPDATE trash SET marked = FALSE, told = '%s'"
                            .formatted(mark.replace("'", "''")));
        }
        copy(state, earlier);
        try (Cellar since = Cellar.open(folder)) {
            Target _ = since.restore("v", "");
            assertThat(since.house.inventory().volumes().getFirst().mark().text()).isEqualTo(mark);
        }
        delete(state);
        Files.move(earlier, state);
        assertThat(giveUp()).isEmpty();
        try (Cellar now = Cellar.open(folder)) {
            assertFails(Code.CONFLICT, "brought it back", () -> now.purge("v"));
            assertThat(now.house.inventory().volumes()).hasSize(1);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.toList()) {
                Files.copy(each, to.resolve(from.relativize(each)));
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
