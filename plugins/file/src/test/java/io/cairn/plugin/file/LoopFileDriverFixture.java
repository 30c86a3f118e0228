package io.cairn.plugin.file;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.tck.LoopFileSystem;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;

/** The TCK on a file system of its own, made once for all cases. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LoopFileDriverFixture extends FileDriverFixture {
    private static final long BYTES = 2L << 30;

    private final LoopFileSystem.Kind kind;
    private final Set<Trait> traits;
    private @Nullable LoopFileSystem mounted;

    LoopFileDriverFixture(LoopFileSystem.Kind kind, Set<Trait> traits) {
        this.kind = kind;
        this.traits = traits;
    }

    @BeforeAll
    void mount() throws Exception {
        mounted = LoopFileSystem.create(kind, BYTES);
    }

    @AfterAll
    void unmount() throws Exception {
        if (mounted != null) {
            mounted.close();
        }
    }

    @Override
    protected Path prepare(Path temporary) throws IOException {
        return Files.createTempDirectory(mounted().path(), "case");
    }

    @Override
    protected long usedBytes(Path storage) throws Exception {
        mounted().flush();
        return super.usedBytes(storage);
    }

    @Override
    protected Set<Trait> traits() {
        return traits;
    }

    private LoopFileSystem mounted() {
        return Objects.requireNonNull(mounted, "mounted before all cases");
    }
}
