package io.cairn.plugin.qcow2;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * A conversation with QEMU by its machine protocol, one command at a time. QEMU talks to one client
 * only, and lets others wait; so none is held for longer than it is needed. Not for several
 * threads.
 *
 * <p>A thread that is interrupted stops waiting with a {@link ClosedByInterruptException} and stays
 * interrupted. After any {@link IOException} it is unknown what QEMU did, and this is of no more
 * use.
 */
final class Qmp implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int BUFFER_BYTES = 16 * 1024;
    private static final int MOST_LINE_BYTES = 64 * 1024 * 1024;
    private static final String ERROR = "error";
    private static final String RETURN = "return";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SocketChannel channel;
    private final Selector selector;
    private final Duration patience;
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES).flip();

    private Qmp(SocketChannel channel, Selector selector, Duration patience) {
        this.channel = channel;
        this.selector = selector;
        this.patience = patience;
    }

    /**
     * Connects, and waits for 30 seconds at most for each answer.
     *
     * @throws IOException if nobody listens there, or does not answer as QEMU does
     */
    static Qmp connect(Path socket) throws IOException {
        return connect(socket, PATIENCE);
    }

    static Qmp connect(Path socket, Duration patience) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        try {
            channel.configureBlocking(false);
            Qmp qmp = new Qmp(channel, Selector.open(), patience);
            try {
                SelectionKey _ = channel.register(qmp.selector, SelectionKey.OP_READ);
                qmp.greet();
                return qmp;
            } catch (IOException | RuntimeException e) {
                qmp.selector.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private void greet() throws IOException {
        JsonNode greeting = read(deadline());
        if (!greeting.has("QMP")) {
            throw new IOException("this is no QEMU: " + greeting);
        }
        try {
            JsonNode _ = execute("qmp_capabilities", Map.of());
        } catch (QmpException e) {
            throw new IOException(e);
        }
    }

    /**
     * Has QEMU do something.
     *
     * @param arguments of types that jackson knows; a null stands for JSON's
     * @return what it answers, often an empty object
     * @throws QmpException if it refuses
     * @throws SocketTimeoutException if it does not answer in time
     */
    JsonNode execute(String command, Map<String, ?> arguments) throws QmpException, IOException {
        long until = deadline();
        write(JSON.writeValueAsBytes(Map.of("execute", command, "arguments", arguments)), until);
        while (true) {
            JsonNode answer = read(until);
            JsonNode error = answer.get(ERROR);
            if (error != null) {
                throw new QmpException(
                        command, error.path("class").asText(), error.path("desc").asText());
            }
            JsonNode result = answer.get(RETURN);
            if (result != null) {
                return result;
            }
            // All else are events.
        }
    }

    private void write(byte[] command, long until) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(command.length + 1);
        out.put(command).put((byte) '\n').flip();
        while (channel.write(out) >= 0 && out.hasRemaining()) {
            await(SelectionKey.OP_WRITE, until);
        }
    }

    private JsonNode read(long until) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            while (in.hasRemaining()) {
                byte next = in.get();
                if (next == '\n') {
                    return parse(line.toString(UTF_8));
                }
                line.write(next);
            }
            if (line.size() > MOST_LINE_BYTES) {
                throw new IOException("QEMU answers without an end");
            }
            await(SelectionKey.OP_READ, until);
            in.clear();
            int read = channel.read(in);
            in.flip();
            if (read < 0) {
                throw new EOFException("qemu-storage-daemon ended or was ended");
            }
        }
    }

    private static JsonNode parse(String line) throws IOException {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new IOException("QEMU answers what is no JSON", e);
        }
    }

    private void await(int operation, long until) throws IOException {
        for (SelectionKey key : selector.keys()) {
            SelectionKey _ = key.interestOps(operation);
        }
        long left = Duration.ofNanos(until - System.nanoTime()).toMillis();
        int ready = left <= 0 ? 0 : selector.select(left);
        selector.selectedKeys().clear();
        if (Thread.currentThread().isInterrupted()) {
            throw new ClosedByInterruptException();
        }
        if (ready == 0 && System.nanoTime() - until >= 0) {
            throw new SocketTimeoutException(
                    "qemu-storage-daemon does not answer within %d seconds"
                            .formatted(patience.toSeconds()));
        }
    }

    private long deadline() {
        return System.nanoTime() + patience.toNanos();
    }

    @Override
    public void close() throws IOException {
        selector.close();
        channel.close();
    }
}
