package io.cairn.plugin.file;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.tck.LoopFileSystem;

import org.junit.jupiter.api.Tag;

import java.util.Set;

/** The TCK on btrfs, by reflinks. */
@Tag("thorough")
final class BtrfsFileDriverTest extends LoopFileDriverFixture {
    BtrfsFileDriverTest() {
        super(
                LoopFileSystem.Kind.BTRFS,
                Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES));
    }
}
