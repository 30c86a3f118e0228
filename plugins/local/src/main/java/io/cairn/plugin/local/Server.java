package io.cairn.plugin.local;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A process that serves one export, as its own command line tells.
 *
 * @param export the name that clients ask for
 * @param address where it listens: a unix socket or a port of the loopback interface
 */
public record Server(
        long pid, NbdProgram program, String export, boolean readOnly, SocketAddress address) {
    /**
     * The longest path of a socket that Java connects to: {@code sun_path} of sys/un.h takes a byte
     * more.
     */
    public static final int SOCKET_PATH_BYTES = 106;

    /** What every NBD server says first; nbd/doc/proto.md of the NetworkBlockDevice project. */
    private static final byte[] GREETING = "NBDMAGIC".getBytes(US_ASCII);

    private static final long PATIENCE_MILLIS = 2_000;

    /** The command line of a process; empty if there is none, or none left. */
    public static List<String> commandLine(long pid) {
        try {
            String text = Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"), UTF_8);
            return text.isEmpty() ? List.of() : List.of(text.split("\0", -1));
        } catch (IOException _) {
            // Gone, or not ours to see; either way not one that we started.
            return List.of();
        }
    }

    public Map<String, String> info() {
        return switch (address) {
            case UnixDomainSocketAddress unix ->
                    Map.of(
                            "uri",
                            "nbd+unix:///%s?socket=%s".formatted(export, encoded(unix.toString())),
                            "socket",
                            unix.toString(),
                            "export",
                            export);
            case InetSocketAddress inet ->
                    Map.of(
                            "uri",
                            "nbd://%s:%d/%s"
                                    .formatted(inet.getHostString(), inet.getPort(), export),
                            "host",
                            inet.getHostString(),
                            "port",
                            Integer.toString(inet.getPort()),
                            "export",
                            export);
            default -> throw new IllegalStateException("no server listens at " + address);
        };
    }

    /** Whether it greets who connects. */
    public boolean answers() {
        long until = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        try (SocketChannel channel =
                        address instanceof UnixDomainSocketAddress
                                ? SocketChannel.open(StandardProtocolFamily.UNIX)
                                : SocketChannel.open();
                Selector selector = Selector.open()) {
            // On a unix socket at once; on loopback as good as that.
            if (!channel.connect(address)) {
                return false;
            }
            channel.configureBlocking(false);
            SelectionKey _ = channel.register(selector, SelectionKey.OP_READ);
            ByteBuffer greeting = ByteBuffer.allocate(GREETING.length);
            while (greeting.hasRemaining()) {
                long left = (until - System.nanoTime()) / 1_000_000;
                if (left <= 0 || selector.select(left) == 0 || channel.read(greeting) < 0) {
                    return false;
                }
                selector.selectedKeys().clear();
            }
            return ByteBuffer.wrap(GREETING).equals(greeting.flip());
        } catch (IOException _) {
            // Nobody listens, or not yet, or no longer.
            return false;
        }
    }

    private static String encoded(String path) {
        StringBuilder text = new StringBuilder();
        for (byte each : path.getBytes(UTF_8)) {
            char c = (char) (each & 0xff);
            boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || "/._-~".indexOf(c) >= 0);
            text.append(plain ? String.valueOf(c) : "%%%02X".formatted(each & 0xff));
        }
        return text.toString();
    }
}
