package io.cairn.plugin.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.plugin.local.Loops;
import io.cairn.plugin.local.Native;
import io.cairn.spi.Attaching;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.Driver;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Volumes and snapshots in any order of calls, with the work in the background beside them: each
 * reads as a model says, and nothing is left in the end. Storage daemons are killed at times, and
 * the driver is opened anew.
 */
final class RandomChainsTest {
    private static final int BLOCK = 64 << 10;
    private static final int BLOCKS = 16;
    private static final int STEPS = Integer.getInteger("cairn.chains.steps", 120);
    private static final int MOST_VOLUMES = 4;
    private static final Duration REST = Duration.ofSeconds(60);

    private final long seed = Long.getLong("cairn.chains.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Map<VolumeId, List<Integer>> volumes = new HashMap<>();
    private final Map<SnapshotId, Cut> snapshots = new HashMap<>();
    private final Map<VolumeId, Path> attached = new HashMap<>();
    private final List<String> steps = new ArrayList<>();
    private int written;

    @TempDir private Path folder;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private Qcow2Driver driver;

    private record Cut(VolumeId volume, List<Integer> content) {}

    @BeforeEach
    void open() throws Exception {
        Qcow2DriverProvider provider = new Qcow2DriverProvider();
        Driver opened =
                provider.open(
                        new BackendIdentity(new UUID(1, 2), "chains"),
                        new Settings(
                                provider.info().options(),
                                Map.of(Qcow2DriverProvider.DIRECTORY, folder.toString())));
        driver = (Qcow2Driver) opened;
    }

    @AfterEach
    void close() throws Exception {
        try {
            for (VolumeId id : List.copyOf(attached.keySet())) {
                attaching().detach(Target.of(id));
            }
        } finally {
            driver.close();
        }
    }

    @Test
    void everythingReadsAsItWasWrittenWhateverIsMerged() throws Exception {
        assumeTrue(driver.attaching().isPresent(), "volumes cannot be attached here");
        System.out.printf("RandomChainsTest: -Dcairn.chains.seed=%d%n", seed);
        try {
            for (int i = 0; i < STEPS; i++) {
                step();
                if (i % 10 == 9) {
                    verifyAll();
                }
            }
            verifyAll();
            removeAll();
        } catch (Exception | AssertionError e) {
            throw new AssertionError("seed %d, after %s".formatted(seed, steps), e);
        }
    }

    private void step() throws Exception {
        if (volumes.isEmpty()) {
            create();
            return;
        }
        VolumeId volume = any(volumes.keySet());
        switch (random.nextInt(14)) {
            case 0 -> create();
            case 1, 2, 3 -> write(volume);
            case 4, 5, 6 -> cut(volume);
            case 7, 8 -> deleteSnapshot();
            case 9 -> cloneOrRestore(volume);
            case 10 -> revert();
            case 11 -> attachOrDetach(volume);
            case 12 -> deleteVolume(volume);
            default -> disturb(volume);
        }
    }

    private void create() throws Exception {
        if (volumes.size() < MOST_VOLUMES) {
            VolumeId id = VolumeId.random();
            say("create", id);
            driver.createVolume(spec(id));
            volumes.put(id, new ArrayList<>(Collections.nCopies(BLOCKS, 0)));
        }
    }

    private static VolumeSpec spec(VolumeId id) {
        return new VolumeSpec(id, "default", (long) BLOCK * BLOCKS, Mark.NONE);
    }

    private void write(VolumeId id) throws Exception {
        say("write", id);
        List<Integer> content = the(volumes, id);
        try (SeekableByteChannel channel = opened(id)) {
            for (int i = 0; i < 4; i++) {
                int block = random.nextInt(BLOCKS);
                content.set(block, ++written);
                channel.position((long) block * BLOCK);
                ByteBuffer bytes = ByteBuffer.wrap(bytes(written));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
            if (channel instanceof FileChannel file) {
                file.force(true);
            }
        }
    }

    private SeekableByteChannel opened(VolumeId id) throws Exception {
        Path device = attached.get(id);
        if (device != null) {
            return FileChannel.open(device, StandardOpenOption.WRITE);
        }
        rest();
        return OpenLayer.writing(layer(Target.of(id)));
    }

    private void cut(VolumeId volume) throws Exception {
        SnapshotId id = SnapshotId.random();
        say("cut " + id + " of", volume);
        driver.createSnapshot(new SnapshotSpec(id, volume, Mark.NONE));
        snapshots.put(id, new Cut(volume, List.copyOf(the(volumes, volume))));
    }

    private void deleteSnapshot() throws Exception {
        if (!snapshots.isEmpty()) {
            SnapshotId id = any(snapshots.keySet());
            say("delete snapshot", id);
            driver.deleteSnapshot(id, the(snapshots, id).volume());
            snapshots.remove(id);
        }
    }

    private void cloneOrRestore(VolumeId source) throws Exception {
        if (volumes.size() >= MOST_VOLUMES) {
            return;
        }
        VolumeId id = VolumeId.random();
        if (snapshots.isEmpty() || random.nextBoolean()) {
            say("clone " + id + " of", source);
            driver.cloning().orElseThrow().cloneVolume(spec(id), source);
            volumes.put(id, new ArrayList<>(the(volumes, source)));
        } else {
            SnapshotId from = any(snapshots.keySet());
            say("create " + id + " from", from);
            driver.createFromSnapshot(spec(id), from, the(snapshots, from).volume());
            volumes.put(id, new ArrayList<>(the(snapshots, from).content()));
        }
    }

    private void revert() throws Exception {
        if (!snapshots.isEmpty()) {
            SnapshotId to = any(snapshots.keySet());
            VolumeId volume = the(snapshots, to).volume();
            if (!attached.containsKey(volume)) {
                say("revert to " + to, volume);
                driver.reverting().orElseThrow().revert(volume, to);
                volumes.put(volume, new ArrayList<>(the(snapshots, to).content()));
            }
        }
    }

    private void attachOrDetach(VolumeId id) throws Exception {
        if (attached.remove(id) == null) {
            say("attach", id);
            attached.put(id, Path.of(attaching().attach(Target.of(id), false).device()));
        } else {
            say("detach", id);
            attaching().detach(Target.of(id));
        }
    }

    private void deleteVolume(VolumeId id) throws Exception {
        boolean alone = snapshots.values().stream().noneMatch(cut -> cut.volume().equals(id));
        if (alone && !attached.containsKey(id)) {
            say("delete", id);
            driver.deleteVolume(id);
            volumes.remove(id);
        }
    }

    /** Opens the driver anew; or kills what serves a volume, all of which was made durable. */
    private void disturb(VolumeId id) throws Exception {
        if (attached.containsKey(id) && random.nextBoolean()) {
            say("kill what serves", id);
            for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
                if (process.info().commandLine().orElse("").contains(id + ".pid")) {
                    assertThat(process.destroyForcibly()).isTrue();
                    process.onExit().join();
                }
            }
            attaching().detach(Target.of(id));
            attached.remove(id);
        } else {
            say("open anew", id);
            driver.close();
            open();
        }
    }

    private void verifyAll() throws Exception {
        rest();
        for (Map.Entry<VolumeId, List<Integer>> volume : volumes.entrySet()) {
            Path device = attached.get(volume.getKey());
            try (SeekableByteChannel content =
                    device == null
                            ? OpenLayer.reading(layer(Target.of(volume.getKey())))
                            : FileChannel.open(device, StandardOpenOption.READ)) {
                verify("volume " + volume.getKey(), content, volume.getValue());
            }
        }
        for (Map.Entry<SnapshotId, Cut> each : snapshots.entrySet()) {
            Target target = Target.of(each.getValue().volume(), each.getKey());
            try (SeekableByteChannel content = OpenLayer.reading(layer(target))) {
                verify("snapshot " + each.getKey(), content, each.getValue().content());
            }
        }
    }

    private static void verify(String what, SeekableByteChannel content, List<Integer> expected)
            throws IOException {
        for (int block = 0; block < BLOCKS; block++) {
            ByteBuffer found = ByteBuffer.allocate(BLOCK);
            while (found.hasRemaining() && content.read(found) >= 0) {
                // reads on
            }
            assertThat(Arrays.equals(found.array(), bytes(expected.get(block))))
                    .describedAs("%s, block %d, which is %d", what, block, expected.get(block))
                    .isTrue();
        }
    }

    private static <K, V> V the(Map<K, V> map, K key) {
        return Objects.requireNonNull(map.get(key));
    }

    private static byte[] bytes(int number) {
        byte[] bytes = new byte[BLOCK];
        if (number != 0) {
            new Random(number).nextBytes(bytes);
        }
        return bytes;
    }

    private void removeAll() throws Exception {
        for (VolumeId id : List.copyOf(attached.keySet())) {
            attached.remove(id);
            attaching().detach(Target.of(id));
        }
        for (Map.Entry<SnapshotId, Cut> each : snapshots.entrySet()) {
            driver.deleteSnapshot(each.getKey(), each.getValue().volume());
        }
        rest();
        try (Stream<Path> files = Files.list(folder.resolve("layers"))) {
            // One for each volume, and one wherever two of them, or more, share what is below.
            assertThat(files).hasSizeLessThan(2 * volumes.size());
        }
        for (VolumeId id : volumes.keySet()) {
            driver.deleteVolume(id);
        }
        rest();
        for (String name : List.of("layers", "volumes", "snapshots", "exports")) {
            try (Stream<Path> files = Files.list(folder.resolve(name))) {
                assertThat(files).describedAs(name).isEmpty();
            }
        }
        try (Native _ = new Native()) {
            assertThat(Loops.at(folder.toString())).isEmpty();
        }
    }

    private void rest() throws InterruptedException {
        assertThat(driver.chores().finish(REST)).isTrue();
    }

    private Path layer(Target target) throws IOException {
        Path home = folder.resolve("volumes").resolve(target.volume().toString());
        return Qcow2Fixture.layerOf(
                home.resolve(target.snapshot().map(id -> id + ".snap").orElse("volume")));
    }

    private Attaching attaching() {
        return driver.attaching().orElseThrow();
    }

    private <T> T any(Collection<T> of) {
        return of.stream()
                .sorted(Comparator.comparing(Object::toString))
                .toList()
                .get(random.nextInt(of.size()));
    }

    private void say(String what, Object id) {
        steps.add(what + " " + id);
    }
}
