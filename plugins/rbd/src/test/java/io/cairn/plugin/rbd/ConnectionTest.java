package io.cairn.plugin.rbd;

import static io.cairn.tck.Refusals.assertFails;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.BackendVolume;
import io.cairn.spi.DriverException.Kind;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** When connections to a cluster end, and when they do not. */
@Tag("ceph")
final class ConnectionTest extends NamespaceFixture {
    private static final Path THREADS = Path.of("/proc/self/task");

    /** Of those that each connection has one of, as the driver configures it. */
    private static final String THREAD = "io_context_pool";

    @Test
    void aBackendThatIsNotOpenedLeavesNone() throws Exception {
        long before = connections();

        assertFails(Kind.UNAVAILABLE, "open already", this::open);

        assertThat(connections()).isEqualTo(before);
    }

    @Test
    void oneStaysWhileAnImageOfItIsOpen() throws Exception {
        BackendVolume volume = volume(OBJECT);
        Cluster cluster =
                LargeStack.call(() -> Cluster.connect(Library.load(), OneNode.address(namespace)));
        long before = connections();
        try (Image image = Image.openToRead(cluster, Names.image(volume.id()))) {
            cluster.close();

            assertThat(image.sizeBytes()).isEqualTo(OBJECT);
            assertThat(image.id()).isNotEmpty();
        }
        // For good, since it is a mistake of the driver's, and nobody closes it any more.
        assertThat(connections()).isEqualTo(before);
    }

    @Test
    void oneEndsWhenItsBackendIsClosed() throws Exception {
        long before = connections();
        driver.close();

        assertThat(connections()).isEqualTo(before - 1);
        driver = open();
        assertThat(connections()).isEqualTo(before);
    }

    private static long connections() throws IOException {
        try (Stream<Path> all = Files.list(THREADS)) {
            return all.filter(ConnectionTest::isOne).count();
        }
    }

    private static boolean isOne(Path thread) {
        try {
            return Files.readString(thread.resolve("comm")).strip().equals(THREAD);
        } catch (IOException _) {
            // It has just ended.
            return false;
        }
    }
}
