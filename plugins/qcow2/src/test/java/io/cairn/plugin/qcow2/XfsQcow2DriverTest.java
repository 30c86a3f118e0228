package io.cairn.plugin.qcow2;

import io.cairn.tck.LoopFileSystem;

import org.junit.jupiter.api.Tag;

/** The TCK on XFS, which takes qcow2 files for what they are, and shares nothing of them. */
@Tag("thorough")
final class XfsQcow2DriverTest extends Qcow2Fixture {
    XfsQcow2DriverTest() {
        super(LoopFileSystem.Kind.XFS);
    }
}
