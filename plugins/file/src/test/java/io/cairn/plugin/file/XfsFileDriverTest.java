package io.cairn.plugin.file;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.tck.LoopFileSystem;

import java.util.Set;

/** The TCK on XFS, by reflinks. */
final class XfsFileDriverTest extends LoopFileDriverFixture {
    XfsFileDriverTest() {
        super(
                LoopFileSystem.Kind.XFS,
                Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES));
    }
}
