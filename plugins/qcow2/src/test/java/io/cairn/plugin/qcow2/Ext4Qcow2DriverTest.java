package io.cairn.plugin.qcow2;

import io.cairn.tck.LoopFileSystem;

/** The TCK where files share no space by themselves. */
final class Ext4Qcow2DriverTest extends Qcow2Fixture {
    Ext4Qcow2DriverTest() {
        super(LoopFileSystem.Kind.EXT4);
    }
}
