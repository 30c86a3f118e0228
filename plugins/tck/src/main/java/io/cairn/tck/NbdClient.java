package io.cairn.tck;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.cairn.spi.Export;

import org.opentest4j.TestAbortedException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A host that uses an export by NBD: it reads all of it when it connects, by {@code qemu-img}, and
 * writes all back when it is closed.
 */
final class NbdClient implements SeekableByteChannel {
    private final String uri;
    private final boolean writable;
    private final Path copy;
    private final FileChannel content;

    private NbdClient(String uri, boolean writable, Path copy) throws IOException {
        this.uri = uri;
        this.writable = writable;
        this.copy = copy;
        this.content = FileChannel.open(copy, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    static NbdClient connect(Export export, boolean writable) throws IOException {
        String uri = export.info().get("uri");
        if (uri == null || !uri.startsWith("nbd")) {
            throw new IOException("no URI of NBD: " + export);
        }
        Path copy = Files.createTempFile("cairn-nbd-", ".raw");
        try {
            run("qemu-img", "convert", "-f", "raw", "-O", "raw", uri, copy.toString());
            return new NbdClient(uri, writable, copy);
        } catch (IOException | RuntimeException e) {
            Files.delete(copy);
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        if (!content.isOpen()) {
            return;
        }
        content.close();
        try {
            if (writable) {
                run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", copy.toString(), uri);
            }
        } finally {
            Files.delete(copy);
        }
    }

    /** Runs a tool of QEMU; skips the case where it is missing. */
    static void run(String... command) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new TestAbortedException(
                    "cannot run %s; is qemu-utils installed?".formatted(command[0]), e);
        }
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        int status = process.onExit().join().exitValue();
        if (status != 0) {
            throw new IOException(
                    "%s failed with %d: %s".formatted(String.join(" ", command), status, said));
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
        throw new UnsupportedOperationException("exports keep their size");
    }

    @Override
    public boolean isOpen() {
        return content.isOpen();
    }
}
