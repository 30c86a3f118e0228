package io.cairn.plugin.qcow2;

import io.cairn.tck.LoopFileSystem;
import io.cairn.tck.LoopbackNfs;
import io.cairn.tck.TestFileSystem;

import org.junit.jupiter.api.Tag;

/** The TCK on NFS 4.2, where locks, renames and links are a server's. */
@Tag("vm")
final class NfsQcow2DriverTest extends Qcow2Fixture {
    NfsQcow2DriverTest() {
        super(LoopFileSystem.Kind.EXT4);
    }

    @Override
    TestFileSystem make(LoopFileSystem.Kind kind) throws Exception {
        return LoopbackNfs.create(kind);
    }
}
