package io.cairn.plugin.file;

import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.DriverException;
import io.cairn.tck.LoopFileSystem;
import io.cairn.tck.LoopbackNfs;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.Map;

/** What is made of NFS 4.2, whose server even shares content between files. */
@Tag("vm")
final class NfsTest {
    @Test
    void nfsIsRefusedForTheDriverThatCanUseIt() throws Exception {
        try (LoopbackNfs mounted = LoopbackNfs.create(LoopFileSystem.Kind.XFS)) {
            DriverException refused =
                    assertFails(
                            DriverException.Kind.UNSUPPORTED,
                            () -> Opened.open(mounted.path(), Map.of()).close());
            assertThat(refused).hasMessageContaining("use the driver qcow2");
        }
    }
}
