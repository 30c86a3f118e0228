package io.cairn.plugin.rbd;

import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.plugin.local.Entries;
import io.cairn.spi.Attachment;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Export;
import io.cairn.spi.Target;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Devices of the kernel's driver for RBD, beside a cluster, in a virtual machine that has it. */
@Tag("vm")
@Timeout(300)
final class KernelDevicesTest extends ServingFixture {
    private static final Path DEVICES = Path.of("/sys/bus/rbd/devices");
    private static final int BLOCK = 4096;

    @BeforeAll
    static void assumeLoaded() {
        assumeTrue(KernelDevices.lack().isEmpty(), () -> KernelDevices.lack().orElseThrow());
    }

    @Override
    AttachBy attachBy() {
        return AttachBy.AUTO;
    }

    /** All is slow there. */
    @Override
    String timeout() {
        return "PT1M";
    }

    private static void write(String device, long at, int value, OpenOption... options)
            throws IOException {
        ByteBuffer block = ByteBuffer.allocate(BLOCK);
        while (block.hasRemaining()) {
            block.putInt(value);
        }
        List<OpenOption> all = new ArrayList<>(List.of(options));
        all.add(StandardOpenOption.WRITE);
        try (FileChannel file = FileChannel.open(Path.of(device), all.toArray(OpenOption[]::new))) {
            assertThat(file.write(block.flip(), at)).isEqualTo(BLOCK);
        }
    }

    private int number(String location, long at) throws IOException {
        ByteBuffer four = ByteBuffer.allocate(Integer.BYTES);
        try (ImageChannel content = new ImageChannel(namespace, location, false)) {
            content.position(at);
            while (four.hasRemaining()) {
                assertThat(content.read(four)).isPositive();
            }
        }
        return four.flip().getInt();
    }

    @Test
    void aVolumeIsADeviceOfTheKernelsUntilItIsDetached() throws Exception {
        BackendVolume volume = volume(2 * OBJECT);
        Target target = Target.of(volume.id());

        Attachment attachment = attaching().attach(target, false);

        assertThat(attachment.device()).matches("/dev/rbd\\d+");
        assertThat(attachment.sizeBytes()).isEqualTo(2 * OBJECT);
        assertThat(attaching().attach(target, false)).isEqualTo(attachment);
        assertThat(attaching().attached(target)).contains(attachment);
        assertFails(
                Kind.CONFLICT,
                "is attached as %s already, for writing too".formatted(attachment.device()),
                () -> attaching().attach(target, true));
        driver.close();
        driver = open();
        assertThat(attaching().attached(target)).contains(attachment);
        attaching().detach(target);
        attaching().detach(target);
        assertThat(attaching().attached(target)).isEmpty();
        assertThat(Entries.names(DEVICES)).isEmpty();
        driver.deleteVolume(volume.id());
    }

    /** What is still in the kernel's memory is in it, and what comes later is not. */
    @Test
    void aSnapshotHoldsWhatWasWrittenBefore() throws Exception {
        BackendVolume volume = volume(2 * OBJECT);
        String device = attaching().attach(Target.of(volume.id()), false).device();
        write(device, 0, 1);
        write(device, OBJECT, 1);

        BackendSnapshot snapshot = snapshot(volume);
        write(device, 0, 2);
        BackendVolume clone =
                driver.cloning().orElseThrow().cloneVolume(spec(2 * OBJECT), volume.id());
        write(device, 0, 3, StandardOpenOption.DSYNC);

        assertThat(number(snapshot.location(), 0)).isEqualTo(1);
        assertThat(number(snapshot.location(), OBJECT)).isEqualTo(1);
        assertThat(number(clone.location(), 0)).isEqualTo(2);
        assertThat(number(volume.location(), 0)).isEqualTo(3);
    }

    @Test
    void aSnapshotUnderAWriterIsOfOneInstant() throws Exception {
        BackendVolume volume = volume(2 * OBJECT);
        String device = attaching().attach(Target.of(volume.id()), false).device();
        AtomicBoolean enough = new AtomicBoolean();
        List<BackendSnapshot> cut = new ArrayList<>();
        int last;
        try (ExecutorService writer = Executors.newSingleThreadExecutor()) {
            Future<Integer> written =
                    writer.submit(
                            () -> {
                                int i = 0;
                                while (!enough.get()) {
                                    i++;
                                    write(device, 0, i, StandardOpenOption.DSYNC);
                                    write(device, OBJECT, i, StandardOpenOption.DSYNC);
                                }
                                return i;
                            });
            try {
                for (int i = 0; i < 5; i++) {
                    cut.add(snapshot(volume));
                }
            } finally {
                enough.set(true);
            }
            last = written.get();
        }
        int before = 0;
        for (BackendSnapshot each : cut) {
            int first = number(each.location(), 0);
            int second = number(each.location(), OBJECT);
            assertThat(first).isBetween(second, second + 1).isGreaterThanOrEqualTo(before);
            before = second;
        }
        assertThat(last).isGreaterThan(1).isGreaterThanOrEqualTo(before);
    }

