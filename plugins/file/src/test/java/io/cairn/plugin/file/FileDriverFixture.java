package io.cairn.plugin.file;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;
import io.cairn.tck.BaseDriverTest;
import io.cairn.tck.Capability;
import io.cairn.tck.LeftBehind;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
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
    protected Set<Capability> capabilities() {
        Set<Capability> there =
                EnumSet.of(
                        Capability.GROWING,
                        Capability.CLONING,
                        Capability.REVERTING,
                        Capability.ADOPTING,
                        Capability.HANDING,
                        Capability.MEASURING,
                        Capability.INSPECTING);
        if (traits().contains(Trait.SHARED_SNAPSHOTS)) {
            there.add(Capability.DIFFERING);
        }
        if (Files.isWritable(Path.of("/dev/loop-control"))) {
            there.add(Capability.ATTACHING);
        }
        if (Files.isExecutable(Path.of("/usr/bin/qemu-storage-daemon"))
                || Files.isExecutable(Path.of("/usr/bin/nbdkit"))) {
            there.add(Capability.EXPORTING);
        }
        return there;
    }

    @Override
    protected void plant(Path storage, String name, long sizeBytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(locationOf(storage, name), "rw")) {
            file.setLength(sizeBytes);
        }
    }

    @Override
    protected String locationOf(Path storage, String unmanaged) {
        return storage.resolve(unmanaged).toString();
    }

    @Override
    protected void release(Path storage) {
        LeftBehind.endProcesses(storage);
    }

    @Override
    protected List<String> leftBehind(Path storage) throws IOException {
        return LeftBehind.in(storage);
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
        known.add(storage.resolve("exports"));
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
            return found.filter(path -> !known.contains(path))
                    .filter(path -> !isUnmanaged(storage, path))
                    .filter(path -> !isServed(storage, path))
                    .map(Path::toString)
                    .toList();
        }
    }

    /** What the cases plant has plain names, and what is released ends in {@code .img}. */
    private static boolean isUnmanaged(Path storage, Path path) {
        return storage.equals(path.getParent())
                && path.toFile().getName().matches("planted[a-z0-9]*|.*\\.img");
    }

    /** What belongs to an export whose server is at work. */
    private static boolean isServed(Path storage, Path path) {
        if (!storage.resolve("exports").equals(path.getParent())) {
            return false;
        }
        String connection = path.toFile().getName().replaceFirst("\\.(pid|sock)$", "");
        String last = connection.substring(Math.max(0, connection.length() - 36));
        return LeftBehind.named(last);
    }
}
