package io.cairn.plugin.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

class QmpTest {
    private static final String GREETING = "{\"QMP\": {\"capabilities\": []}}";
    private static final String DONE = "{\"return\": {}}";

    @SuppressWarnings("NullAway.Init") // before each test
    @TempDir
    Path folder;

    @SuppressWarnings("NullAway.Init") // before each test
    private Path socket;

    @SuppressWarnings("NullAway.Init") // before each test
    private ServerSocketChannel server;

    @BeforeEach
    void listen() throws IOException {
        socket = folder.resolve("qmp");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    /**
     * Says the first at once, and each other after a line of the client's; then waits for one more.
     */
    private void answer(List<String> lines) {
        Thread _ =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try (SocketChannel channel = server.accept()) {
                                        BufferedReader in =
                                                new BufferedReader(
                                                        Channels.newReader(channel, UTF_8));
                                        for (String line : lines) {
                                            ByteBuffer out = UTF_8.encode(line + "\r\n");
                                            while (out.hasRemaining()) {
                                                int _ = channel.write(out);
                                            }
                                            String _ = in.readLine();
                                        }
                                    } catch (IOException _) {
                                        // The client is gone.
                                    }
                                });
    }

    @Test
    void eventsArePassedOver() throws Exception {
        answer(List.of(GREETING, DONE, "{\"event\": \"X\"}\r\n{\"return\": [7]}"));

        try (Qmp qmp = Qmp.connect(socket)) {
            assertThat(qmp.execute("query", Map.of()).path(0).asInt()).isEqualTo(7);
        }
    }

    @Test
    void refusalsHaveQemusWords() throws Exception {
        String error = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"Node is busy\"}}";
        answer(List.of(GREETING, DONE, error));

        try (Qmp qmp = Qmp.connect(socket)) {
            assertThatThrownBy(() -> qmp.execute("quit", Map.of()))
                    .isInstanceOfSatisfying(
                            QmpException.class,
                            e -> {
                                assertThat(e.errorClass()).isEqualTo("GenericError");
                                assertThat(e.description()).isEqualTo("Node is busy");
                                assertThat(e.told().told().kind().name()).isEqualTo("IN_USE");
                            });
        }
    }

    @Test
    void whoDoesNotAnswerIsNotWaitedFor() throws Exception {
        answer(List.of(GREETING));

        assertThatThrownBy(() -> Qmp.connect(socket, Duration.ofMillis(50)))
                .isInstanceOf(EOFException.class);

        // Nobody accepts this one.
        assertThatThrownBy(() -> Qmp.connect(socket, Duration.ofMillis(50)))
                .isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void whoIsNoQemuIsToldApart() {
        answer(List.of("{}"));

        assertThatThrownBy(() -> Qmp.connect(socket)).hasMessageContaining("no QEMU");
    }

    @Test
    void anInterruptEndsTheWaiting() {
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> Qmp.connect(socket))
                .isInstanceOf(ClosedByInterruptException.class);

        assertThat(Thread.interrupted()).isTrue();
    }
}
