package io.cairn.plugin.lvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.DriverException;

import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** Kills the program that runs LVM's commands. */
final class Killing {
    private static final int MOST_MILLIS = 250;

    private Killing() {}

    /** Something that the driver is asked for. */
    interface Call {
        void run() throws DriverException, InterruptedException;
    }

    /** Kills the program some time after the call began; the call may have ended by then. */
    static void during(Random random, Optional<ProcessHandle> running, Call call)
            throws InterruptedException {
        ProcessHandle program = running.orElseThrow();
        ProcessHandle holder = program.parent().orElseThrow();
        int millis = random.nextInt(MOST_MILLIS);
        Thread killer =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    try {
                                        Thread.sleep(millis);
                                    } catch (InterruptedException _) {
                                        // At once, then.
                                    }
                                    program.destroyForcibly();
                                });
        try {
            call.run();
        } catch (DriverException e) {
            assertThat(e.kind().outcomeKnown()).describedAs(e.getMessage()).isFalse();
        } finally {
            killer.join();
            kill(program, holder);
        }
    }

    /**
     * Kills the program some time after the call began, and the next one some time after that was
     * started, as one that puts right what the first left.
     */
    static void twice(Random random, Supplier<Optional<ProcessHandle>> running, Call call)
            throws InterruptedException {
        ProcessHandle first = running.get().orElseThrow();
        int millis = random.nextInt(MOST_MILLIS);
        AtomicBoolean over = new AtomicBoolean();
        Thread killer =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    try {
                                        while (!over.get()) {
                                            Optional<ProcessHandle> next =
                                                    running.get()
                                                            .filter(each -> !each.equals(first));
                                            if (next.isPresent()) {
                                                Thread.sleep(millis);
                                                kill(next.get());
                                                return;
                                            }
                                            Thread.sleep(1);
                                        }
                                    } catch (InterruptedException _) {
                                        Thread.currentThread().interrupt();
                                    }
                                });
        try {
            during(random, Optional.of(first), call);
        } finally {
            over.set(true);
            killer.join();
        }
    }

    static void kill(ProcessHandle program) {
        kill(program, program.parent().orElseThrow());
    }

    /**
     * @param holder what holds the lock for it, and ends with it
     */
    private static void kill(ProcessHandle program, ProcessHandle holder) {
        boolean _ = program.destroyForcibly();
        ProcessHandle _ = program.onExit().join();
        ProcessHandle _ = holder.onExit().join();
    }
}
