package io.cairn.plugin.file;

import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.plugin.local.Claim;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.Settings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.UUID;

/** Whose folder it is, by what its marker says. */
final class ClaimTest {
    private static final BackendIdentity LONG =
            new BackendIdentity(new UUID(1, 2), "a-name-that-is-longer");

    private static final BackendIdentity SHORT = new BackendIdentity(new UUID(3, 4), "short");

    @Test
    void aHandOverThatWasKilledLeavesItToTheNewOne(@TempDir Path folder) throws Exception {
        Path marker = folder.resolve(Claim.MARKER);
        String before;
        try (Driver driver = open(folder, LONG)) {
            before = Files.readString(marker);
            driver.handing().orElseThrow().handOver(SHORT);
        }
        String after = Files.readString(marker);
        // The new claim is written over the old one before what is left of that is cut off.
        Files.writeString(
                marker,
                after + before.substring(after.length()),
                StandardOpenOption.TRUNCATE_EXISTING);
        assertFails(DriverException.Kind.CONFLICT, () -> open(folder, LONG).close());
        try (Driver driver = open(folder, SHORT)) {
            assertThat(driver.inventory().volumes()).isEmpty();
        }
    }

    private static Driver open(Path folder, BackendIdentity self)
            throws DriverException, InterruptedException {
        FileDriverProvider provider = new FileDriverProvider();
        return provider.open(
                self,
                new Settings(
                        provider.info().options(),
                        Map.of(FileDriverProvider.DIRECTORY, folder.toString())));
    }
}
