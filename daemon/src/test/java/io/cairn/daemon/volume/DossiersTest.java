package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;
import static io.cairn.daemon.volume.VolumesTest.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.cairn.daemon.store.ChangeRefused;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
        Dossier dossier = new Dossier(volume, "", List.of(), List.of(), List.of());
        house.backends.close(Duration.ofSeconds(20));
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
        Dossier moved = new Dossier(other.named("another"), "", List.of(), List.of(), List.of());
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
    void aConnectionThatCouldNotBeAskedForIsNotImported() throws Exception {
        Connection first = connect();
        Dossier dossier = dossiers().read(volume.id()).orElseThrow();
        house.volumes.connections().disconnect(first.id());
        Connection second = connect();
        assertThat(dossiers().takeIn(List.of(dossier), _ -> true))
                .filteredOn(finding -> finding.outcome() == Finding.Outcome.CONFLICT)
                .singleElement()
                .satisfies(
                        finding ->
                                assertThat(finding.toString())
                                        .contains("the host has another connection to it")
                                        .contains(second.id().toString()));
        assertThat(house.volumes.connections().of(volume.id())).containsExactly(second);
    }

    @Test
    void whatIsImportedIsToldWithTheStateThatItHas() throws Exception {
        Snapshot cut = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        Connection used = connect();
        Dossier dossier = dossiers().read(volume.id()).orElseThrow();
        house.damage("DELETE FROM connection", "DELETE FROM snapshot", "DELETE FROM volume");
        house.events.clear();
        assertThat(Dossiers.clean(dossiers().takeIn(List.of(dossier), _ -> true))).isTrue();
        StatesSeen seen = StatesSeen.of(house.events);
        assertThat(seen.faults()).isEmpty();
        assertThat(seen.now())
                .containsOnly(
                        entry(volume.id().value(), "in-use"),
                        entry(cut.id().value(), "available"),
                        entry(used.id().value(), "connected"));
        assertThat(house.events)
                .filteredOn(VolumeEvent.ConnectionChanged.class::isInstance)
                .hasSize(1);
    }

    private Connection connect() throws Exception {
        return house.volumes
                .connections()
                .connect(
                        Target.of(volume.id()),
                        new NewConnection("", false, Optional.empty(), Map.of()));
    }

    @Test
    void aBackendIsNotExportedWithoutWhatDamageHides() throws Exception {
        house.volumes.createVolume(BACKEND, NewVolume.named("db2", MIB));
        assertThat(dossiers().volumes(BACKEND)).hasSize(2);
        house.damage("UPDATE volume SET backend = 'another' WHERE name = 'db1'");
        assertFails(
                Code.FAULT,
                "backend fast has 2 volumes and 1 of them are listed",
                () -> dossiers().volumes(BACKEND));
    }

    @Test
    void aVolumeIsNotExportedWithoutAHoldOrAConnection() throws Exception {
        Snapshot cut = house.volumes.createSnapshot(volume.id(), NewSnapshot.named("s"));
        house.volumes.alterations().hold(cut.id(), "audit", "alice");
        Connection _ = connect();
        assertThat(dossiers().read(volume.id())).isPresent();
        house.damage("DELETE FROM connection");
        assertFails(
                Code.FAULT,
                "volume db1 has 1 connections and 0 of them",
                () -> dossiers().read(volume.id()));
        house.damage("DELETE FROM hold");
        assertFails(
                Code.FAULT,
                "snapshot s has 1 holds and 0 of them",
                () -> dossiers().read(volume.id()));
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