    @Test
    void aSnapshotIsAttachedReadOnlyAndKeptMeanwhile() throws Exception {
        BackendVolume volume = volume(OBJECT);
        write(volume, 0, 7);
        BackendSnapshot snapshot = snapshot(volume);
        Target target = Target.of(volume.id(), snapshot.id());

        Attachment attachment = attaching().attach(target, true);

        assertThat(attachment.readOnly()).isTrue();
        assertThatThrownBy(() -> write(attachment.device(), 0, 1, StandardOpenOption.DSYNC))
                .isInstanceOf(IOException.class);
        try (FileChannel file = FileChannel.open(Path.of(attachment.device()))) {
            ByteBuffer one = ByteBuffer.allocate(1);
            assertThat(file.read(one)).isEqualTo(1);
            assertThat(one.get(0)).isEqualTo((byte) 7);
        }
        assertFails(
                Kind.IN_USE,
                "it is attached as " + attachment.device(),
                () -> driver.deleteSnapshot(snapshot.id(), volume.id()));
        assertThat(attaching().attached(Target.of(volume.id()))).isEmpty();
        attaching().detach(target);
        driver.deleteSnapshot(snapshot.id(), volume.id());
    }

    @Test
    void anAttachedVolumeGrowsInPlace() throws Exception {
        BackendVolume volume = volume(OBJECT);
        Target target = Target.of(volume.id());
        String device = attaching().attach(target, false).device();

        driver.growing().orElseThrow().grow(volume.id(), 3 * OBJECT);

        assertThat(attaching().attached(target).orElseThrow().sizeBytes()).isEqualTo(3 * OBJECT);
        write(device, 3 * OBJECT - BLOCK, 5, StandardOpenOption.DSYNC);
        assertThat(number(volume.location(), 3 * OBJECT - BLOCK)).isEqualTo(5);
    }

    @Test
    void whatIsAttachedIsNeitherDeletedNorReverted() throws Exception {
        BackendVolume volume = volume(OBJECT);
        BackendVolume other = volume(OBJECT);
        BackendSnapshot snapshot = snapshot(volume);
        String device = attaching().attach(Target.of(volume.id()), false).device();
        String bare = attaching().attach(Target.of(other.id()), true).device();

        assertFails(
                Kind.IN_USE,
                "it is attached as " + device,
                () -> driver.reverting().orElseThrow().revert(volume.id(), snapshot.id()));
        assertFails(
                Kind.IN_USE, "it is attached as " + bare, () -> driver.deleteVolume(other.id()));

        attaching().detach(Target.of(volume.id()));
        attaching().detach(Target.of(other.id()));
        driver.reverting().orElseThrow().revert(volume.id(), snapshot.id());
        driver.deleteVolume(other.id());
    }

    @Test
    void whatIsOpenIsNotDetached() throws Exception {
        BackendVolume volume = volume(OBJECT);
        Target target = Target.of(volume.id());
        String device = attaching().attach(target, false).device();

        try (FileChannel _ = FileChannel.open(Path.of(device))) {
            assertFails(Kind.IN_USE, device + " is open", () -> attaching().detach(target));
        }
        assertThat(attaching().attached(target)).isPresent();
    }

    @Test
    void oneHostWritesAtATime() throws Exception {
        BackendVolume volume = volume(OBJECT);
        Target target = Target.of(volume.id());
        ConnectionId id = ConnectionId.random();
        attaching().attach(target, false);

        for (String protocol : List.of(NBD, Serving.RBD)) {
            assertFails(Kind.IN_USE, "it is attached", () -> export(id, target, false, protocol));
            Export _ = export(id, target, true, protocol);
            exporting().unexport(id, target);
            attaching().detach(target);
            Export _ = export(id, target, false, protocol);
            assertFails(Kind.IN_USE, "it is exported", () -> attaching().attach(target, false));
            exporting().unexport(id, target);
            attaching().attach(target, false);
        }
    }

    /** Two namespaces of a pool may have images of one name. */
    @Test
    void anotherNamespacesDeviceIsNotTakenForItsOwn() throws Exception {
        BackendVolume volume = volume(OBJECT);
        Target target = Target.of(volume.id());
        attaching().attach(target, false);
        Path first = namespace;
        RbdDriver other = driver;
        try {
            openOnFreshNamespace();
            assertThat(attaching().attached(target)).isEmpty();
            driver.createVolume(
                    new io.cairn.spi.VolumeSpec(
                            volume.id(), OneNode.POOL, OBJECT, io.cairn.spi.Mark.NONE));
            driver.deleteVolume(volume.id());
        } finally {
            driver.close();
            driver = other;
            namespace = first;
        }
        assertThat(attaching().attached(target)).isPresent();
    }

    @Test
    void theKernelShowsNoKey() throws Exception {
        String key = OneNode.asAdmin("ceph", node.folder(), "auth", "get-key", "client.cairn");
        assertThat(key).isNotBlank();
        attaching().attach(Target.of(volume(OBJECT).id()), false);

        List<String> devices = Entries.names(DEVICES);
        assertThat(devices).hasSize(1);
        String shown = Files.readString(DEVICES.resolve(devices.getFirst()).resolve("config_info"));
        assertThat(shown).contains("key=client.cairn").doesNotContain(key);
        // Nobody finds it there any more.
        assertThat(Files.readString(Path.of("/proc/keys"))).doesNotContain("client.cairn:");
    }
}
