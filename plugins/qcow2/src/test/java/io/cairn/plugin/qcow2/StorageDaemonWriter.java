package io.cairn.plugin.qcow2;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/** Writes on in the background, one write after the other, until it is closed. */
final class StorageDaemonWriter implements AutoCloseable {
    private static final int REQUEST = 0x25609513;
    private static final int REPLY = 0x67446698;
    private static final int EXPORT_NAME = 1;
    private static final int FIXED_NEWSTYLE_NO_ZEROES = 3;
    private static final short WRITE = 1;
    private static final short FUA = 1;

    private final AtomicLong done = new AtomicLong();
    private final Sink sink;
    private final Thread thread;
    private volatile boolean stopped;
    private volatile Throwable failure = new Throwable("none");

    /** Where it writes. */
    interface Sink extends AutoCloseable {
        void write(long offset, byte[] block) throws IOException;

        @Override
        void close() throws IOException;
    }

    StorageDaemonWriter(Sink sink, long first) {
        this.sink = sink;
        this.done.set(first);
        this.thread = Thread.ofPlatform().start(this::run);
    }

    private void run() {
        try {
            while (!stopped) {
                long n = done.get();
                sink.write(
                        n % StorageDaemonFixture.BLOCKS * StorageDaemonFixture.BLOCK_BYTES,
                        StorageDaemonFixture.block(n));
                long _ = done.incrementAndGet();
            }
        } catch (IOException | RuntimeException e) {
            failure = e;
        }
    }

    /** How many writes were acknowledged. */
    long done() {
        return done.get();
    }

    /** Waits for some more. */
    void awaitMore(int writes) throws InterruptedException {
        long until = done.get() + writes;
        while (done.get() < until) {
            if (!thread.isAlive()) {
                throw new AssertionError("the writer failed", failure);
            }
            Thread.sleep(1);
        }
    }

    /** Ends it; fails if a write did. */
    @Override
    public void close() throws IOException {
        stopped = true;
        try (sink) {
            thread.join();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        if (failure instanceof IOException e) {
            throw e;
        }
    }

    /** Ends it, whether or not it came to write once more to a server that is gone. */
    void closeAfterKill() {
        try {
            close();
        } catch (IOException _) {
            // As is to be expected.
        }
    }

    /**
     * A client of NBD on a unix socket, as proto.md of the NetworkBlockDevice project has it.
     *
     * @param durable whether each write is acknowledged only once it would outlive the server
     */
    static Sink nbd(Path socket, String export, boolean durable) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
        DataOutputStream out = new DataOutputStream(Channels.newOutputStream(channel));
        in.readFully(new byte[Long.BYTES * 2 + Short.BYTES]);
        byte[] name = export.getBytes(US_ASCII);
        ByteBuffer hello = ByteBuffer.allocate(20 + name.length);
        hello.putInt(FIXED_NEWSTYLE_NO_ZEROES).put("IHAVEOPT".getBytes(US_ASCII));
        hello.putInt(EXPORT_NAME).putInt(name.length).put(name);
        out.write(hello.array());
        in.readFully(new byte[Long.BYTES + Short.BYTES]);
        return new Sink() {
            @Override
            public void write(long offset, byte[] block) throws IOException {
                ByteBuffer request = ByteBuffer.allocate(28 + block.length);
                request.putInt(REQUEST).putShort(durable ? FUA : 0).putShort(WRITE).putLong(offset);
                request.putLong(offset).putInt(block.length).put(block);
                out.write(request.array());
                int magic = in.readInt();
                int error = in.readInt();
                long _ = in.readLong();
                if (magic != REPLY || error != 0) {
                    throw new IOException("error %d of the server".formatted(error));
                }
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }
}
