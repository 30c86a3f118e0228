package io.cairn.plugin.file;

import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;
import io.cairn.tck.BaseDriverTest;
import io.cairn.tck.Capability;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
                        Capability.MEASURING);
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

    /** A case that failed may have left the servers of its exports. */
    @Override
    protected void release(Path storage) {
        using(storage).forEach(ProcessHandle::destroyForcibly);
    }

    private static Stream<ProcessHandle> using(Path storage) {
        return ProcessHandle.allProcesses()
                .filter(process -> !process.equals(ProcessHandle.current()))
                .filter(
                        process ->
                                process.info()
                                        .commandLine()
                                        .filter(line -> line.contains(storage + "/"))
                                        .isPresent());
    }

    @Override
    protected List<String> leftBehind(Path storage) throws IOException {
        List<String> left = new ArrayList<>();
        try (DirectoryStream<Path> devices =
                Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
            for (Path device : devices) {
                String file = backing(device);
                if (file.startsWith(storage + "/")) {
                    left.add("%s of %s".formatted(device, file));
                }
            }
        }
        using(storage).forEach(process -> left.add("process " + process.info().commandLine()));
        return left;
    }

    /** The file that a device shows; empty for none. Others attach and detach meanwhile. */
    private static String backing(Path device) throws IOException {
        Path backing = device.resolve("loop/backing_file");
        @Nullable IOException last = null;
        for (int tries = 0; tries < 10 && Files.exists(backing); tries++) {
            try {
                return Files.readString(backing).strip();
            } catch (IOException e) {
                // Taken away since, and perhaps another's already.
                last = e;
            }
        }
        if (last != null && Files.exists(backing)) {
            throw last;
        }
        return "";
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
        return ProcessHandle.allProcesses()
                .anyMatch(process -> process.info().commandLine().orElse("").contains(last));
    }
}
