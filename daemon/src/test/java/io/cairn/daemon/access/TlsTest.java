package io.cairn.daemon.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.util.Map;
import java.util.Optional;

import javax.management.remote.JMXConnector;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.rmi.ssl.SslRMIClientSocketFactory;

@ResourceLock(Station.PROBE)
final class TlsTest {
    private static final String STORE_PASSWORD = "store password";

    private static @TempDir Path keys;
    private static SSLContext usual;
    private static SSLContext trusting;
    private @TempDir Path folder;

    @BeforeAll
    static void makeKeys() throws Exception {
        Path store = keys.resolve("keys.p12");
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-keyalg",
                                "EC",
                                "-alias",
                                "cairn",
                                "-dname",
                                "CN=cairn",
                                "-ext",
                                "san=ip:127.0.0.1",
                                "-storetype",
                                "PKCS12",
                                "-keystore",
                                store.toString(),
                                "-storepass",
                                STORE_PASSWORD)
                        .redirectErrorStream(true)
                        .redirectOutput(keys.resolve("keytool.txt").toFile())
                        .start();
        assertThat(keytool.waitFor()).isZero();
        Files.writeString(keys.resolve("password"), STORE_PASSWORD + "\n");
        Files.setPosixFilePermissions(
                keys.resolve("password"), PosixFilePermissions.fromString("rw-------"));
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(KeyStore.getInstance(store.toFile(), STORE_PASSWORD.toCharArray()));
        trusting = SSLContext.getInstance("TLS");
        trusting.init(null, trust.getTrustManagers(), null);
        usual = SSLContext.getDefault();
        // RMI's own client socket factory knows no other way.
        SSLContext.setDefault(trusting);
    }

    @AfterAll
    static void restore() {
        SSLContext.setDefault(usual);
    }

    private static ConnectorConfig config() {
        return new ConnectorConfig(
                "127.0.0.1",
                0,
                Optional.empty(),
                true,
                Role.READER,
                Optional.of(
                        new ConnectorConfig.Tls(
                                keys.resolve("keys.p12"),
                                keys.resolve("password"),
                                Optional.empty())));
    }

    private static JMXConnector connect(Station station) throws IOException {
        return station.open(
                station.connector.url(),
                Map.of(
                        JMXConnector.CREDENTIALS,
                        new String[] {"the-reader", Station.PASSWORD},
                        "com.sun.jndi.rmi.factory.socket",
                        new SslRMIClientSocketFactory()));
    }

    @Test
    void clientsThatTrustTheCertificateConnect() throws Exception {
        try (Station station = new Station(folder, config())) {
            assertThat(
                            connect(station)
                                    .getMBeanServerConnection()
                                    .getAttribute(Station.BEAN, "Size"))
                    .isEqualTo(7);
        }
    }

    @Test
    void clientsWithoutTlsAreRefused() throws Exception {
        try (Station station = new Station(folder, config())) {
            assertThatThrownBy(() -> station.as(Role.READER)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void olderVersionsAreRefused() throws Exception {
        try (Station station = new Station(folder, config());
                SSLSocket old = socket(station, "TLSv1.2");
                SSLSocket current = socket(station, "TLSv1.3")) {
            assertThatThrownBy(old::startHandshake).isInstanceOf(IOException.class);
            current.startHandshake();
            assertThat(current.getSession().getProtocol()).isEqualTo("TLSv1.3");
        }
    }

    private static SSLSocket socket(Station station, String version) throws IOException {
        SSLSocket socket =
                (SSLSocket)
                        trusting.getSocketFactory()
                                .createSocket("127.0.0.1", station.connector.port());
        socket.setEnabledProtocols(new String[] {version});
        return socket;
    }

    @Test
    void aPasswordFileThatOthersReadIsRefused() throws Exception {
        Path open = Files.copy(keys.resolve("password"), folder.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
        ConnectorConfig.Tls tls =
                new ConnectorConfig.Tls(keys.resolve("keys.p12"), open, Optional.empty());
        assertThatThrownBy(() -> TlsKeys.read(tls))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("open to others");
    }

    @Test
    void aWrongPasswordIsOneClearError() throws Exception {
        Path wrong = Files.writeString(folder.resolve("wrong"), "wrong");
        Files.setPosixFilePermissions(wrong, PosixFilePermissions.fromString("rw-------"));
        ConnectorConfig.Tls tls =
                new ConnectorConfig.Tls(keys.resolve("keys.p12"), wrong, Optional.empty());
        assertThatThrownBy(() -> TlsKeys.read(tls))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("keys.p12 cannot be read");
    }
}
