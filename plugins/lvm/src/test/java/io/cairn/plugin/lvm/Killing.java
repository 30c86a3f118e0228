package io.cairn.plugin.lvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.cairn.spi.DriverException;

import java.util.Optional;
import java.util.Random;

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
