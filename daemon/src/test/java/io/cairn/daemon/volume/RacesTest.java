package io.cairn.daemon.volume;

import static io.cairn.daemon.volume.House.BACKEND;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.daemon.config.Reserve;
import io.cairn.daemon.config.TrashPolicy;
import io.cairn.daemon.volume.OperationException.Code;
import io.cairn.daemon.volume.history.Slate;
import io.cairn.spi.Target;
import io.cairn.spi.VolumeId;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/** Two that change the same at once, where what one reads first may be wrong by its turn. */
final class RacesTest {
    private static final long MIB = 1L << 20;
    private static final int TIMES = 60;

    private final Slate.Provider slate = new Slate.Provider();
    private final List<Thread> threads = new ArrayList<>();
    private House house;
    private Volumes volumes;
    private VolumeId volume;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        TrashPolicy trash = new TrashPolicy(Duration.ofDays(1), Reserve.NONE);
        house = House.open(folder, trash, slate);
        volumes = house.volumes;
        volume = volumes.createVolume(BACKEND, NewVolume.named("v", MIB)).id();
    }

    @AfterEach
    void close() throws Exception {
        for (Thread thread : threads) {
            thread.join();
        }
        house.close();
    }

    @Test
    void attachingAndDetachingHereTakeOneTurnEach() throws Exception {
        Target target = Target.of(volume);
        FutureTask<Object> attaching =
                begin(
                        () -> {
                            for (int i = 0; i < TIMES; i++) {
                                assertThat(volumes.connections().attachHere(target, false).state())
                                        .isEqualTo(Connection.State.ATTACHED);
                            }
                            return "done";
                        });
        FutureTask<Object> detaching =
                begin(
                        () -> {
                            for (int i = 0; i < TIMES; i++) {
                                Object answer =
                                        answer(
                                                () -> {
                                                    volumes.connections().detachHere(target);
                                                    return "detached";
                                                });
                                assertThat(answer).isIn("detached", Code.NOT_FOUND);
                            }
                            return "done";
                        });
        assertThat(attaching.get()).isEqualTo("done");
        assertThat(detaching.get()).isEqualTo("done");
    }

    private static Object answer(Callable<Object> asking) throws Exception {
        try {
            return asking.call();
        } catch (OperationException e) {
            return e.code();
        }
    }

    private FutureTask<Object> begin(Callable<Object> asking) {
        FutureTask<Object> task = new FutureTask<>(asking);
        threads.add(Thread.ofPlatform().start(task));
        return task;
    }
}
