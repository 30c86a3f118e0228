package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.Cellar.DAY;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;

/** How what is in the trash grows old, whatever the clock of the host says. */
final class TrashTimeTest {
    private static final Duration WEEK = Duration.ofDays(7);

    @TempDir private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Cellar cellar;

    @BeforeEach
    void fill() throws Exception {
        cellar = Cellar.open(folder);
        cellar.house.volumes.deleteVolume(cellar.volume("db").id());
    }

    @AfterEach
    void close() {
        cellar.close();
    }

    @Test
    void aClockThatIsSetAheadHasNothingGo() throws Exception {
        cellar.setClock(WEEK);
        cellar.look();
        assertThat(cellar.listed()).hasSize(1);
        cellar.pass(Duration.ofHours(23));
        cellar.look();
        assertThat(cellar.listed()).hasSize(1);
        cellar.pass(Duration.ofHours(2));
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
        cellar.assertNothingOnBackend();
    }

    @Test
    void aClockThatIsSetBackKeepsNothingForLonger() throws Exception {
        cellar.setClock(WEEK.negated());
        cellar.pass(Duration.ofHours(23));
        cellar.look();
        assertThat(cellar.listed()).hasSize(1);
        cellar.reopen(DAY);
        cellar.pass(Duration.ofHours(2));
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
    }

    @Test
    void aStopCountsForAnHourHoweverLongItWasOrSeemed() throws Exception {
        for (int stops = 0; stops < 23; stops++) {
            cellar.setClock(WEEK);
            cellar.reopen(DAY);
            cellar.pass(Duration.ofMinutes(1));
            cellar.look();
            assertThat(cellar.listed()).hasSize(1);
        }
        cellar.setClock(WEEK);
        cellar.reopen(DAY);
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
    }

    @Test
    void aShortStopCountsAsItWas() throws Exception {
        cellar.pass(Duration.ofHours(23).plusMinutes(30));
        cellar.look();
        cellar.setClock(Duration.ofMinutes(20));
        cellar.reopen(DAY);
        cellar.look();
        assertThat(cellar.listed()).hasSize(1);
        cellar.setClock(Duration.ofMinutes(20));
        cellar.reopen(DAY);
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
    }

    @Test
    void whatTheDaemonDidNotLiveToWriteDownIsAStop() throws Exception {
        cellar.pass(Duration.ofHours(20));
        cellar.reopen(DAY);
        cellar.pass(Duration.ofHours(5));
        cellar.look();
        // Of the twenty hours one counts.
        assertThat(cellar.listed()).hasSize(1);
        cellar.pass(Duration.ofHours(18).plusMinutes(1));
        cellar.look();
        assertThat(cellar.listed()).isEmpty();
    }
}
