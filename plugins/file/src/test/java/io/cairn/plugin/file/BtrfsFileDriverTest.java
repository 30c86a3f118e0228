package io.cairn.plugin.file;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.tck.LoopFileSystem;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** The TCK on btrfs, by reflinks. */
final class BtrfsFileDriverTest extends FileDriverFixture {
    @SuppressWarnings("NullAway.Init") // made before all
    private static LoopFileSystem mounted;

    @BeforeAll
    static void mount() throws Exception {
        mounted = LoopFileSystem.create(LoopFileSystem.Kind.BTRFS, 2L << 30);
    }

    @AfterAll
    @SuppressWarnings("NullAway") // null where it could not be made
    static void unmount() throws Exception {
        if (mounted != null) {
            mounted.close();
        }
    }

    @Override
    protected Path prepare(Path temporary) throws Exception {
        return Files.createTempDirectory(mounted.path(), "case");
    }

    @Override
    protected long usedBytes(Path storage) throws Exception {
        mounted.flush();
        return super.usedBytes(storage);
    }

    @Override
    protected Set<Trait> traits() {
        return Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES);
    }
}
