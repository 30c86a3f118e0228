package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Handing;

import org.junit.jupiter.api.Test;

import java.util.UUID;

/** A backend that becomes another daemon's. */
abstract class HandingCases extends AdoptingCases {
    private static final BackendIdentity OTHER =
            new BackendIdentity(new UUID(17, 5), "another", true);

    @Test
    void aBackendThatWasHandedOverIsTheOthersAlone() throws Exception {
        Handing handing = the(driver.handing());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        handing.handOver(OTHER);
        handing.handOver(OTHER);
        assertThat(driver.findVolume(volume.id())).contains(volume);
        close();
        assertFails(CONFLICT, () -> open(SELF));
        driver = open(OTHER);
        assertThat(driver.findVolume(volume.id())).contains(volume);
        assertThat(driver.findSnapshot(snapshot.id(), volume.id())).contains(snapshot);
        verify(volume.location(), MIB, 1);
        verify(snapshot.location(), MIB, 1);
    }

    @Test
    void aBackendThatWasHandedOverCanBeHandedBack() throws Exception {
        BackendVolume volume = volume(MIB, 1);
        the(driver.handing()).handOver(OTHER);
        close();
        driver = open(OTHER);
        the(driver.handing()).handOver(SELF);
        close();
        assertFails(CONFLICT, () -> open(OTHER));
        driver = open(SELF);
        assertThat(driver.findVolume(volume.id())).contains(volume);
        verify(volume.location(), MIB, 1);
    }
}
