package io.cairn.plugin.rbd;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.BackendSnapshot;
import io.cairn.spi.BackendVolume;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * That Ceph's libraries, called as they are, use no memory that they have freed. It is looked for
 * in a process whose freed memory is overwritten, since it is rarely seen otherwise: what is freed
 * is not always in use again at once, and then nothing happens.
 */
@Tag("ceph")
@Timeout(180)
final class FreedMemoryTest extends NamespaceFixture {
    private static final int THREADS = 4;
    private static final int TIMES = 500;
    private static final String DONE = "done";

    @Test
    void aSnapshotIsLeftAloneOnceItIsClosed() throws Exception {
        BackendVolume volume = volume(OBJECT);
        BackendSnapshot snapshot = snapshot(volume);
        // Surefire's own class path is a jar of its own that names the real one.
        String classPath =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        ProcessBuilder builder =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx128m",
                                "-XX:TieredStopAtLevel=1",
                                "-XX:+UseSerialGC",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                classPath,
                                Opening.class.getName(),
                                namespace.toString(),
                                Names.image(volume.id()),
                                snapshot.id().toString())
                        .redirectErrorStream(true);
        // Of mallopt(3).
        builder.environment().put("MALLOC_PERTURB_", "85");
        Process process = builder.start();
        try {
            String said = new String(process.getInputStream().readAllBytes(), UTF_8);

            assertThat(said).endsWith(DONE + "\n");
            assertThat(process.waitFor()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    /** Opens a snapshot and closes it, again and again. */
    static final class Opening {
        private Opening() {}

        /** Takes the namespace's folder, the image's name and the snapshot's. */
        public static void main(String[] arguments) throws Exception {
            Cluster cluster =
                    LargeStack.call(
                            () ->
                                    Cluster.connect(
                                            Library.load(),
                                            OneNode.address(Path.of(arguments[0]))));
            List<Future<?>> ends = new ArrayList<>();
            try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
                for (int i = 0; i < THREADS; i++) {
                    ends.add(
                            threads.submit(
                                    () -> {
                                        for (int time = 0; time < TIMES; time++) {
                                            Image.openToRead(cluster, arguments[1], arguments[2])
                                                    .close();
                                        }
                                        return null;
                                    }));
                }
            }
            for (Future<?> end : ends) {
                end.get();
            }
            cluster.close();
            System.out.println(DONE);
        }
    }
}
