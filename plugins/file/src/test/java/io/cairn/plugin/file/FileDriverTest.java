package io.cairn.plugin.file;

import io.cairn.spi.BackendFacts.Trait;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The TCK in a plain folder, by copies, which every file system allows. */
final class FileDriverTest extends FileDriverFixture {
    @Override
    protected Map<String, String> settings(Path storage) {
        Map<String, String> settings = new HashMap<>(super.settings(storage));
        settings.put(FileDriverProvider.METHOD, "copy");
        return settings;
    }

    @Override
    protected Set<Trait> traits() {
        return Set.of(Trait.THIN);
    }

    /** Others write to the same file system while this runs. */
    @Override
    protected long usedBytes(Path storage) throws IOException {
        try (Stream<Path> files = Files.walk(storage.resolve("volumes"))) {
            return files.mapToLong(Blocks::bytes).sum();
        }
    }
}
