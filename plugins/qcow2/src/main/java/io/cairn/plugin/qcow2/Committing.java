package io.cairn.plugin.qcow2;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.plugin.local.Native;
import io.cairn.plugin.local.OsException;
import io.cairn.spi.Chore;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Moves from a layer that nobody has open, by {@code qemu-img commit}. */
final class Committing implements Moving {
    /** As qemu-img shows it, in hundredths of a percent here. */
    private static final Pattern PERCENT = Pattern.compile("\\((\\d+)\\.(\\d\\d)/100%\\)");

    private static final long WHOLE = 10_000;
    private static final int SHOWN_BYTES = 256;

    private final QemuImg tool;
    private final Layers layers;
    private final LayerId upper;
    private final LayerId lower;
    private @Nullable Process process;
    private boolean stopped;
    private long done;

    Committing(QemuImg tool, Layers layers, LayerId upper, LayerId lower) {
        this.tool = tool;
        this.layers = layers;
        this.upper = upper;
        this.lower = lower;
    }

    @Override
    public LayerId upper() {
        return upper;
    }

    @Override
    public boolean run() throws OsException, IOException, InterruptedException {
        Process started;
        synchronized (this) {
            if (stopped) {
                return false;
            }
            started = tool.commit(layers.path(upper));
            process = started;
        }
        try {
            CompletableFuture<String> errors = QemuImg.errors(started);
            follow(started.getInputStream());
            int status = started.waitFor();
            String said = errors.join();
            if (isStopped() || QemuImg.isLocked(said)) {
                return false;
            }
            QemuImg.check("commit", status, said);
            try (Native os = new Native()) {
                layers.replace(os, upper, lower, false);
            }
            return true;
        } finally {
            QemuImg.end(started);
        }
    }

    private void follow(InputStream shown) throws IOException {
        byte[] bytes = new byte[SHOWN_BYTES];
        for (int length = shown.read(bytes); length >= 0; length = shown.read(bytes)) {
            Matcher percent = PERCENT.matcher(new String(bytes, 0, length, UTF_8));
            while (percent.find()) {
                long now =
                        Long.parseLong(percent.group(1)) * 100 + Long.parseLong(percent.group(2));
                synchronized (this) {
                    done = now;
                }
            }
        }
    }

    private synchronized boolean isStopped() {
        return stopped;
    }

    @Override
    public synchronized void stop() {
        stopped = true;
        if (process != null) {
            // Whenever it ends, the upper layer reads the same.
            // By its handle, which leaves what it said to be read.
            boolean _ = process.toHandle().destroyForcibly();
        }
    }

    @Override
    public synchronized Chore progress() {
        return new Chore("merge layer " + upper, done, WHOLE, "");
    }
}
