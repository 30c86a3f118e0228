package io.cairn.daemon.access;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.rmi.server.RMIServerSocketFactory;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import javax.net.ssl.SSLSocket;

/**
 * The one port. RMI shares a port among objects whose socket factories are equal; this one is equal
 * to itself only, and is bound before RMI asks, so that its number is known from the start and a
 * port in use is one clear error.
 */
final class Listener implements RMIServerSocketFactory, AutoCloseable {
    /**
     * The most that a client may send before it is answered, in bytes. Deserialization filters do
     * not see strings, so that without this a caller who has not even logged in could fill the
     * heap. It is the same for all: RMI's clients make their calls over any of their connections,
     * and which of these are a user's shows only when a call has been read. The longest that is
     * legitimate is a creation with 32 labels of 255 characters of three bytes, which is 28 KB.
     */
    static final long LONGEST_REQUEST = 32L << 10;

    /**
     * A call in progress holds a connection; 64 clients seldom hold more than two each. While a
     * request is read it takes up to twelve times its length: a string is collected in a buffer
     * that grows by doubling, and one letter beyond Latin-1 makes each of its bytes two.
     */
    static final int MOST_CONNECTIONS = 256;

    private static final int BACKLOG = 128;

    private final Bound socket;

    Listener(InetAddress address, int port, Optional<Tls> tls) throws IOException {
        this.socket = new Bound(tls);
        try {
            socket.bind(new InetSocketAddress(address, port), BACKLOG);
        } catch (IOException e) {
            IOException failure =
                    new IOException(
                            "cannot listen on %s port %d (%s): choose another port, or stop what uses it"
                                    .formatted(address.getHostAddress(), port, e.getMessage()),
                            e);
            try {
                socket.close();
            } catch (IOException f) {
                failure.addSuppressed(f);
            }
            throw failure;
        }
    }

    int port() {
        return socket.getLocalPort();
    }

    @Override
    public ServerSocket createServerSocket(int port) throws IOException {
        if (port != port() || socket.isClosed()) {
            throw new IOException("port %d is not the one of this connector".formatted(port));
        }
        return socket;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private static final class Bound extends ServerSocket {
        private final Optional<Tls> tls;
        private final Semaphore free = new Semaphore(MOST_CONNECTIONS);

        Bound(Optional<Tls> tls) throws IOException {
            this.tls = tls;
        }

        @Override
        public Socket accept() throws IOException {
            while (true) {
                Accepted accepted = new Accepted(free);
                implAccept(accepted);
                if (!accepted.take()) {
                    accepted.close();
                    continue;
                }
                return tls.isPresent() ? tls.get().over(accepted) : accepted;
            }
        }
    }

    /** A client's socket, which counts what came in since something last went out. */
    private static final class Accepted extends Socket {
        private final Semaphore free;
        private final AtomicBoolean held = new AtomicBoolean();
        private final AtomicLong received = new AtomicLong();

        Accepted(Semaphore free) {
            this.free = free;
        }

        boolean take() {
            held.set(free.tryAcquire());
            return held.get();
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new FilterInputStream(super.getInputStream()) {
                @Override
                public int read() throws IOException {
                    int read = super.read();
                    count(read < 0 ? 0 : 1);
                    return read;
                }

                @Override
                public int read(byte[] into, int offset, int length) throws IOException {
                    int read = super.read(into, offset, length);
                    count(Math.max(0, read));
                    return read;
                }
            };
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new FilterOutputStream(super.getOutputStream()) {
                @Override
                public void write(int value) throws IOException {
                    received.set(0);
                    out.write(value);
                }

                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    received.set(0);
                    out.write(bytes, offset, length);
                }
            };
        }

        private void count(int read) throws IOException {
            if (received.addAndGet(read) > LONGEST_REQUEST) {
                close();
                throw new IOException("a request of more than %d bytes".formatted(LONGEST_REQUEST));
            }
        }

        @Override
        public void close() throws IOException {
            if (held.getAndSet(false)) {
                free.release();
            }
            super.close();
        }
    }

    /** The server's side of TLS 1.3. */
    record Tls(javax.net.ssl.SSLContext context, boolean clientCertificates) {
        Socket over(Socket plain) throws IOException {
            SSLSocket socket =
                    (SSLSocket)
                            context.getSocketFactory()
                                    .createSocket(
                                            plain,
                                            plain.getInetAddress().getHostAddress(),
                                            plain.getPort(),
                                            true);
            socket.setUseClientMode(false);
            socket.setEnabledProtocols(new String[] {"TLSv1.3"});
            socket.setNeedClientAuth(clientCertificates);
            return socket;
        }
    }
}
