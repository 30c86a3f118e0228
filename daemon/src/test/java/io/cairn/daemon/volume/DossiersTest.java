package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cairn.daemon.store.ChangeRefused;
import io.cairn.daemon.volume.OperationException.Code;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;

/** What leaves the state and comes into it amid changes that are not finished. */
final class DossiersTest {
    private static final long MIB = 1L << 20;

    private House house;
    private Volume volume;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        house = House.open(folder);
        volume = house.volumes.createVolume(BACKEND, NewVolume.named("db1", MIB));
    }

    @AfterEach
    void close() {
        house.close();
    }

    @Test
    void anUnfinishedChangeIsSettledBeforeItsVolumeIsRead() throws Exception {
        leaveUnfinished();
        assertThat(dossiers().read(volume.id()).orElseThrow().cuts()).hasSize(1);
        assertThat(house.volumes.unfinished()).isEmpty();
    }

    @Test
    void aVolumeWhoseChangeCannotBeSettledIsNotRead() throws Exception {
        leaveUnfinished();
        Dossier dossier = new Dossier(volume, List.of(), List.of(), List.of());
        house.backends.close(java.time.Duration.ofSeconds(20));
        assertFails(Code.UNAVAILABLE, "unfinished", () -> dossiers().read(volume.id()));
        assertFails(Code.UNAVAILABLE, "unfinished", () -> dossiers().look(List.of(dossier)));
        assertFails(
                Code.UNAVAILABLE,
                "unfinished",
                () -> dossiers().takeIn(List.of(dossier), _ -> true));
    }

    @Test
    void whatIsRecordedWithItRefusesAllOfIt() throws Exception {
        house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        Dossier dossier = dossiers().read(volume.id()).orElseThrow();
        Volume other = house.volumes.createVolume(BACKEND, NewVolume.named("db2", MIB));
        Dossier moved = new Dossier(other.named("another"), List.of(), List.of(), List.of());
        assertThat(Dossiers.clean(dossiers().takeIn(List.of(dossier, moved), _ -> true))).isFalse();
        assertThat(dossiers().takeIn(List.of(dossier), _ -> true))
                .extracting(Finding::outcome)
                .containsOnly(Finding.Outcome.SAME);
        assertFails(
                Code.CONFLICT,
                "not now",
                () ->
                        dossiers()
                                .takeIn(
                                        List.of(dossier),
                                        _ -> {
                                            throw new ChangeRefused("not now");
                                        }));
    }

    @Test
    void anOpenBackendIsNotForgotten() {
        assertFails(Code.IN_USE, "is not closed", () -> dossiers().forget(BACKEND));
        assertFails(Code.NOT_FOUND, "no backend 'x'", () -> dossiers().forget("x"));
    }

    private void leaveUnfinished() {
        house.driver.diesAfterTheNextChange();
        assertThatThrownBy(
                        () ->
                                house.volumes.createSnapshot(
                                        volume.id(), NewSnapshot.named("nightly-1")))
                .isInstanceOf(OperationException.class);
        assertThat(house.volumes.unfinished()).hasSize(1);
    }

    private Dossiers dossiers() {
        return house.volumes.dossiers();
    }
}
