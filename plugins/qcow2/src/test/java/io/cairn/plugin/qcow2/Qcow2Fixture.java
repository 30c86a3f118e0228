package io.cairn.plugin.qcow2;

import io.cairn.plugin.local.BackendFolder;
import io.cairn.plugin.local.Fd;
import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.BackendFacts.Trait;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverInfo;
import io.cairn.spi.DriverProvider;
import io.cairn.spi.Inventory;
import io.cairn.spi.Settings;
import io.cairn.spi.Unmanaged;
import io.cairn.tck.BaseDriverTest;
import io.cairn.tck.Capability;
import io.cairn.tck.LeftBehind;
import io.cairn.tck.LoopFileSystem;
import io.cairn.tck.TestFileSystem;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** What the TCK has to know of the driver, on a file system of its own, made once for all cases. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class Qcow2Fixture extends BaseDriverTest {
    private static final long BYTES = 2L << 30;
    private static final Duration REST = Duration.ofSeconds(20);
    private static final int TRIES = 250;
    private static final long PAUSE_MILLIS = 20;

    private final LoopFileSystem.Kind kind;
    private @Nullable TestFileSystem mounted;
    private @Nullable Qcow2Driver last;

    Qcow2Fixture(LoopFileSystem.Kind kind) {
        this.kind = kind;
    }

    /** Makes and mounts the file system. */
    TestFileSystem make(LoopFileSystem.Kind kind) throws Exception {
        return LoopFileSystem.create(kind, BYTES);
    }

    @BeforeAll
    void mount() throws Exception {
        mounted = make(kind);
    }

    @AfterAll
    void unmount() throws Exception {
        if (mounted != null) {
            mounted.close();
        }
    }

    @Override
    protected DriverProvider provider() {
        return new DriverProvider() {
            private final DriverProvider real = new Qcow2DriverProvider();

            @Override
            public String name() {
                return real.name();
            }

            @Override
            public DriverInfo info() {
                return real.info();
            }

            @Override
            public Driver open(BackendIdentity self, Settings settings)
                    throws DriverException, InterruptedException {
                Driver opened = real.open(self, settings);
                last = (Qcow2Driver) opened;
                return opened;
            }
        };
    }

    /** Who reads without locks, as only tests do, must not meet layers that are being merged. */
    private void awaitRest() throws IOException {
        if (last != null) {
            try {
                boolean _ = last.chores().finish(REST);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                ClosedByInterruptException closed = new ClosedByInterruptException();
                closed.initCause(e);
                throw closed;
            }
        }
    }

    /** Waits for the work in the background. */
    private void rest() throws InterruptedException {
        if (!Objects.requireNonNull(last).chores().finish(REST)) {
            throw new IllegalStateException("the work in the background does not end");
        }
    }

    @Override
    protected Map<String, String> settings(Path storage) {
        return Map.of(Qcow2DriverProvider.DIRECTORY, storage.toString());
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
        if (Files.isExecutable(Path.of("/usr/bin/qemu-storage-daemon"))) {
            there.add(Capability.EXPORTING);
            if (Files.isWritable(Path.of("/dev/loop-control"))
                    && Files.isWritable(Path.of("/dev/fuse"))
                    && Files.isExecutable(Path.of("/usr/bin/nbdfuse"))) {
                there.add(Capability.ATTACHING);
            }
        }
        return there;
    }

    /** NBD tells no client that the size has changed. */
    @Override
    protected boolean growsWhileAttached() {
        return false;
    }

    @Override
    protected long granularityBytes() {
        return 512;
    }

    @Override
    protected Path prepare(Path temporary) throws IOException {
        return Files.createTempDirectory(Objects.requireNonNull(mounted).path(), "case");
    }

    @Override
    protected void release(Path storage) throws Exception {
        LeftBehind.endProcesses(storage);
        for (String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
            String point = line.split(" ", -1)[1];
            if (point.startsWith(storage + "/")) {
                String _ = OpenLayer.run("umount", "--lazy", point);
            }
        }
    }

    @Override
    protected List<String> leftBehind(Path storage) throws IOException {
        List<String> left = new ArrayList<>(LeftBehind.in(storage));
        Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                .filter(line -> line.contains(storage + "/"))
                .forEach(left::add);
        return left;
    }

    @Override
    protected SeekableByteChannel content(String location, boolean writable) throws IOException {
        if (location.startsWith("/dev/")) {
            return super.content(location, writable);
        }
        awaitRest();
        Path file = Path.of(location);
        boolean unmanaged = Files.isDirectory(file.resolveSibling(Layers.LAYERS));
        Path layer = unmanaged ? file : layerOf(file);
        return writable ? OpenLayer.writing(layer) : OpenLayer.reading(layer);
    }

    @Override
    protected void plant(Path storage, String name, long sizeBytes) throws IOException {
        String _ =
                OpenLayer.run(
                        "qemu-img",
                        "create",
                        "-q",
                        "-f",
                        "qcow2",
                        storage.resolve(name).toString(),
                        Long.toString(sizeBytes));
    }

    @Override
    protected String locationOf(Path storage, String unmanaged) {
        return storage.resolve(unmanaged).toString();
    }

    static Path layerOf(Path card) throws IOException {
        String line = Files.readAllLines(card).getFirst();
        // The card is in the folder of its volume, in that of all volumes.
        Path folder = card.resolve("../../..").normalize();
        return folder.resolve("layers").resolve(line.replace("layer ", "") + ".qcow2");
    }

    /** What is merged and removed in the background is waited for. */
    @Override
    protected long usedBytes(Path storage) throws Exception {
        rest();
        Objects.requireNonNull(mounted).flush();
        return super.usedBytes(storage);
    }

    @Override
    protected List<String> rubbish(Path storage, Inventory inventory) throws Exception {
        rest();
        Set<Path> known =
                new HashSet<>(
                        List.of(
                                storage,
                                storage.resolve("cairn.backend"),
                                storage.resolve("exports"),
                                storage.resolve("layers"),
                                storage.resolve("volumes"),
                                storage.resolve("snapshots")));
        for (var volume : inventory.volumes()) {
            add(known, storage, Path.of(volume.location()));
        }
        for (var snapshot : inventory.snapshots()) {
            add(known, storage, Path.of(snapshot.location()));
            known.add(storage.resolve("snapshots").resolve(snapshot.id().toString()));
        }
        List<String> found = unknown(storage, known);
        // What is removed while somebody reads it, a client of NFS removes once he has done so.
        for (int left = TRIES;
                left > 0 && found.stream().anyMatch(Qcow2Fixture::stillOpen);
                left--) {
            Thread.sleep(PAUSE_MILLIS);
            found = unknown(storage, known);
        }
        return found;
    }

    private List<String> unknown(Path storage, Set<Path> known) throws Exception {
        Set<Path> unmanaged = new HashSet<>();
        for (Unmanaged each : Objects.requireNonNull(last).adopting().orElseThrow().unmanaged()) {
            // None that the driver only forgot there, which has a second name.
            if (each.obstacle().isEmpty() || each.path().startsWith("planted")) {
                unmanaged.add(storage.resolve(each.path()));
            }
        }
        try (Stream<Path> found = Files.walk(storage)) {
            return found.filter(path -> !known.contains(path))
                    .filter(path -> !unmanaged.contains(path))
                    .filter(path -> !isServed(storage, path))
                    .map(Path::toString)
                    .toList();
        }
    }

    private static boolean stillOpen(String path) {
        return path.contains("/" + BackendFolder.STILL_OPEN);
    }

    /** A card, its folder, and the layers that it needs. */
    private static void add(Set<Path> known, Path storage, Path card) throws IOException {
        known.add(card);
        known.add(Objects.requireNonNull(card.getParent()));
        Path folder = storage.resolve("layers");
        try (Native os = new Native();
                Fd layers = os.open(folder.toString(), Native.O_RDONLY)) {
            LayerId top = LayerId.ofFile(layerOf(card).toFile().getName()).orElseThrow();
            for (LayerId each :
                    new Layers(folder, layers, new QemuImg(QemuImg.installed().orElseThrow()))
                            .chain(os, top)) {
                known.add(folder.resolve(each.file()));
            }
        } catch (OsException e) {
            throw new IOException(e);
        }
    }

    private static boolean isServed(Path storage, Path path) {
        String name = path.toFile().getName();
        return storage.resolve("exports").equals(path.getParent())
                && LeftBehind.named(
                        storage.resolve("exports")
                                .resolve(name.substring(0, name.lastIndexOf('.')))
                                .toString());
    }
}
