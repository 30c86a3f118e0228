package io.cairn.plugin.rbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A cluster whose manager tells nobody what its pools hold, as a new one's for some seconds. */
@Tag("ceph")
final class NotCountedTest extends NamespaceFixture {
    @Override
    String[] options() {
        return new String[] {"--no-mgr"};
    }

    @Test
    void whatAPoolHasIsToldLater() {
        assertThatExceptionOfType(DriverException.class)
                .isThrownBy(driver::pools)
                .withMessageContaining("has not counted pool " + OneNode.POOL + " yet")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(DriverException.Kind.UNAVAILABLE));
    }

    @Test
    void volumesAreMadeMeanwhile() throws Exception {
        BackendVolume volume = volume(OBJECT);
        assertThat(snapshot(volume).volume()).isEqualTo(volume.id());
        assertThat(driver.inventory().volumes()).containsExactly(volume);
    }
}
