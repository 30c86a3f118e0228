package io.cairn.plugin.local.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;

import org.jspecify.annotations.Nullable;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;

class QmpTest {
    private static final String GREETING = "{\"QMP\": {\"capabilities\": []}}";
    private static final String DONE = "{\"return\": {}, \"id\": ID}";
    private static final String OTHERS = "{\"return\": [1], \"id\": \"another's\"}\r\n";
    private static final String EVENT = "{\"event\": \"X\"}\r\n";
    private static final String SEVEN = "{\"return\": [7], \"id\": ID}";

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
     *
     * @param lines in which {@code ID} stands for what the client's last line had as its id
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
                                        String id = "";
                                        for (String line : lines) {
                                            ByteBuffer out =
                                                    UTF_8.encode(line.replace("ID", id) + "\r\n");
                                            while (out.hasRemaining()) {
                                                int _ = channel.write(out);
                                            }
                                            id = idIn(in.readLine());
                                        }
                                    } catch (IOException _) {
                                        // The client is gone.
                                    }
                                });
    }

    /** As it stands there, with its quotes; empty if there is none. */
    private static String idIn(@Nullable String line) throws IOException {
        return line == null ? "" : new ObjectMapper().readTree(line).path("id").toString();
    }

    @Test
    void eventsArePassedOver() throws Exception {
        answer(List.of(GREETING, DONE, EVENT + SEVEN));

        assertThatSevenIsAnswered();
    }

    @Test
    void whatAnotherClientLeftUnreadIsPassedOver() throws Exception {
        answer(List.of("rn\": {}}\r\n" + OTHERS + EVENT + GREETING, DONE, SEVEN));

        assertThatSevenIsAnswered();
    }

    @Test
    void theAnswerToAnotherClientIsPassedOver() throws Exception {
        answer(List.of(GREETING + "\r\n" + OTHERS, OTHERS + DONE, OTHERS + SEVEN));

        assertThatSevenIsAnswered();
    }

    private void assertThatSevenIsAnswered() throws Exception {
        try (Qmp qmp = Qmp.connect(socket)) {
            assertThat(qmp.execute("query", Map.of()).path(0).asInt()).isEqualTo(7);
        }
    }

    @Test
    void whereManyWaitItWaitsForItsTurn() throws Exception {
        server.close();
        Files.delete(socket);
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket), 1);
        // Linux lets one more wait than it is told.
        try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            assertThatThrownBy(() -> Qmp.connect(socket, Duration.ofMillis(50)))
                    .isInstanceOf(SocketTimeoutException.class);

            CountDownLatch begun = new CountDownLatch(1);
            FutureTask<Integer> seven =
                    new FutureTask<>(
                            () -> {
                                begun.countDown();
                                try (Qmp qmp = Qmp.connect(socket)) {
                                    return qmp.execute("query", Map.of()).path(0).asInt();
                                }
                            });
            Thread _ = Thread.ofVirtual().start(seven);
            begun.await();
            server.accept().close();
            server.accept().close();
            answer(List.of(GREETING, DONE, SEVEN));
            assertThat(seven.get()).isEqualTo(7);
        }
    }

    @Test
    void refusalsHaveQemusWords() throws Exception {
        String error =
                "{\"error\": {\"class\": \"GenericError\", \"desc\": \"Node is busy\"}, \"id\": ID}";
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
        answer(List.of("{}\r\n{}"));

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
