package io.cairn.plugin.faulty;

import static java.nio.charset.StandardCharsets.US_ASCII;

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

/**
 * The TCK with the file driver inside, in a plain folder, where nothing goes wrong: it is as good
 * as the file driver then.
 */
final class FaultyDriverTest extends BaseDriverTest {
    @Override
    protected DriverProvider provider() {
        return new FaultyDriverProvider();
    }

    @Override
    protected Path prepare(Path temporary) throws IOException {
        Drills.folder(temporary);
        return Files.createDirectory(temporary.resolve("backend"));
    }

    @Override
    protected Map<String, String> settings(Path storage) {
        return Map.of(
                FaultyDriverProvider.DRIVER,
                "file",
                FaultyDriverProvider.FOLDER,
                storage.resolveSibling(Drills.NAME).toString(),
                "directory",
                storage.toString(),
                "snapshot.method",
                "copy");
    }

    @Override
    protected Set<Trait> traits() {
        return Set.of(Trait.THIN);
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

    /** Others write to the same file system while this runs. */
    @Override
    protected long usedBytes(Path storage) throws Exception {
        try (Stream<Path> files = Files.walk(storage.resolve("volumes"))) {
            long bytes = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += blocks(file) * 512;
            }
            return bytes;
        }
    }

    private static long blocks(Path file) throws IOException, InterruptedException {
        Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
        String blocks = new String(stat.getInputStream().readAllBytes(), US_ASCII).strip();
        stat.waitFor(); // or a case looking for processes left behind finds this one
        return Long.parseLong(blocks);
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
        Set<String> known = new HashSet<>();
        inventory.volumes().forEach(volume -> known.add(volume.id().toString()));
        inventory.snapshots().forEach(snapshot -> known.add(snapshot.id().toString()));
        try (Stream<Path> files = Files.walk(storage, 2)) {
            return files.filter(
                            path ->
                                    path.startsWith(storage.resolve("volumes"))
                                            || path.startsWith(storage.resolve("snapshots")))
                    .filter(path -> path.getNameCount() == storage.getNameCount() + 2)
                    .map(path -> path.toFile().getName())
                    .filter(name -> !known.contains(name))
                    .toList();
        }
    }
}
