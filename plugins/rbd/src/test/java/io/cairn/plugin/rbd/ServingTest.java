package io.cairn.plugin.rbd;

import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.cairn.plugin.local.qemu.ServingOptions;
import io.cairn.plugin.local.qemu.StorageDaemons;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.ConnectionId;
import io.cairn.spi.DriverException;
import io.cairn.spi.DriverException.Kind;
import io.cairn.spi.Export;
import io.cairn.spi.Target;
import io.cairn.tck.LeftBehind;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Storage daemons that have images open. */
@Tag("ceph")
@Timeout(180)
final class ServingTest extends ServingFixture {
    private static final int BLOCK = 4096;

    private static void writeDurably(String device, int value) throws IOException {
        byte[] block = new byte[BLOCK];
        Arrays.fill(block, (byte) value);
        try (FileChannel file = FileChannel.open(Path.of(device), StandardOpenOption.WRITE)) {
            assertThat(file.write(ByteBuffer.wrap(block), 0)).isEqualTo(BLOCK);
            file.force(true);
        }
    }

    private static int firstByte(String device) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        try (FileChannel file = FileChannel.open(Path.of(device), StandardOpenOption.READ)) {
            assertThat(file.read(one, 0)).isEqualTo(1);
        }
        return one.get(0);
    }

    private List<ProcessHandle> processes() {
        return ProcessHandle.allProcesses()
                .filter(
                        each ->
                                each.info()
                                        .commandLine()
                                        .filter(line -> line.contains(namespace + "/"))
                                        .isPresent())
                .toList();
    }

    private void killStorageDaemon() throws Exception {
        List<ProcessHandle> found =
                processes().stream()
                        .filter(
                                each ->
                                        each.info()
                                                .command()
                                                .filter(
                                                        command ->
                                                                command.endsWith(
                                                                        "qemu-storage-daemon"))
                                                .isPresent())
                        .toList();
        assertThat(found).hasSize(1);
        assertThat(found.getFirst().destroyForcibly()).isTrue();
        while (found.getFirst().isAlive()) {
            Thread.sleep(5);
        }
    }

    @Test
    void whatWasDurableIsThereAgainAfterAStorageDaemonWasKilled() throws Exception {
        BackendVolume volume = volume(OBJECT);
        Target target = Target.of(volume.id());
        writeDurably(attaching().attach(target, false).device(), 1);
        killStorageDaemon();

        assertThat(attaching().attached(target)).isEmpty();
        BackendSnapshot snapshot = snapshot(volume);
        String device = attaching().attach(target, false).device();

        assertThat(firstByte(device)).isEqualTo(1);
        // Ceph waits half a minute for the one that was killed.
        writeDurably(device, 2);
        attaching().detach(target);
        assertThat(read(snapshot.location(), 0)).isEqualTo(1);
        assertThat(read(volume.location(), 0)).isEqualTo(2);
        assertThat(LeftBehind.in(namespace)).isEmpty();
    }

    @Test
    void aVolumeIsDeletedAfterItsStorageDaemonWasKilled() throws Exception {
        BackendVolume volume = volume(OBJECT);
        Target target = Target.of(volume.id());
        ConnectionId id = ConnectionId.random();
        Export _ = export(id, target, false, NBD);
        killStorageDaemon();

        assertThat(exporting().exported(id, target)).isEmpty();
        driver.deleteVolume(volume.id());

        assertThat(driver.findVolume(volume.id())).isEmpty();
        assertThat(LeftBehind.in(namespace)).isEmpty();
    }

    @Test
    void aDeviceIsWrittenOnWhenTheDaemonsClientIsShutOut() throws Exception {
        BackendVolume volume = volume(OBJECT);
        Target target = Target.of(volume.id());
        String device = attaching().attach(target, false).device();
        writeDurably(device, 1);
        Cluster other =
                LargeStack.call(() -> Cluster.connect(Library.load(), OneNode.address(namespace)));
        try {
            String client = new Objects(other).read(Tenure.CLIENT).orElseThrow();
            other.shutOut(client, Duration.ofMinutes(5));
        } finally {
            other.close();
        }
        assertThatThrownBy(() -> volume(OBJECT)).isInstanceOf(DriverException.class);

        writeDurably(device, 2);

        driver.close();
        driver = openOnceLet();
        assertThat(attaching().attached(target).orElseThrow().device()).isEqualTo(device);
        attaching().detach(target);
        assertThat(read(volume.location(), 0)).isEqualTo(2);
    }

    /** It could not say that it had done, so that its lock ends by itself. */
    private RbdDriver openOnceLet() throws Exception {
        long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            try {
                return open();
            } catch (DriverException e) {
                if (e.kind() != Kind.UNAVAILABLE || System.nanoTime() - until > 0) {
                    throw e;
                }
                Thread.sleep(500);
            }
        }
    }

    @Test
    void theKeyIsNeitherInACommandLineNorTold() throws Exception {
        String key = OneNode.asAdmin("ceph", node.folder(), "auth", "get-key", "client.cairn");
        assertThat(key).isNotBlank();
        Target target = Target.of(volume(OBJECT).id());
        ConnectionId nbd = ConnectionId.random();
        ConnectionId rbd = ConnectionId.random();

        List<String> told = new ArrayList<>();
        told.add(attaching().attach(target, false).toString());
        told.add(export(nbd, target, true, NBD).info().toString());
        told.add(export(rbd, target, true, Serving.RBD).info().toString());
        for (ProcessHandle process : processes()) {
            Path line = Path.of("/proc", Long.toString(process.pid()), "cmdline");
            told.add(Files.readString(line));
            told.add(Files.readString(line.resolveSibling("environ")));
        }

        // The two that it takes to attach it.
        assertThat(told).hasSizeGreaterThanOrEqualTo(3 + 2 * 2);
        assertThat(told).noneMatch(text -> text.contains(key) || text.contains("keyring"));
        exporting().unexport(rbd, target);
        exporting().unexport(nbd, target);
        attaching().detach(target);
    }

    @Test
    void whoWouldNotSeeThatItIsLargerIsNamed() throws Exception {
        BackendVolume volume = volume(OBJECT);
        Target target = Target.of(volume.id());
        ConnectionId id = ConnectionId.random();
        Export _ = export(id, target, true, NBD);

        assertFails(
                Kind.IN_USE,
                "take the export back first; who uses it would not see that it is larger",
                () -> driver.growing().orElseThrow().grow(volume.id(), 2 * OBJECT));

        exporting().unexport(id, target);
        assertThat(driver.growing().orElseThrow().grow(volume.id(), 2 * OBJECT).sizeBytes())
                .isEqualTo(2 * OBJECT);
    }

    @Test
    void whatIsMissingIsNamedWithItsPackage(@TempDir Path folder) throws Exception {
        Optional<Path> modules =
                Stream.of("x86_64", "aarch64")
                        .map(machine -> Path.of("/usr/lib", machine + "-linux-gnu", "qemu"))
                        .filter(Files::isDirectory)
                        .findFirst();
        assumeTrue(modules.isPresent(), "QEMU's modules are elsewhere");
        Path without = folder.resolve("qemu-storage-daemon");
        Files.writeString(
                without,
                """
                #!/bin/sh
                exec unshare -m sh -c 'mount -t tmpfs none %s && exec qemu-storage-daemon "$@"' - "$@"
                """
                        .formatted(modules.get()));
        Files.setPosixFilePermissions(without, PosixFilePermissions.fromString("rwx------"));
        Cluster.Address address = OneNode.address(namespace);

        assertThat(Serving.lack(daemons(folder, Optional.of(without)), address).orElseThrow())
                .isEqualTo("qemu-storage-daemon has no driver 'rbd': install qemu-block-extra");
        assertThat(Serving.lack(daemons(folder, Optional.empty()), address).orElseThrow())
                .contains("install qemu-system-common");
        assertThat(
                        Serving.lack(
                                daemons(
                                        folder,
                                        Optional.of(Path.of("/usr/bin/qemu-storage-daemon"))),
                                address))
                .isEmpty();
    }

    @Test
    void whereThereAreNoStorageDaemonsThereIsOnlyCephsOwnProtocol() throws Exception {
        driver.close();
        Cluster.Address address = OneNode.address(namespace);
        StorageDaemons none = daemons(namespace, Optional.empty());
        Cluster cluster = LargeStack.call(() -> Cluster.connect(Library.load(), address));
        Objects objects = new Objects(cluster);
        driver =
                new RbdDriver(
                        SELF.backend(),
                        cluster,
                        objects,
                        Ownership.take(cluster, objects, SELF, true),
                        Duration.ofSeconds(35),
                        1,
                        none,
                        AttachBy.NBD,
                        Lacks.find(none, address, AttachBy.NBD));
        Target target = Target.of(volume(OBJECT).id());
        ConnectionId id = ConnectionId.random();

        assertThat(driver.attaching()).isEmpty();
        assertThat(exporting().protocols()).containsExactly(Serving.RBD);
        assertFails(
                Kind.UNSUPPORTED,
                "install qemu-system-common",
                () -> export(id, target, true, NBD));
        assertThat(export(id, target, true, Serving.RBD).protocol()).isEqualTo(Serving.RBD);
        exporting().unexport(id, target);
    }

    private static StorageDaemons daemons(Path folder, Optional<Path> program) {
        return new StorageDaemons(
                folder, folder, new ServingOptions(false, Optional.empty()), program);
    }
}
