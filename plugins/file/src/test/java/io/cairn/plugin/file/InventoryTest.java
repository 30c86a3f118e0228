package io.cairn.plugin.file;

import static io.cairn.spi.DriverException.Kind.FAULT;
import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;
import io.cairn.tck.Told;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;

/** What is listed beside what should not be there. */
final class InventoryTest {
    @Test
    void whatIsStrangeKeepsNothingElseFromBeingListed(@TempDir Path folder) throws Exception {
        FileDriverProvider provider = new FileDriverProvider();
        try (Driver driver =
                provider.open(
                        new BackendIdentity(new UUID(1, 2), "strange"),
                        new Settings(
                                provider.info().options(),
                                Map.of("directory", folder.toString())))) {
            VolumeId volume = VolumeId.random();
            driver.createVolume(new VolumeSpec(volume, "default", 1 << 20, Mark.NONE));
            SnapshotId cut = SnapshotId.random();
            driver.createSnapshot(new SnapshotSpec(cut, volume, Mark.NONE));
            VolumeId strange = VolumeId.random();
            Path file = folder.resolve("volumes").resolve(strange.toString());
            Files.writeString(file, "no folder");
            Files.writeString(folder.resolve("volumes/README"), "neither");

            Told told = new Told();
            driver.inventory(told);

            assertThat(told.whole())
                    .containsExactlyInAnyOrder(Target.of(volume), Target.of(volume, cut));
            assertThat(told.unreadable()).containsExactly(Target.of(strange));
            assertThat(told.problems().getFirst()).startsWith(file + ": ");
            assertThat(assertFails(FAULT, driver::inventory))
                    .hasMessageContaining(file + " cannot be read");
        }
    }
}
