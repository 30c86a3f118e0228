package io.cairn.plugin.rbd;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.spi.Attaching;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.Export;
import io.cairn.spi.ExportSpec;
import io.cairn.spi.Exporting;
import io.cairn.spi.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

import java.util.Map;

/** A driver that attaches and exports, for tests of how. */
abstract class ServingFixture extends NamespaceFixture {
    static final String NBD = "nbd";

    @BeforeEach
    void assumeInstalled() {
        assumeTrue(
                driver.attaching().isPresent(),
                "qemu-storage-daemon with its driver for rbd, nbdfuse, or loop devices are missing");
    }

    @AfterEach
    void endServing() throws Exception {
        try {
            if (driver.attaching().isPresent()) {
                for (BackendVolume volume : driver.inventory().volumes()) {
                    attaching().detach(Target.of(volume.id()));
                }
            }
        } finally {
            OneNode.endServing(namespace);
        }
    }

    final Attaching attaching() {
        return driver.attaching().orElseThrow();
    }

    final Exporting exporting() {
        return driver.exporting().orElseThrow();
    }

    final Export export(ConnectionId id, Target target, boolean readOnly, String protocol)
            throws DriverException, InterruptedException {
        return exporting().export(new ExportSpec(id, target, readOnly, protocol, Map.of()));
    }
}
