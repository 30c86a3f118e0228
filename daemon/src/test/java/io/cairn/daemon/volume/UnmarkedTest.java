package io.cairn.daemon.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.volume.FaultyDriver.Moment;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What is in the trash and could not be made to say so: when it goes, and when it is left alone.
 */
final class UnmarkedTest {
    private static final Duration LONG = Duration.ofDays(2);

    @TempDir private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Cellar cellar;

    @BeforeEach
    void open() throws Exception {
        cellar = Cellar.open(folder);
    }

    @AfterEach
    void close() {
        cellar.close();
    }

    @Test
    void whatIsAsItWasWhenThereWasNoRoomForItsMarkGoes() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        full();
        full();
        cellar.house.volumes.deleteWithSnapshots(snapshot.volume());
        cellar.pass(LONG);
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        cellar.assertNothingOnBackend();
    }

    /** As it is when another daemon recorded it, or this one in a state that is newer. */
    @Test
    void whatSaysSomethingElseSinceIsLeftAlone() throws Exception {
        Volume volume = cellar.volume("db");
        Snapshot snapshot = cellar.snapshot(volume, "monday");
        full();
        full();
        cellar.house.volumes.deleteWithSnapshots(volume.id());
        cellar.house
                .backend()
                .run(
                        volume.id(),
                        driver -> {
                            driver.markVolume(volume.id(), Marks.of(volume.named("again")));
                            driver.markSnapshot(
                                    snapshot.id(), volume.id(), Marks.of(snapshot.named("again")));
                        });
        cellar.pass(LONG);
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        assertThat(cellar.house.inventory().volumes()).hasSize(1);
        assertThat(cellar.house.inventory().snapshots()).hasSize(1);
    }

    @Test
    void whatWasMissingAndIsThereAgainIsLeftAlone() throws Exception {
        Volume volume = cellar.volume("db");
        Path image = Path.of(volume.location());
        Path away = folder.resolve("away");
        Files.move(image, away);
        cellar.house.volumes.deleteVolume(volume.id());
        Files.move(away, image);
        cellar.pass(LONG);
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        assertThat(cellar.house.inventory().volumes()).hasSize(1);
    }

    @Test
    void whatIsStillMissingSimplyGoes() throws Exception {
        Volume volume = cellar.volume("db");
        Files.delete(Path.of(volume.location()));
        cellar.house.volumes.deleteVolume(volume.id());
        cellar.pass(LONG);
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        cellar.assertNothingOnBackend();
    }

    @Test
    void whatCouldNotBeMarkedComesBack() throws Exception {
        Volume volume = cellar.volume("db");
        full();
        cellar.house.volumes.deleteVolume(volume.id());
        assertThat(cellar.restore("db", "other")).isEqualTo(Target.of(volume.id()));
        cellar.pass(LONG);
        cellar.look();
        assertThat(cellar.house.volumes.volume(volume.id()).map(Volume::name)).contains("other");
        cellar.assertNoDrift();
    }

    private void full() {
        cellar.house.driver.next(
                Moment.BEFORE,
                () -> {
                    throw new DriverException(Kind.NO_SPACE, "not one byte");
                });
    }
}
