package io.cairn.plugin.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Loop devices, those of others among them. */
@Timeout(60)
class LoopsTest {
    private static final long PAUSE_MILLIS = 50;
    private static final int STARTERS = 3;
    private static final int DETACHES = 300;
    private static final int TRIES = 20;

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path temporary;

    private final Native os = new Native();
    private final List<Loops.Loop> loops = new ArrayList<>();
    private Optional<Path> mounted = Optional.empty();

    @BeforeEach
    void checkNeeds() {
        assumeTrue(Loops.available(os), "no loop devices: not root");
    }

    @AfterEach
    void removeAll() throws Exception {
        try (os) {
            for (Loops.Loop loop : loops) {
                Loops.abandon(os, loop);
            }
            if (mounted.isPresent()) {
                assertThat(new ProcessBuilder("umount", mounted.get() + "").start().waitFor())
                        .isZero();
            }
        }
    }

    private Loops.Loop attach(Path file) throws Exception {
        try (Fd opened = os.open(file.toString(), Native.O_RDWR)) {
            loops.add(Loops.attach(os, opened, false, 512));
            return loops.getLast();
        }
    }

    @Test
    void aDeviceWhoseFileIsLostHidesNoOther() throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("shown"));
        Process server =
                new ProcessBuilder(
                                "nbdfuse",
                                folder.resolve("file").toString(),
                                "--command",
                                "nbdkit",
                                "--single",
                                "--exit-with-parent",
                                "memory",
                                "size=1M")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        mounted = Optional.of(folder);
        try {
            while (!Files.exists(folder.resolve("file"))) {
                assertThat(server.isAlive()).as("it shows the file").isTrue();
                Thread.sleep(PAUSE_MILLIS);
            }
            Loops.Loop _ = attach(folder.resolve("file"));
            try (Fd shown = os.open(folder.resolve("file").toString(), Native.O_RDONLY)) {
                assertThat(server.destroyForcibly().waitFor()).isNotZero();
                awaitLoss(shown);
            }
        } finally {
            Process _ = server.destroyForcibly();
        }
        Path image = Files.write(temporary.resolve("image"), new byte[1 << 20]);
        Loops.Loop own = attach(image);
        try (Fd file = os.open(image.toString(), Native.O_RDONLY)) {
            assertThat(Loops.of(os, file, "")).containsExactly(own);
        }
    }

    /**
     * Whoever starts a process has it hold all files of this one for a moment, and a device that
     * was given back too, which stays until then.
     */
    @Test
    void aDetachedDeviceIsGoneThoughProcessesAreStarted() throws Exception {
        Path image = Files.write(temporary.resolve("image"), new byte[1 << 20]);
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService starters = Executors.newCachedThreadPool()) {
            for (int i = 0; i < STARTERS; i++) {
                Future<?> _ =
                        starters.submit(
                                () -> {
                                    while (!done.get()) {
                                        new ProcessBuilder("true").start().waitFor();
                                    }
                                    return done;
                                });
            }
            try {
                for (int i = 0; i < DETACHES; i++) {
                    Loops.Loop loop = attach(image);
                    Loops.detach(os, loop);
                    assertThat(Loops.at(image.toString())).isEmpty();
                }
            } finally {
                done.set(true);
            }
        }
    }

    @Test
    void aDeviceThatIsAnothersByNowIsLeftAlone() throws Exception {
        Path image = Files.write(temporary.resolve("image"), new byte[1 << 20]);
        Path other = Files.write(temporary.resolve("other"), new byte[1 << 20]);
        Loops.Loop before;
        Loops.Loop now;
        // The kernel gives out the lowest number that is free, which somebody else may take.
        int left = TRIES;
        do {
            before = attach(image);
            Loops.detach(os, before);
            now = attach(other);
        } while (!now.name().equals(before.name()) && --left > 0);
        assertThat(now.name()).isEqualTo(before.name());

        Loops.detach(os, before);
        Loops.abandon(os, before);

        assertThat(Loops.at(other.toString())).contains(now);
        assertThat(Loops.sizeBytes(now)).isEqualTo(1 << 20);
    }

    /** The kernel answers for the server for a second. */
    private void awaitLoss(Fd shown) throws IOException, InterruptedException {
        while (true) {
            try {
                Stat _ = os.stat(shown);
                Thread.sleep(PAUSE_MILLIS);
            } catch (OsException e) {
                assertThat(e.is(OsException.ENOTCONN)).as(e.getMessage()).isTrue();
                return;
            }
        }
    }
}
