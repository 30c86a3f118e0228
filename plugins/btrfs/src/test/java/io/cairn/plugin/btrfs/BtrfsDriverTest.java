package io.cairn.plugin.btrfs;

import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;
import io.cairn.tck.BaseDriverTest;
import io.cairn.tck.Capability;
import io.cairn.tck.LeftBehind;
import io.cairn.tck.LoopFileSystem;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** The TCK on a btrfs of its own, made once for all cases. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BtrfsDriverTest extends BaseDriverTest {
    private static final long BYTES = 2L << 30;

    private @Nullable LoopFileSystem mounted;

    @BeforeAll
    void mount() throws Exception {
        mounted = LoopFileSystem.create(LoopFileSystem.Kind.BTRFS, BYTES);
        // What was removed is cleared away after the next commit, by itself every half minute.
        mounted.remount("commit=1");
    }

    @AfterAll
    void unmount() throws Exception {
        if (mounted != null) {
            mounted.close();
        }
    }

    @Override
    protected DriverProvider provider() {
        return new BtrfsDriverProvider();
    }

    @Override
    protected Map<String, String> settings(Path storage) {
        return Map.of(BtrfsDriverProvider.DIRECTORY, storage.toString());
    }

    @Override
    protected Set<Trait> traits() {
        return Set.of(Trait.THIN, Trait.SHARED_SNAPSHOTS, Trait.SHARED_CLONES);
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
                        Capability.BACKGROUND,
                        Capability.INSPECTING,
                        Capability.DIFFERING);
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
    protected Path prepare(Path temporary) throws IOException {
        return Files.createTempDirectory(mounted().path(), "case");
    }

    @Override
    protected void release(Path storage) {
        LeftBehind.endProcesses(storage);
    }

    @Override
    protected List<String> leftBehind(Path storage) throws IOException {
        return LeftBehind.in(storage);
    }

    /** Subvolumes give their space back some time after they were removed. */
    @Override
    protected long usedBytes(Path storage) throws Exception {
        Process process =
                new ProcessBuilder("btrfs", "subvolume", "sync", mounted().path().toString())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        if (process.waitFor() != 0) {
            throw new IOException("btrfs subvolume sync ended with " + process.exitValue());
        }
        mounted().flush();
        return super.usedBytes(storage);
    }

    @Override
    protected List<String> rubbish(Path storage, Inventory inventory) throws IOException {
        Path volumes = storage.resolve("volumes");
        Path snapshots = storage.resolve("snapshots");
        Set<Path> known =
                new HashSet<>(
                        List.of(
                                storage,
                                storage.resolve("cairn.backend"),
                                storage.resolve("exports"),
                                volumes,
                                snapshots));
        inventory.volumes().forEach(volume -> add(known, Path.of(volume.location())));
        inventory
                .snapshots()
                .forEach(
                        snapshot -> {
                            Path image = Path.of(snapshot.location());
                            add(known, image);
                            known.add(
                                    volumes.resolve(snapshot.volume().toString())
                                            .resolve(snapshot.id() + ".mark"));
                        });
        List<String> claimed =
                Files.getFileAttributeView(snapshots, UserDefinedFileAttributeView.class).list();
        List<String> claims =
                inventory.snapshots().stream().map(each -> "cairn." + each.id()).toList();
        try (Stream<Path> found = Files.walk(storage)) {
            Stream<String> files =
                    found.filter(path -> !known.contains(path))
                            .filter(path -> !isUnmanaged(storage, path))
                            .filter(path -> !isServed(storage, path))
                            .map(Path::toString);
            return Stream.concat(files, claimed.stream().filter(each -> !claims.contains(each)))
                    .toList();
        }
    }

    /** An image, its subvolume, and the folder of its volume. */
    private static void add(Set<Path> known, Path image) {
        known.add(image);
        known.add(Objects.requireNonNull(image.getParent()));
        known.add(Objects.requireNonNull(image.getParent().getParent()));
    }

    /** What the cases plant has plain names, and what is released ends in {@code .img}. */
    private static boolean isUnmanaged(Path storage, Path path) {
        return storage.equals(path.getParent())
                && path.toFile().getName().matches("planted[a-z0-9]*|.*\\.img");
    }

    private static boolean isServed(Path storage, Path path) {
        String name = path.toFile().getName().replaceFirst("\\.(pid|sock)$", "");
        return storage.resolve("exports").equals(path.getParent())
                && LeftBehind.named(name.substring(Math.max(0, name.length() - 36)));
    }

    private LoopFileSystem mounted() {
        return Objects.requireNonNull(mounted, "mounted before all cases");
    }
}
