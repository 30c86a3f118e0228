package io.cairn.plugin.lvm;

import static io.cairn.spi.DriverException.Kind.UNAVAILABLE;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The thin provisioning tools, which read the metadata of a pool as it was at one instant; LVM's
 * commands do not wait for them.
 */
final class ThinTool {
    /** One of them; all are of one package. */
    static final String ONE = "thin_ls";

    private static final Duration DEADLINE = Duration.ofMinutes(2);
    private static final int MOST_BYTES = 4_000;

    private final ThinPool pool;

    /** The kernel keeps one state of the metadata at a time. */
    private final ReentrantLock turn = new ReentrantLock();

    ThinTool(ThinPool pool) {
        this.pool = pool;
    }

    /** What is made of the output, which need not be read to its end. */
    interface Reading<T> {
        T of(InputStream output) throws OsException, InterruptedException, IOException;
    }

    <T> T run(Native os, String program, List<String> words, Reading<T> reading)
            throws OsException, InterruptedException, IOException {
        turn.lockInterruptibly();
        try {
            pool.holdMetadata(os);
            try {
                return read(program, words, reading);
            } finally {
                pool.releaseMetadata(os);
            }
        } finally {
            turn.unlock();
        }
    }

    private <T> T read(String program, List<String> words, Reading<T> reading)
            throws OsException, InterruptedException, IOException {
        List<String> command = new ArrayList<>();
        command.add(Lvm.installed(program).orElseThrow().toString());
        command.add("--metadata-snap");
        command.addAll(words);
        command.add("/dev/mapper/" + DeviceMapper.name(pool.group(), pool.metadata()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        Thread watch = Thread.ofVirtual().start(() -> endLate(process));
        try (InputStream output = process.getInputStream()) {
            process.getOutputStream().close();
            T read = reading.of(new Unclosed(output));
            // What was read to its end is whole only if the program says so.
            if (output.read() < 0 && process.waitFor() != 0) {
                throw new IOException("it ended with " + process.exitValue());
            }
            return read;
        } catch (IOException e) {
            throw failed(program, process, e);
        } finally {
            process.destroyForcibly();
            watch.interrupt();
        }
    }

    private static OsException failed(String program, Process process, IOException e)
            throws InterruptedException, IOException {
        String said =
                process.waitFor(1, TimeUnit.SECONDS)
                        ? new String(process.getErrorStream().readNBytes(MOST_BYTES), UTF_8).strip()
                        : "it still runs";
        OsException failure =
                new OsException(
                        UNAVAILABLE,
                        "%s failed, or was not done within %d s: %s: %s"
                                .formatted(program, DEADLINE.toSeconds(), e.getMessage(), said));
        failure.initCause(e);
        return failure;
    }

    /** Readers of XML close what they have read to its end. */
    private static final class Unclosed extends FilterInputStream {
        Unclosed(InputStream in) {
            super(in);
        }

        @Override
        public void close() {
            // Who opened it does.
        }
    }

    private static void endLate(Process process) {
        try {
            if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException _) {
            // It is read to where it was wanted.
        }
    }
}
