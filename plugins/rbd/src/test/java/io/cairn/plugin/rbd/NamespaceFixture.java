package io.cairn.plugin.rbd;

import io.cairn.plugin.local.ExportOptions;
import io.cairn.spi.BackendIdentity;
import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException;
import io.cairn.spi.Mark;
import io.cairn.spi.Settings;
import io.cairn.spi.SnapshotId;
import io.cairn.spi.SnapshotSpec;
import io.cairn.spi.VolumeId;
import io.cairn.spi.VolumeSpec;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;

/** A driver on a namespace of its own, for tests of what other drivers do not have. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class NamespaceFixture {
    /** Of an image's objects. */
    static final long OBJECT = 4 << 20;

    static final BackendIdentity SELF = new BackendIdentity(new UUID(1, 2), "tests");

    @SuppressWarnings("NullAway.Init") // started before all tests
    OneNode node;

    @SuppressWarnings("NullAway.Init") // opened before each test
    RbdDriver driver;

    Path namespace = Path.of("/nonexistent");

    @BeforeAll
    void startCluster() throws Exception {
        node = OneNode.start(options());
    }

    /** Of the cluster. */
    String[] options() {
        return new String[0];
    }

    @AfterAll
    void stopCluster() throws IOException {
        if (node != null) {
            node.close();
        }
    }

    @BeforeEach
    void openOnFreshNamespace() throws Exception {
        namespace = node.namespace();
        driver = open();
    }

    @AfterEach
    void close() {
        driver.close();
        // A hundred connections would be two thousand threads.
        ImageChannel.forget(namespace);
    }

    /** The same on hosts whose kernel could do it too. */
    AttachBy attachBy() {
        return AttachBy.NBD;
    }

    /** How long the cluster may take to answer. */
    String timeout() {
        return "PT30S";
    }

    RbdDriver open() throws DriverException, InterruptedException {
        RbdDriverProvider provider = new RbdDriverProvider();
        return (RbdDriver)
                provider.open(
                        SELF,
                        new Settings(
                                provider.info().options(),
                                Map.of(
                                        RbdDriverProvider.CONF,
                                        OneNode.conf(namespace).toString(),
                                        RbdDriverProvider.POOL,
                                        OneNode.POOL,
                                        RbdDriverProvider.NAMESPACE,
                                        OneNode.name(namespace),
                                        ExportOptions.DIRECTORY,
                                        namespace.toString(),
                                        RbdDriverProvider.TIMEOUT,
                                        timeout(),
                                        RbdDriverProvider.ATTACH_BY,
                                        attachBy().word(),
                                        RbdDriverProvider.DEEPEST,
                                        "1")));
    }

    VolumeSpec spec(long sizeBytes) {
        return new VolumeSpec(VolumeId.random(), OneNode.POOL, sizeBytes, Mark.NONE);
    }

    BackendVolume volume(long sizeBytes) throws DriverException, InterruptedException {
        return driver.createVolume(spec(sizeBytes));
    }

    BackendSnapshot snapshot(BackendVolume volume) throws DriverException, InterruptedException {
        return driver.createSnapshot(new SnapshotSpec(SnapshotId.random(), volume.id(), Mark.NONE));
    }

    void write(BackendVolume volume, long offset, int value) throws IOException {
        byte[] bytes = new byte[4096];
        java.util.Arrays.fill(bytes, (byte) value);
        try (ImageChannel content = new ImageChannel(namespace, volume.location(), true)) {
            content.position(offset);
            int _ = content.write(ByteBuffer.wrap(bytes));
        }
    }

    int read(String location, long offset) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        try (ImageChannel content = new ImageChannel(namespace, location, false)) {
            content.position(offset);
            int _ = content.read(one);
        }
        return one.get(0);
    }
}
