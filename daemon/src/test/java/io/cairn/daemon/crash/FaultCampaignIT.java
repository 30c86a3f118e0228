package io.cairn.daemon.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.tck.LoopFileSystem;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/**
 * Whatever goes wrong in a driver that keeps to its contract, or has bugs that leave the outcome
 * unknown, hundreds of times a minute: nothing acknowledged is lost, nothing is there twice or that
 * nobody asked for, no content is wrong, every call of a client ends, and once nothing goes wrong
 * any more nothing stays unfinished.
 *
 * <p>{@code etc/soak} runs one of them for long. {@code -Dcairn.soak.seconds=N} and {@code
 * -Dcairn.soak.faults=N} say how long, and {@code -Dcairn.soak.seed=N} repeats the same choices of
 * what goes wrong and of what the clients do; the threads' order is not repeated.
 */
final class FaultCampaignIT {
    private static final long BYTES = 2L << 30;

    /**
     * More than a daemon at rest may take than at its first rest, each client's threads included.
     */
    private static final long MOST_MORE = 100;

    @BeforeAll
    static void warm() throws Exception {
        DaemonProcess.warm();
    }

    @Test
    void noDistributionHasTheDriverThatGoesWrong() throws IOException {
        try (Stream<Path> all = Files.walk(DaemonProcess.distribution())) {
            assertThat(all.map(path -> path.toFile().getName()))
                    .contains("file")
                    .noneMatch(name -> name.contains("faulty"));
        }
    }

    @Test
    @Tag("thorough")
    @Tag("soak-file")
    void ofTheFileDriverNoFaultLosesOrLeaksAnything(@TempDir Path folder) throws Exception {
        campaign(LoopFileSystem.Kind.XFS, Layout.FILES, true, folder);
    }

    @Test
    @Tag("thorough")
    @Tag("soak-btrfs")
    void ofTheBtrfsDriverNoFaultLosesOrLeaksAnything(@TempDir Path folder) throws Exception {
        campaign(LoopFileSystem.Kind.BTRFS, Layout.SUBVOLUMES, true, folder);
    }

    @Test
    @Tag("thorough")
    @Tag("soak-qcow2")
    void ofTheQcow2DriverNoFaultLosesOrLeaksAnything(@TempDir Path folder) throws Exception {
        Helpers.checkInstalled();
        campaign(LoopFileSystem.Kind.EXT4, Layout.CHAINS, true, folder);
    }

    private static void campaign(
            LoopFileSystem.Kind kind, Layout layout, boolean attaches, Path folder)
            throws Exception {
        long seed = Long.getLong("cairn.soak.seed", System.nanoTime());
        Duration time = Duration.ofSeconds(Long.getLong("cairn.soak.seconds", 45));
        long faults = Long.getLong("cairn.soak.faults", Long.MAX_VALUE);
        System.out.printf(
                "Faults of the %s driver on %s: repeat with -Dcairn.soak.seed=%d -Dcairn.soak.seconds=%d%n",
                layout.driver(), kind, seed, time.toSeconds());
        try (LoopFileSystem disk = LoopFileSystem.create(kind, BYTES);
                Campaign campaign =
                        new Campaign(
                                DaemonProcess.distribution(),
                                folder,
                                disk.path(),
                                layout,
                                attaches,
                                seed)) {
            System.out.println(campaign.run(faults, time));
            assertThat(campaign.grown().threads()).isLessThan(MOST_MORE);
            assertThat(campaign.grown().descriptors()).isLessThan(MOST_MORE);
        }
    }
}
