package io.cairn.plugin.rbd;

import static io.cairn.tck.Refusals.assertFails;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Settings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** What is refused before a cluster is asked for anything. */
final class RbdDriverProviderTest {
    private final RbdDriverProvider provider = new RbdDriverProvider();

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path folder;

    /**
     * An OSD that is down is missed after 26 s, and what is given up before may end the process.
     */
    @ParameterizedTest
    @CsvSource({
        "timeout, PT29.999S, from PT30S to PT10M",
        "timeout, PT10M0.001S, from PT30S to PT10M",
        "pool, Cairn, lower-case letters",
        "namespace, a/b, letters",
        "clone.depth.most, 0, from 1 to 15",
        "clone.depth.most, 16, from 1 to 15",
    })
    void aSettingThatCannotBeIsRefused(String option, String value, String says) throws Exception {
        Path conf = Files.writeString(folder.resolve("ceph.conf"), "");
        Map<String, String> given = new HashMap<>();
        given.put(RbdDriverProvider.CONF, conf.toString());
        given.put(RbdDriverProvider.POOL, "cairn");
        given.put(ExportOptions.DIRECTORY, folder.toString());
        given.put(option, value);

        assertFails(Kind.INVALID, says, () -> open(given));
    }

    @Test
    void aConfigurationThatIsNotThereIsNamed() {
        Path absent = folder.resolve("absent");

        assertFails(
                Kind.UNSUPPORTED,
                absent,
                () ->
                        open(
                                Map.of(
                                        RbdDriverProvider.CONF,
                                        absent.toString(),
                                        RbdDriverProvider.POOL,
                                        "cairn")));
    }

    private void open(Map<String, String> given) throws Exception {
        provider.open(
                        new BackendIdentity(new UUID(1, 2), "tests"),
                        new Settings(provider.info().options(), given))
                .close();
    }
}
