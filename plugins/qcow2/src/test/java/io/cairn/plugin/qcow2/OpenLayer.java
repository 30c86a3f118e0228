package io.cairn.plugin.qcow2;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A layer as another program has it open: one that writes shows it as a file by a storage daemon of
 * its own, which holds qemu's locks; one that reads has a copy of all that it reads as.
 */
final class OpenLayer implements SeekableByteChannel {
    private static final long START_MILLIS = 10_000;
    private static final long AGAIN_MILLIS = 100;

    private final FileChannel content;
    private final Path shown;
    private final Runnable end;

    private OpenLayer(FileChannel content, Path shown, Runnable end) {
        this.content = content;
        this.shown = shown;
        this.end = end;
    }

    static OpenLayer reading(Path layer) throws IOException {
        Path copy = Files.createTempFile("cairn-qcow2-", ".raw");
        run(
                "qemu-img",
                "convert",
                "-U",
                "-f",
                "qcow2",
                "-O",
                "raw",
                layer.toString(),
                copy.toString());
        return new OpenLayer(FileChannel.open(copy, StandardOpenOption.READ), copy, () -> {});
    }

    static OpenLayer writing(Path layer) throws IOException {
        Path shown = Files.createTempFile("cairn-qcow2-", ".shown");
        Process daemon =
                started(
                        "qemu-storage-daemon",
                        "--blockdev",
                        "driver=qcow2,node-name=l,file.driver=file,file.filename=" + layer,
                        "--export",
                        "type=fuse,id=f,node-name=l,writable=on,mountpoint=" + shown);
        try {
            long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MILLIS);
            while (Files.size(shown) == 0) {
                if (!daemon.isAlive() || System.nanoTime() > until) {
                    abandon(daemon, shown);
                    throw new IOException(
                            new String(daemon.getInputStream().readAllBytes(), UTF_8));
                }
                Thread.sleep(5);
            }
            FileChannel content =
                    FileChannel.open(shown, StandardOpenOption.READ, StandardOpenOption.WRITE);
            return new OpenLayer(content, shown, () -> end(daemon));
        } catch (InterruptedException e) {
            abandon(daemon, shown);
            Thread.currentThread().interrupt();
            ClosedByInterruptException closed = new ClosedByInterruptException();
            closed.initCause(e);
            throw closed;
        }
    }

    /** By a signal that it takes, or it would leave the file mounted. */
    private static void abandon(Process daemon, Path shown) throws IOException {
        ask(daemon);
        Files.delete(shown);
    }

    /**
     * Asks it to end until it does: it sleeps on if the signal comes between its last look at
     * whether one did and its sleep.
     */
    private static void ask(Process daemon) {
        boolean interrupted = false;
        while (daemon.isAlive()) {
            boolean _ = daemon.toHandle().destroy();
            try {
                boolean _ = daemon.waitFor(AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Has it write what it has, and end. */
    private static void end(Process daemon) {
        ask(daemon);
        try {
            String said = new String(daemon.getInputStream().readAllBytes(), UTF_8);
            int status = daemon.onExit().join().exitValue();
            if (status != 0) {
                throw new IOException("it ended with %d: %s".formatted(status, said));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Process started(String... command) throws IOException {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            return process;
        } catch (IOException e) {
            throw new TestAbortedException("cannot run %s".formatted(command[0]), e);
        }
    }

    static String run(String... command) throws IOException {
        Process process = started(command);
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        int status = process.onExit().join().exitValue();
        if (status != 0) {
            throw new IOException("%s ended with %d: %s".formatted(List.of(command), status, said));
        }
        return said;
    }

    @Override
    public void close() throws IOException {
        if (content.isOpen()) {
            content.close();
            end.run();
            Files.delete(shown);
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        return content.read(into);
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return content.write(from);
    }

    @Override
    public long position() throws IOException {
        return content.position();
    }

    @Override
    public SeekableByteChannel position(long to) throws IOException {
        content.position(to);
        return this;
    }

    @Override
    public long size() throws IOException {
        return content.size();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
        throw new UnsupportedOperationException("volumes do not shrink");
    }

    @Override
    public boolean isOpen() {
        return content.isOpen();
    }
}
