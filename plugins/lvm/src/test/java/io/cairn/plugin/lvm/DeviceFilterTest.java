package io.cairn.plugin.lvm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

final class DeviceFilterTest {
    @Test
    void whatVolumesAreShownAsIsLeftOutBeforeWhatIsConfigured() {
        assertThat(
                        DeviceFilter.of(
                                "global_filter=[\"r|/dev/mapper/mpath.*|\",\"a|.*|\"]",
                                List.of("/dev/sda", "/dev/mapper/crypt")))
                .isEqualTo(
                        new DeviceFilter(
                                List.of(
                                        "r|^/dev/loop|",
                                        "r|^/dev/nbd|",
                                        "r|^/dev/rbd|",
                                        "r|/dev/mapper/mpath.*|")));
    }

    @Test
    void theGroupsOwnDevicesAreNeverLeftOut() {
        DeviceFilter filter =
                DeviceFilter.of("global_filter=[\"a|.*|\"]", List.of("/dev/sda", "/dev/loop7"));
        assertThat(filter.configuration())
                .isEqualTo("devices{scan_lvs=0 global_filter=[\"r|^/dev/nbd|\",\"r|^/dev/rbd|\"]}");
    }

    @Test
    void whatAcceptsOnlySomeIsKept() {
        assertThat(
                        DeviceFilter.of(
                                        "global_filter=[\"a|^/dev/sd|\",\"a/.*/\",\"r|.*|\"]",
                                        List.of("/dev/loop0", "/dev/nbd0", "/dev/rbd0"))
                                .patterns())
                .containsExactly("a|^/dev/sd|", "r|.*|");
    }

    @Test
    void whatIsQuotedStaysQuoted() {
        assertThat(DeviceFilter.of("global_filter=[\"a|^/dev/x\\\"y|\"]", List.of()).patterns())
                .endsWith("a|^/dev/x\\\"y|");
    }
}
