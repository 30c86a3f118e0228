package io.cairn.plugin.file;

import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;
import io.cairn.tck.BaseDriverTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** What the file driver's runs of the TCK have in common, whatever the file system. */
abstract class FileDriverFixture extends BaseDriverTest {
    @Override
    protected DriverProvider provider() {
        return new FileDriverProvider();
    }

    @Override
    protected Map<String, String> settings(Path storage) {
        return Map.of(FileDriverProvider.DIRECTORY, storage.toString());
    }

    @Override
    protected List<String> rubbish(Path storage, Inventory inventory) throws IOException {
        return strangers(storage, inventory);
    }

    /** Everything in a backend's folder that the layout does not account for. */
    static List<String> strangers(Path storage, Inventory inventory) throws IOException {
        Set<Path> known = new HashSet<>();
        known.add(storage);
        known.add(storage.resolve("cairn.backend"));
        Path volumes = storage.resolve("volumes");
        Path snapshots = storage.resolve("snapshots");
        known.add(volumes);
        known.add(snapshots);
        inventory
                .volumes()
                .forEach(
                        volume -> {
                            known.add(volumes.resolve(volume.id().toString()));
                            known.add(Path.of(volume.location()));
                        });
        inventory
                .snapshots()
                .forEach(
                        snapshot -> {
                            known.add(Path.of(snapshot.location()));
                            known.add(snapshots.resolve(snapshot.id().toString()));
                        });
        try (Stream<Path> found = Files.walk(storage)) {
            return found.filter(path -> !known.contains(path)).map(Path::toString).toList();
        }
    }
}
