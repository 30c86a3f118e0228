package io.cairn.plugin.file;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.tck.LoopFileSystem;

import org.junit.jupiter.api.Tag;

import java.util.Set;

/** The TCK on ext4, by copies. */
@Tag("thorough")
final class Ext4FileDriverTest extends LoopFileDriverFixture {
    Ext4FileDriverTest() {
        super(LoopFileSystem.Kind.EXT4, Set.of(Trait.THIN));
    }
}
