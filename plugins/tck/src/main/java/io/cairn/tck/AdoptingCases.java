package io.cairn.tck;

import static io.cairn.spi.DriverException.Kind.CONFLICT;
import static io.cairn.spi.DriverException.Kind.INVALID;
import static io.cairn.spi.DriverException.Kind.IN_USE;
import static io.cairn.spi.DriverException.Kind.NOT_FOUND;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.Adopting;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.Mark;
import io.cairn.spi.Unmanaged;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.Test;

import java.nio.channels.SeekableByteChannel;

/** What is not Cairn's and becomes so, and the reverse. */
abstract class AdoptingCases extends ExportingCases {
    @Test
    void nothingIsUnmanagedAtFirst() throws Exception {
        Adopting adopting = the(driver.adopting());
        snapshot(volume(MIB));
        assertThat(adopting.unmanaged()).isEmpty();
    }

    @Test
    void whatIsUnmanagedIsListedInOrder() throws Exception {
        Adopting adopting = the(driver.adopting());
        plant(storage, "plantedb", 2 * MIB);
        plant(storage, "planteda", MIB);
        assertThat(adopting.unmanaged())
                .containsExactly(
                        new Unmanaged("planteda", MIB, ""), new Unmanaged("plantedb", 2 * MIB, ""));
        assertThat(driver.inventory().volumes()).isEmpty();
    }

    @Test
    void anAdoptedVolumeIsLikeAnyOther() throws Exception {
        Adopting adopting = the(driver.adopting());
        plant(storage, "planted", 2 * MIB);
        write(locationOf(storage, "planted"), 2 * MIB, 1);
        VolumeId id = VolumeId.random();
        Mark mark = new Mark("adopted");
        BackendVolume volume = adopting.adopt("planted", id, mark);
        assertThat(volume)
                .isEqualTo(new BackendVolume(id, pool(), 2 * MIB, volume.location(), mark));
        assertThat(driver.findVolume(id)).contains(volume);
        assertThat(driver.inventory().volumes()).containsExactly(volume);
        assertThat(adopting.unmanaged()).isEmpty();
        verify(volume.location(), 2 * MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        write(volume.location(), 2 * MIB, 2);
        verify(snapshot.location(), 2 * MIB, 1);
        driver.deleteSnapshot(snapshot.id(), id);
        driver.deleteVolume(id);
        verifyNoRubbish();
    }

    @Test
    void adoptedAgainItIsTheSameVolume() throws Exception {
        Adopting adopting = the(driver.adopting());
        plant(storage, "planted", MIB);
        VolumeId id = VolumeId.random();
        Mark mark = new Mark("adopted");
        BackendVolume volume = adopting.adopt("planted", id, mark);
        write(volume.location(), MIB, 2);
        assertThat(adopting.adopt("planted", id, mark)).isEqualTo(volume);
        reopen();
        Adopting again = the(driver.adopting());
        assertThat(again.adopt("planted", id, mark)).isEqualTo(volume);
        assertRefused(CONFLICT, () -> again.adopt("planted", id, new Mark("another")));
        assertRefused(CONFLICT, () -> again.adopt("plantedb", id, mark));
        assertRefused(NOT_FOUND, () -> again.adopt("planted", VolumeId.random(), mark));
        verify(volume.location(), MIB, 2);
    }

    @Test
    void whatCannotBeAdoptedIsLeftAlone() throws Exception {
        Adopting adopting = the(driver.adopting());
        plant(storage, "planted", MIB);
        BackendVolume volume = volume(MIB, 1);
        Mark mark = new Mark("adopted");
        VolumeId id = VolumeId.random();
        assertRefused(NOT_FOUND, () -> adopting.adopt("absent", id, mark));
        assertRefused(INVALID, () -> adopting.adopt("", id, mark));
        assertRefused(INVALID, () -> adopting.adopt("../planted", id, mark));
        assertRefused(INVALID, () -> adopting.adopt("no/such/path", id, mark));
        assertRefused(CONFLICT, () -> adopting.adopt("planted", volume.id(), volume.mark()));
        try (SeekableByteChannel _ = content(locationOf(storage, "planted"), true)) {
            assertRefused(IN_USE, () -> adopting.adopt("planted", id, mark));
            assertThat(adopting.unmanaged().getFirst().obstacle()).isNotBlank();
        }
        assertThat(adopting.unmanaged()).containsExactly(new Unmanaged("planted", MIB, ""));
        verify(volume.location(), MIB, 1);
    }

    @Test
    void aReleasedVolumeIsNoLongerCairns() throws Exception {
        Adopting adopting = the(driver.adopting());
        BackendVolume volume = volume(2 * MIB, 1);
        String path = adopting.release(volume.id(), "db1");
        assertThat(path).contains("db1");
        assertThat(adopting.release(volume.id(), "db1")).isEqualTo(path);
        assertThat(driver.findVolume(volume.id())).isEmpty();
        assertThat(driver.inventory().volumes()).isEmpty();
        assertThat(adopting.unmanaged()).containsExactly(new Unmanaged(path, 2 * MIB, ""));
        verify(locationOf(storage, path), 2 * MIB, 1);
        // What was deleted once, as by a caller who never got his answer, is not Cairn's to delete.
        driver.deleteVolume(volume.id());
        verify(locationOf(storage, path), 2 * MIB, 1);
        VolumeId other = VolumeId.random();
        BackendVolume adopted = adopting.adopt(path, other, new Mark("adopted"));
        verify(adopted.location(), 2 * MIB, 1);
        assertThat(adopting.unmanaged()).isEmpty();
        verifyNoRubbish();
    }

    @Test
    void whatIsUsedOrNotThereIsNotReleased() throws Exception {
        Adopting adopting = the(driver.adopting());
        BackendVolume volume = volume(MIB, 1);
        BackendSnapshot snapshot = snapshot(volume);
        assertRefused(IN_USE, () -> adopting.release(volume.id(), "db1"));
        driver.deleteSnapshot(snapshot.id(), volume.id());
        try (SeekableByteChannel content = content(volume.location(), true)) {
            assertRefused(IN_USE, () -> adopting.release(volume.id(), "db1"));
            Pattern.verify(content, 0, MIB, 1);
        }
        assertRefused(NOT_FOUND, () -> adopting.release(VolumeId.random(), "db1"));
        assertThat(adopting.unmanaged()).isEmpty();
        verify(volume.location(), MIB, 1);
    }
}
