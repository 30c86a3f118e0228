package io.cairn.plugin.lvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Map;

/** What was in the group before, whosever it was, is not read by anybody any more. */
@Tag("vm")
final class PlainSecrecyTest extends PlainFixture {
    private static final int SECRET = 0x5e;

    @ParameterizedTest
    @ValueSource(strings = {"zero", "none"})
    void nothingOfWhatOthersHadIsReadable(String wipe) throws Exception {
        reopen(Map.of(LvmDriverProvider.WIPE, wipe));
        // By somebody who does not wipe, and who had all that is taken below.
        long secret = 256 * MIB;
        VolumeGroup.run("lvcreate", "-y", "-L", secret + "b", "-n", "foreign", VolumeGroup.NAME);
        fill("/dev/" + full("foreign"), 0, secret, SECRET);
        VolumeGroup.run("lvremove", "-y", full("foreign"));
        BackendVolume volume = volume(VOLUME_BYTES);
        verify(volume.location(), 0, VOLUME_BYTES, 0);
        BackendVolume grown = driver.growing().orElseThrow().grow(volume.id(), 4 * VOLUME_BYTES);
        verify(grown.location(), 0, 4 * VOLUME_BYTES, 0);
        BackendSnapshot snapshot = snapshot(grown);
        VolumeSpec larger = spec(6 * VOLUME_BYTES);
        BackendVolume copy = driver.createFromSnapshot(larger, snapshot.id(), snapshot.volume());
        verify(copy.location(), 0, 6 * VOLUME_BYTES, 0);
        BackendVolume clone =
                driver.cloning().orElseThrow().cloneVolume(spec(5 * VOLUME_BYTES), grown.id());
        verify(clone.location(), 0, 5 * VOLUME_BYTES, 0);
        String device = attach(clone);
        fill(device, 0, MIB, 1);
        driver.growing().orElseThrow().grow(clone.id(), 7 * VOLUME_BYTES);
        verify(device, MIB, 7 * VOLUME_BYTES, 0);
        detach(clone);
    }

    @ParameterizedTest
    @ValueSource(strings = {"zero", "discard"})
    void nothingOfWhatWasDeletedIsLeftInTheGroup(String wipe) throws Exception {
        reopen(Map.of(LvmDriverProvider.WIPE, wipe));
        BackendVolume volume = volume(VOLUME_BYTES, SECRET);
        BackendSnapshot first = snapshot(volume);
        BackendSnapshot second = snapshot(volume);
        fill(volume.location(), 0, VOLUME_BYTES, SECRET + 1);
        // One while its volume is in use, one while it is not.
        driver.deleteSnapshot(first.id(), volume.id());
        fill(volume.location(), 0, VOLUME_BYTES, SECRET);
        verify(second.location(), 0, VOLUME_BYTES, SECRET);
        detach(volume);
        driver.deleteSnapshot(second.id(), volume.id());
        driver.deleteVolume(volume.id());
        assertThat(VolumeGroup.plain("lv_name=~\".\"")).isEmpty();
        VolumeGroup.run(
                "lvcreate", "-y", "-Zn", "-Wn", "-L", "64m", "-n", "later", VolumeGroup.NAME);
        if (wipe.equals("zero")) {
            verify("/dev/" + full("later"), 0, 3 * VOLUME_BYTES, 0);
        }
    }
}
