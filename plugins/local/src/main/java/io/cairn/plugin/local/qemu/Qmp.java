package io.cairn.plugin.local.qemu;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/**
 * A conversation with QEMU by its machine protocol, one command at a time. QEMU talks to one client
 * only, and lets others wait; so none is held for longer than it is needed. Not for several
 * threads.
 *
 * <p>QEMU keeps what a client went away without reading, and says it to the next one, before its
 * greeting or after; so does what it was still at work on. Each command therefore has an id, which
 * is in its answer, and what has another's is passed over.
 *
 * <p>A thread that is interrupted stops waiting with a {@link ClosedByInterruptException} and stays
 * interrupted. After any {@link IOException} it is unknown what QEMU did, and this is of no more
 * use.
 */
public final class Qmp implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int BUFFER_BYTES = 16 * 1024;
    private static final int MOST_LINE_BYTES = 64 * 1024 * 1024;
    private static final long PAUSE_NANOS = Duration.ofMillis(2).toNanos();
    private static final String ERROR = "error";
    private static final String RETURN = "return";
    private static final String EVENT = "event";
    private static final String ID = "id";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SocketChannel channel;
    private final Selector selector;
    private final Duration patience;
    private final String client = UUID.randomUUID().toString();
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES).flip();
    private long commands;

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
    public static Qmp connect(Path socket) throws IOException {
        return connect(socket, PATIENCE);
    }

    static Qmp connect(Path socket, Duration patience) throws IOException {
        long until = System.nanoTime() + patience.toNanos();
        SocketChannel channel = open(socket, until, patience);
        try {
            Qmp qmp = new Qmp(channel, Selector.open(), patience);
            try {
                SelectionKey _ = channel.register(qmp.selector, SelectionKey.OP_READ);
                qmp.greet(until);
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

    /** Waits where too many wait already, which a blocking call would do for ever. */
    private static SocketChannel open(Path socket, long until, Duration patience)
            throws IOException {
        while (true) {
            // One whose connecting failed is of no more use.
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.configureBlocking(false);
                boolean _ = channel.connect(UnixDomainSocketAddress.of(socket));
                return channel;
            } catch (ConnectException e) {
                channel.close();
                throw e;
            } catch (SocketException e) {
                channel.close();
                // EAGAIN, which only its text tells from what is wrong with the socket.
                if (!Files.isWritable(socket)) {
                    throw e;
                }
                if (System.nanoTime() - until >= 0) {
                    throw unanswered(patience);
                }
                LockSupport.parkNanos(PAUSE_NANOS);
                if (Thread.currentThread().isInterrupted()) {
                    throw new ClosedByInterruptException();
                }
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        }
    }

    private void greet(long until) throws IOException {
        boolean first = true;
        while (true) {
            String line = readLine(until);
            JsonNode said = JSON.getNodeFactory().missingNode();
            try {
                said = JSON.readTree(line);
            } catch (JsonProcessingException e) {
                // The end of what another client had begun to read.
                if (!first) {
                    throw noQemu(line, e);
                }
            }
            if (said.has("QMP")) {
                break;
            }
            if (!first && !said.has(RETURN) && !said.has(ERROR) && !said.has(EVENT)) {
                throw noQemu(line, null);
            }
            first = false;
        }
        try {
            JsonNode _ = execute("qmp_capabilities", Map.of());
        } catch (QmpException e) {
            throw new IOException(e);
        }
    }

    private static IOException noQemu(String line, @Nullable Throwable cause) {
        return new IOException("this is no QEMU: " + line, cause);
    }

    /**
     * Has QEMU do something.
     *
     * @param arguments of types that jackson knows; a null stands for JSON's
     * @return what it answers, often an empty object
     * @throws QmpException if it refuses
     * @throws SocketTimeoutException if it does not answer in time
     */
    public JsonNode execute(String command, Map<String, ?> arguments)
            throws QmpException, IOException {
        long until = deadline();
        commands++;
        String id = client + "/" + commands;
        write(
                JSON.writeValueAsBytes(Map.of("execute", command, "arguments", arguments, ID, id)),
                until);
        while (true) {
            JsonNode answer = read(until);
            // What QEMU cannot even read has none.
            if (!answer.path(ID).asText(id).equals(id)) {
                continue;
            }
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
        String line = readLine(until);
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new IOException("QEMU answers what is no JSON", e);
        }
    }

    private String readLine(long until) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            while (in.hasRemaining()) {
                byte next = in.get();
                if (next == '\n') {
                    return line.toString(UTF_8);
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
            throw unanswered(patience);
        }
    }

    private static SocketTimeoutException unanswered(Duration patience) {
        return new SocketTimeoutException(
                "qemu-storage-daemon does not answer within %d seconds"
                        .formatted(patience.toSeconds()));
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
